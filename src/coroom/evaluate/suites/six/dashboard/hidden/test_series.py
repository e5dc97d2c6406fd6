from datetime import date, timedelta

import pytest
from dashboard.series import buckets, daily, moving_average
from rows import rows


def test_every_day_between_first_and_last_has_its_sum() -> None:
    some = rows(40)
    points = daily(some)
    days = [day for day, _ in points]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert (days[0], days[-1]) == (min(r["day"] for r in some), max(r["day"] for r in some))
    assert all(value == sum(r["cents"] for r in some if r["day"] == day) for day, value in points)
    assert sum(value for _, value in daily(some, "units")) == sum(r["units"] for r in some)
    assert daily([]) == []


@pytest.mark.parametrize("width", [1, 2, 3, 50])
def test_the_moving_average_looks_back(width: int) -> None:
    values = [float(row["units"]) for row in rows(20)]
    found = moving_average(values, width)
    assert len(found) == len(values)
    for at, value in enumerate(found):
        window = values[max(0, at - width + 1) : at + 1]
        assert value == pytest.approx(sum(window) / len(window))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 10, 11])
def test_buckets_keep_the_sum_and_are_even(count: int) -> None:
    points = [(date(2026, 1, 1) + timedelta(days=n), n * n + 1) for n in range(10)]
    found = buckets(points, count)
    assert len(found) == min(count, 10)
    assert sum(value for _, value in found) == sum(value for _, value in points)
    starts = [(day - points[0][0]).days for day, _ in found] + [10]
    lengths = [b - a for a, b in zip(starts, starts[1:], strict=False)]
    assert max(lengths) - min(lengths) <= 1
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize("bad", [0, -1])
def test_widths_and_counts_are_at_least_one(bad: int) -> None:
    with pytest.raises(ValueError):
        moving_average([1.0], bad)
    with pytest.raises(ValueError):
        buckets([], bad)
