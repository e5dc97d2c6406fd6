"""Findings and verdicts."""

from dataclasses import replace

from coroom.core import event as e
from coroom.core.check import Finding, Verdict
from coroom.core.evolve.changes import Changes
from coroom.core.state import RoomState, but

changes = Changes()


@changes.on(e.FindingRaised)
def _finding_raised(state: RoomState, event: e.Event, body: e.FindingRaised) -> RoomState:
    finding = Finding(
        id=body.finding,
        kind=body.check,
        path=body.path,
        line=body.at_line,
        symbol=body.symbol,
        message=body.message,
        agents=body.agents,
        raised_seq=event.seq,
    )
    kept = state.findings.put(finding.id, finding).trimmed(
        state.limits.ended_kept_max,
        lambda f: None if f.open else f.raised_seq,
    )
    return but(state, findings=kept, numbered=state.numbered + 1)


@changes.on(e.FindingClosed)
def _finding_closed(state: RoomState, _event: e.Event, body: e.FindingClosed) -> RoomState:
    finding = state.findings.get(body.finding)
    if finding is None:
        return state
    return but(state, findings=state.findings.put(finding.id, replace(finding, open=False)))


@changes.on(e.VerdictGiven)
def _verdict_given(state: RoomState, event: e.Event, body: e.VerdictGiven) -> RoomState:
    verdict = Verdict(body.tree, body.check, body.passed, body.summary, event.seq)
    given = state.verdicts.put(f"{body.tree}/{body.check}", verdict)
    return but(state, verdicts=given.trimmed(state.limits.ended_kept_max, lambda v: v.seq))
