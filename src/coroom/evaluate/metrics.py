"""Metrics as folds over a room's log, and over what the agents used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coroom.core.event import (
    ClaimRefused,
    EditHeld,
    Event,
    FileAccepted,
    FindingRaised,
    NoticeSent,
    NoticesRead,
    TaskDone,
    TaskTaken,
)
from coroom.core.notice import SAID, NoticeKind
from coroom.evaluate.conduct import acted_on, claims_kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What all agents together have used. `turns` are inferences; `told_tokens` came as notices, to agents that had
    `reader_turns` of the turns; `characters` were written, whether the room took them in or had them already.
    """

    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    told_tokens: int = 0
    reader_turns: int = 0
    usd: float = 0.0
    characters: int = 0


def fold(events: Sequence[Event], used: Used) -> dict[str, float]:
    """Every metric of a trial by name. Times are of the room's clock, in seconds; `duplicate_work` is what was written
    beyond what the room has in the end, as a share of that.
    """
    bodies = [event.body for event in events]
    accepted = [body for body in bodies if isinstance(body, FileAccepted)]
    return {
        "tokens": used.input_tokens + used.output_tokens,
        "usd": used.usd,
        "turns": used.turns,
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
    """The longest time that one agent spent between taking its tasks and finishing them."""
    since: dict[str, int] = {}
    spent: dict[str, int] = {}
    for event in events:
        match event.body:
            case TaskTaken(agent=agent):
                since[agent] = event.at_ms
            case TaskDone(agent=agent) if agent in since:
                spent[agent] = spent.get(agent, 0) + event.at_ms - since.pop(agent)
    return max(spent.values(), default=0) / 1000
