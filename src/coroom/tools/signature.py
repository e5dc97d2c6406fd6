"""Typed functions as tools: the JSON Schema of their arguments, and calling them with what a JSON text says."""

import inspect
from collections.abc import Callable, Mapping
from typing import get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic_core import PydanticUndefined, to_jsonable_python

from coroom.core.errors import Code, Refused
from coroom.core.tool import canonical

INJECTED = ("call_id", "before", "result")
"""What the room gives by name to whoever asks for it; never an argument of a tool."""

_SHOWN_MAX = 3


class BadTool(TypeError):
    """A tool that was written in a way that cannot work; the sentence says what to change."""


class Signature:
    """The arguments of one function, as a pydantic model made from its type hints."""

    def __init__(self, function: Callable[..., object]) -> None:
        """Read the hints.

        Raises:
            BadTool: a parameter without a type, or one that has no JSON form.
        """
        self.name = getattr(function, "__name__", "tool")
        hints = get_type_hints(function, include_extras=True)
        fields: dict[str, tuple[object, object]] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if name in INJECTED:
                continue
            if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY}:
                raise BadTool(f"{self.name}: '{name}' cannot be given by name; agents give arguments by name.")
            if name not in hints:
                raise BadTool(f"{self.name}: the parameter '{name}' has no type; agents need to be told one.")
            default = PydanticUndefined if parameter.default is parameter.empty else parameter.default
            fields[name] = (hints[name], default)
        config = ConfigDict(extra="forbid", strict=False, arbitrary_types_allowed=False)
        try:
            self._model: type[BaseModel] = create_model(self.name, __config__=config, **fields)  # type: ignore[call-overload]
        except Exception as error:
            raise BadTool(f"{self.name}: its arguments have no JSON form: {error}") from error
        self.parameters = tuple(fields)

    def schema(self) -> str:
        """The JSON Schema of the arguments, as canonical JSON."""
        return canonical(self._model.model_json_schema())

    def read(self, arguments: str) -> dict[str, object] | Refused:
        """The values that a JSON text of arguments holds, each of its type, defaults filled in."""
        try:
            model = self._model.model_validate_json(arguments)
        except ValidationError as error:
            return Refused(Code.BAD_INPUT, f"{self.name} was called wrongly: {_said(error)}.", self._usage())
        return {name: getattr(model, name) for name in self.parameters}

    def _usage(self) -> str:
        fields = self._model.model_fields
        needed = ", ".join(name for name in fields if fields[name].is_required())
        free = ", ".join(name for name in fields if not fields[name].is_required())
        return f"It takes {needed or 'no argument'}{f' (and may take {free})' if free else ''}; see its schema."


def _said(error: ValidationError) -> str:
    shown = []
    for problem in error.errors(include_url=False, include_context=False)[:_SHOWN_MAX]:
        where = ".".join(str(part) for part in problem["loc"])
        given = "" if problem["type"] in {"missing", "json_invalid"} else f", got {problem['input']!r:.60}"
        shown.append(f"{where or 'the arguments'}: {problem['msg'][:120].lower()}{given}")
    more = error.error_count() - _SHOWN_MAX
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


class Hook:
    """A function of a tool that asks for what it wants by name: arguments of the call, and what is injected."""

    def __init__(self, function: Callable[..., object], known: tuple[str, ...], *, of: str) -> None:
        """Check that it asks only for what there is.

        Raises:
            BadTool: it asks for something else.
        """
        self._function = function
        hints = get_type_hints(function, include_extras=True)
        wanted = inspect.signature(function).parameters
        strange = [name for name in wanted if name not in (*known, *INJECTED)]
        if strange:
            hook = getattr(function, "__name__", "a hook")
            offered = ", ".join((*known, *INJECTED))
            raise BadTool(
                f"{of}: '{hook}' asks for '{strange[0]}', which it cannot be given. It may ask for {offered}."
            )
        self._wanted = tuple(wanted)
        self._readers = {
            name: TypeAdapter(hints[name]) for name in ("before", "result") if name in wanted and name in hints
        }

    def __call__(self, given: Mapping[str, object]) -> object:
        """Call it with its part of what is given; `before` and `result` are read back into their types."""
        values = {name: given[name] for name in self._wanted if name in given}
        for name, reader in self._readers.items():
            values[name] = reader.validate_python(values[name])
        return self._function(**values)


def plain(value: object) -> object:
    """A value as plain JSON. Raises ValueError when it has no JSON form."""
    return to_jsonable_python(value)
