"""What is said of a value that has changed: short, and enough for who knows the old one wherever it says so."""

import json

from hypothesis import given
from hypothesis import strategies as st

from coroom.core.ordering.difference import DIFFERENCES_CHARS_MAX, SHORT_CHARS, difference

NAMES = st.sampled_from(["id", "name", "spec", "a"])
SCALARS = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["1", "x", "long " * 30])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4))
OBJECTS = st.lists(st.fixed_dictionaries({"id": st.integers(0, 5), "spec": VALUES}), max_size=5)


def text(value: object) -> str:
    # Beside it stands what is too long to be shown as it is.
    return json.dumps({"value": value, "zz": "z" * SHORT_CHARS}, sort_keys=True)


def deployments(count: int, **replicas: int) -> str:
    made = [
        {"kind": "Deployment", "metadata": {"name": f"app{n}"}, "spec": {"replicas": replicas.get(f"app{n}", 1)}}
        for n in range(count)
    ]
    return json.dumps(made)


def test_short_values_are_shown_as_they_are() -> None:
    found = difference('{"left":3}', '{"left":2}')
    assert found.text == 'was {"left":3} and is now {"left":2}'
    assert found.whole


def test_of_a_list_of_objects_the_fields_that_changed_are_told_and_what_came_and_went() -> None:
    found = difference(deployments(12), deployments(12, app3=5))
    assert (found.text, found.whole) == ("has changed: app3.spec.replicas 1 -> 5", True)
    assert "app7 is new: " in difference(deployments(7), deployments(8)).text
    assert difference(deployments(8), deployments(7)).text == "has changed: app7 is gone"


def test_what_is_told_does_not_grow_with_the_number_of_changes() -> None:
    many = {f"app{n}": 9 for n in range(60)}
    found = difference(deployments(60), deployments(60, **many))
    assert len(found.text) < DIFFERENCES_CHARS_MAX + 60
    assert "more, read it again" in found.text
    assert not found.whole


def test_texts_that_are_no_json_and_other_orders_are_not_told_whole() -> None:
    assert not difference("a" * 500, "b" * 500).whole
    rows = json.loads(deployments(6))
    found = difference(json.dumps(rows), json.dumps(rows[::-1]))
    assert found.text == "has changed: is in another order"
    assert not found.whole


@given(VALUES | OBJECTS, VALUES | OBJECTS, VALUES | OBJECTS)
def test_who_knows_the_old_value_can_tell_new_ones_apart_that_are_told_whole(
    old: object, new: object, other: object
) -> None:
    one, two = difference(text(old), text(new)), difference(text(old), text(other))
    assert len(one.text) <= DIFFERENCES_CHARS_MAX + 100
    if one.whole and two.whole and text(new) != text(other):
        assert one.text != two.text
