import pytest
from dashboard.table import filter, page, search, sort
from rows import rows


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", ["day", "region", "units"])
def test_sorting_is_stable_both_ways_and_leaves_the_rows_alone(key: str, descending: bool) -> None:
    some = [row | {"n": n} for n, row in enumerate(rows(80))]
    before = list(some)
    found = sort(some, key, descending)
    assert some == before
    for one, other in zip(found, found[1:], strict=False):
        assert (one[key] >= other[key]) if descending else (one[key] <= other[key])
        if one[key] == other[key]:
            assert one["n"] < other["n"]


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(KeyError):
        sort(rows(2), "colour")


def test_filters_take_a_value_or_several_and_all_must_hold() -> None:
    some = rows(100)
    assert filter(some) == some
    assert filter(some, region="North") == [r for r in some if r["region"] == "North"]
    found = filter(some, region=["North", "East"], product={"Tea"})
    assert found == [r for r in some if r["region"] in {"North", "East"} and r["product"] == "Tea"]
    assert filter(some, region="Nowhere") == []


def test_search_looks_into_region_and_product_whatever_the_case() -> None:
    some = rows(60)
    assert search(some, "") == some
    assert search(some, "COF") == [r for r in some if r["product"] == "Coffee"]
    assert search(some, "orth") == [r for r in some if r["region"] == "North"]
    assert search(some, "xyz") == []


@pytest.mark.parametrize(("count", "size"), [(0, 5), (1, 5), (5, 5), (6, 5), (23, 4), (8, 1)])
def test_the_pages_together_are_all_rows(count: int, size: int) -> None:
    some = rows(count)
    first = page(some, 1, size)
    assert first["total"] == count
    assert first["pages"] == max(1, (count + size - 1) // size)
    together = [row for number in range(1, first["pages"] + 1) for row in page(some, number, size)["rows"]]
    assert together == some
    assert page(some, 99, size)["number"] == first["pages"]
    assert page(some, 0, size)["number"] == page(some, -3, size)["number"] == 1


def test_a_page_holds_at_least_one_row() -> None:
    with pytest.raises(ValueError):
        page([], 1, 0)
