"""Checks run over four trees: each a small plug-in with one job."""

import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from coroom.checks.finding import Finding
from coroom.core.quick import dataclass
from coroom.syntax import is_plain

if TYPE_CHECKING:
    from coroom.checks.sides import Four

PLUG_INS = "coroom.checks"
"""The entry point group in which a package names checks of its own: each a callable that gives a `Check`."""

BEHAVIOUR = "behaviour-differs"
"""What acting out finds: that something comes to another end, not why."""


@runtime_checkable
class Check(Protocol):
    """One check. It gives what holds on both sides alone and not in the merged tree; nothing when it is in doubt.

    `name` is shown in reports. `fast` says that it looks at changed files only, and so may run on every edit.
    """

    @property
    def name(self) -> str:
        """What it is called in reports."""

    @property
    def fast(self) -> bool:
        """Whether it may run on every accepted edit."""

    def findings(self, four: "Four") -> Iterable[Finding]:
        """What it finds. What it raises is told as a note, and the other checks go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the checks say. `checked` names those that ran to their end, `notes` what was left out and why; of those
    `unfinished` are the ones about checks that did not come to their end.
    """

    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float
    unfinished: tuple[str, ...] = ()


class CannotRunError(Exception):
    """A check cannot do its work here, for a reason that its user can read; the other checks go on."""


def never() -> bool:
    """The checks may take as long as they take."""
    return False


def judge(four: "Four", checks: Sequence[Check], enough: Callable[[], bool] = never) -> Report:
    """Run the checks one after the other.

    Args:
        four: what they look at.
        checks: in the order in which they run.
        enough: asked before each; once it is true, those that are left do not run.

    Returns:
        Their findings without repetition, in the order of paths and lines. A check that fails is a note.
    """
    began = time.monotonic()
    found: list[Finding] = []
    checked: list[str] = []
    notes: list[str] = []
    for number, check in enumerate(checks):
        if enough():
            notes.append(f"{', '.join(each.name for each in checks[number:])}: left out, since there was no more time")
            break
        try:
            found.extend(check.findings(four))
            checked.append(check.name)
        except CannotRunError as why:
            notes.append(f"{check.name}: {why}")
        except RecursionError:
            notes.append(f"{check.name}: a file is nested too deeply to be read; the other checks went on")
        except Exception as fault:  # noqa: BLE001 - a plug-in's fault must not stop the others
            notes.append(f"{check.name}: failed with {type(fault).__name__}: {fault}; the other checks went on")
    return Report(
        findings=_distinct(found),
        checked=tuple(checked),
        notes=(*_left_out(four), *notes),
        seconds=time.monotonic() - began,
        unfinished=tuple(notes),
    )


def _left_out(four: "Four") -> Iterable[str]:
    changed = {path for side in four.sides for path in side.paths}
    for path in sorted(changed):
        why = "" if is_plain(path) else four.merged.unread(path)
        if why:
            yield f"{path}: {why}"


def _distinct(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each thing: of those about one symbol in one line, the surest; that a file behaves otherwise only
    where nothing says why.
    """
    best: dict[tuple[str, int, str], Finding] = {}
    every = list(found)
    told = {each.path for each in every if each.kind != BEHAVIOUR}
    for each in every:
        if each.kind == BEHAVIOUR and each.path in told:
            continue
        at = (each.path, each.line, each.symbol)
        if at not in best or each.confidence > best[at].confidence:
            best[at] = each
    return tuple(sorted(best.values(), key=lambda each: (each.path, each.line, each.kind, each.symbol)))


def plug_ins() -> list[Check]:
    """The checks that installed packages add.

    Raises:
        CannotRunError: one of them does not load or is no check.
    """
    found: list[Check] = []
    for point in entry_points(group=PLUG_INS):
        try:
            made = point.load()()
        except Exception as fault:
            raise CannotRunError(f"the check {point.value} does not load: {fault}") from fault
        if not isinstance(made, Check):
            raise CannotRunError(f"{point.value} gives no check; see docs/checks.md")
        found.append(made)
    return found
