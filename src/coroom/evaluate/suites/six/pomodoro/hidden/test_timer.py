import random

import pytest
from pomodoro.events import Events
from pomodoro.modes import Lengths
from pomodoro.timer import Timer

LENGTHS = Lengths(work=10, short=3, long=5, long_every=2)


class Machine:
    """The timer as a table, written apart from it."""

    def __init__(self) -> None:
        self.mode, self.state, self.left, self.finished = "work", "idle", 10, 0

    def after(self, mode: str) -> str:
        if mode != "work":
            return "work"
        return "long" if self.finished and self.finished % 2 == 0 else "short"

    def do(self, name: str, seconds: int) -> None:
        full = {"work": 10, "short": 3, "long": 5}
        if name == "start" and self.state in {"idle", "paused"}:
            self.state = "running"
        elif name == "pause" and self.state == "running":
            self.state = "paused"
        elif name == "reset":
            self.state, self.left = "idle", full[self.mode]
        elif name == "skip":
            self.mode = self.after(self.mode)
            self.state, self.left = "idle", full[self.mode]
        elif name == "tick" and self.state == "running":
            self.left -= seconds
            if self.left <= 0:
                if self.mode == "work":
                    self.finished += 1
                self.mode = self.after(self.mode)
                self.state, self.left = "idle", full[self.mode]


def test_any_use_of_it_goes_as_the_table_says() -> None:
    chance = random.Random(8)
    for _ in range(150):
        timer, machine = Timer(LENGTHS, Events()), Machine()
        for _ in range(60):
            name, seconds = chance.choice(["start", "start", "pause", "reset", "skip", "tick", "tick", "tick"]), chance.randrange(7)
            if name == "tick":
                timer.tick(seconds)
            else:
                getattr(timer, name)()
            machine.do(name, seconds)
            assert (timer.mode, timer.state, timer.left, timer.finished) == (
                machine.mode, machine.state, machine.left, machine.finished,
            )  # fmt: skip


def test_what_does_not_fit_the_state_does_nothing_and_says_so() -> None:
    events, changes = Events(), []
    events.on("changed", lambda *args: changes.append(args))
    timer = Timer(LENGTHS, events)
    assert [timer.pause(), timer.start(), timer.start(), timer.pause(), timer.pause()] == [False, True, False, True, False]
    assert timer.start()
    assert timer.reset()
    assert changes == [("running", "work"), ("paused", "work"), ("running", "work"), ("idle", "work")]


def test_the_end_of_a_period_is_told_exactly_once() -> None:
    events, told = Events(), []
    for name in ("done", "changed", "tick"):
        events.on(name, lambda *args, name=name: told.append((name, *args)))
    timer = Timer(LENGTHS, events)
    timer.start()
    timer.tick(4)
    timer.tick(400)
    timer.tick(1)
    assert told == [("changed", "running", "work"), ("tick", 6), ("done", "work", 1), ("changed", "idle", "short")]
    assert (timer.mode, timer.state, timer.left, timer.finished) == ("short", "idle", 3, 1)


def test_a_skipped_work_period_is_not_finished() -> None:
    timer = Timer(LENGTHS, Events())
    assert timer.skip()
    assert (timer.mode, timer.finished) == ("short", 0)


def test_time_does_not_go_back() -> None:
    timer = Timer(LENGTHS, Events())
    with pytest.raises(ValueError):
        timer.tick(-1)
