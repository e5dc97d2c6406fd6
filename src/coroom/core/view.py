"""What people and agents see of the room: pure folds of the state, for the live page and for `sync`."""

from coroom.core.agent import HOST, OPERATOR, Agent, Presence, Rank, Role
from coroom.core.check import Verdict
from coroom.core.claim import Claim, Mode
from coroom.core.codec import Json, to_json
from coroom.core.notice import Notice, NoticeKind
from coroom.core.quick import dataclass
from coroom.core.resource import overlaps
from coroom.core.state import NOTHING_SPENT, RoomState
from coroom.core.task import Attempt, Task, TaskState

PAGE_NOTICES_MAX = 100
"""What fits on a page that is read by eye; the log has the rest."""

PAGE_VERDICTS_MAX = 20
"""The newest verdicts and landings; older ones say nothing of the room as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """One agent: who it is and what it is doing. `silent_ms` is the time since its last logged sign of life."""

    name: str
    role: Role
    rank: Rank
    parent: str | None
    client: str
    presence: Presence
    task: str | None
    task_title: str
    claims: tuple[str, ...]
    unread: int
    held: int
    silent_ms: int
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One task as the board shows it. `waits_for` are the tasks it comes after that are not done."""

    id: str
    title: str
    description: str
    state: TaskState
    ready: bool
    holder: str | None
    posted_by: str
    after: tuple[str, ...]
    waits_for: tuple[str, ...]
    touches: tuple[str, ...]
    summary: str
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveClaim:
    """One live claim. `left_ms` is what is left of the lease if no sign of life renews it; `waiting` were refused some
    of it, first come first, and are told when it is free.
    """

    claim: str
    holder: str
    mode: Mode
    resources: tuple[str, ...]
    purpose: str
    fence: int
    left_ms: int
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Something that two agents' work does not agree on: a held edit (`kind` is "held") or a finding."""

    id: str
    kind: str
    path: str
    line: int
    agents: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that waits for the operator: `kind` is question, held, silent, paused, verdict or landings."""

    kind: str
    id: str
    agent: str
    text: str


def roster(state: RoomState, now_ms: int) -> tuple[Present, ...]:
    """Every agent the room has known, those who left last, each in rank order."""
    known = sorted(state.agents.values(), key=lambda a: (a.presence is Presence.LEFT, a.rank))
    return tuple(_present(state, agent, now_ms) for agent in known)


def _present(state: RoomState, agent: Agent, now_ms: int) -> Present:
    spent = state.spent.get(agent.name, NOTHING_SPENT)
    return Present(
        name=agent.name,
        role=agent.role,
        rank=agent.rank,
        parent=agent.parent,
        client=agent.client,
        presence=agent.presence,
        task=agent.task,
        task_title=state.tasks[agent.task].title if agent.task else "",
        claims=tuple(str(r) for claim in state.claims_of(agent.name) for r in claim.resources),
        unread=len(state.inboxes.get(agent.name, ())),
        held=len(state.open_held(agent.name)),
        silent_ms=max(0, now_ms - agent.seen_ms),
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        cost_micro_usd=spent.cost_micro_usd,
    )


def board(state: RoomState) -> tuple[Entry, ...]:
    """Every task, oldest first."""
    return tuple(_entry(state, task) for task in sorted(state.tasks.values(), key=lambda t: t.posted_seq))


def _entry(state: RoomState, task: Task) -> Entry:
    past = {TaskState.DONE, TaskState.CANCELLED}
    waits_for = tuple(name for name in task.after if state.tasks[name].state not in past)
    return Entry(
        id=task.id,
        title=task.title,
        description=task.description,
        state=task.state,
        ready=task.state is TaskState.OPEN and not waits_for,
        holder=task.holder,
        posted_by=task.posted_by,
        after=task.after,
        waits_for=waits_for,
        touches=tuple(map(str, task.touches)),
        summary=task.summary,
        attempts=task.attempts,
    )


def live_claims(state: RoomState, now_ms: int) -> tuple[LiveClaim, ...]:
    """Every live claim, oldest first."""
    return tuple(
        LiveClaim(
            claim=claim.id,
            holder=claim.holder,
            mode=claim.mode,
            resources=tuple(map(str, claim.resources)),
            purpose=claim.purpose,
            fence=claim.fence,
            left_ms=max(0, claim.deadline_ms - now_ms),
            waiting=_waiting(state, claim),
        )
        for claim in sorted(state.claims.values(), key=lambda c: c.fence)
    )


def _waiting(state: RoomState, claim: Claim) -> tuple[str, ...]:
    others = (want for want in state.wanted if want.agent != claim.holder)
    return tuple(
        dict.fromkeys(
            want.agent
            for want in others
            if any(overlaps(wanted, held) for wanted in want.resources for held in claim.resources)
        )
    )


def conflicts(state: RoomState) -> tuple[Conflict, ...]:
    """Held edits that are open, oldest first, then the open findings, oldest first."""
    held = tuple(
        Conflict(id=h.id, kind="held", path=h.path, line=0, agents=(h.agent,), text=h.reason) for h in state.open_held()
    )
    findings = tuple(
        Conflict(id=f.id, kind=f.kind, path=f.path, line=f.line, agents=f.agents, text=f.message)
        for f in sorted(state.findings.values(), key=lambda f: f.raised_seq)
        if f.open
    )
    return held + findings


def needs_operator(state: RoomState, now_ms: int) -> tuple[Need, ...]:
    """What nobody but a person will settle: the list is empty when the operator may look away."""
    rest = (*_orphans(state), *_stuck(state, now_ms), *_red(state), *_held_back(state))
    return (*_questions(state), *_fenced(state), *rest)


def _fenced(state: RoomState) -> tuple[Need, ...]:
    found = []
    for _, fence in state.order.fences.ordered():
        call = state.order.calls.get(fence.call)
        names = ", ".join(map(str, fence.resources))
        text = f"{names} is fenced since {fence.call}: {fence.why}. Make it what it should be, then lift the fence."
        found.append(Need(kind="fenced", id=fence.call, agent=call.agent if call else HOST, text=text))
    return tuple(found)


def _questions(state: RoomState) -> tuple[Need, ...]:
    answered = {n.about for n in state.notices if n.sender == OPERATOR and n.about}
    asked = (n for n in state.notices if n.to == OPERATOR and n.kind is NoticeKind.QUESTION)
    return tuple(Need(kind="question", id=n.id, agent=n.sender, text=n.text) for n in asked if n.id not in answered)


def _orphans(state: RoomState) -> tuple[Need, ...]:
    here = {agent.name for agent in state.present()}
    return tuple(
        Need(kind="held", id=h.id, agent=h.agent, text=f"{h.path}: {h.reason}")
        for h in state.open_held()
        if h.agent not in here
    )


def _stuck(state: RoomState, now_ms: int) -> tuple[Need, ...]:
    work = any(t.state in {TaskState.OPEN, TaskState.TAKEN} for t in state.tasks.values())
    found = []
    for agent in state.present():
        silent_ms = now_ms - agent.seen_ms
        if agent.presence is Presence.PAUSED:
            found.append(Need(kind="paused", id=agent.name, agent=agent.name, text=f"{agent.name} is paused."))
        elif work and silent_ms >= state.limits.claim_ttl_ms_default:
            text = f"{agent.name} has done nothing for {silent_ms // 1000} s while there is work."
            found.append(Need(kind="silent", id=agent.name, agent=agent.name, text=text))
    return tuple(found)


def _red(state: RoomState) -> tuple[Need, ...]:
    newest: dict[str, Verdict] = {}
    for verdict in sorted(state.verdicts.values(), key=lambda v: v.seq):
        newest[verdict.check] = verdict
    return tuple(
        Need(kind="verdict", id=v.tree, agent=HOST, text=f"{v.check} failed: {v.summary}")
        for v in newest.values()
        if not v.passed
    )


def _held_back(state: RoomState) -> tuple[Need, ...]:
    if not state.landings_held:
        return ()
    return (Need(kind="landings", id="landings", agent=HOST, text=f"Landings are held: {state.landings_held}."),)


def page(state: RoomState, now_ms: int) -> dict[str, Json]:
    """Everything the live page shows, as plain JSON.

    Args:
        state: the room.
        now_ms: the room's clock; only what is left of leases and how long agents are silent depend on it.

    Returns:
        The keys room, roster, claims, tasks, held, findings, notices, verdicts, landings and needs.
        Nothing in it is a secret or the hash of one.
    """
    found = conflicts(state)
    verdicts = sorted(state.verdicts.values(), key=lambda v: v.seq)[-PAGE_VERDICTS_MAX:]
    return {
        "room": _room(state, now_ms),
        "roster": to_json(roster(state, now_ms)),
        "claims": to_json(live_claims(state, now_ms)),
        "tasks": to_json(board(state)),
        "held": to_json(tuple(c for c in found if c.kind == "held")),
        "findings": to_json(tuple(c for c in found if c.kind != "held")),
        "notices": [_letter(notice) for notice in state.notices[-PAGE_NOTICES_MAX:]],
        "verdicts": to_json(tuple(verdicts)),
        "landings": to_json(state.landings[-PAGE_VERDICTS_MAX:]),
        "needs": to_json(needs_operator(state, now_ms)),
    }


def _room(state: RoomState, now_ms: int) -> Json:
    count = {kind: sum(t.state is kind for t in state.tasks.values()) for kind in TaskState}
    return {
        "name": state.room,
        "policy": state.policy,
        "repository": state.repository,
        "commit": state.commit,
        "closed": state.closed,
        "landings_held": state.landings_held,
        "seq": state.seq,
        "now_ms": now_ms,
        "version": state.version,
        "files": len(state.files()),
        "present": len(state.present()),
        "tasks": {kind.value: number for kind, number in count.items()},
    }


def _letter(notice: Notice) -> Json:
    return {
        "id": notice.id,
        "seq": notice.seq,
        "at_ms": notice.at_ms,
        "kind": notice.kind.value,
        "sender": notice.sender,
        "to": notice.to,
        "text": notice.text,
        "resources": [str(resource) for resource in notice.resources],
        "about": notice.about,
    }
