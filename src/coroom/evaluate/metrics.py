"""Metrics as folds over a room's log, and over what the agents used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coroom.core.event import (
    AgentJoined,
    CallFinished,
    CallUndone,
    ClaimRefused,
    EditHeld,
    Event,
    FileAccepted,
    FindingRaised,
    NoticeSent,
    NoticesRead,
    TaskDone,
    TaskPosted,
    TaskTaken,
)
from coroom.core.notice import SAID, NoticeKind
from coroom.evaluate.conduct import acted_on, claims_kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What all agents together have used. `turns` are inferences; `told_tokens` came as notices, to agents that had
    `reader_turns` of the turns, and `answered_tokens` as the room's replies to calls of theirs; `characters` were
    written, whether the room took them in or had them already.
    """

    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    told_tokens: int = 0
    answered_tokens: int = 0
    reader_turns: int = 0
    usd: float = 0.0
    characters: int = 0


def fold(events: Sequence[Event], used: Used) -> dict[str, float]:
    """Every metric of a trial by name. Times are of the room's clock, in seconds; `duplicate_work` is what was written
    beyond what the room has in the end, as a share of that; `settled_s` is when the last change was made, after which
    nothing about a score can change, counted from the first agent's coming.
    """
    bodies = [event.body for event in events]
    accepted = [body for body in bodies if isinstance(body, FileAccepted)]
    return {
        "tokens": used.input_tokens + used.output_tokens,
        "usd": used.usd,
        "turns": used.turns,
        "read_tokens_a_turn": used.input_tokens / used.turns if used.turns else 0.0,
        "answered_tokens_a_turn": used.answered_tokens / used.turns if used.turns else 0.0,
        "told_tokens_a_turn": used.told_tokens / used.turns if used.turns else 0.0,
        "told_tokens_a_readers_turn": used.told_tokens / used.reader_turns if used.reader_turns else 0.0,
        "characters": used.characters,
        "edits": len(accepted),
        "merged": sum(body.layer != "identical" for body in accepted),
        "held": len({body.held for body in bodies if isinstance(body, EditHeld)}),
        "findings": sum(isinstance(body, FindingRaised) for body in bodies),
        "claims_refused": sum(isinstance(body, ClaimRefused) for body in bodies),
        **claims_kept(events),
        "duplicate_work": _duplicates(accepted, used.characters),
        **_notices(events),
        **acted_on(events),
        "critical_path_s": _critical_path(events),
        "settled_s": _settled(events),
    }


def _duplicates(accepted: Iterable[FileAccepted], written: int) -> float:
    last = {body.file.path: body.file.size for body in accepted}
    kept = sum(last.values())
    return max(written - kept, 0) / kept if kept else 0.0


def _notices(events: Sequence[Event]) -> dict[str, float]:
    sent: dict[str, tuple[int, str]] = {}
    delays: list[int] = []
    readers = 0
    for event in events:
        match event.body:
            case NoticeSent(notice=notice, readers=to):
                sent[notice] = (event.at_ms, event.by)
                readers += len(to)
            case NoticesRead(notices=notices):
                delays += [event.at_ms - sent[notice][0] for notice in notices if notice in sent]
    kinds = [event.body.about_kind for event in events if isinstance(event.body, NoticeSent)]
    return {
        "notices": len(kinds),
        "said": sum(kind in SAID for kind in kinds),
        "observed": sum(kind is NoticeKind.OBSERVED for kind in kinds),
        "notices_read": len(delays),
        "notices_unread": max(readers - len(delays), 0),
        "notice_delay_s": sum(delays) / len(delays) / 1000 if delays else 0.0,
    }


def _critical_path(events: Sequence[Event]) -> float:
    """The longest chain of tasks, each from its taking to its end, where a task comes after those that it builds on and
    after what its agent did before: no more agents would make it shorter.
    """
    after: dict[str, tuple[str, ...]] = {}
    since: dict[str, int] = {}
    chain: dict[str, int] = {}
    last: dict[str, int] = {}
    for event in events:
        match event.body:
            case TaskPosted(task=task):
                after[task] = event.body.after
            case TaskTaken(task=task):
                since[task] = event.at_ms
            case TaskDone(task=task, agent=agent) if task in since:
                before = max((last.get(agent, 0), *(chain.get(one, 0) for one in after.get(task, ()))))
                chain[task] = last[agent] = before + event.at_ms - since[task]
    return max(chain.values(), default=0) / 1000


def _settled(events: Sequence[Event]) -> float:
    begun = next((event.at_ms for event in events if isinstance(event.body, AgentJoined)), 0)
    changed = (e.at_ms for e in reversed(events) if isinstance(e.body, FileAccepted | CallFinished | CallUndone))
    return max(next(changed, begun) - begun, 0) / 1000
