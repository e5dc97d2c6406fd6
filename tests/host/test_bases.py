"""Which text a write was made from, and when that is in doubt."""

import pytest

from coroom.core.file import FileKind
from coroom.host.edits.bases import Base, Began, Stood, base_of
from coroom.host.edits.content import Content, of_bytes

NUMBERS = tuple(f"line {n}" for n in range(8))
OWN = "ann"


def text(*lines: str) -> Content:
    return of_bytes("".join(line + "\n" for line in lines).encode())


def stood(*texts: Content | Stood) -> tuple[Stood, ...]:
    """Newest first; what is not said to be somebody's was put by the room."""
    return tuple(one if isinstance(one, Stood) else Stood(one) for one in texts)


def changed(before: tuple[str, ...], old: str, *new: str) -> tuple[str, ...]:
    at = before.index(old)
    return (*before[:at], *new, *before[at + 1 :])


READ = text(*NUMBERS)
BOTH = changed(NUMBERS, "line 3", "import os", "import re", "import sys")
PUT = text(*changed(BOTH, "line 6", "line 6", "by bob"))
SAME = text(*BOTH)
"""What ann wrote from READ: much of what bob did too, which PUT has, but not all of it."""


def test_a_write_that_is_nearer_to_a_text_that_it_undoes_is_in_doubt_and_has_the_older_base() -> None:
    in_both = text(*(line for line in NUMBERS if line != "line 3"))
    assert base_of(Began(author=OWN, texts=stood(PUT, READ)), SAME) == Base(in_both, in_doubt=True)


@pytest.mark.parametrize(
    "began",
    [
        Began(author=OWN, texts=stood(PUT, READ), sure=True),
        Began(author=OWN, texts=stood(PUT)),
        Began(author=OWN, texts=stood(Stood(PUT, OWN), READ)),
        Began(author=OWN, texts=stood(PUT, Stood(PUT, OWN), READ)),
    ],
    ids=("its tool has read it", "there was nothing before", "it wrote that itself", "it had written that before"),
)
def test_who_is_known_to_have_read_what_it_undoes_means_to(began: Began) -> None:
    assert base_of(began, SAME) == Base(PUT)


WITHOUT = text(*NUMBERS, "by bob")
"""The room put this over MINE before it had taken that in; BOTH_IN came next."""
MINE = Stood(text("mine", *NUMBERS), OWN)
BOTH_IN = text("mine", *NUMBERS, "by bob")


def test_an_own_line_that_the_text_put_over_it_lacked_is_not_taken_out_by_who_read_that_text() -> None:
    # "line 3" stood in all of them, and so was taken out on purpose.
    from_without = text(*NUMBERS[:3], *NUMBERS[4:], "by bob too")
    assert base_of(Began(author=OWN, texts=stood(WITHOUT, MINE)), from_without) == Base(READ, in_doubt=True)


def test_what_is_as_near_to_the_own_text_as_to_the_one_put_over_it_takes_no_own_line_out() -> None:
    as_near = text(*NUMBERS[:3], *NUMBERS[4:])
    assert base_of(Began(author=OWN, texts=stood(WITHOUT, MINE)), as_near) == Base(READ, in_doubt=True)
    assert base_of(Began(author=OWN, texts=stood(BOTH_IN, MINE)), as_near) == Base(MINE.content)


def test_an_own_line_is_taken_out_on_purpose_unless_a_text_in_between_lacked_it() -> None:
    taken_out = text(*NUMBERS, "by bob", "more")
    assert base_of(Began(author=OWN, texts=stood(BOTH_IN, MINE)), taken_out) == Base(BOTH_IN)
    between = text(*NUMBERS[:7], "by bob")
    assert base_of(Began(author=OWN, texts=stood(BOTH_IN, between, MINE)), taken_out).in_doubt


def test_a_line_that_others_took_away_does_not_come_back_unasked() -> None:
    before = text(*BOTH, "gone")
    after = text(*BOTH)
    again = text(*changed(BOTH, "line 0", "line 0", "mine"), "gone")
    assert base_of(Began(author=OWN, texts=stood(after, before)), again) == Base(before)
    both_at_once = text(*(line for line in BOTH if not line.startswith("line 7")), "gone")
    shorter = text(*(line for line in BOTH if not line.startswith("line 7")))
    assert base_of(Began(author=OWN, texts=stood(shorter, text(*NUMBERS, "gone"))), both_at_once).in_doubt


def test_beyond_what_is_remembered_nothing_is_certain() -> None:
    new = text(*changed(NUMBERS, "line 0", "mine"))
    assert base_of(Began(author=OWN, texts=stood(PUT, READ), forgotten=True), new) == Base(
        text(*NUMBERS[1:]), in_doubt=True
    )
    known_one = text(*changed(changed(BOTH, "line 6", "line 6", "by bob"), "line 0", "line 0", "mine"))
    assert base_of(Began(author=OWN, texts=stood(PUT, READ), forgotten=True), known_one) == Base(PUT)


def test_a_file_that_its_author_writes_anew_each_time_was_not_made_from_what_others_had_there() -> None:
    own = [text(*(f"run {n}",) * 50) for n in range(3)]
    began = Began(author=OWN, texts=stood(Stood(own[1], OWN), Stood(own[0], OWN), PUT, READ))
    assert base_of(began, own[2]) == Base(own[1])


def test_a_write_side_by_side_with_another_of_the_same_agent_undoes_nothing_of_others() -> None:
    first = Stood(text(*changed(changed(NUMBERS, "line 1", "line 1", "by bob"), "line 6", "mine")), OWN)
    began = Began(author=OWN, texts=stood(first, text(*changed(NUMBERS, "line 1", "line 1", "by bob")), READ))
    assert base_of(began, text(*changed(NUMBERS, "line 4", "mine too"))) == Base(READ)


def test_an_older_text_that_stands_there_again_undoes_only_what_its_author_knew() -> None:
    only_own = Began(author=OWN, texts=stood(Stood(PUT, OWN), READ))
    assert base_of(only_own, READ) == Base(PUT)
    others = Began(author=OWN, texts=stood(PUT, READ))
    assert base_of(others, READ) == Base(READ, in_doubt=True)
    raced = Began(author=OWN, texts=stood(PUT, READ), just_put=True)
    assert base_of(raced, READ) == Base(READ)
    meant = Began(author=OWN, texts=stood(PUT, READ), sure=True)
    assert base_of(meant, READ) == Base(PUT)


def test_files_that_cannot_be_compared_are_in_doubt_while_others_changed_them() -> None:
    one, two, three = (Content(FileKind.BINARY, blob, data=b"\0") for blob in "abc")
    assert base_of(Began(author=OWN, texts=stood(two, one)), three) == Base(one, in_doubt=True)
    assert base_of(Began(author=OWN, texts=stood(two, one), sure=True), three) == Base(two)
