"""The line merge gives git's verdict and git's text, and loses no byte."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coroom.workspace.lines import diff3, split_lines
from coroom.workspace.merge import merge

LINES = st.lists(st.sampled_from([f"line {number}\n" for number in range(9)]), max_size=16)


@st.composite
def edits(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    base = draw(LINES)
    return _joined(base), _joined(_edited(draw, base)), _joined(_edited(draw, base))


def _edited(draw: st.DrawFn, lines: list[str]) -> list[str]:
    out = list(lines)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(out)))
        end = min(len(out), start + draw(st.integers(0, 2)))
        fresh = st.sampled_from([f"line {number}\n" for number in range(20)])
        out[start:end] = draw(st.lists(fresh, max_size=3))
    return out


def _joined(lines: list[str]) -> bytes:
    return "".join(lines).encode()


@given(st.binary())
def test_joining_the_lines_of_a_text_gives_back_every_byte(text: bytes) -> None:
    assert b"".join(split_lines(text)) == text


@given(edits())
def test_the_regions_cover_all_three_texts_in_order(sides: tuple[bytes, bytes, bytes]) -> None:
    split = [split_lines(side) for side in sides]
    regions = diff3(*split)
    for lines, spans in zip(split, zip(*((r.base, r.ours, r.theirs) for r in regions), strict=True), strict=False):
        assert [row for span in spans for row in range(*span)] == list(range(len(lines)))


def _of_git(tmp_path: Path, base: bytes, ours: bytes, theirs: bytes) -> tuple[str, bytes]:
    names = [tmp_path / name for name in ("ours", "base", "theirs")]
    for name, text in zip(names, (ours, base, theirs), strict=True):
        name.write_bytes(text)
    git = subprocess.run(["git", "merge-file", "-p", *map(str, names)], capture_output=True, check=False)
    return "clean" if git.returncode == 0 else "held", git.stdout


by_git = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@by_git
@given(edits())
def test_lines_merge_as_git_merges_them(tmp_path: Path, sides: tuple[bytes, bytes, bytes]) -> None:
    base, *changed = sides
    # A line that is there twice can be matched in two ways, and git does not always choose ours.
    ours, theirs = (b"".join(dict.fromkeys(split_lines(each))) for each in changed)
    base = b"".join(dict.fromkeys(split_lines(base)))
    merged = merge(base, ours, theirs, "notes.txt")
    status, text = _of_git(tmp_path, base, ours, theirs)
    assert merged.status == status
    if status == "clean":
        assert merged.text == text


@by_git
@given(edits())
def test_where_lines_repeat_what_we_and_git_merge_is_one_text(
    tmp_path: Path, sides: tuple[bytes, bytes, bytes]
) -> None:
    merged = merge(*sides, "notes.txt")
    status, text = _of_git(tmp_path, *sides)
    if merged.status == status == "clean":
        assert merged.text == text


def test_changes_of_neighbouring_lines_meet_and_changes_with_a_line_between_do_not() -> None:
    assert merge(b"a\nb\n", b"A\nb\n", b"a\nB\n", "x.txt").status == "held"
    assert merge(b"a\nb\nc\n", b"A\nb\nc\n", b"a\nb\nC\n", "x.txt").text == b"A\nb\nC\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        (b"a\r\nb\r\nc\r\n", b"A\r\nb\r\nc\r\n", b"a\r\nb\r\nC\r\n", b"A\r\nb\r\nC\r\n"),
        (b"\xef\xbb\xbfa\nb\nc", b"\xef\xbb\xbfA\nb\nc", b"\xef\xbb\xbfa\nb\nC", b"\xef\xbb\xbfA\nb\nC"),
        (b"a\x0cb\nb\nc", b"a\x0cB\nb\nc", b"a\x0cb\nb\nc\n", b"a\x0cB\nb\nc\n"),
        (b"a\rb\nb\nc\n", b"a\rB\nb\nc\n", b"a\rb\nb\nC\n", b"a\rB\nb\nC\n"),
    ],
)
def test_line_ends_marks_and_a_missing_last_newline_stay_as_they_are(
    base: bytes, ours: bytes, theirs: bytes, merged: bytes
) -> None:
    assert merge(base, ours, theirs, "x.txt").text == merged
