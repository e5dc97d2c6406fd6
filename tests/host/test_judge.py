"""Which text an edit was made from, and whether it goes in."""

from hypothesis import given
from hypothesis import strategies as st

from coroom.core.file import FileKind
from coroom.host.edits.bases import nearest
from coroom.host.edits.content import ABSENT, Content, of_bytes
from coroom.host.edits.judge import Clean, Conflict, combines, judge

LINES = [f"line {n}\n" for n in range(12)]


def text(*changes: tuple[int, str]) -> Content:
    lines = list(LINES)
    for at, line in changes:
        lines[at] = line + "\n"
    return of_bytes("".join(lines).encode())


def test_the_nearest_by_lines_is_what_an_edit_was_made_from() -> None:
    older, newer = text(), text((3, "remote"))
    assert nearest([newer, older], text((9, "mine"))) == 1
    assert nearest([newer, older], text((3, "remote"), (9, "mine"))) == 0


def test_of_bases_as_near_the_older_is_taken_since_it_can_only_raise_a_conflict() -> None:
    older, newer = text((3, "x = 1")), text((3, "x = 2"))
    written = text((3, "x = 3"))
    assert nearest([newer, older], written) == 1
    assert isinstance(judge(older, newer, written, "f.txt"), Conflict)


def test_who_has_written_since_has_not_begun_from_what_stood_there_before() -> None:
    own, before = text((0, "agent 19")), text((0, "agent 10"))
    assert nearest([own, before], text((0, "agent 20")), 1) == 0


def test_an_edit_of_the_executable_bit_merges_with_an_edit_of_the_text() -> None:
    base, head = of_bytes(b"one\n"), of_bytes(b"two\n")
    verdict = judge(base, head, Content(FileKind.TEXT, base.blob, True, base.data), "run.sh")
    assert isinstance(verdict, Clean)
    assert (verdict.content.blob, verdict.content.executable) == (head.blob, True)


def test_a_deletion_against_a_change_is_a_conflict_from_both_sides() -> None:
    base, changed = of_bytes(b"one\n"), of_bytes(b"two\n")
    assert isinstance(judge(base, ABSENT, changed, "f"), Conflict)
    assert isinstance(judge(base, changed, ABSENT, "f"), Conflict)
    assert judge(base, base, ABSENT, "f") == Clean(ABSENT, "identical")


def test_two_changes_of_what_cannot_be_merged_are_a_conflict() -> None:
    base, head, new = (of_bytes(b"\0" + end) for end in (b"a", b"b", b"c"))
    assert isinstance(judge(base, head, new, "p.png"), Conflict)


def test_a_text_with_every_line_that_the_other_side_added_is_the_combination() -> None:
    base, theirs = of_bytes(b"a\nb\n"), of_bytes(b"a\nx\nb\n")
    assert combines(base, theirs, of_bytes(b"a\nx\ny\nb\n"))
    assert not combines(base, theirs, of_bytes(b"a\ny\nb\n"))


@given(st.sets(st.integers(0, 5), max_size=3), st.sets(st.integers(6, 11), max_size=3))
def test_changes_of_lines_apart_from_each_other_are_both_in_the_result(ours: set[int], theirs: set[int]) -> None:
    if 5 in ours and 6 in theirs:
        return
    head = text(*((at, f"room {at}") for at in ours))
    new = text(*((at, f"agent {at}") for at in theirs))
    verdict = judge(text(), head, new, "f.txt")
    assert isinstance(verdict, Clean)
    both = text(*((at, f"room {at}") for at in ours), *((at, f"agent {at}") for at in theirs))
    assert verdict.content == both
