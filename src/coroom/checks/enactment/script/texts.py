"""What texts can do in a script."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script import numbers
from coroom.checks.enactment.script.access import length
from coroom.checks.enactment.script.arrays import at, place, whole
from coroom.checks.enactment.script.regular import every, executed, replaced, search, told
from coroom.checks.enactment.script.values import LARGEST, UNDEFINED, Flow, Native, Regular, Value

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
