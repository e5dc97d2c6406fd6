"""Functions that a process of an agent brings to a room: declared and carried out there, put in order here.

The room checks arguments, knows footprints and keeps the journal. Each part of a call (prepare, run, undo, probe) and
each look at a resource is asked of the process, and so is each step of the trial by which the room finds whether an
undo holds: that a process says so counts for nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal, Protocol, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coroom.core.action import Effect
from coroom.core.errors import Code, Refused
from coroom.core.resource import Footprint, Resource, parse
from coroom.core.tool import canonical
from coroom.ports import ToolFailed
from coroom.tools.json_text import object_of
from coroom.tools.naming import TOOL_NAME, fields_of, names_nothing
from coroom.tools.registry import Ask, BadTool, Declaration, Rehearsal

HOOKS = ("prepare", "undo", "probe")
Part = Literal["prepare", "undo", "probe", "value", "trial"]

REHEARSE, EVERYTHING, RESTORE = "rehearse", "everything", "restore"
"""What a process is asked for in a trial, beside the parts of calls."""

TRIAL_CALLS_MAX = 8
"""All are made in the states that each leaves, each step by a question to the process."""


class Described(BaseModel):
    """A function as its process describes it; all of it is data."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=f"^{TOOL_NAME}$")
    description: str = Field(min_length=1, max_length=4_000)
    arguments: dict[str, Any]
    reads: list[str] = Field(default=[], max_length=64)
    writes: list[str] = Field(default=[], max_length=64)
    effect: Effect = Effect.OPAQUE
    commutes_with: list[str] = Field(default=[], max_length=64)
    reads_value: bool = False
    parts: list[Part] = []


def described(declared: Declaration[..., Any]) -> dict[str, Any]:
    """The description of a function that is declared here.

    Raises:
        BadTool: its footprint is a function, which the room cannot ask while it puts calls in order.
    """
    if not isinstance(declared.reads, tuple) or not isinstance(declared.writes, tuple):
        raise BadTool(f"{declared.name}: what it reads and writes must be templates, as in 'row:shop/stock/{{item}}'.")
    parts = [name for name in HOOKS if name in declared.hooks] + (["value"] if declared.looks else [])
    parts += ["trial"] if declared.rehearse else []
    return {
        "name": declared.name,
        "description": declared.description,
        "arguments": object_of(declared.schema),
        "reads": list(declared.reads),
        "writes": list(declared.writes),
        "effect": declared.effect.value,
        "commutes_with": list(declared.commutes_with),
        "reads_value": declared.reads_value,
        "parts": parts,
    }


def read_description(said: object) -> Described:
    """The description that a process sent.

    Raises:
        BadTool: it is none; the sentence says why.
    """
    try:
        made = Described.model_validate(said)
        Draft202012Validator.check_schema(made.arguments)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise BadTool(f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].lower()}") from error
    except SchemaError as error:
        raise BadTool(f"{made.name}: its arguments have no schema: {error.message[:200]}") from error
    strange = {field for each in (*made.reads, *made.writes) for field in fields_of(each)} - _properties(made).keys()
    if strange:
        raise BadTool(f"{made.name}: its footprint uses {strange.pop()!r}, which is no argument of it.")
    nothing = next(filter(None, map(names_nothing, (*made.reads, *made.writes))), "")
    if nothing or not (made.reads or made.writes):
        raise BadTool(f"{made.name}: {nothing or 'it names nothing that it reads or writes.'}")
    return made


class _Rehearsed(BaseModel):
    """What a process says when a trial begins."""

    calls: list[dict[str, Any]] = Field(min_length=1, max_length=TRIAL_CALLS_MAX)


class Asks(Protocol):
    """Reaches a process that brought a function."""

    def ask(self, tool: str, part: str, given: Mapping[str, Any]) -> object:
        """Have a part of a tool carried out, and return what it gave as JSON. For threads.

        Raises:
            ToolFailed: nothing was done: the process is not there, or says so.
            Exception: what was done is not known.
        """
        ...


class BroughtFunction:
    """See `registry.Declared`."""

    def __init__(self, said: Described, asks: Asks) -> None:
        self.said, self._asks = said, asks
        self.name, self.description, self.effect = said.name, said.description, said.effect
        self.schema = canonical(said.arguments)
        self.commutes_with, self.reads_value = tuple(said.commutes_with), said.reads_value
        self.reads, self.writes = tuple(said.reads), tuple(said.writes)
        self.hooks: dict[str, Ask] = {name: self._part(name) for name in HOOKS if name in said.parts}
        self.looks = self._look if "value" in said.parts else None
        self.rehearse = self._rehearsed if "trial" in said.parts else None
        self._validator = Draft202012Validator(said.arguments)

    @property
    def signature(self) -> "BroughtFunction":
        """It reads arguments itself, by the schema that it was brought with."""
        return self

    def read(self, arguments: str) -> dict[str, object] | Refused:
        """See `registry.Reader.read`."""
        given: object = None
        with suppress(ValueError):
            given = object_of(arguments)
        problem = next(iter(self._validator.iter_errors(given)), None)
        if not isinstance(given, dict) or problem is not None:
            why = problem.message[:200] if problem else "the arguments are no JSON object"
            return Refused(Code.BAD_INPUT, f"{self.name} was called wrongly: {why}.", "See its schema.")
        defaults = {name: of.get("default") for name, of in _properties(self.said).items() if isinstance(of, dict)}
        return defaults | given

    def run(self, given: Mapping[str, object]) -> object:
        """Have it act."""
        return self._asks.ask(self.name, "run", self._sorted(given))

    def _rehearsed(self) -> Iterator[Rehearsal]:
        try:
            calls = _Rehearsed.model_validate(self._asks.ask(self.name, REHEARSE, {})).calls
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            raise BadTool(f"{self.name}: the calls of its trial: {problem['msg'].lower()}") from error
        yield Rehearsal(calls, self._everything)
        self._asks.ask(self.name, RESTORE, {})

    def _everything(self) -> Mapping[str, str]:
        found = self._asks.ask(self.name, EVERYTHING, {})
        if not isinstance(found, dict):
            raise BadTool(f"{self.name}: what its trial looks at is no mapping from resources to what they hold.")
        return {str(name): str(held) for name, held in found.items()}

    def _part(self, part: str) -> Ask:
        def ask(given: Mapping[str, object]) -> object:
            try:
                return self._asks.ask(self.name, part, self._sorted(given))
            except ToolFailed:
                raise
            except Exception as broken:
                if part == "prepare":
                    # It changes nothing, so that nothing is unknown.
                    raise ToolFailed(str(broken)) from broken
                raise

        return ask

    def _look(self, resource: Resource) -> object:
        try:
            return self._asks.ask(self.name, "value", {"resource": str(resource)})
        except Exception:  # noqa: BLE001  a look that fails sees nothing, as with servers behind a footprint file
            return None

    def _sorted(self, given: Mapping[str, object]) -> dict[str, Any]:
        known = _properties(self.said)
        arguments = {name: value for name, value in given.items() if name in known}
        return {"arguments": arguments, **{name: value for name, value in given.items() if name not in known}}


def touched_in(said: object) -> Footprint:
    """The resources that a process says a call touched; what names none is left out."""
    found = cast("Mapping[str, Any]", said) if isinstance(said, Mapping) else {}

    def named(kind: str) -> tuple[Resource, ...]:
        texts = found.get(kind)
        parsed = (parse(text) for text in texts[:256] if isinstance(text, str)) if isinstance(texts, list) else ()
        return tuple(each for each in parsed if isinstance(each, Resource))

    return Footprint(named("reads"), named("writes"))


def _properties(said: Described) -> Mapping[str, Any]:
    found = said.arguments.get("properties")
    return found if isinstance(found, dict) else {}
