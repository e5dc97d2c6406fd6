"""How long tasks will take: as said, else by their size and by what like tasks took before."""

import pytest
from tests.plan.planned import footprints, task

from coroom.plan.durations import LEARNED_MIN, Done, Durations
from coroom.plan.task import PlanTask, TaskFootprint


def unsaid(title: str, *touches: str) -> TaskFootprint:
    said = task("t", title, *touches)
    (found,) = footprints([PlanTask(id="t", title=title, touches=said.touches)])
    return found


def done(seconds: float, title: str = "mend something", touches: int = 1) -> Done:
    return Done(title=title, touches=touches, seconds=seconds)


def test_without_history_a_task_takes_minutes_that_grow_with_what_it_touches() -> None:
    by_size = Durations()
    one = by_size(unsaid("w", "file:src/app/mail.py"))
    three = by_size(unsaid("w", "file:src/app/mail.py", "file:src/app/report.py", "file:src/app/lexer.py"))
    assert (one, three) == (180.0, 240.0)
    assert by_size.learned_from == 0


def test_what_is_said_is_taken_as_said() -> None:
    (said,) = footprints([task("t", "w", seconds=7.0)])
    assert Durations([done(900.0)] * LEARNED_MIN)(said) == 7.0


def test_the_pace_of_what_was_done_is_learned_and_a_few_tasks_teach_nothing() -> None:
    assert Durations([done(360.0)] * (LEARNED_MIN - 1))(unsaid("w", "file:src/app/mail.py")) == 180.0
    learned = Durations([done(360.0)] * (LEARNED_MIN - 1) + [done(90_000.0)])
    assert learned(unsaid("w", "file:src/app/mail.py")) == 360.0
    assert learned.learned_from == LEARNED_MIN


def test_like_tasks_weigh_in() -> None:
    history = [done(180.0, title="rename a column") for _ in range(9)] + [done(1_800.0, title="port the parser")] * 2
    learned = Durations(history)
    assert learned.pace == pytest.approx(1.0)
    assert learned(unsaid("Port the parser to bytes", "file:src/app/mail.py")) == pytest.approx((2 * 180 + 3_600) / 4)
    assert learned(unsaid("write a page", "file:src/app/mail.py")) == pytest.approx(180.0)
