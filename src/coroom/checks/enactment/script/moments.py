"""Dates of a script, in the one time zone there is here, at a time that stands still."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.arrays import at
from coroom.checks.enactment.script.values import Moment, Native, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

Act = Callable[["Machine", Value, list[Value]], Value]
NOW_MS = 1_709_294_400_000.0
"""When every script is acted out: 1 March 2024, noon."""
_DAY_MS = 86_400_000
_START = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z)?)?")


def _when(m: Machine, this: Value) -> datetime:
    if not isinstance(this, Moment):
        raise m.thrown("TypeError", "this is not a Date object.")
    if not abs(this.ms) < 1e14:
        raise CannotGoOn("a time far away")
    m.step()
    return _START + timedelta(milliseconds=this.ms)


def _moment(m: Machine, this: Value) -> Moment:
    if not isinstance(this, Moment):
        raise m.thrown("TypeError", "this is not a Date object.")
    return this


def _part(read: Callable[[datetime], int]) -> Act:
    def act(m: Machine, this: Value, _: list[Value]) -> Value:
        return math.nan if math.isnan(_moment(m, this).ms) else float(read(_when(m, this)))

    return act


def _iso(m: Machine, this: Value, _: list[Value]) -> Value:
    if math.isnan(_moment(m, this).ms):
        raise m.thrown("RangeError", "Invalid time value")
    when = _when(m, this)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def _ms(m: Machine, this: Value, _: list[Value]) -> Value:
    return _moment(m, this).ms


_PARTS: dict[str, Callable[[datetime], int]] = {
    "FullYear": lambda when: when.year,
    "Month": lambda when: when.month - 1,
    "Date": lambda when: when.day,
    "Day": lambda when: (when.weekday() + 1) % 7,
    "Hours": lambda when: when.hour,
    "Minutes": lambda when: when.minute,
    "Seconds": lambda when: when.second,
    "Milliseconds": lambda when: when.microsecond // 1000,
}
_ORDER = ("FullYear", "Month", "Date", "Hours", "Minutes", "Seconds", "Milliseconds")


def _setter(first: int) -> Act:
    """Sets a part of a date, and those after it that are given, too."""

    def act(m: Machine, this: Value, given: list[Value]) -> Value:
        when = _when(m, this)
        numbers = [float(_PARTS[name](when)) for name in _ORDER]
        numbers[first : first + len(given)] = [m.number(each) for each in given]
        this.ms = _from_parts(numbers[: len(_ORDER)])
        return this.ms

    return act


_ACTS: dict[str, Act] = {
    **{f"set{zone}{name}": _setter(at) for at, name in enumerate(_ORDER) for zone in ("", "UTC")},
    "getTimezoneOffset": lambda _, __, ___: 0.0,
    "toISOString": _iso,
    "toJSON": _iso,
    "getTime": _ms,
    "valueOf": _ms,
    **{f"get{zone}{name}": _part(read) for name, read in _PARTS.items() for zone in ("", "UTC")},
}
MOMENT = {name: Native(name, act) for name, act in _ACTS.items()}
"""The methods of dates."""
MOMENT_REAL = frozenset(
    {"toString", "toDateString", "toLocaleDateString", "toLocaleTimeString", "toLocaleString", "toUTCString"}
    | {"setTime", "getYear", "toTimeString"}
)
"""Those that are left out."""


def _read(text: str) -> float:
    found = _ISO.fullmatch(text)
    if found is None:
        if re.search(r"\d", text):
            raise CannotGoOn("a date in another form")
        return math.nan
    year, month, day, hour, minute, second, part = (int(each or 0) for each in found.groups()[:7])
    try:
        when = datetime(year, month, day or 1, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return math.nan
    return (when - _START) / timedelta(milliseconds=1) + (int((found[7] or "0").ljust(3, "0")) if part else 0)


def _from_parts(numbers: list[float]) -> float:
    if any(not each.is_integer() or abs(each) > 1e6 for each in numbers):
        raise CannotGoOn("a date in another form")
    year, month, day, hour, minute, second, ms = (*map(int, numbers), *(0, 0, 1, 0, 0, 0, 0)[len(numbers) :])
    if not 100 <= year + month // 12 <= 9000:
        raise CannotGoOn("a time far away")
    first = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    days = (first - _START).days + day - 1
    return float(days * _DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1000 + ms)


def _make(m: Machine, given: list[Value], _: Value) -> Value:
    proto = m.builtins["Date"]
    if not given:
        return Moment(proto, NOW_MS)
    if len(given) > 1:
        return Moment(proto, _from_parts([m.number(each) for each in given]))
    value = m.plain(given[0], "valueOf", "toString")
    return Moment(proto, _read(value) if isinstance(value, str) else m.number(value))


def _now(_: Machine, __: Value, ___: list[Value]) -> Value:
    return NOW_MS


def _parse(m: Machine, _: Value, given: list[Value]) -> Value:
    return _read(m.text(at(given, 0)))


def _utc(m: Machine, _: Value, given: list[Value]) -> Value:
    return _from_parts([m.number(each) for each in given])


def _called(_: Machine, __: Value, ___: list[Value]) -> Value:
    raise CannotGoOn("a date as a text")


MOMENT_MAKER = Native("Date", _called, _make)
MOMENT_MAKER.own.update({"now": Native("now", _now), "parse": Native("parse", _parse), "UTC": Native("UTC", _utc)})
