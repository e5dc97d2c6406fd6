"""Two tasks are coupled for reasons that are said."""

import pytest
from tests.plan.planned import FILES, footprints, index, task

from coroom.plan.coupling import Pair, pair_of
from coroom.plan.footprint import Footprints
from coroom.plan.history import CoChange
from coroom.plan.task import PlanTask


def pair(a: PlanTask, b: PlanTask) -> Pair:
    ours, theirs = footprints([a, b])
    return pair_of(ours, theirs, index(), CoChange())


PARSE = "symbol:src/app/parser.py#Parser.parse"
TOKENS = "symbol:src/app/lexer.py#Lexer.tokens"
SPLIT = "symbol:src/app/lexer.py#split_words"


def test_two_changes_of_one_definition_are_coupled() -> None:
    found = pair(task("a", "w", PARSE), task("b", "v", PARSE))
    assert found.coupled
    assert found.reasons[0] == "both change Parser.parse (src/app/parser.py)"


def test_two_definitions_of_one_file_are_not() -> None:
    found = pair(task("a", "w", PARSE), task("b", "v", "symbol:src/app/parser.py#Parser.error"))
    assert not found.coupled


def test_different_files_are_not_and_the_reasons_say_so() -> None:
    found = pair(task("a", "Report", "file:src/app/report.py"), task("b", "Mail", "file:src/app/mail.py"))
    assert not found.coupled
    assert found.reasons == ("they have nothing in common that can be seen",)


def test_a_use_between_them_is_told_and_the_definer_goes_first() -> None:
    found = pair(task("a", "w", TOKENS), task("b", "v", SPLIT))
    assert found.first == "b"
    assert any("Lexer.tokens uses split_words" in reason for reason in found.reasons)


def test_what_one_makes_and_the_other_speaks_of_goes_first() -> None:
    found = pair(
        task("a", "Use MailQueue in the report", "symbol:src/app/report.py#render_report"),
        task("b", "A queue", "symbol:src/app/mail.py#MailQueue"),
    )
    assert found.first == "b"
    assert any("MailQueue" in reason for reason in found.reasons)


def test_lines_that_meet_couple_and_lines_far_apart_do_not() -> None:
    met = pair(task("a", "w", "file:src/app/parser.py#L5-L6"), task("b", "v", "file:src/app/parser.py#L7-L9"))
    apart = pair(task("a", "w", "file:src/app/parser.py#L1-L1"), task("b", "v", "file:src/app/parser.py#L9-L9"))
    assert met.coupled
    assert not apart.coupled


@pytest.mark.parametrize(("line", "meets"), [(4, False), (5, True), (6, True), (7, False)])
def test_new_lines_meet_what_is_changed_right_above_or_below_them(line: int, meets: bool) -> None:
    new = task("a", "w", "file:src/app/parser.py#L5+")
    assert pair(new, task("b", "v", f"file:src/app/parser.py#L{line}")).coupled is meets


@pytest.mark.parametrize(("line", "meets"), [(4, False), (5, True), (6, False)])
def test_new_lines_meet_other_new_ones_only_in_the_same_gap(line: int, meets: bool) -> None:
    new = task("a", "w", "file:src/app/parser.py#L5+")
    assert pair(new, task("b", "v", f"file:src/app/parser.py#L{line}+")).coupled is meets


def test_the_same_row_is_always_coupled() -> None:
    found = pair(task("a", "w", "row:db/users/7"), task("b", "v", "set:db/users"))
    assert (found.score, found.coupled) == (1.0, True)
    assert "row:db/users/7" in found.reasons[0]


def test_a_score_is_the_same_both_ways_and_within_bounds() -> None:
    a, b = task("a", "w", PARSE, TOKENS), task("b", "v", PARSE, SPLIT)
    assert pair(a, b).score == pair(b, a).score
    assert 0 <= pair(a, b).score <= 1


def test_tests_added_to_one_file_couple_nobody() -> None:
    one = "symbol:tests/test_parser.py#test_one"
    two = "symbol:tests/test_parser.py#test_two"
    assert not pair(task("a", "w", one), task("b", "v", two)).coupled


def test_a_use_by_way_of_another_definition_is_told() -> None:
    found = pair(task("a", "w", "symbol:src/app/parser.py#Parser.parse"), task("b", "v", SPLIT))
    assert any("by way of another" in reason for reason in found.reasons)
    assert not found.coupled


def test_a_habit_of_changing_files_together_is_told() -> None:
    ours, theirs = footprints([task("a", "w", PARSE), task("b", "v", "file:src/app/mail.py")])
    history = CoChange([("src/app/parser.py", "src/app/mail.py")] * 3)
    assert "changed together in 100%" in " ".join(pair_of(ours, theirs, index(), history).reasons)
    once = CoChange([("src/app/parser.py", "src/app/mail.py")])
    assert "together" not in " ".join(pair_of(ours, theirs, index(), once).reasons)


def test_files_alone_that_are_the_same_are_coupled_since_nobody_says_where() -> None:
    found = pair(task("a", "w", "file:src/app/mail.py"), task("b", "v", "file:src/app/mail.py"))
    assert found.coupled
    assert "nobody says where" in " ".join(found.reasons)


def test_files_named_beside_each_of_their_symbols_say_nothing_more() -> None:
    parse = ("file:src/app/parser.py", PARSE)
    error = ("file:src/app/parser.py", "symbol:src/app/parser.py#Parser.error")
    every = Footprints(index(), FILES.keys(), CoChange())
    ours, theirs = every.of_all([task("a", "w", *parse), task("b", "v", *error)])
    assert not pair_of(ours, theirs, index(), CoChange()).coupled
