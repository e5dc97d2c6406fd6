"""A typed function declared as a tool.

    @tool(reads="row:shop/orders/{order}", writes="row:shop/orders/{order}", effect="blind")
    def ship(order: int, carrier: Literal["post", "rail"]) -> str:
        '''Hand an order to a carrier.'''

`docs/tools.md` shows the whole of it; `registry.FunctionTool` is such a declaration at work.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

from coroom.core.action import Effect
from coroom.core.resource import Resource
from coroom.tools.naming import TOOL_NAME, fields_of, names_nothing
from coroom.tools.signature import BadTool, Hook, Signature

P = ParamSpec("P")
R = TypeVar("R")
Hooked = TypeVar("Hooked", bound=Callable[..., object])
Names = str | Iterable[str] | Callable[..., str | Iterable[str]]
"""Templates of resources, or a function of the arguments that gives resources as text."""


Ask = Callable[[Mapping[str, object]], object]
"""A part of a tool, called with everything that may be asked for by name."""


def tool(
    *,
    reads: Names = (),
    writes: Names = (),
    effect: Effect | str = Effect.OPAQUE,
    name: str = "",
    commutes_with: Iterable[str] = (),
    reads_value: bool = False,
) -> "Callable[[Callable[P, R]], Declaration[P, R]]":
    """Make a tool of a typed function. Its docstring is what agents are told; its type hints are the schema.

    Args:
        reads: what a call reads, as resources; `{argument}` stands for an argument. Or a function of the arguments.
        writes: what a call writes; what it does not name it may not touch.
        effect: commuting, blind, replayable, opaque or irreversible (see docs/tools.md).
        name: by default the function's.
        commutes_with: names of tools whose calls may be swapped with this one's.
        reads_value: it reads one resource and answers exactly what `value` says of it, so that what was recorded of
            that resource answers it as well.

    Raises:
        BadTool: when it is declared in a way that cannot work.
    """
    if effect not in {*Effect}:
        raise BadTool(f"{effect!r} is no effect of a tool; there are {', '.join(Effect)}.")

    def declare(function: Callable[P, R]) -> Declaration[P, R]:
        made = Declaration(function, reads, writes, Effect(effect), name, tuple(commutes_with))
        made.reads_value = reads_value
        return made

    return declare


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A state that may be thrown away: the arguments of calls to try on it, and a look at all that is in it, by names
    of resources.
    """

    calls: Sequence[Mapping[str, object]]
    look: Callable[[], Mapping[str, str]]


class Declaration(Generic[P, R]):
    """A function declared as a tool, and callable as before; `prepare`, `undo`, `probe` and `value` add the rest."""

    def __init__(
        self,
        function: Callable[P, R],
        reads: Names,
        writes: Names,
        effect: Effect,
        name: str,
        commutes_with: tuple[str, ...],
    ) -> None:
        self._function = function
        self.signature = Signature(function)
        self.schema = self.signature.schema()
        self.name = name or self.signature.name
        if not re.fullmatch(TOOL_NAME, self.name):
            raise BadTool(f"{self.name!r} is no name of a tool: letters, digits, _ and -, at most 64, no digit first.")
        self.description = " ".join((function.__doc__ or "").split())
        if not self.description:
            raise BadTool(f"{self.name} has no docstring; it is what agents are told.")
        self.effect, self.commutes_with = effect, commutes_with
        self.reads, self.writes = self._names(reads), self._names(writes)
        if not self.reads and not self.writes:
            raise BadTool(
                f"{self.name} names nothing that it reads or writes; then nobody could put its calls in order."
            )
        self.reads_value = False
        self.hooks: dict[str, Ask] = {}
        self.looks: Callable[[Resource], object] | None = None
        self.rehearse: Callable[[], Iterator[Rehearsal]] | None = None
        self.run = Hook(function, self.signature.parameters, of=self.name)

    def __call__(self, *arguments: P.args, **named: P.kwargs) -> R:
        """What the function does, without the room."""
        return self._function(*arguments, **named)

    def prepare(self, hook: Hooked) -> Hooked:
        """What it returns is stored before the call acts, and given to `undo` as `before`."""
        return self._hook("prepare", hook)

    def undo(self, hook: Hooked) -> Hooked:
        """Takes a call back; may ask for its arguments, `before`, `result` and `call_id`. Must bear repetition."""
        return self._hook("undo", hook)

    def probe(self, hook: Hooked) -> Hooked:
        """Says whether a call whose outcome was lost acted: what it returned, or None when it did not."""
        return self._hook("probe", hook)

    def value(self, hook: Callable[[Resource], object]) -> Callable[[Resource], object]:
        """Returns what a resource holds now. With it, changes from outside are detected before an undo."""
        self.looks = hook
        return hook

    def trial(self, hook: "Callable[[], Iterator[Rehearsal]]") -> "Callable[[], Iterator[Rehearsal]]":
        """Yields a state that may be thrown away, once, and puts back what was after it. A room that opens the tool
        puts its undo to the proof there; without that, calls are gated.
        """
        self.rehearse = hook
        return hook

    def _hook(self, kind: str, hook: Hooked) -> Hooked:
        if kind in self.hooks:
            raise BadTool(f"{self.name} has its {kind} already.")
        self.hooks[kind] = Hook(hook, self.signature.parameters, of=self.name)
        return hook

    def _names(self, names: Names) -> "Hook | tuple[str, ...]":
        if callable(names):
            return Hook(names, self.signature.parameters, of=self.name)
        templates = (names,) if isinstance(names, str) else tuple(names)
        for template in templates:
            strange = fields_of(template) - set(self.signature.parameters)
            if strange:
                raise BadTool(f"{self.name}: '{template}' uses {strange.pop()!r}, which is no argument of it.")
            nothing = names_nothing(template)
            if nothing:
                raise BadTool(f"{self.name}: {nothing}")
        return templates
