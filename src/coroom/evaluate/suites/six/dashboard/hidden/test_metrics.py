import statistics
from collections import defaultdict

import pytest
from dashboard.metrics import change, summary, top
from rows import rows


@pytest.mark.parametrize("count", [1, 2, 7, 200])
def test_the_summary_is_what_recounting_gives(count: int) -> None:
    some = rows(count)
    cents = [row["cents"] for row in some]
    found = summary(some)
    assert (found["rows"], found["units"], found["cents"]) == (count, sum(r["units"] for r in some), sum(cents))
    assert found["mean_cents"] == pytest.approx(sum(cents) / count)
    assert found["median_cents"] == pytest.approx(statistics.median(cents))


def test_no_rows_make_zeros() -> None:
    assert summary([]) == {"rows": 0, "units": 0, "cents": 0, "mean_cents": 0.0, "median_cents": 0.0}


@pytest.mark.parametrize(("now", "before", "percent"), [(150, 100, 50.0), (0, 8, -100.0), (1, 3, -66.7), (5, 0, None), (0, 0, None), (7, 7, 0.0)])
def test_change_is_in_percent(now: int, before: int, percent: float | None) -> None:
    assert change(now, before) == percent


def test_the_top_is_by_cents_and_ties_by_name() -> None:
    some = rows(120)
    sums: dict[str, int] = defaultdict(int)
    for row in some:
        sums[row["product"]] += row["cents"]
    assert top(some, "product", 2) == sorted(sums.items(), key=lambda i: -i[1])[:2]
    tied = [{"region": r, "cents": 5} for r in ("West", "East", "North")]
    assert top(tied, "region", 3) == [("East", 5), ("North", 5), ("West", 5)]
    assert top(tied, "region", 9) == top(tied, "region", 3)
