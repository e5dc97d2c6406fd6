import pytest
from pomodoro.colours import colour

ENDS = {"work": ("#c0392b", "#e67e22"), "short": ("#1e8449", "#58d68d"), "long": ("#1f618d", "#85c1e9")}


@pytest.mark.parametrize("mode", sorted(ENDS))
def test_the_ends_are_as_given_also_from_outside(mode: str) -> None:
    assert colour(mode, 0) == colour(mode, -3) == ENDS[mode][0]
    assert colour(mode, 1) == colour(mode, 1.5) == ENDS[mode][1]


@pytest.mark.parametrize("mode", sorted(ENDS))
def test_each_channel_is_linear(mode: str) -> None:
    a, b = ([int(end[i : i + 2], 16) for i in (1, 3, 5)] for end in ENDS[mode])
    for hundredth in range(101):
        share = hundredth / 100
        wanted = [round(x + (y - x) * share) for x, y in zip(a, b, strict=True)]
        assert colour(mode, share) == "#" + "".join(f"{channel:02x}" for channel in wanted)


def test_an_unknown_mode_has_no_colour() -> None:
    with pytest.raises(ValueError):
        colour("nap", 0)
