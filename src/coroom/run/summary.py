"""What a run came to, for a person and for a program: who did what, what met, how it ended, what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass

from coroom.core.codec import Json
from coroom.core.event import Body, EditHeld, FileAccepted, HeldSettled, NoticeSent, TaskDone
from coroom.core.file import HeldState
from coroom.core.notice import NoticeKind
from coroom.core.state import RoomState
from coroom.host.rooms import TAPES, Room
from coroom.run.outcome import Outcome
from coroom.run.worker import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What one agent did, counted from the log."""

    agent: str
    client: str
    tasks: tuple[str, ...]
    edits: int
    merged: int
    held: int
    told: int
    work: Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One held edit and how it ended."""

    held: str
    path: str
    agent: str
    reason: str
    ending: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The whole of it."""

    deeds: tuple[Deeds, ...]
    meetings: tuple[Meeting, ...]
    seconds: float
    longest: float
    together: float
    landed: Mapping[str, Json]
    left: tuple[str, ...]
    refused: str
    url: str
    limit: str
    tapes: str


def summarise(room: Room, outcome: Outcome) -> Summary:
    """Count it from the room's own log; nobody's word is taken for it."""
    state = room.host.state
    bodies = [event.body for event in room.host.events(0)]
    earlier = {name: Work() for name in state.agents if name not in outcome.works}
    counted = (_deeds(state, bodies, name, work) for name, work in (outcome.works | earlier).items())
    deeds = tuple(one for one in counted if one.agent in outcome.works or one.tasks or one.edits)
    landing = outcome.landing
    refusal = outcome.refused or (landing.refused if landing else None)
    return Summary(
        deeds=deeds,
        meetings=_meetings(state, bodies),
        seconds=outcome.seconds,
        longest=max((d.work.seconds for d in deeds), default=0.0),
        together=sum(d.work.seconds for d in deeds),
        landed=dict(landing.data) if landing and not landing.refused else {},
        left=outcome.left,
        refused=str(refusal) if refusal else "",
        url=outcome.url,
        limit=outcome.limit,
        tapes=str(room.directory / TAPES),
    )


def _deeds(state: RoomState, bodies: list[Body], name: str, work: Work) -> Deeds:
    accepted = [b for b in bodies if isinstance(b, FileAccepted) and b.file.by == name]
    agent = state.agents.get(name)
    return Deeds(
        agent=name,
        client=agent.client if agent else "",
        tasks=tuple(b.task for b in bodies if isinstance(b, TaskDone) and b.agent == name),
        edits=len(accepted),
        merged=sum(b.layer != "identical" for b in accepted),
        held=len({b.held for b in bodies if isinstance(b, EditHeld) and b.agent == name}),
        told=sum(
            isinstance(b, NoticeSent) and b.about_kind is NoticeKind.OBSERVED and name in b.readers for b in bodies
        ),
        work=work,
    )


def _meetings(state: RoomState, bodies: list[Body]) -> tuple[Meeting, ...]:
    first: dict[str, EditHeld] = {}
    settled: dict[str, str] = {}
    for body in bodies:
        if isinstance(body, EditHeld):
            first.setdefault(body.held, body)
        elif isinstance(body, FileAccepted) and body.settles:
            settled[body.settles] = f"{body.file.by} combined both ({body.layer})"
        elif isinstance(body, HeldSettled):
            settled[body.held] = f"{body.by}: {body.note or ('dropped' if body.dropped else 'resolved')}"
    return tuple(
        Meeting(held=h, path=b.path, agent=b.agent, reason=b.reason, ending=settled.get(h) or _open(state, h))
        for h, b in first.items()
    )


def _open(state: RoomState, held: str) -> str:
    edit = state.held.get(held)
    return "STILL OPEN" if edit is None or edit.state is HeldState.OPEN else edit.state.value


def as_json(summary: Summary) -> dict[str, Json]:
    """For `--json`."""
    return {
        "agents": [
            {
                "agent": d.agent,
                "client": d.client,
                "tasks": list(d.tasks),
                "edits": d.edits,
                "merged": d.merged,
                "held": d.held,
                "told": d.told,
                "seconds": round(d.work.seconds, 1),
                "error": d.work.error,
                "cause": d.work.cause.value,
                "logs": d.work.logs,
                "input_tokens": d.work.input_tokens,
                "output_tokens": d.work.output_tokens,
                "cost_usd": round(d.work.cost_usd, 4),
            }
            for d in summary.deeds
        ],
        "held": [
            {"id": m.held, "path": m.path, "agent": m.agent, "reason": m.reason, "ending": m.ending}
            for m in summary.meetings
        ],
        "seconds": round(summary.seconds, 1),
        "longest_agent_seconds": round(summary.longest, 1),
        "agents_together_seconds": round(summary.together, 1),
        "landed": dict(summary.landed),
        "left": list(summary.left),
        "refused": summary.refused,
        "url": summary.url,
        "limit": summary.limit,
        "tapes": summary.tapes,
    }
