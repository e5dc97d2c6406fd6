import pytest
from markdown_editor.lexer import blocks


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("\n \n", []),
        ("# One", [("heading", 1, "One")]),
        ("###### Six ##  ", [("heading", 6, "Six")]),
        ("## A#b", [("heading", 2, "A#b")]),
        ("####### seven", [("paragraph", "####### seven")]),
        ("#none", [("paragraph", "#none")]),
        ("one\n  two\n\nthree", [("paragraph", "one\ntwo"), ("paragraph", "three")]),
        ("one\r\ntwo\r\n", [("paragraph", "one\ntwo")]),
        ("a\n# b\nc", [("paragraph", "a"), ("heading", 1, "b"), ("paragraph", "c")]),
        ("---\n***\n_ _ _\n--", [("rule",), ("rule",), ("rule",), ("paragraph", "--")]),
        ("* * *", [("rule",)]),
        ("--*", [("paragraph", "--*")]),
        ("```python\na\n\n  b\n```\nc", [("code", "python", "a\n\n  b"), ("paragraph", "c")]),
        ("```\n# no heading", [("code", "", "# no heading")]),
        ("```\n```", [("code", "", "")]),
        ("- a\n- b", [("list", False, ["a", "b"])]),
        ("- a\n* b\n+ c", [("list", False, ["a"]), ("list", False, ["b"]), ("list", False, ["c"])]),
        ("1. a\n7. b\n\n2. c", [("list", True, ["a", "b"]), ("list", True, ["c"])]),
        ("1234567890. a", [("paragraph", "1234567890. a")]),
        ("- a\n---\n- b", [("list", False, ["a"]), ("rule",), ("list", False, ["b"])]),
        ("-a", [("paragraph", "-a")]),
        ("> a\n>b\n> \n> # c\nd", [("quote", [("paragraph", "a\nb"), ("heading", 1, "c")]), ("paragraph", "d")]),
        ("> > deep", [("quote", [("quote", [("paragraph", "deep")])])]),
        ("> ```\n> x", [("quote", [("code", "", "x")])]),
    ],
)
def test_texts_have_their_blocks(text: str, found: list[object]) -> None:
    assert blocks(text) == found
