"""How agents behaved, by the log alone: whether they wrote where they held something, and did what they were told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from coroom.core.claim import Mode
from coroom.core.event import (
    AgentJoined,
    ClaimEnded,
    ClaimGranted,
    Event,
    FileAccepted,
    FilesRead,
    HeldSettled,
    NoticeSent,
    NoticesRead,
    TaskDone,
    TaskPosted,
    TaskReturned,
    TaskTaken,
)
from coroom.core.resource import Resource, file, overlaps


@dataclass(frozen=True, slots=True)
class _Claim:
    agent: str
    resources: tuple[Resource, ...]
    mode: Mode


@dataclass(slots=True)
class _Holdings:
    """Who holds what at one moment of the log."""

    agents: set[str] = field(default_factory=set)
    claims: dict[str, _Claim] = field(default_factory=dict)
    touches: dict[str, tuple[Resource, ...]] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)

    def follow(self, event: Event) -> None:
        """Take in one event."""
        match event.body:
            case AgentJoined(agent=agent):
                self.agents.add(agent)
            case ClaimGranted(claim=claim, agent=agent, resources=resources, mode=mode):
                self.claims[claim] = _Claim(agent, resources, mode)
            case ClaimEnded(claim=claim, resources=gone) if claim in self.claims:
                held = self.claims.pop(claim)
                if left := tuple(one for one in held.resources if one not in gone):
                    self.claims[claim] = _Claim(held.agent, left, held.mode)
            case TaskPosted(task=task, touches=touches):
                self.touches[task] = touches
            case TaskTaken(task=task, agent=agent):
                self.tasks[agent] = task
            case TaskDone(agent=agent) | TaskReturned(agent=agent):
                self.tasks.pop(agent, None)

    def covered(self, author: str, wanted: Resource) -> bool:
        """Whether the author holds a claim on it, or on a part of it, or a task that touches it."""
        own = [r for claim in self.claims.values() if claim.agent == author for r in claim.resources]
        own += self.touches.get(self.tasks.get(author, ""), ())
        return any(overlaps(one, wanted) for one in own)

    def kept_by_another(self, author: str, wanted: Resource) -> bool:
        """Whether somebody else holds it exclusively."""
        return any(
            claim.agent != author and claim.mode is Mode.EXCLUSIVE and any(overlaps(r, wanted) for r in claim.resources)
            for claim in self.claims.values()
        )


def claims_kept(events: Iterable[Event]) -> dict[str, float]:
    """Of all edits that agents' own hands made: how many under no claim and no task of their author's, and how many in
    what another held exclusively. `claim_compliance` is the share that is neither; 1 where there was no edit.
    """
    holdings = _Holdings()
    edits = unclaimed = trespasses = bad = 0
    for event in events:
        holdings.follow(event)
        if isinstance(event.body, FileAccepted) and event.body.file.by in holdings.agents:
            author, wanted = event.body.file.by, file(event.body.file.path)
            free, kept = not holdings.covered(author, wanted), holdings.kept_by_another(author, wanted)
            edits, unclaimed, trespasses, bad = edits + 1, unclaimed + free, trespasses + kept, bad + (free or kept)
    return {
        "unclaimed_edits": float(unclaimed),
        "trespasses": float(trespasses),
        "claim_compliance": 1 - bad / edits if edits else 1.0,
    }


def acted_on(events: Sequence[Event]) -> dict[str, float]:
    """Of the notices that were read and name a file or a held edit: how many were followed by a deed of the reader's
    there (it read or wrote the file, or settled the edit).
    """
    sent: dict[str, NoticeSent] = {}
    open_ones: dict[str, dict[str, NoticeSent]] = {}
    calling = acted = 0
    for event in events:
        match event.body:
            case NoticeSent(notice=notice):
                sent[notice] = event.body
            case NoticesRead(agent=reader, notices=notices):
                fresh = {n: sent[n] for n in notices if n in sent and (sent[n].resources or sent[n].about)}
                calling += len(fresh)
                open_ones.setdefault(reader, {}).update(fresh)
            case FilesRead(agent=reader, versions=versions):
                acted += _closed(open_ones.get(reader, {}), [file(path) for path, _ in versions], "")
            case FileAccepted(file=version, settles=settles):
                acted += _closed(open_ones.get(version.by, {}), [file(version.path)], settles)
            case HeldSettled(held=held, by=by):
                acted += _closed(open_ones.get(by, {}), [], held)
    return {"notices_to_act_on": float(calling), "notices_acted_on": float(acted)}


def _closed(waiting: dict[str, NoticeSent], touched: Sequence[Resource], settled: str) -> int:
    done = [
        name
        for name, notice in waiting.items()
        if (settled and notice.about == settled)
        or any(overlaps(one, deed) for one in notice.resources for deed in touched)
    ]
    for name in done:
        del waiting[name]
    return len(done)
