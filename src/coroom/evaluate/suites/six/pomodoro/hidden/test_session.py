import random

import pytest
from pomodoro.modes import Lengths
from pomodoro.session import Session

LENGTHS = Lengths(work=10, short=3, long=5, long_every=2)


def test_with_auto_no_second_is_lost_however_time_is_cut() -> None:
    chance = random.Random(6)
    for _ in range(30):
        session, passed = Session(LENGTHS, auto=True), 0
        session.timer.start()
        while passed < 100:
            step = chance.randrange(1, 20)
            session.run(step)
            passed += step
        at, cycle = 0, [("work", 10), ("short", 3), ("work", 10), ("long", 5)]
        wanted, worked, number = [], 0, 0
        while at + cycle[number % 4][1] <= passed:
            mode, long = cycle[number % 4]
            wanted.append((mode, "done"))
            worked += long if mode == "work" else 0
            at, number = at + long, number + 1
        if cycle[number % 4][0] == "work":
            worked += passed - at
        assert session.log == wanted
        assert session.worked == worked
        assert session.timer.left == cycle[number % 4][1] - (passed - at)


def test_without_auto_it_stands_after_the_first_end() -> None:
    session = Session(LENGTHS)
    session.run(50)
    assert session.worked == 0
    session.timer.start()
    session.run(50)
    assert session.log == [("work", "done")]
    assert (session.timer.mode, session.timer.state, session.timer.left) == ("short", "idle", 3)
    assert session.worked == 10


def test_what_is_skipped_is_noted_and_its_work_counts() -> None:
    session = Session(LENGTHS)
    session.timer.start()
    session.run(4)
    session.skip()
    assert session.log == [("work", "skipped")]
    assert session.worked == 4
    assert session.timer.finished == 0


@pytest.mark.parametrize("seconds", [0, 2])
def test_the_title_tells_time_mode_and_pause(seconds: int) -> None:
    session = Session(LENGTHS)
    assert session.title() == "00:10 work"
    session.timer.start()
    session.run(seconds)
    session.timer.pause()
    session.run(5)
    assert session.title() == f"00:{10 - seconds:02d} work (paused)"
