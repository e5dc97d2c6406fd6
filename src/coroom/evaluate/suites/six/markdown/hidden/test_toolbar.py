import random

import pytest
from markdown_editor.toolbar import bold, bullets, code, heading, italic, link


@pytest.mark.parametrize(("command", "mark"), [(bold, "**"), (italic, "*"), (code, "`")])
def test_marks_go_round_and_off_again_and_the_selection_stays(command, mark: str) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(4)
    for _ in range(100):
        text = "".join(chance.choice("ab \n") for _ in range(chance.randrange(1, 12)))
        start = chance.randrange(len(text))
        end = chance.randrange(start, len(text) + 1)
        marked, s, e = command(text, start, end)
        assert marked == text[:start] + mark + text[start:end] + mark + text[end:]
        assert marked[s:e] == text[start:end]
        assert (s, e) == (start + len(mark), end + len(mark))
        assert command(marked, s, e) == (text, start, end)


def test_marks_inside_the_selection_go_too() -> None:
    assert bold("a **b** c", 2, 7) == ("a b c", 2, 3)
    assert code("`x`", 0, 3) == ("x", 0, 1)


def test_bold_is_not_italic() -> None:
    assert italic("**a**", 2, 3) == ("***a***", 3, 4)
    assert italic("***a***", 3, 4) == ("**a**", 2, 3)
    assert bold("*a*", 1, 2) == ("***a***", 3, 4)


@pytest.mark.parametrize(
    ("text", "start", "end", "level", "found"),
    [
        ("a\nb c", 4, 5, 2, ("a\n## b c", 7, 8)),
        ("a\n## b c", 7, 8, 2, ("a\nb c", 4, 5)),
        ("# a", 2, 3, 3, ("### a", 4, 5)),
        ("", 0, 0, 1, ("# ", 2, 2)),
        ("# a", 0, 1, 1, ("a", 0, 0)),
    ],
)
def test_headings_come_go_and_change(text: str, start: int, end: int, level: int, found: tuple[str, int, int]) -> None:
    assert heading(text, start, end, level) == found


@pytest.mark.parametrize(
    ("text", "start", "end", "found"),
    [
        ("a\nb\nc", 0, 3, ("- a\n- b\nc", 0, 7)),
        ("- a\n- b\nc", 0, 7, ("a\nb\nc", 0, 3)),
        ("- a\nb", 1, 5, ("- - a\n- b", 0, 9)),
        ("a\nb", 3, 3, ("a\n- b", 2, 5)),
        ("a\nb\n", 0, 2, ("- a\nb\n", 0, 3)),
    ],
)
def test_bullets_go_in_front_of_every_line_touched(text: str, start: int, end: int, found: tuple[str, int, int]) -> None:
    assert bullets(text, start, end) == found


def test_a_link_selects_its_address() -> None:
    text, start, end = link("see here now", 4, 8, "http://x.org")
    assert text == "see [here](http://x.org) now"
    assert text[start:end] == "http://x.org"
