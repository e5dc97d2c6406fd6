import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.workspace.text import Sort, TextFacts, as_text, facts_of, sort_of


@pytest.mark.parametrize(
    ("data", "sort"),
    [
        (b"", Sort.TEXT),
        (b"line\r\nline", Sort.TEXT),
        ("\ufeffmark 😀 漢 e\u0301".encode(), Sort.TEXT),
        ("ä".encode("latin-1"), Sort.BINARY),
        (b"\x89PNG\r\n\x1a\n\0", Sort.BINARY),
        (b"x" * 9_000 + b"\0", Sort.BINARY),
        (b"\xed\xa0\x80", Sort.BINARY),
        (b"x" * (1 << 20), Sort.TEXT),
        (b"x" * ((1 << 20) + 1), Sort.LARGE),
        (b"\0" * (2 << 20), Sort.BINARY),
    ],
)
def test_text_is_utf_8_without_a_nul_and_within_the_limit(data: bytes, sort: Sort) -> None:
    assert sort_of(data) is sort


@given(st.binary())
def test_decoding_changes_no_byte(data: bytes) -> None:
    text = as_text(data)
    assert text is None or text.encode() == data
    assert (text is not None) is (sort_of(data) is Sort.TEXT)


def test_line_ends_and_mark_are_told() -> None:
    assert facts_of(b"\xef\xbb\xbfa\r\nb\nc") == TextFacts(True, 1, 1, False)
    assert facts_of(b"a\n") == TextFacts(False, 0, 1, True)
