"""Declared tools at work, and the box that holds tools; `declaration` is how a function is declared as one."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Protocol

from coroom.core.action import Effect
from coroom.core.errors import Refused
from coroom.core.resource import Footprint, Resource, parse
from coroom.core.tool import NotPerformed, Performed, Probed, ToolCall, ToolSpec, Unknown, canonical
from coroom.ports import OutsideChange, Tool, ToolFailed, UndoFailed
from coroom.tools.declaration import Ask, Declaration, Rehearsal, tool
from coroom.tools.journal import NO_IMAGES, Entry, Images, Journal, State
from coroom.tools.json_text import object_of, texts_of
from coroom.tools.naming import resources_of
from coroom.tools.signature import BadTool, plain

__all__ = ["Ask", "BadTool", "Declaration", "FunctionTool", "Rehearsal", "Toolbox", "digest", "tool"]


class Reader(Protocol):
    """Reads the arguments of calls."""

    def read(self, arguments: str) -> dict[str, object] | Refused:
        """The values that a JSON text of arguments holds; refused when they fail the schema."""
        ...


class Declared(Protocol):
    """What `FunctionTool` needs to know of a tool, wherever it was declared."""

    name: str
    description: str
    effect: Effect
    schema: str
    commutes_with: tuple[str, ...]
    reads_value: bool

    @property
    def signature(self) -> Reader:
        """What reads the arguments."""
        ...

    @property
    def reads(self) -> Ask | tuple[str, ...]:
        """Templates of what is read, or what gives them."""
        ...

    @property
    def writes(self) -> Ask | tuple[str, ...]:
        """Templates of what is written, or what gives them."""
        ...

    @property
    def run(self) -> Ask:
        """What acts."""
        ...

    @property
    def hooks(self) -> Mapping[str, Ask]:
        """`prepare`, `undo` and `probe`, as far as there are any."""
        ...

    @property
    def looks(self) -> Callable[[Resource], object] | None:
        """What a resource holds."""
        ...

    @property
    def rehearse(self) -> Callable[[], Iterator[Rehearsal]] | None:
        """What gives a state that may be thrown away, if anything does."""
        ...


class FunctionTool:
    """A declaration at work: a journal of its calls sees to it that each acts once and its undo finds what it left."""

    def __init__(self, declared: Declared, journal: Journal, *, proven: bool = False) -> None:
        """Put it to work.

        Args:
            declared: what it says of itself.
            journal: where its calls are kept.
            proven: its undo was tried and holds (`tools.trials`, or tests of whoever embeds it); else calls are gated.
        """
        self._declared = declared
        self._journal = journal
        writes = bool(declared.writes)
        undoable = "undo" in declared.hooks and proven
        self.spec = ToolSpec(
            name=declared.name,
            description=declared.description,
            effect=declared.effect,
            schema=declared.schema,
            undoable=undoable or not writes,
            commutes_with=declared.commutes_with,
            reads_value=declared.reads_value,
        )

    def footprint(self, arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`."""
        given = self._declared.signature.read(arguments)
        if isinstance(given, Refused):
            return given
        reads = _named(self._declared.reads, given)
        writes = _named(self._declared.writes, given)
        if isinstance(reads, Refused):
            return reads
        return writes if isinstance(writes, Refused) else Footprint(reads, writes)

    def prepare(self, call: ToolCall) -> str:
        """See `ports.Tool.prepare`."""
        hook = self._declared.hooks.get("prepare")
        before = plain(hook(self._given(call))) if hook else None
        return canonical({"before": before, "images": dict(self._images(call))})

    def forget(self, calls: tuple[str, ...]) -> None:
        """See `ports.Forgets`."""
        self._journal.prune(calls)

    def perform(self, call: ToolCall, prepared: str) -> str:
        """See `ports.Tool.perform`."""
        if not self._declared.writes:
            return canonical(plain(self._declared.run(self._given(call))))
        known = self._journal.entry(call.id)
        if known and known.state is State.DONE:
            return known.result
        before = _images_of(prepared)
        if before != self._images(call):
            raise ToolFailed("What it acts on was changed since it was prepared; call it again.")
        self._journal.acting(call.id, before)
        try:
            returned = self._declared.run(self._given(call))
        except ToolFailed:
            self._journal.forget(call.id)
            raise
        result = canonical(plain(returned))
        self._journal.done(call.id, result, self._images(call))
        return result

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:
        """See `ports.Tool.undo`."""
        hook = self._declared.hooks.get("undo")
        if hook is None:
            raise UndoFailed(f"{self.spec.name} has no undo.")
        known = self._journal.entry(call.id)
        if known and known.state is State.UNDONE:
            return
        before = _images_of(prepared)
        if known and known.state is State.UNDOING and before and before == self._images(call):
            self._journal.undone(call.id)
            return
        self._unchanged_outside(call, known, before)
        self._journal.undoing(call.id)
        given = self._given(call) | {"before": object_of(prepared)["before"], "result": json.loads(result or "null")}
        try:
            hook(given)
        except Exception as error:
            raise UndoFailed(f"The undo of {self.spec.name} raised {type(error).__name__}: {error}") from error
        left = [name for name, image in self._images(call).items() if before.get(name) != image]
        if left:
            raise UndoFailed(f"The undo of {self.spec.name} did not bring back {', '.join(sorted(left)[:3])}.")
        self._journal.undone(call.id)

    def probe(self, call: ToolCall, prepared: str) -> Probed:
        """See `ports.Tool.probe`. Without a `probe` of its own, what the journal and the images can prove."""
        known = self._journal.entry(call.id)
        if known is None or known.state is State.UNDONE:
            return NotPerformed()
        if known.state in {State.DONE, State.UNDOING}:
            return Performed(known.result)
        hook = self._declared.hooks.get("probe")
        if hook:
            found = hook(self._given(call) | {"before": object_of(prepared)["before"]})
            return NotPerformed() if found is None else Performed(canonical(plain(found)))
        untouched = bool(known.before) and known.before == self._images(call)
        return NotPerformed() if untouched else Unknown()

    def image(self, resource: Resource) -> str:
        """See `ports.Tool.image`."""
        return digest(self.value(resource))

    def value(self, resource: Resource) -> str:
        """See `ports.Tool.value`; `null` for everything when the tool was declared without a `value`."""
        return canonical(plain(self._declared.looks(resource))) if self._declared.looks else "null"

    def _given(self, call: ToolCall) -> dict[str, object]:
        given = self._declared.signature.read(call.arguments)
        if isinstance(given, Refused):
            raise ToolFailed(str(given))
        return given | {"call_id": call.id}

    def _images(self, call: ToolCall) -> Images:
        footprint = self.footprint(call.arguments)
        # Calls that commute change what another left, and may: there is nothing to compare.
        if self._declared.looks is None or self.spec.effect is Effect.COMMUTING or isinstance(footprint, Refused):
            return NO_IMAGES
        return {str(written): self.image(written) for written in footprint.writes}

    def _unchanged_outside(self, call: ToolCall, known: Entry | None, before: Images) -> None:
        """An undo may begin on what the call left; one that was interrupted also on what stood before."""
        if known is None or known.state is State.ACTING:
            return
        for name, image in self._images(call).items():
            expected = {known.after.get(name)} | ({before.get(name)} if known.state is State.UNDOING else set())
            if image not in expected:
                changed = parse(name)
                assert isinstance(changed, Resource)
                raise OutsideChange(changed, f"it is not what {self.spec.name} ({call.id}) left.")


def _named(names: Ask | tuple[str, ...], given: Mapping[str, object]) -> tuple[Resource, ...] | Refused:
    if isinstance(names, tuple):
        return resources_of(names, given)
    made = names(given)
    texts = (made,) if isinstance(made, str) else tuple(made) if isinstance(made, Iterable) else ()
    return resources_of((str(text).replace("{", "%7B") for text in texts), given)


def _images_of(prepared: str) -> Images:
    return texts_of(canonical(object_of(prepared)["images"]))


def digest(text: str) -> str:
    """A short digest of a text; equal texts give equal digests."""
    return sha256(text.encode()).hexdigest()[:32]


class Toolbox:
    """The tools of one room by name."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for each in tools:
            self.add(each)

    def add(self, added: Tool) -> None:
        """Take a tool in.

        Raises:
            BadTool: there is one of this name.
        """
        if added.spec.name in self._tools:
            raise BadTool(f"There are two tools named {added.spec.name}; give one of them another name.")
        self._tools[added.spec.name] = added

    def get(self, name: str) -> Tool | None:
        """The tool of this name."""
        return self._tools.get(name)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)
