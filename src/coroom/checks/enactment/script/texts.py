"""What texts and numbers can do in a script."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from coroom.checks.enactment.script import numbers
from coroom.checks.enactment.script.access import length
from coroom.checks.enactment.script.arrays import at, place, whole
from coroom.checks.enactment.script.regular import every, executed, replaced, search, told
from coroom.checks.enactment.script.values import LARGEST, UNDEFINED, Flow, Native, Regular, Value
from coroom.checks.enactment.values import CannotGoOn

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

Act = Callable[["Machine", Value, list[Value]], Value]


def said(m: Machine, this: Value) -> str:
    """The text that a method is called of."""
    if not isinstance(this, str):
        raise CannotGoOn("a method of texts on something else")
    m.step(1 + length(this) // 64)
    return this


def _of(change: Callable[[str], Value]) -> Act:
    return lambda m, this, _: change(said(m, this))


def _slice(m: Machine, this: Value, given: list[Value]) -> Value:
    text = said(m, this)
    size = len(text)
    return text[place(m, at(given, 0), size, 0) : max(0, place(m, at(given, 1), size, size))]


def _substring(m: Machine, this: Value, given: list[Value]) -> Value:
    text = said(m, this)
    size = len(text)
    one, two = (max(0, min(size, int(whole(m, at(given, n), default)))) for n, default in ((0, 0), (1, size)))
    return text[min(one, two) : max(one, two)]


def _substr(m: Machine, this: Value, given: list[Value]) -> Value:
    text = said(m, this)
    start = place(m, at(given, 0), len(text), 0)
    return text[start : start + max(0, int(whole(m, at(given, 1), len(text))))]


def _plain(m: Machine, value: Value) -> str:
    if isinstance(value, Regular):
        raise m.thrown("TypeError", "First argument must not be a regular expression")
    return m.text(value)


def _includes(m: Machine, this: Value, given: list[Value]) -> Value:
    return _plain(m, at(given, 0)) in said(m, this)[int(whole(m, at(given, 1), 0)) :]


def _starts_with(m: Machine, this: Value, given: list[Value]) -> Value:
    return said(m, this).startswith(_plain(m, at(given, 0)), max(0, int(whole(m, at(given, 1), 0))))


def _ends_with(m: Machine, this: Value, given: list[Value]) -> Value:
    text = said(m, this)
    return text[: max(0, int(whole(m, at(given, 1), len(text))))].endswith(_plain(m, at(given, 0)))


def _index_of(m: Machine, this: Value, given: list[Value]) -> Value:
    return float(said(m, this).find(m.text(at(given, 0)), max(0, int(whole(m, at(given, 1), 0)))))


def _last_index_of(m: Machine, this: Value, given: list[Value]) -> Value:
    return float(said(m, this).rfind(m.text(at(given, 0))))


def _split(m: Machine, this: Value, given: list[Value]) -> Value:
    text, sign = said(m, this), at(given, 0)
    most = None if at(given, 1) is UNDEFINED else int(whole(m, given[1], 0))
    if sign is UNDEFINED:
        found: list[Value] = [text]
    elif isinstance(sign, Regular):
        found, start = [], 0
        for match in every(m, Regular(sign.proto or sign, sign.source, "g", sign.pattern), text) if text else ():
            if match.end() == match.start() and match.start() in {0, len(text)}:
                continue
            found.extend([text[start : match.start()], *(UNDEFINED if one is None else one for one in match.groups())])
            start = match.end()
        found.append(text[start:])
    else:
        by = m.text(sign)
        found = [*text.split(by)] if by else [*text]
    return m.array(found[:most])


def _padded(m: Machine, this: Value, given: list[Value]) -> tuple[str, str]:
    text, size = said(m, this), whole(m, at(given, 0), 0)
    if size > LARGEST:
        raise CannotGoOn("too wide")
    fill = " " if at(given, 1) is UNDEFINED else m.text(given[1])
    missing = int(size) - len(text)
    return text, (fill * (missing // len(fill) + 1))[:missing] if fill and missing > 0 else ""


def _pad_start(m: Machine, this: Value, given: list[Value]) -> Value:
    text, fill = _padded(m, this, given)
    return fill + text


def _pad_end(m: Machine, this: Value, given: list[Value]) -> Value:
    text, fill = _padded(m, this, given)
    return text + fill


def _repeat(m: Machine, this: Value, given: list[Value]) -> Value:
    text, times = said(m, this), whole(m, at(given, 0), 0)
    if times < 0:
        raise m.thrown("RangeError", "Invalid count value")
    if len(text) * times > LARGEST:
        raise CannotGoOn("too large")
    return text * int(times)


def _char_at(m: Machine, this: Value, given: list[Value]) -> Value:
    text, number = said(m, this), int(whole(m, at(given, 0), 0))
    return text[number] if 0 <= number < len(text) else ""


def _at(m: Machine, this: Value, given: list[Value]) -> Value:
    text, number = said(m, this), int(whole(m, at(given, 0), 0))
    number += len(text) if number < 0 else 0
    return text[number] if 0 <= number < len(text) else UNDEFINED


def _code_at(m: Machine, this: Value, given: list[Value]) -> Value:
    text, number = said(m, this), int(whole(m, at(given, 0), 0))
    return float(ord(text[number])) if 0 <= number < len(text) else numbers.NAN


def _replace(m: Machine, this: Value, given: list[Value]) -> Value:
    return replaced(m, said(m, this), at(given, 0), at(given, 1), everywhere=False)


def _replace_all(m: Machine, this: Value, given: list[Value]) -> Value:
    return replaced(m, said(m, this), at(given, 0), at(given, 1), everywhere=True)


def _match(m: Machine, this: Value, given: list[Value]) -> Value:
    text, sought = said(m, this), at(given, 0)
    if not isinstance(sought, Regular):
        raise CannotGoOn("a match of a text")
    if "g" not in sought.flags:
        return executed(m, sought, text)
    found = [each[0] for each in every(m, sought, text)]
    return m.array(found) if found else None


def _match_all(m: Machine, this: Value, given: list[Value]) -> Value:
    text, sought = said(m, this), at(given, 0)
    if not isinstance(sought, Regular) or "g" not in sought.flags:
        raise CannotGoOn("matchAll of something else")
    return Flow(m.builtins["Generator"], iter([told(m, each) for each in every(m, sought, text)]))


def _search(m: Machine, this: Value, given: list[Value]) -> Value:
    sought = at(given, 0)
    if not isinstance(sought, Regular):
        raise CannotGoOn("a search for a text")
    found = search(m, sought, said(m, this))
    return float(-1 if found is None else found.start())


def _concat(m: Machine, this: Value, given: list[Value]) -> Value:
    return said(m, this) + "".join(m.text(each) for each in given)


def collated(text: str) -> tuple[object, ...]:
    """What texts are sorted by for people: letters before their case and their accents."""
    if not text.isascii() or not all(each.isalnum() or each in " -_" for each in text):
        raise CannotGoOn("letters whose order is that of a language")
    return (tuple(_weight(each) for each in text.lower()), tuple(each.isupper() for each in text))


def _weight(letter: str) -> tuple[int, str]:
    return ("_- ".find(letter) if letter in " -_" else 5 if letter.isdigit() else 6, letter)


def _compare(m: Machine, this: Value, given: list[Value]) -> Value:
    if len(given) > 1 and any(each is not UNDEFINED and not isinstance(each, str) for each in given[1:]):
        raise CannotGoOn("an order with options")
    one, two = collated(said(m, this)), collated(m.text(at(given, 0)))
    return float((one > two) - (one < two))


def _normalize(m: Machine, this: Value, given: list[Value]) -> Value:
    form = "NFC" if at(given, 0) is UNDEFINED else m.text(given[0])
    if form not in {"NFC", "NFD", "NFKC", "NFKD"}:
        raise m.thrown("RangeError", "The normalization form should be one of NFC, NFD, NFKC, NFKD")
    return unicodedata.normalize(form, said(m, this))  # type: ignore[arg-type]


def _capitals(text: str) -> str:
    if len(text.upper()) != len(text):
        raise CannotGoOn("letters of two places")
    return text.upper()


_ACTS: dict[str, Act] = {
    "toUpperCase": _of(_capitals),
    "toLowerCase": _of(str.lower),
    "toLocaleUpperCase": _of(_capitals),
    "toLocaleLowerCase": _of(str.lower),
    "trim": _of(lambda text: text.strip(numbers.SPACE)),
    "trimStart": _of(lambda text: text.lstrip(numbers.SPACE)),
    "trimEnd": _of(lambda text: text.rstrip(numbers.SPACE)),
    "toString": _of(lambda text: text),
    "valueOf": _of(lambda text: text),
    "slice": _slice,
    "substring": _substring,
    "substr": _substr,
    "includes": _includes,
    "startsWith": _starts_with,
    "endsWith": _ends_with,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "split": _split,
    "padStart": _pad_start,
    "padEnd": _pad_end,
    "repeat": _repeat,
    "charAt": _char_at,
    "at": _at,
    "charCodeAt": _code_at,
    "codePointAt": _code_at,
    "replace": _replace,
    "replaceAll": _replace_all,
    "match": _match,
    "matchAll": _match_all,
    "search": _search,
    "concat": _concat,
    "localeCompare": _compare,
    "normalize": _normalize,
    "@@iterator": lambda m, this, _: Flow(m.builtins["Generator"], iter(list(said(m, this)))),
}
TEXT = {name: Native(name, act) for name, act in _ACTS.items()}
"""The methods of texts."""
TEXT_REAL = frozenset(
    {"anchor", "big", "bold", "link", "sub", "sup", "isWellFormed", "toWellFormed", "trimLeft", "trimRight", "fixed"}
)
"""Those that are left out."""


def _from_codes(m: Machine, _: Value, given: list[Value]) -> Value:
    codes = [int(m.number(each)) for each in given]
    if any(not 0 <= each <= 0xFFFF for each in codes):
        raise CannotGoOn("letters of two places")
    return "".join(map(chr, codes))


TEXT_MAKER = Native("String", lambda m, _, given: m.text(given[0]) if given else "")
TEXT_MAKER.own.update({name: Native(name, _from_codes) for name in ("fromCharCode", "fromCodePoint")})


def _number(m: Machine, this: Value) -> float:
    if not isinstance(this, float):
        raise CannotGoOn("a method of numbers on something else")
    m.step()
    return this


def _places(m: Machine, value: Value, least: int) -> int:
    places = int(whole(m, value, 0))
    if not least <= places <= 100:
        raise m.thrown("RangeError", "toFixed() digits argument must be between 0 and 100")
    return places


def _precise(m: Machine, this: Value, given: list[Value]) -> Value:
    number = _number(m, this)
    if at(given, 0) is UNDEFINED:
        return numbers.number_text(number)
    return numbers.precise(number, _places(m, given[0], 1))


def _for_people(m: Machine, this: Value, given: list[Value]) -> Value:
    number, options = _number(m, this), at(given, 1)
    if at(given, 0) not in (UNDEFINED, "en-US", "en"):
        raise CannotGoOn("numbers of another language")
    least, most = 0, 3
    if options is not UNDEFINED:
        if set(options.own) - {"minimumFractionDigits", "maximumFractionDigits"}:
            raise CannotGoOn("numbers with options")
        least = int(whole(m, m.get(options, "minimumFractionDigits"), 0))
        most = int(whole(m, m.get(options, "maximumFractionDigits"), max(3, least)))
    return numbers.grouped(number, least, most)


_NUMBER_ACTS: dict[str, Act] = {
    "toFixed": lambda m, this, given: numbers.fixed(_number(m, this), _places(m, at(given, 0), 0)),
    "toPrecision": _precise,
    "toLocaleString": _for_people,
    "valueOf": lambda m, this, _: _number(m, this),
    "toString": lambda m, this, given: numbers.in_base(_number(m, this), int(whole(m, at(given, 0), 10))),
}
NUMBER = {name: Native(name, act) for name, act in _NUMBER_ACTS.items()}
"""The methods of numbers."""


def _is_whole(value: Value) -> bool:
    return isinstance(value, float) and value.is_integer()


NUMBER_MAKER = Native("Number", lambda m, _, given: m.number(given[0]) if given else 0.0)
_STATICS: dict[str, Act] = {
    "isInteger": lambda _, __, given: _is_whole(at(given, 0)),
    "isSafeInteger": lambda _, __, given: _is_whole(at(given, 0)) and abs(given[0]) < 2**53,
    "isFinite": lambda _, __, given: isinstance(at(given, 0), float) and math.isfinite(given[0]),
    "isNaN": lambda _, __, given: isinstance(at(given, 0), float) and math.isnan(given[0]),
    "parseFloat": lambda m, _, given: numbers.leading_number(m.text(at(given, 0))),
    "parseInt": lambda m, _, given: numbers.leading_whole(m.text(at(given, 0)), m.number(at(given, 1))),
}
PARSING = {name: Native(name, _STATICS[name]) for name in ("parseFloat", "parseInt")}
"""What reads numbers, and is a name of its own, too."""
NUMBER_MAKER.own.update({name: Native(name, act) for name, act in _STATICS.items()})
NUMBER_MAKER.own.update(
    {
        "MAX_SAFE_INTEGER": float(2**53 - 1),
        "MIN_SAFE_INTEGER": -float(2**53 - 1),
        "EPSILON": 2.0**-52,
        "MAX_VALUE": 1.7976931348623157e308,
        "MIN_VALUE": 5e-324,
        "POSITIVE_INFINITY": math.inf,
        "NEGATIVE_INFINITY": -math.inf,
        "NaN": math.nan,
    }
)


def _rounded(value: float) -> float:
    if not math.isfinite(value) or abs(value) >= 2**52:
        return value
    below = math.floor(value)
    return float(below + (value - below >= 0.5))


def _finite(change: Callable[[float], float]) -> Callable[[float], float]:
    def act(value: float) -> float:
        try:
            return float(change(value))
        except (ValueError, OverflowError):
            return value if change in {math.floor, math.ceil, math.trunc} else math.nan

    return act


def _sign(value: float) -> float:
    return value if value == 0 or math.isnan(value) else math.copysign(1.0, value)


def _logarithm(change: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: -math.inf if value == 0 else change(value)


_MATH: dict[str, Callable[[float], float]] = {
    "floor": _finite(math.floor),
    "ceil": _finite(math.ceil),
    "trunc": _finite(math.trunc),
    "round": _rounded,
    "abs": abs,
    "sign": _sign,
    "sqrt": _finite(math.sqrt),
    "cbrt": _finite(math.cbrt),
    "log": _finite(_logarithm(math.log)),
    "log2": _finite(_logarithm(math.log2)),
    "log10": _finite(_logarithm(math.log10)),
    "exp": _finite(math.exp),
    "sin": _finite(math.sin),
    "cos": _finite(math.cos),
    "tan": _finite(math.tan),
    "atan": math.atan,
}


def _applied(change: Callable[[float], float]) -> Act:
    return lambda m, _, given: change(m.number(at(given, 0)))


def _extreme(start: float, pick: Callable[[float, float], float]) -> Act:
    def act(m: Machine, _: Value, given: list[Value]) -> Value:
        found = start
        for each in given:
            number = m.number(each)
            found = math.nan if math.isnan(number) or math.isnan(found) else pick(found, number)
        return found

    return act


MATH: dict[str, Value] = {name: Native(name, _applied(change)) for name, change in _MATH.items()}
"""What `Math` has. Nothing there is by chance."""
MATH.update(
    {
        "max": Native("max", _extreme(-math.inf, max)),
        "min": Native("min", _extreme(math.inf, min)),
        "pow": Native("pow", lambda m, _, given: _power(m.number(at(given, 0)), m.number(at(given, 1)))),
        "hypot": Native("hypot", lambda m, _, given: math.hypot(*(m.number(each) for each in given))),
        "atan2": Native("atan2", lambda m, _, given: math.atan2(m.number(at(given, 0)), m.number(at(given, 1)))),
        "random": Native("random", lambda _, __, ___: 0.5),
        "PI": math.pi,
        "E": math.e,
    }
)


def _power(one: float, two: float) -> float:
    try:
        return float(one**two)
    except (ZeroDivisionError, OverflowError, TypeError):
        raise CannotGoOn("a power that is no number") from None
