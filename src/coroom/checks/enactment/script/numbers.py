"""Numbers as JavaScript writes and reads them."""

import math
import re
from decimal import ROUND_HALF_UP, Decimal

from coroom.checks.enactment.budget import CannotGoOn

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
NAN = math.nan


def number_text(value: float) -> str:
    """A number as a text."""
    if value != value:  # noqa: PLR0124 - only NaN is not itself
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    shown = repr(abs(value))
    mantissa, _, exponent = shown.partition("e")
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    digits = (whole + part).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + part) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def fixed(value: float, places: int) -> str:
    """`toFixed`."""
    if not math.isfinite(value) or abs(value) >= 1e21:
        return number_text(value)
    made = Decimal(abs(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{'-' if value < 0 else ''}{made:f}"


def precise(value: float, places: int) -> str:
    """`toPrecision`, where it needs no exponent."""
    if not math.isfinite(value):
        return number_text(value)
    if value == 0:
        return "0" if places == 1 else f"0.{'0' * (places - 1)}"
    exponent = Decimal(abs(value)).adjusted()
    if not -7 < exponent < places:
        raise CannotGoOn("a number with an exponent")
    return fixed(value, max(0, places - 1 - exponent))


def in_base(value: float, base: int) -> str:
    """`toString` to a base, of whole numbers."""
    if base == 10:
        return number_text(value)
    if value != math.floor(value) or not math.isfinite(value):
        raise CannotGoOn("a broken number in another base")
    rest, found = int(abs(value)), ""
    while rest:
        rest, digit = divmod(rest, base)
        found = _DIGITS[digit] + found
    return ("-" if value < 0 else "") + (found or "0")


def grouped(value: float, least: int, most: int) -> str:
    """`toLocaleString` of the English of America."""
    if not math.isfinite(value):
        raise CannotGoOn("a number that is none, for people")
    made = fixed(value, most)
    whole, _, part = made.lstrip("-").partition(".")
    part = part.rstrip("0").ljust(least, "0")
    shown = f"{int(whole):,}{'.' if part else ''}{part}"
    return f"-{shown}" if made.startswith("-") else shown


_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Infinity")
SPACE = " \t\n\r\v\f\xa0\ufeff\u2028\u2029"
"""What is white."""


def number_of(text: str) -> float:
    """`Number` of a text."""
    said = text.strip(SPACE)
    if not said:
        return 0.0
    if said[:2].lower() in {"0x", "0b", "0o"}:
        try:
            return float(int(said, 0))
        except (ValueError, OverflowError):
            return NAN
    found = _DECIMAL.fullmatch(said)
    return _float(said) if found and said.isascii() else NAN


def _float(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


def leading_number(text: str) -> float:
    """`parseFloat`."""
    found = _DECIMAL.match(text.lstrip(SPACE))
    return _float(found.group()) if found and found.group().isascii() else NAN


def leading_whole(text: str, base: float) -> float:
    """`parseInt`."""
    said = text.lstrip(SPACE).lower()
    sign = -1 if said[:1] == "-" else 1
    said = said.lstrip("+-") if said[:1] in {"+", "-"} else said
    radix = int(base) if base == base and base else 0  # noqa: PLR0124 - only NaN is not itself
    if radix in {0, 16} and said[:2] == "0x":
        said, radix = said[2:], 16
    radix = radix or 10
    if not 2 <= radix <= 36:
        return NAN
    known = _DIGITS[:radix]
    end = next((at for at, each in enumerate(said) if each not in known), len(said))
    return sign * float(int(said[:end], radix)) if end else NAN


def int32(value: float) -> int:
    """A number as the whole one of 32 bits that operators on bits work with."""
    if not math.isfinite(value):
        return 0
    found = int(value) & 0xFFFFFFFF
    return found - (1 << 32) if found >= 1 << 31 else found
