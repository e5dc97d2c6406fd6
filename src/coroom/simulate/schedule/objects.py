"""Integer objects in memory, and real tools on them: read, write, add, send."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from coroom.core.action import Effect
from coroom.core.errors import Code, Refused
from coroom.core.resource import Footprint, Resource, Scheme
from coroom.core.tool import NotPerformed, Performed, Probed, ToolCall, ToolSpec, Unknown
from coroom.ports import OutsideChange, Tool, UndoFailed

_SCHEMA = '{"type":"object"}'
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def resource_of(name: str) -> Resource:
    """The resource of an object."""
    return Resource(Scheme.KEY, name)


def canonical(value: object) -> str:
    """Canonical JSON text."""
    return _ENCODER.encode(value)


@dataclass(slots=True)
class Objects:
    """The live state: what outsiders see at any moment, and the ledger that makes calls safe to repeat.

    `left` is what the room left in each object; anything else there was written by somebody outside.
    """

    values: dict[str, int]
    left: dict[str, int] = field(default_factory=dict)
    sent: list[tuple[str, str, int]] = field(default_factory=list)
    done: dict[str, str] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    """Calls whose undo fails."""
    unsure: set[str] = field(default_factory=set)
    """Calls of which a probe cannot tell what became."""
    acts: int = 0

    def __post_init__(self) -> None:
        self.left = dict(self.values)

    def write(self, name: str, value: int) -> None:
        """The room writes."""
        self.values[name] = self.left[name] = value

    def outside(self, name: str, value: int) -> None:
        """Somebody outside the room writes."""
        self.values[name] = value


class _OnObjects:
    """What every tool knows: the objects, and how they look to a reader."""

    def __init__(self, objects: Objects, spec: ToolSpec) -> None:
        self._objects = objects
        self.spec = spec

    def image(self, resource: Resource) -> str:
        """The value itself: it is short."""
        return self.value(resource)

    def value(self, resource: Resource) -> str:
        """The object's value."""
        return canonical(self._objects.values.get(resource.name))


class Read(_OnObjects):
    """Looks at one object, and leaves all as it is."""

    def footprint(self, arguments: str) -> Footprint | Refused:
        """The object is read."""
        name = json.loads(arguments).get("object")
        if name not in self._objects.values:
            return Refused(Code.NOT_FOUND, f"There is no object '{name}'.", "Name one that is there.")
        return Footprint(reads=(resource_of(name),))

    def prepare(self, call: ToolCall) -> str:  # noqa: ARG002  the same for all tools
        """There is nothing to take back."""
        return "{}"

    def perform(self, call: ToolCall, prepared: str) -> str:  # noqa: ARG002  the same for all tools
        """Its value."""
        return canonical(self._objects.values[json.loads(call.arguments)["object"]])

    def undo(self, call: ToolCall, prepared: str, _result: str) -> None:
        """There is nothing to take back."""

    def probe(self, call: ToolCall, prepared: str) -> Probed:  # noqa: ARG002  the same for all tools
        """It can be looked at again."""
        return NotPerformed()


class _Acting(_OnObjects, ABC):
    """A tool that changes something. A subclass says what its act is, and what takes that back."""

    def footprint(self, arguments: str) -> Footprint | Refused:
        """The objects that the arguments name are written."""
        values = _values(arguments)
        if isinstance(values, Refused):
            return values
        unknown = [name for name in values if name not in self._objects.values]
        if unknown:
            return Refused(Code.NOT_FOUND, f"There is no object '{unknown[0]}'.", "Name one that is there.")
        return Footprint(writes=tuple(resource_of(name) for name in values))

    def prepare(self, call: ToolCall) -> str:
        """The objects as they are."""
        return canonical({name: self._objects.values[name] for name in self._named(call)})

    def perform(self, call: ToolCall, prepared: str) -> str:
        """Act once for each id."""
        known = self._objects.done.get(call.id)
        if known is not None and call.id not in self._objects.undone:
            return known
        self._objects.acts += 1
        result = self._act(call, json.loads(prepared) if prepared else {})
        self._objects.done[call.id] = result
        return result

    def undo(self, call: ToolCall, prepared: str, _result: str) -> None:
        """Take it back once for each id."""
        objects = self._objects
        if call.id not in objects.done or call.id in objects.undone:
            return
        if call.id.partition(".")[0] in objects.broken:
            raise UndoFailed("its undo is broken")
        for name in self._named(call):
            if objects.values[name] != objects.left[name]:
                raise OutsideChange(resource_of(name), "it is not what the room left")
        self._take_back(call, json.loads(prepared))
        objects.undone.add(call.id)

    def probe(self, call: ToolCall, _prepared: str) -> Probed:
        """What the ledger says."""
        if call.id in self._objects.unsure:
            return Unknown()
        known = self._objects.done.get(call.id)
        return NotPerformed() if known is None or call.id in self._objects.undone else Performed(known)

    def _named(self, call: ToolCall) -> dict[str, int]:
        values = _values(call.arguments)
        assert isinstance(values, dict)
        return values

    @abstractmethod
    def _act(self, call: ToolCall, before: dict[str, int]) -> str:
        """Change the world, which was so `before`; what is returned is the result."""

    def _take_back(self, call: ToolCall, before: dict[str, int]) -> None:  # noqa: ARG002  the same for all tools
        for name, value in before.items():
            self._objects.write(name, value)


def _values(arguments: str) -> dict[str, int] | Refused:
    try:
        given = json.loads(arguments)
    except ValueError:
        given = None
    if isinstance(given, dict) and given and all(type(value) is int for value in given.values()):
        return given
    return Refused(Code.BAD_INPUT, "The arguments are no integers by name.", 'Give them like {"x": 1}.')


class Write(_Acting):
    """Sets objects, whatever they were."""

    def _act(self, call: ToolCall, before: dict[str, int]) -> str:  # noqa: ARG002  the same for all tools
        for name, value in self._named(call).items():
            self._objects.write(name, value)
        return "null"


class Add(_Acting):
    """Adds to objects; its undo restores what was there."""

    def _act(self, call: ToolCall, before: dict[str, int]) -> str:  # noqa: ARG002  the same for all tools
        for name, value in self._named(call).items():
            self._objects.write(name, self._objects.values[name] + value)
        return "null"


class CommutingAdd(Add):
    """Adds to objects; its undo takes the same away again, whoever has added meanwhile."""

    def _take_back(self, call: ToolCall, before: dict[str, int]) -> None:  # noqa: ARG002  the same for all tools
        for name, value in self._named(call).items():
            self._objects.write(name, self._objects.values[name] - value)


class Send(_Acting):
    """Tells the world outside, and cannot be taken back. Its arguments are who sends, and the values by name."""

    def footprint(self, arguments: str) -> Footprint | Refused:
        """What is sent about an object is a resource of its own: the object stays as it is."""
        values = _values(canonical(json.loads(arguments).get("values")))
        if isinstance(values, Refused):
            return values
        return Footprint(writes=tuple(resource_of(f"sent/{name}") for name in values))

    def prepare(self, call: ToolCall) -> str:  # noqa: ARG002  the same for all tools
        """Nothing would help."""
        return "{}"

    def value(self, resource: Resource) -> str:
        """What was sent so far under that name."""
        name = resource.name.removeprefix("sent/")
        return canonical([value for _, target, value in self._objects.sent if target == name])

    def _act(self, call: ToolCall, before: dict[str, int]) -> str:  # noqa: ARG002  the same for all tools
        given = json.loads(call.arguments)
        for name, value in given["values"].items():
            self._objects.sent.append((given["by"], name, value))
        return "null"

    def undo(self, call: ToolCall, prepared: str, _result: str) -> None:  # noqa: ARG002  the same for all tools
        """There is none."""
        raise UndoFailed("what is sent is sent")


EFFECTS = {"blind": Effect.BLIND, "replayable": Effect.REPLAYABLE, "opaque": Effect.OPAQUE}


def _spec(name: str, effect: Effect, *commutes: str, undoable: bool = True, reads_value: bool = False) -> ToolSpec:
    return ToolSpec(
        name=name,
        description=f"{name} on integers in memory",
        effect=effect,
        schema=_SCHEMA,
        undoable=undoable,
        commutes_with=commutes,
        reads_value=reads_value,
    )


def tools_on(objects: Objects) -> dict[str, Tool]:
    """Every tool by name; a forced effect class is part of the name."""
    tools: list[Read | _Acting] = [
        Read(objects, _spec("read", Effect.REPLAYABLE, reads_value=True)),
        Write(objects, _spec("write", Effect.BLIND)),
        CommutingAdd(objects, _spec("add", Effect.REPLAYABLE, "add")),
        Send(objects, _spec("send", Effect.IRREVERSIBLE, undoable=False)),
    ]
    for name, effect in EFFECTS.items():
        tools.append(Write(objects, _spec(f"write:{name}", effect)))
        tools.append(Add(objects, _spec(f"add:{name}", effect)))
    return {tool.spec.name: tool for tool in tools}
