"""Edits of JSON with comments: what is touched, and what is not."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coroom.agents import jsonc

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=4)
GAPS = st.sampled_from(["", " ", "\n", "\t", "// a, comment\n", "/* {,} */", "\r\n  "])


@st.composite
def written(draw: st.DrawFn, value: Any) -> str:
    """`value` as a person with odd habits writes it: comments and white space anywhere, trailing commas."""

    def gap() -> str:
        return draw(GAPS)

    def show(inner: Any) -> str:
        if isinstance(inner, dict):
            parts = [f"{json.dumps(key)}{gap()}:{gap()}{show(one)}" for key, one in inner.items()]
        elif isinstance(inner, list):
            parts = [show(one) for one in inner]
        else:
            return json.dumps(inner, ensure_ascii=draw(st.booleans()))
        comma: bool = draw(st.booleans())
        trailing = "," + gap() if parts and comma else ""
        body = ",".join(f"{gap()}{part}{gap()}" for part in parts) + trailing
        return f"{{{body or gap()}}}" if isinstance(inner, dict) else f"[{body or gap()}]"

    return gap() + show(value) + gap()


WRITTEN = OBJECTS.flatmap(lambda value: st.tuples(st.just(value), written(value)))


@given(WRITTEN)
def test_json_with_comments_and_trailing_commas_is_read(pair: tuple[dict[str, Any], str]) -> None:
    value, text = pair
    assert jsonc.parse(text).value == value


@given(WRITTEN, st.text(min_size=1, max_size=5), VALUES)
def test_a_member_that_is_put_in_is_the_only_difference_and_taken_out_leaves_none(
    pair: tuple[dict[str, Any], str], key: str, new: Any
) -> None:
    value, text = pair
    assume(key not in value)
    added = jsonc.insert(text, (key,), new, item=False)
    assert jsonc.parse(added).value == value | {key: new}
    assert jsonc.parse(jsonc.remove(added, (key,), new, item=False)).value == value


@given(WRITTEN, st.lists(VALUES, max_size=3), VALUES)
def test_an_item_goes_to_the_end_of_its_list_and_comes_out_again(
    pair: tuple[dict[str, Any], str], items: list[Any], new: Any
) -> None:
    value, text = pair
    assume("list" not in value)
    assume(new not in items)
    text = jsonc.insert(text, ("list",), items, item=False)
    added = jsonc.insert(text, ("list",), new, item=True)
    assert jsonc.parse(added).value["list"] == [*items, new]
    assert jsonc.parse(jsonc.remove(added, ("list",), new, item=True)).value == value | {"list": items}


@given(WRITTEN, st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=3), VALUES)
def test_what_is_missing_on_the_way_is_made(pair: tuple[dict[str, Any], str], path: list[str], new: Any) -> None:
    value, text = pair
    assume(path[0] not in value)
    found = jsonc.find(jsonc.parse(jsonc.insert(text, path, new, item=False)), path)
    assert found is not None
    assert found.value == new


@given(WRITTEN)
def test_comments_survive_what_is_put_in_and_taken_out(pair: tuple[dict[str, Any], str]) -> None:
    value, text = pair
    assume("ours" not in value)
    added = jsonc.insert(text, ("ours",), {"a": [1]}, item=False)
    taken = jsonc.remove(added, ("ours",), {"a": [1]}, item=False)
    for seen in (added, taken):
        assert seen.count("a, comment") == text.count("a, comment")
        assert seen.count("/* {,} */") == text.count("/* {,} */")


@given(st.text(max_size=30) | st.text(alphabet='{}[]",:/* \n1a', max_size=30))
def test_any_text_is_read_or_refused_with_a_value_error(text: str) -> None:
    try:
        read = jsonc.parse(text).value
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - json's own error says no more
            json.loads(text, parse_constant=int)
    else:
        assert json.loads(json.dumps(read)) == read


def test_an_edit_keeps_the_lines_indentation_and_line_ends_of_the_file() -> None:
    text = '{\r\n\t"a": {\r\n\t\t"b": 1 // note\r\n\t}\r\n}\r\n'
    assert jsonc.insert(text, ("a", "c"), {"d": 2}, item=False) == (
        '{\r\n\t"a": {\r\n\t\t"b": 1,\r\n\t\t"c": {\r\n\t\t\t"d": 2\r\n\t\t} // note\r\n\t}\r\n}\r\n'
    )


def test_a_member_of_another_value_is_not_taken_out() -> None:
    with pytest.raises(ValueError, match=r"a\.b has been changed"):
        jsonc.remove('{"a": {"b": 2}}', ("a", "b"), 1, item=False)


@pytest.mark.parametrize(
    ("text", "path", "item", "why"),
    [
        ('{"a": 1}', ("a", "b"), False, "a is not an object"),
        ('{"a": {}}', ("a",), True, "a is not a list"),
        ('{"a": 1}', ("a",), False, "a is there already"),
        ("[]", ("a",), False, "the file is not an object"),
        ("{\n'a': 1}", ("b",), False, "line 2 is not JSON"),
        ("[" * 200, ("b",), False, "nested"),
    ],
)
def test_what_stands_in_the_way_is_named(text: str, path: tuple[str, ...], item: bool, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        jsonc.insert(text, path, 1, item=item)
