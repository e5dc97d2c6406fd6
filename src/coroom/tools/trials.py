"""An undo counts once it was put to the proof: doing and undoing is as if nothing had been, from many states.

Whoever declares a tool gives a state that may be thrown away and calls to try on it; what holds is found here.
"""

from collections.abc import Sequence

from coroom.core.tool import ToolCall, canonical
from coroom.ports import Tool, ToolFailed
from coroom.tools.journal import Journal
from coroom.tools.probe import Finding, Look, Trial, try_out
from coroom.tools.registry import BadTool, Declared, FunctionTool, Rehearsal

STATES_MAX = 12
"""From so many states, each left by one of the calls, all calls are tried."""


def prove(tool: Tool, arguments: Sequence[str], look: Look) -> Trial:
    """Do, repeat, undo and undo again every call, in the state as it is and in those that the other calls leave.

    Args:
        tool: the candidate, on a state that may be thrown away.
        arguments: what to call it with, each as JSON text.
        look: all the state there is, by names of resources.
    """
    name = tool.spec.name
    trial = try_out(tool, [ToolCall(f"t{number}", name, given) for number, given in enumerate(arguments)], look)
    acted, findings = trial.calls, list(trial.findings)
    for place, given in enumerate(arguments[:STATES_MAX] if trial.passed else ()):
        standing, before = ToolCall(f"s{place}", name, given), look()
        prepared = tool.prepare(standing)
        try:
            result = tool.perform(standing, prepared)
        except ToolFailed:
            continue
        after = [ToolCall(f"s{place}t{number}", name, each) for number, each in enumerate(arguments)]
        found = try_out(tool, after, look)
        tool.undo(standing, prepared, result)
        acted, findings = acted + found.calls, [*findings, *found.findings]
        if look() != before:
            findings.append(Finding("undo", standing, "its undo does not bring back what was, once others have acted"))
    return Trial(acted, tuple(findings))


def passed(declared: Declared, rehearsal: Rehearsal) -> bool:
    """Put a tool to the proof.

    Raises:
        BadTool: it is not as it says; the sentence says what was found.
    """
    journal = Journal()
    try:
        tool = FunctionTool(declared, journal, proven=True)
        trial = prove(tool, [canonical(dict(given)) for given in rehearsal.calls], rehearsal.look)
    finally:
        journal.close()
    if trial.passed:
        return True
    found = str(trial.findings[0]).removesuffix(".") if trial.findings else "no call of it changed anything"
    raise BadTool(f"{declared.name} did not pass its trial: {found}. Mend it; without a trial its calls are gated.")


def proven(declared: Declared) -> bool:
    """Whether the undo of a tool holds, as its own trial shows; a tool without one is not proven.

    Raises:
        BadTool: it has a trial and does not pass.
    """
    if declared.rehearse is None or "undo" not in declared.hooks:
        return False
    rehearsing = declared.rehearse()
    try:
        return passed(declared, next(rehearsing))
    finally:
        # What was before is put back, whatever was found.
        next(rehearsing, None)
