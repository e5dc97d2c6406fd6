"""Positions in a text: code points (ours), UTF-8 bytes (the CRDT's) and UTF-16 units (editors').

This is the only place that converts between them. A position lies between characters, from 0 to the length of
the text; whatever is outside, or inside a character, is a ValueError and never rounded.
"""

from collections.abc import Iterable


def to_utf8(text: str, position: int) -> int:
    """Return the byte position for a position in code points.

    Raises:
        ValueError: the position is outside the text, or the text before it has a lone surrogate.
    """
    _check(position, len(text))
    return position if text.isascii() else len(text[:position].encode())


def to_utf8_each(text: str, positions: Iterable[int]) -> list[int]:
    """Return the byte position of each of many positions in code points, in one pass over the text.

    Args:
        text: where they are positions.
        positions: in ascending order.

    Raises:
        ValueError: a position is outside the text or smaller than the one before it.
    """
    ascii_only = text.isascii()
    found = []
    at = at_bytes = 0
    for position in positions:
        if position < at:
            raise ValueError(f"position {position} comes after {at}")
        _check(position, len(text))
        at_bytes += position - at if ascii_only else len(text[at:position].encode())
        at = position
        found.append(at_bytes)
    return found


def from_utf8(text: str, position: int) -> int:
    """Return the position in code points for a byte position.

    Raises:
        ValueError: it is outside the text or inside a character.
    """
    encoded = text.encode()
    _check(position, len(encoded))
    return len(encoded[:position].decode())


def to_utf16(text: str, position: int) -> int:
    """Return the position in UTF-16 units for a position in code points.

    Raises:
        ValueError: the position is outside the text, or the text before it has a lone surrogate.
    """
    _check(position, len(text))
    return position if text.isascii() else len(text[:position].encode("utf-16-le")) // 2


def from_utf16(text: str, position: int) -> int:
    """Return the position in code points for a position in UTF-16 units.

    Raises:
        ValueError: it is outside the text or between the two halves of a character.
    """
    encoded = text.encode("utf-16-le")
    _check(position, len(encoded) // 2)
    return len(encoded[: 2 * position].decode("utf-16-le"))


def _check(position: int, length: int) -> None:
    if not 0 <= position <= length:
        raise ValueError(f"position {position} is outside a text of length {length}")
