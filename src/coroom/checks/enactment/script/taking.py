"""What an enacted script came to, as plain data, and as a text for people."""

import json
from typing import Any

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.access import keys_of
from coroom.checks.enactment.script.machine import Machine
from coroom.checks.enactment.script.numbers import number_text
from coroom.checks.enactment.script.values import (
    UNDEFINED,
    Accessor,
    Arr,
    Bag,
    Fault,
    Flow,
    Fun,
    Moment,
    Native,
    Obj,
    Outside,
    Promise,
    Regular,
    Value,
)

_DEEPEST = 6
_MOST = 60
_PROMISED = "a promise of"


def taken_down(m: Machine, value: Value, depth: int = 0) -> Any:  # noqa: C901, PLR0912 - one table of kinds
    """A value as plain data: objects by what they are made of, iterators by what they give.

    Raises:
        CannotGoOn: it is too deep to be told.
    """
    m.step()
    if value is UNDEFINED:
        return ("undefined",)
    if isinstance(value, Outside):
        raise CannotGoOn("what is outside")
    if not isinstance(value, Obj):
        return value
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Fun | Native):
        return ("function",)
    if isinstance(value, Arr):
        return [taken_down(m, each, depth + 1) for each in value.items]
    if isinstance(value, Bag):
        if value.is_map:
            return {_key(m, key, depth): taken_down(m, held, depth + 1) for key, held in value.live()}
        return ("set", sorted(repr(taken_down(m, key, depth + 1)) for key, _ in value.live()))
    if isinstance(value, Flow):
        found = []
        for each in m.each(value):
            found.append(taken_down(m, each, depth + 1))
            if len(found) > _MOST:
                raise CannotGoOn("it gives too much")
        return found
    if isinstance(value, Promise):
        return {_PROMISED: taken_down(m, value.value, depth + 1)} if value.state == "kept" else ("promise", value.state)
    if isinstance(value, Moment):
        return ("date", number_text(value.ms))
    if isinstance(value, Regular):
        return ("pattern", value.source, value.flags)
    if isinstance(value, Fault):
        return ("error", kind_name(m, value))
    name = kind_name(m, value)
    kept = {
        key: taken_down(m, held, depth + 1)
        for key in keys_of(value)
        if not isinstance(held := value.own[key], Accessor) and key not in _hidden(value)
    }
    return ("thing", name, kept) if name not in {"", "Object"} else kept


def _key(m: Machine, key: Value, depth: int) -> str:
    return key if isinstance(key, str) else repr(taken_down(m, key, depth + 1))


def class_of(m: Machine, value: Value) -> Fun | None:
    """The class of the script that an object is of."""
    made = m.get(value, "constructor") if isinstance(value, Obj) and value.proto is not None else None
    return made if isinstance(made, Fun) and made.shape is not None else None


def kind_name(m: Machine, value: Value) -> str:
    """What the class of an object is called; nothing when it has none."""
    if not isinstance(value, Obj) or value.proto is None:
        return ""
    made = m.get(value, "constructor")
    return made.name if isinstance(made, Fun | Native) else ""


def _hidden(value: Obj) -> frozenset[str]:
    where: Obj | None = value.proto
    found: frozenset[str] = frozenset()
    while where is not None:
        made = where.own.get("constructor")
        if isinstance(made, Fun) and made.shape is not None:
            found |= made.shape.hidden
        where = where.proto
    return found


def told(value: Any) -> str:
    """A short text of what `taken_down` gave."""
    text = _told(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _told(value: Any) -> str:
    if isinstance(value, tuple):
        match value:
            case ("undefined",):
                return "undefined"
            case ("thing", name, _):
                return f"{name}(…)"
            case ("set", parts):
                return f"Set({', '.join(parts)})"
        return f"a {value[0]}"
    if isinstance(value, list):
        return f"[{', '.join(_told(each) for each in value)}]"
    if isinstance(value, dict) and _PROMISED in value:
        return f"a promise of {_told(value[_PROMISED])}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_told(each)}' for key, each in value.items())}}}"
    if isinstance(value, float) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)
