"""JSON as a script reads and writes it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.access import keys_of
from coroom.checks.enactment.script.numbers import number_text
from coroom.checks.enactment.script.values import LARGEST, UNDEFINED, Arr, Fun, Native, Obj, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

_DEEPEST = 20


def parsed(m: Machine, text: str) -> Value:
    """`JSON.parse`."""
    m.step(1 + len(text) // 16)
    if any(each > "\uffff" for each in text):
        raise CannotGoOn("letters of two places")
    try:
        found = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise m.thrown("SyntaxError", "Unexpected token in JSON") from None
    return _value(m, found)


def _refused(_: str) -> Value:
    raise ValueError


def _value(m: Machine, found: Value) -> Value:
    if isinstance(found, list):
        return m.array([_value(m, each) for each in found])
    if isinstance(found, dict):
        return m.object({key: _value(m, each) for key, each in found.items()})
    return float(found) if isinstance(found, int) and not isinstance(found, bool) else found


def written(m: Machine, value: Value, change: Value, gap: Value) -> Value:
    """`JSON.stringify`."""
    if change is not UNDEFINED and change is not None and not isinstance(change, Arr):
        raise CannotGoOn("JSON with a replacer")
    only = [m.text(each) for each in change.items] if isinstance(change, Arr) else None
    by = " " * min(10, int(gap)) if isinstance(gap, float) else gap[:10] if isinstance(gap, str) else ""
    found = _text(m, value, by, "", only)
    if found is not None and len(found) > LARGEST:
        raise CannotGoOn("too large")
    return UNDEFINED if found is None else found


def _text(m: Machine, value: Value, gap: str, indent: str, only: list[str] | None) -> str | None:
    m.step()
    if isinstance(value, Obj):
        own = m.get(value, "toJSON")
        if isinstance(own, Fun | Native):
            value = m.call(own, value, [""])
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value) if math.isfinite(value) else "null"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, Obj) or isinstance(value, Fun | Native):
        return None
    inner = indent + gap
    if len(inner) > _DEEPEST * max(1, len(gap)) or (not gap and len(indent) > _DEEPEST):
        raise CannotGoOn("too deep")
    if isinstance(value, Arr):
        parts = [_text(m, each, gap, inner, only) or "null" for each in value.items]
        return _together("[]", parts, gap, indent)
    names = keys_of(value) if only is None else [each for each in only if each in keys_of(value)]
    texts = {name: _text(m, m.get(value, name), gap, inner, only) for name in names}
    sign = ": " if gap else ":"
    pairs = [f"{json.dumps(name, ensure_ascii=False)}{sign}{text}" for name, text in texts.items() if text is not None]
    return _together("{}", pairs, gap, indent)


def _together(ends: str, parts: list[str], gap: str, indent: str) -> str:
    if sum(len(each) for each in parts) > LARGEST:
        raise CannotGoOn("too large")
    if not parts:
        return ends
    if not gap:
        return f"{ends[0]}{','.join(parts)}{ends[1]}"
    lines = f",\n{indent}{gap}".join(parts)
    return f"{ends[0]}\n{indent}{gap}{lines}\n{indent}{ends[1]}"
