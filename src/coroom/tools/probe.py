"""The probe: footprints are observed, not trusted, and an undo counts only once it was tried.

`try_out` puts a tool through its calls on a state that may be thrown away. `Watched` keeps looking while it is in use:
a call that touched more than it declared is told at once, with what it really touched.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

from coroom.core.action import Effect
from coroom.core.errors import Refused
from coroom.core.resource import Footprint, Resource, Scheme, covers, overlaps
from coroom.core.tool import NotPerformed, Performed, Probed, ToolCall, ToolSpec
from coroom.ports import Forgets, Tool, ToolFailed, UndoFailed
from coroom.tools.observers import DifferenceObserver, Observed, Observer

Look = Callable[[], Mapping[str, str]]
"""All that there is, by names of resources."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the tool says. `rule` is footprint, undo, repeat, probe or failure."""

    rule: str
    call: ToolCall
    why: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.call.tool} {self.call.arguments:.200}: {self.why}"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying a tool out: `calls` that acted, and every finding."""

    calls: int
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """At least one call changed something, and nothing was found."""
        return self.calls > 0 and not self.findings


def try_out(tool: Tool, calls: Iterable[ToolCall], look: Look, observers: Iterable[Observer] = ()) -> Trial:
    """Perform, look, repeat, undo and undo again each call, on a state that may be thrown away.

    Args:
        tool: the candidate.
        calls: what to try, in this order; what they do is undone between them.
        look: all the state there is, by names of resources. What changes in it must be declared.
        observers: what sees reads and writes that leave no trace in the state.
    """
    acted, findings = 0, list[Finding]()
    for call in calls:
        found = _tried(tool, call, look, tuple(observers))
        findings += found.findings
        acted += found.calls
    return Trial(acted, tuple(findings))


def _tried(tool: Tool, call: ToolCall, look: Look, observers: tuple[Observer, ...]) -> Trial:
    footprint = tool.footprint(call.arguments)
    if isinstance(footprint, Refused):
        return Trial(0, (Finding("failure", call, str(footprint)),))
    before, observed = look(), Observed()
    try:
        with ExitStack() as watches:
            for observer in (*observers, DifferenceObserver(look)):
                watches.enter_context(observer.watching(observed))
            prepared = tool.prepare(call)
            if look() != before:
                return Trial(1, (Finding("undo", call, "its prepare changes things"),))
            result = tool.perform(call, prepared)
    except ToolFailed as failed:
        return Trial(0, () if look() == before else (Finding("failure", call, f"it failed half-way: {failed}"),))
    except Exception as error:  # noqa: BLE001  a candidate may do anything
        return Trial(1, (Finding("failure", call, f"it raised {type(error).__name__}: {error}"),))
    after = look()
    findings = [Finding("footprint", call, why) for why in strays(footprint, observed.footprint())]
    if before != after:
        findings += _taken_back(tool, call, prepared, result, (before, after), look)
    return Trial(int(before != after), tuple(findings))


def _taken_back(
    tool: Tool,
    call: ToolCall,
    prepared: str,
    result: str,
    states: tuple[Mapping[str, str], Mapping[str, str]],
    look: Look,
) -> list[Finding]:
    before, after = states
    findings: list[Finding] = []
    if tool.probe(call, prepared) != Performed(result):
        findings.append(Finding("probe", call, "its probe does not say that it acted"))
    try:
        if tool.perform(call, prepared) != result or look() != after:
            findings.append(Finding("repeat", call, "tried twice, it acts twice"))
        if tool.spec.effect is Effect.IRREVERSIBLE:
            return findings
        tool.undo(call, prepared, result)
        if look() != before:
            findings.append(Finding("undo", call, "its undo does not bring back what was"))
        tool.undo(call, prepared, result)
        if look() != before:
            findings.append(Finding("undo", call, "its undo does more when it is done twice"))
        if tool.probe(call, prepared) != NotPerformed():
            findings.append(Finding("probe", call, "its probe says that it acted, though it was undone"))
    except Exception as error:  # noqa: BLE001  a candidate may do anything
        findings.append(Finding("undo", call, f"{type(error).__name__}: {error}"))
    return findings


def strays(declared: Footprint, observed: Footprint) -> list[str]:
    """What was touched and not declared, in words. What is written may be read as well."""
    more = undeclared(declared, observed)
    return [*(f"it wrote {each}" for each in more.writes), *(f"it read {each}" for each in more.reads)]


def _within(touched: Resource, declared: Iterable[Resource]) -> bool:
    """A whole table is as exact as a database tells what a statement touches: then the table must match."""
    for each in declared:
        in_row = touched.scheme is Scheme.SET and each.scheme is Scheme.ROW
        whole_table = touched.scheme is Scheme.SET and "?" not in touched.name
        if covers(each, touched) or ((in_row or whole_table) and overlaps(each, touched)):
            return True
    return False


Told = Callable[[ToolCall, Footprint, tuple[str, ...]], None]
"""Told of a call that strayed: what it touched beside what it had declared, and the same in words."""


class Watched:
    """A tool in use, under observation. Once a call has strayed, the tool counts as one without undo: it is gated."""

    def __init__(self, tool: Tool, observers: Iterable[Observer], told: Told) -> None:
        self._tool = tool
        self._observers = tuple(observers)
        self._told = told
        self._strayed: dict[str, Footprint] = {}

    @property
    def spec(self) -> ToolSpec:
        """See `ports.Tool.spec`."""
        return replace(self._tool.spec, undoable=False) if self._strayed else self._tool.spec

    def footprint(self, arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`; of a call that strayed, what it really touched as well."""
        declared = self._tool.footprint(arguments)
        more = self._strayed.get(arguments)
        return declared if more is None or isinstance(declared, Refused) else widened(declared, more)

    def prepare(self, call: ToolCall) -> str:
        """See `ports.Tool.prepare`."""
        return self._tool.prepare(call)

    def perform(self, call: ToolCall, prepared: str) -> str:
        """See `ports.Tool.perform`."""
        declared, observed = self._tool.footprint(call.arguments), Observed()
        try:
            with ExitStack() as watches:
                for observer in self._observers:
                    watches.enter_context(observer.watching(observed))
                return self._tool.perform(call, prepared)
        finally:
            seen = observed.footprint()
            if not isinstance(declared, Refused) and (said := tuple(strays(declared, seen))):
                more = undeclared(declared, seen)
                self._strayed[call.arguments] = more
                self._told(call, more, said)

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:
        """See `ports.Tool.undo`. Of a call that strayed nobody knows what its undo leaves out."""
        if call.arguments in self._strayed:
            raise UndoFailed(f"{call.tool} touched more than it declared; its undo cannot be trusted.")
        self._tool.undo(call, prepared, result)

    def probe(self, call: ToolCall, prepared: str) -> Probed:
        """See `ports.Tool.probe`."""
        return self._tool.probe(call, prepared)

    def forget(self, calls: tuple[str, ...]) -> None:
        """See `ports.Forgets`."""
        if isinstance(self._tool, Forgets):
            self._tool.forget(calls)

    def image(self, resource: Resource) -> str:
        """See `ports.Tool.image`."""
        return self._tool.image(resource)

    def value(self, resource: Resource) -> str:
        """See `ports.Tool.value`."""
        return self._tool.value(resource)


def undeclared(declared: Footprint, observed: Footprint) -> Footprint:
    """What was touched and not declared."""
    readable = (*declared.reads, *declared.writes)
    reads = tuple(each for each in observed.reads if not _within(each, readable))
    return Footprint(reads, tuple(each for each in observed.writes if not _within(each, declared.writes)))


def widened(declared: Footprint, more: Footprint) -> Footprint:
    """What was declared, and what was touched besides."""
    return Footprint((*declared.reads, *more.reads), (*declared.writes, *more.writes))
