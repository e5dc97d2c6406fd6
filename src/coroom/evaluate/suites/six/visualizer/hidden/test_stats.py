import pytest
from visualizer.stats import Stats


def test_each_kind_is_counted_up_and_down() -> None:
    stats = Stats()
    for step in [("compare", 0, 1), ("compare", 1, 2), ("swap", 0, 1), ("set", 0, 7)]:
        stats.add(step)
    assert stats.as_dict() == {"compares": 2, "swaps": 1, "sets": 1}
    assert stats.total == 4
    stats.remove(("compare", 0, 1))
    assert (stats.compares, stats.swaps, stats.sets, stats.total) == (1, 1, 1, 3)


def test_what_was_never_added_cannot_be_removed() -> None:
    stats = Stats()
    with pytest.raises(ValueError):
        stats.remove(("swap", 0, 1))
    assert stats.total == 0


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError):
        Stats().add(("shuffle", 0, 1))
