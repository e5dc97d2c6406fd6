"""Edits lead exactly from one text to the other, and touch little else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.workspace.difference import HUNK_TOKENS_MAX, Replace, applied, operations

texts = st.text(st.characters(exclude_categories=["Cs"]))
like_code = st.lists(
    st.sampled_from(["def f():\n", "    return 1\n", "\n", "x = 1", "y = 2\r\n", "é😀\n", "# a\tb  c\n", " "]),
    max_size=25,
).map("".join)


@given(texts, texts)
def test_the_edits_between_any_two_texts_lead_from_one_to_the_other(before: str, after: str) -> None:
    assert applied(before, operations(before, after)) == after


@given(like_code, like_code)
def test_the_edits_between_files_lead_from_one_to_the_other(before: str, after: str) -> None:
    edits = operations(before, after)
    assert applied(before, edits) == after
    assert (edits == ()) == (before == after)


def test_one_changed_word_is_one_small_edit() -> None:
    before = "".join(f"value_{n} = compute(first, second, {n})\n" for n in range(500))
    after = before.replace("compute(first, second, 77)", "compute(first, third, 77)")
    at = after.index("third")
    assert operations(before, after) == (Replace(at, at + len("second"), "third"),)


def test_edits_apart_stay_apart_and_leave_the_text_between_alone() -> None:
    before = "".join(f"line {n}\n" for n in range(100))
    after = before.replace("line 3\n", "line three\n").replace("line 90\n", "line 90\nline 90.5\n")
    edits = operations(before, after)
    assert applied(before, edits) == after
    assert sum(edit.end - edit.start + len(edit.text) for edit in edits) < 30


def test_a_rewritten_line_is_replaced_whole() -> None:
    before = "a\nalpha(beta, gamma)\nz\n"
    after = "a\nwhile True: break\nz\n"
    assert operations(before, after) == (Replace(2, 21, "while True: break\n"),)


def test_a_huge_hunk_is_replaced_whole_rather_than_matched_for_long() -> None:
    before = "a " * HUNK_TOKENS_MAX
    after = "a " * (HUNK_TOKENS_MAX - 1) + "b "
    assert operations(before, after) == (Replace(0, len(before), after),)


@pytest.mark.parametrize(
    "edits",
    [
        [Replace(-1, 0, "")],
        [Replace(2, 1, "")],
        [Replace(0, 4, "")],
        [Replace(0, 2, "x"), Replace(1, 3, "y")],
        [Replace(2, 3, "x"), Replace(0, 1, "y")],
    ],
)
def test_edits_that_do_not_fit_the_text_are_refused(edits: list[Replace]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        applied("abc", edits)


def test_two_insertions_at_one_place_come_in_the_order_given() -> None:
    assert applied("ab", [Replace(1, 1, "x"), Replace(1, 1, "y")]) == "axyb"
