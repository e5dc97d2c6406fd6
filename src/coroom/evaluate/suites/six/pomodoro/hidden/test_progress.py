import pytest
from pomodoro.modes import Lengths
from pomodoro.progress import clock, dots, fraction


@pytest.mark.parametrize("mode", ["work", "short", "long"])
def test_the_fraction_rises_from_nothing_to_all_and_stays_inside(mode: str) -> None:
    lengths = Lengths(work=100, short=20, long=40)
    full = {"work": 100, "short": 20, "long": 40}[mode]
    found = [fraction(mode, full - passed, lengths) for passed in range(-5, full + 6)]
    assert found == sorted(found)
    assert (found[0], found[5], found[-6], found[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert fraction(mode, full / 4, lengths) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "00:00"), (1, "00:01"), (59.2, "01:00"), (0.1, "00:01"), (1500, "25:00"), (6000, "100:00"), (6061, "101:01"), (-3, "00:00")],
)
def test_the_clock_rounds_up(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(("finished", "shown"), [(0, "○○○"), (1, "●○○"), (2, "●●○"), (3, "●●●"), (4, "●○○"), (6, "●●●"), (7, "●○○")])
def test_the_dots_begin_anew_after_a_long_break(finished: int, shown: str) -> None:
    assert dots(finished, Lengths(long_every=3)) == shown
