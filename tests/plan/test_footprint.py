"""What a task touches is what it declares, found in the index; or what its words say, marked as a guess."""

from tests.plan.planned import footprints, task

from coroom.plan.footprint import resources_of
from coroom.plan.task import PlanTask


def places(*tasks: PlanTask, history: tuple[tuple[str, ...], ...] = ()) -> list[set[str]]:
    return [{str(touch.place) for touch in each.touches} for each in footprints(tasks, history)]


def test_declared_symbols_files_directories_and_patterns_are_found() -> None:
    found = places(
        task("a", "w", "symbol:src/app/parser.py#Parser.parse"),
        task("b", "w", "file:src/app/mail.py"),
        task("c", "w", "dir:docs/", "glob:src/**/r*.py"),
        task("d", "w", "symbol:src/app/parser.py#<module>"),
    )
    assert found == [
        {"src/app/parser.py#Parser.parse"},
        {"src/app/mail.py"},
        {"docs/guide.md", "src/app/report.py"},
        {"src/app/parser.py"},
    ]


def test_a_name_that_only_one_thing_ends_in_is_that_thing() -> None:
    assert places(task("a", "w", "symbol:parser.py#parse")) == [{"src/app/parser.py#Parser.parse"}]


def test_lines_are_the_innermost_definitions_they_lie_in() -> None:
    (found,) = footprints([task("a", "w", "file:src/app/parser.py#L5-L6", "file:src/app/lexer.py:9")])
    assert {(str(touch.place), touch.lines) for touch in found.touches} == {
        ("src/app/parser.py#Parser.parse", (5, 6)),
        ("src/app/lexer.py#split_words", (9, 9)),
    }


def test_new_lines_lie_in_the_definitions_around_them() -> None:
    (found,) = footprints([task("a", "w", "file:src/app/parser.py#L5+")])
    assert {(str(touch.place), touch.lines) for touch in found.touches} == {("src/app/parser.py#Parser.parse", (6, 5))}


def test_lines_turned_round_are_put_in_order_and_those_of_nowhere_are_the_whole_file() -> None:
    (found,) = footprints([task("a", "w", "file:src/app/parser.py#L6-L5", "file:src/app/lexer.py#Lx+")])
    assert {(str(touch.place), touch.lines, touch.whole) for touch in found.touches} == {
        ("src/app/parser.py#Parser.parse", (5, 6), False),
        ("src/app/lexer.py", None, True),
    }


def test_a_file_beside_its_symbols_says_nothing_of_the_rest_of_it() -> None:
    (found,) = footprints([task("a", "w", "file:src/app/parser.py", "symbol:src/app/parser.py#Parser.parse")])
    assert not any(touch.whole for touch in found.touches)
    (found,) = footprints([task("a", "w", "file:src/app/parser.py")])
    assert all(touch.whole for touch in found.touches)


def test_what_is_not_there_is_flagged_and_will_be_made() -> None:
    (found,) = footprints(
        [task("a", "w", "file:src/app/fresh.py", "symbol:src/app/mail.py#send_all", "row:db/users/7")]
    )
    assert found.unknown == ("file:src/app/fresh.py",)
    assert {(str(touch.place), touch.known) for touch in found.touches} == {
        ("src/app/fresh.py", False),
        ("src/app/mail.py#send_all", False),
    }
    assert [str(one) for one in found.others] == ["row:db/users/7"]
    assert resources_of(found) == ["file:src/app/fresh.py", "symbol:src/app/mail.py#send_all", "row:db/users/7"]


def test_names_and_paths_in_the_words_are_predicted_first() -> None:
    assert places(task("a", "Make `send_mail` retry"), task("b", "Tidy src/app/report.py")) == [
        {"src/app/mail.py#send_mail"},
        {"src/app/report.py", "src/app/report.py#render_report"},
    ]


def test_words_like_names_are_predicted_and_marked_as_a_guess() -> None:
    (found,) = footprints([task("a", "Render the report as a table")])
    assert found.predicted
    assert "symbol:src/app/report.py#render_report" in resources_of(found)


def test_files_that_always_change_together_are_predicted_together() -> None:
    history = (("src/app/report.py", "src/app/mail.py"),) * 3
    assert "src/app/mail.py" in places(task("a", "Render the report as a table"), history=history)[0]


def test_a_task_whose_words_fit_nothing_touches_nothing() -> None:
    (found,) = footprints([task("a", "zzz qqq")])
    assert found.predicted
    assert found.touches == frozenset()


def test_a_file_that_the_words_name_and_that_is_not_there_will_be_made() -> None:
    (found,) = footprints([task("a", "Write src/app/spans.py as version 1.2")])
    assert {(str(touch.place), touch.known) for touch in found.touches} == {("src/app/spans.py", False)}


def test_a_word_of_a_million_letters_is_looked_through_once() -> None:
    """Where a name is looked for from every letter on, this takes ten minutes."""
    assert places(task("a", "a" * 1_000_000 + " mail.py")) == [{"src/app/mail.py", "src/app/mail.py#send_mail"}]
