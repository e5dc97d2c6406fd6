import hashlib

import pytest
from ledger.audit import Trail, verify


def trail() -> Trail:
    found = Trail()
    for number in range(5):
        found.add(f"who{number % 2}", "post", str(number))
    return found


def test_each_record_is_chained_to_the_one_before() -> None:
    records = trail().records()
    previous = ""
    for number, (count, who, what, about, digest) in enumerate(records, start=1):
        assert count == number
        assert digest == hashlib.sha256("\n".join([previous, str(count), who, what, about]).encode()).hexdigest()
        previous = digest
    assert verify(records) == 0
    assert verify([]) == 0


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("field", [1, 2, 3, 4])
def test_any_change_is_found_where_it_is(place: int, field: int) -> None:
    records = trail().records()
    changed = list(records[place])
    changed[field] = "other"
    records[place] = tuple(changed)  # type: ignore[assignment]
    assert verify(records) == place + 1


def test_a_record_that_was_taken_out_is_missed() -> None:
    records = trail().records()
    del records[2]
    assert verify(records) == 4


def test_the_list_that_is_given_is_a_copy() -> None:
    found = trail()
    found.records().clear()
    assert len(found.records()) == 5
