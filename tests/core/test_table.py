import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.core.table import Table

keys = st.text(st.characters(), max_size=3)
changes = st.lists(st.tuples(st.booleans(), keys, st.integers()), max_size=60)


@given(changes)
def test_a_table_holds_what_a_dict_would(steps: list[tuple[bool, str, int]]) -> None:
    table: Table[int] = Table()
    model: dict[str, int] = {}
    for put, key, value in steps:
        before, was = table, dict(table)
        table = table.put(key, value) if put else table.without(key)
        if put:
            model[key] = value
        else:
            model.pop(key, None)
        assert dict(before) == was
    assert dict(table) == model
    assert len(table) == len(model)
    assert sorted(table.values()) == sorted(model.values())
    assert dict(table.items()) == model


@given(st.dictionaries(keys, st.integers(), max_size=40), st.randoms())
def test_order_and_equality_depend_on_the_content_only(content: dict[str, int], random: object) -> None:
    items = list(content.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    grown: Table[int] = Table()
    for key, value in items:
        grown = grown.put(key, value).put("gone", 0).without("gone")
    made = Table(content.items())
    assert "gone" in content or (grown == made and hash(grown) == hash(made))
    if "gone" not in content:
        assert list(grown) == list(made)
        assert list(grown.values()) == list(made.values())
        assert list(grown.items()) == list(made.items())


@given(st.sets(st.integers(0, 99).map(str)), st.sets(st.integers(0, 99).map(str)))
def test_a_table_is_the_same_whether_it_was_made_so_or_grew_or_shrank_to_it(kept: set[str], gone: set[str]) -> None:
    grown = Table((key, key) for key in gone - kept)
    for key in sorted(kept):
        grown = grown.put(key, key)
    for key in sorted(gone - kept):
        grown = grown.without(key)
    made = Table((key, key) for key in kept)
    assert grown == made
    assert made == grown
    assert list(grown.items()) == [(key, key) for key in sorted(kept)]
    assert all(grown[key] == key for key in kept)
    assert len(grown) == len(kept)


@given(st.dictionaries(keys, st.integers(), max_size=60), st.sets(keys, max_size=20), st.integers(0, 20))
def test_to_leave_many_out_is_to_leave_out_one_after_another(
    content: dict[str, int], others: set[str], some: int
) -> None:
    table, gone = Table(content.items()), {*others, *list(content)[:some]}
    left = table.without_all(gone)
    assert dict(left) == {key: value for key, value in content.items() if key not in gone}
    assert dict(table) == content
    assert (left is table) is gone.isdisjoint(content)
    assert left.changed(table) == tuple(sorted(gone & content.keys()))


def test_a_table_without_a_key_it_has_not_is_itself() -> None:
    table = Table([("a", 1)])
    assert table.without("b") is table


def test_a_table_differs_from_another_content_and_from_other_things() -> None:
    assert Table([("a", 1)]) != Table([("a", 2)])
    assert Table([("a", 1)]) != Table([("a", 1), ("b", 1)])
    assert Table([("a", 1)]) != {"a": 1}


def test_a_table_shows_what_is_in_it() -> None:
    assert repr(Table([("a", 1)])) == "Table({'a': 1})"


def test_a_missing_key_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Table([("a", 1)])["b"]


def test_a_copy_of_a_table_equals_it() -> None:
    table = Table([("a", 1), ("b", 2)])
    assert copy.copy(table) == table


@given(changes, changes)
def test_a_table_knows_which_keys_are_not_as_they_were(before: list[tuple[bool, str, int]], more: object) -> None:
    assert isinstance(more, list)
    old: Table[tuple[int]] = Table()
    for put, key, value in before:
        old = old.put(key, (value,)) if put else old.without(key)
    new = old
    for put, key, value in more:
        new = new.put(key, (value,)) if put else new.without(key)
    differing = {key for key in {**old, **new} if old.get(key) is not new.get(key)}
    assert new.changed(old) == old.changed(new) == tuple(sorted(differing))
    assert old.changed(old) == ()


def test_a_table_knows_what_changed_however_long_ago_and_beside_a_line_of_its_own() -> None:
    tables: list[Table[tuple[int]]] = [Table()]
    for number in range(200):
        tables.append(tables[-1].put(f"k{number % 70}", (number,)))
    for place in range(0, 200, 7):
        since = tables[place]
        differing = {key for key in tables[-1] if tables[-1][key] is not since.get(key)}
        assert tables[-1].changed(since) == tuple(sorted(differing))
    one, other = tables[9].put("a", (1,)), tables[9].put("b", (2,))
    assert one.changed(other) == other.changed(one) == ("a", "b")
    assert tables[9].put("a", (1,)).without("a").changed(tables[9]) == ()


@pytest.mark.parametrize("size", [3, 60])
def test_a_table_can_be_copied_and_pickled(size: int) -> None:
    table = Table((f"k{number}", number) for number in range(size)).put("last", 0)
    for again in (copy.copy(table), copy.deepcopy(table), pickle.loads(pickle.dumps(table))):
        assert again == table
        assert again.get("last") == 0
        assert again.get("none", 7) == 7
        assert again.put("more", 1).changed(again) == ("more",)
