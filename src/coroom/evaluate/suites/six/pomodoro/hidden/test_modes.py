import dataclasses

import pytest
from pomodoro.modes import MODES, Lengths, following, length


def test_the_lengths_have_their_usual_values_and_are_frozen() -> None:
    lengths = Lengths()
    assert [length(lengths, mode) for mode in MODES] == [1500, 300, 900]
    with pytest.raises(dataclasses.FrozenInstanceError):
        lengths.work = 1  # type: ignore[misc]


@pytest.mark.parametrize("bad", [{"work": 0}, {"short": -1}, {"long": 0}, {"long_every": 0}])
def test_a_length_is_at_least_one(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Lengths(**bad)


def test_an_unknown_mode_has_no_length() -> None:
    with pytest.raises(ValueError):
        length(Lengths(), "nap")


@pytest.mark.parametrize("every", [1, 2, 4])
def test_each_so_many_th_work_period_is_followed_by_a_long_break(every: int) -> None:
    lengths = Lengths(long_every=every)
    for finished in range(1, 20):
        assert following("work", finished, lengths) == ("long" if finished % every == 0 else "short")
        assert following("short", finished, lengths) == following("long", finished, lengths) == "work"
