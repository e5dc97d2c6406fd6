"""What a tool takes: one table row an argument, from which come its JSON schema and its check."""

import math
import re
from collections.abc import Mapping, Sequence
from enum import Enum

from coroom.core.codec import Json
from coroom.core.errors import Code, Refused
from coroom.core.quick import dataclass

_TEXT_CHARS_MAX = 4_000_000
"""Whole files come in `edit`; the room's own limits are finer and say more."""

_TEXTS_MAX = 1_000

_SURROGATE = re.compile("[\ud800-\udfff]")


class Kind(Enum):
    """The shapes an argument can have, by the name that JSON schema has for it."""

    TEXT = "string"
    TEXTS = "array"
    NUMBER = "number"
    WHOLE = "integer"
    FLAG = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument. Without `choices` any text goes; `least` and `most` bound a number."""

    name: str
    kind: Kind = Kind.TEXT
    hint: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    least: float = 0
    most: float = 1_000_000_000
    default: str | float | tuple[()] = ""

    def schema(self) -> dict[str, Json]:
        """The JSON schema of the value."""
        made: dict[str, Json] = {"type": self.kind.value}
        if self.kind is Kind.TEXTS:
            made["items"] = {"type": "string"}
        if self.kind in {Kind.NUMBER, Kind.WHOLE}:
            made |= {"minimum": self.least, "maximum": self.most}
        if self.choices:
            made["enum"] = list(self.choices)
        if self.hint:
            made["description"] = self.hint
        return made

    def wrong(self, value: object) -> str:
        """What `value` should have been, as the end of a sentence; empty when it is right."""
        match self.kind:
            case Kind.TEXT if self.choices:
                return "" if value in self.choices else f"one of {', '.join(self.choices)}"
            case Kind.TEXT:
                return "" if _is_text(value) else "text"
            case Kind.TEXTS:
                right = isinstance(value, list) and len(value) <= _TEXTS_MAX and all(map(_is_text, value))
                return "" if right else f"a list of at most {_TEXTS_MAX} texts"
            case Kind.FLAG:
                return "" if isinstance(value, bool) else "true or false"
            case Kind.NUMBER | Kind.WHOLE:
                return "" if self._is_number(value) else f"a number from {self.least:g} to {self.most:g}"

    def _is_number(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        return self.least <= value <= self.most and (self.kind is Kind.NUMBER or float(value).is_integer())


def _is_text(value: object) -> bool:
    # A lone surrogate is no Unicode: it could be stored nowhere.
    return (
        isinstance(value, str) and len(value) <= _TEXT_CHARS_MAX and (value.isascii() or not _SURROGATE.search(value))
    )


class Given:
    """Checked arguments, each in its own type; what was not given has its default."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """A text or a choice."""
        value = self._values[name]
        assert isinstance(value, str)
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        value = self._values[name]
        assert isinstance(value, list | tuple)
        return [*value]

    def number(self, name: str) -> float:
        """A number."""
        value = self._values[name]
        assert isinstance(value, int | float)
        return value

    def json(self, names: Sequence[str]) -> dict[str, Json]:
        """Several of them as plain data."""
        return {name: self._plain(self._values[name]) for name in names}

    @staticmethod
    def _plain(value: object) -> Json:
        if isinstance(value, list | tuple):
            return [*value]
        assert isinstance(value, str | int | float)
        return value


def check(tool: str, arguments: Sequence[Argument], given: object) -> Given | Refused:
    """The arguments of one call, refused with the first thing that is wrong with them."""
    if not isinstance(given, Mapping):
        return _refused(f"The arguments of {tool} are no object.", arguments)
    known = {argument.name: argument for argument in arguments}
    unknown = [str(name)[:60] for name in given if name not in known]
    if unknown:
        return _refused(f"{tool} has no argument '{unknown[0]}'.", arguments)
    values: dict[str, object] = {}
    for argument in arguments:
        value = given.get(argument.name)
        if value is None:
            if argument.required:
                return _refused(f"{tool} needs '{argument.name}'.", arguments)
            value = argument.default
        elif should := argument.wrong(value):
            return _refused(f"'{argument.name}' of {tool} must be {should}.", arguments)
        values[argument.name] = value
    return Given(values)


def _refused(why: str, arguments: Sequence[Argument]) -> Refused:
    names = ", ".join(f"{a.name} (needed)" if a.required else a.name for a in arguments)
    return Refused(Code.BAD_INPUT, why, f"Its arguments are {names}." if names else "It takes no arguments.")
