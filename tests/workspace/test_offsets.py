"""Positions convert exactly, over all of Unicode, or are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.workspace.offsets import from_utf8, from_utf16, to_utf8, to_utf8_each, to_utf16

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts, st.data())
def test_a_position_survives_the_way_to_bytes_and_units_and_back(text: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(text)))
    assert from_utf8(text, to_utf8(text, position)) == position
    assert from_utf16(text, to_utf16(text, position)) == position
    assert text.encode()[: to_utf8(text, position)].decode() == text[:position]
    assert text.encode("utf-16-le")[: 2 * to_utf16(text, position)].decode("utf-16-le") == text[:position]


@given(texts, st.data())
def test_many_positions_convert_as_each_does_alone(text: str, data: st.DataObject) -> None:
    positions = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    assert to_utf8_each(text, positions) == [to_utf8(text, position) for position in positions]


@given(texts, st.integers())
def test_every_byte_position_is_between_characters_or_refused(text: str, position: int) -> None:
    encoded = text.encode()
    boundaries = {len(text[:at].encode()) for at in range(len(text) + 1)}
    for place in (*range(-1, len(encoded) + 2), position):
        if place in boundaries:
            assert to_utf8(text, from_utf8(text, place)) == place
        else:
            with pytest.raises(ValueError):  # noqa: PT011  two kinds of ValueError, one contract
                from_utf8(text, place)


@given(texts)
def test_every_unit_position_is_between_characters_or_refused(text: str) -> None:
    units = len(text.encode("utf-16-le")) // 2
    boundaries = {len(text[:at].encode("utf-16-le")) // 2 for at in range(len(text) + 1)}
    for place in range(-1, units + 2):
        if place in boundaries:
            assert to_utf16(text, from_utf16(text, place)) == place
        else:
            with pytest.raises(ValueError):  # noqa: PT011  two kinds of ValueError, one contract
                from_utf16(text, place)


@pytest.mark.parametrize("convert", [to_utf8, from_utf8, to_utf16, from_utf16])
@pytest.mark.parametrize("text", ["", "abc", "a😀b"])
def test_a_position_outside_the_text_is_refused(convert: object, text: str) -> None:
    assert callable(convert)
    for position in (-1, 99):
        with pytest.raises(ValueError, match="outside"):
            convert(text, position)


@pytest.mark.parametrize("positions", [[2, 1], [-1], [4], [0, 4]])
@pytest.mark.parametrize("text", ["abc", "a😀b"])
def test_positions_that_descend_or_leave_the_text_are_refused(text: str, positions: list[int]) -> None:
    with pytest.raises(ValueError, match="position"):
        to_utf8_each(text, positions)
