"""How each event changes the state: total and pure, one small function for each kind."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast, get_args

from coroom.core import event as e
from coroom.core.action import PHASE_AFTER, Action, Phase
from coroom.core.agent import PRESENCE_AFTER, Agent, Presence
from coroom.core.claim import Claim
from coroom.core.file import SHARED_LINE, Finding, HeldEdit, HeldState
from coroom.core.notice import LASTING, URGENT, Notice, NoticeKind
from coroom.core.state import Landing, RoomState, Verdict, Wanted, but
from coroom.core.table import Table
from coroom.core.task import TASK_AFTER, Attempt, Task, TaskState

_B = TypeVar("_B", bound=e.Body)
_V = TypeVar("_V")
_Change = Callable[[RoomState, e.Event, e.Body], RoomState]
_CHANGES: dict[type[object], _Change] = {}


SEEN_GRAIN_MS = 1_000
"""How exactly it is known when an agent last did something: a second is enough for whoever looks at it."""


def evolve(state: RoomState, event: e.Event) -> RoomState:
    """The state after `event`. Total over every kind; never mutates `state`."""
    changed = _CHANGES[type(event.body)](state, event, event.body)
    agents = changed.agents
    known = agents.get(event.by)
    if known and event.at_ms - known.seen_ms >= SEEN_GRAIN_MS:
        agents = agents.put(known.name, but(known, seen_ms=event.at_ms))
    return but(changed, seq=event.seq, now_ms=max(state.now_ms, event.at_ms), agents=agents)


def _on(kind: type[_B]) -> Callable[[Callable[[RoomState, e.Event, _B], RoomState]], None]:
    def register(change: Callable[[RoomState, e.Event, _B], RoomState]) -> None:
        _CHANGES[kind] = cast("_Change", change)

    return register


@_on(e.RoomOpened)
def _room_opened(state: RoomState, _event: e.Event, body: e.RoomOpened) -> RoomState:
    return but(
        state,
        room=body.room,
        policy=body.policy,
        limits=body.limits,
        repository=body.repository,
        commit=body.commit,
    )


@_on(e.RoomClosed)
def _room_closed(state: RoomState, _event: e.Event, _body: e.RoomClosed) -> RoomState:
    return but(state, closed=True)


@_on(e.RoomReopened)
def _room_reopened(state: RoomState, event: e.Event, _body: e.RoomReopened) -> RoomState:
    claims = state.claims
    for claim in state.claims.values():
        claims = claims.put(claim.id, but(claim, deadline_ms=event.at_ms + claim.ttl_ms))
    return but(state, closed=False, claims=claims)


@_on(e.AgentJoined)
def _agent_joined(state: RoomState, event: e.Event, body: e.AgentJoined) -> RoomState:
    known = state.agents.get(body.agent)
    agent = Agent(
        name=body.agent,
        role=body.role,
        rank=body.rank,
        parent=body.parent,
        secret_hash=body.secret_hash,
        client=body.client,
        presence=known.presence if known and known.presence is Presence.PAUSED else Presence.ACTIVE,
        joined_seq=event.seq,
        seen_ms=event.at_ms,
        task=known.task if known else None,
    )
    return but(state, agents=state.agents.put(agent.name, agent), operations=state.operations.without(agent.name))


def _set_presence(state: RoomState, kind: str, name: str) -> RoomState:
    agent = state.agents.get(name)
    if agent is None:
        return state
    after = PRESENCE_AFTER.get((agent.presence, kind), agent.presence)
    secret_hash = "" if after is Presence.LEFT else agent.secret_hash
    moved = but(agent, presence=after, secret_hash=secret_hash)
    return but(state, agents=state.agents.put(name, moved))


@_on(e.AgentLeft)
def _agent_left(state: RoomState, _event: e.Event, body: e.AgentLeft) -> RoomState:
    gone = _set_presence(state, body.kind, body.agent)
    return but(gone, wanted=tuple(w for w in gone.wanted if w.agent != body.agent))


@_on(e.AgentPaused)
def _agent_paused(state: RoomState, _event: e.Event, body: e.AgentPaused) -> RoomState:
    return _set_presence(state, body.kind, body.agent)


@_on(e.AgentResumed)
def _agent_resumed(state: RoomState, _event: e.Event, body: e.AgentResumed) -> RoomState:
    return _set_presence(state, body.kind, body.agent)


@_on(e.ClaimGranted)
def _claim_granted(state: RoomState, _event: e.Event, body: e.ClaimGranted) -> RoomState:
    claim = Claim(
        id=body.claim,
        holder=body.agent,
        resources=body.resources,
        mode=body.mode,
        purpose=body.purpose,
        fence=body.fence,
        ttl_ms=body.ttl_ms,
        deadline_ms=body.deadline_ms,
    )
    return but(
        state,
        claims=state.claims.put(claim.id, claim),
        fence=max(state.fence, body.fence),
        numbered=state.numbered + 1,
        wanted=tuple(w for w in state.wanted if w.agent != body.agent or not set(w.resources) <= set(body.resources)),
    )


@_on(e.ClaimRefused)
def _claim_refused(state: RoomState, _event: e.Event, body: e.ClaimRefused) -> RoomState:
    want = Wanted(body.agent, body.resources, body.mode)
    if want in state.wanted or not body.agent:
        return state
    return but(state, wanted=(*state.wanted, want)[-state.limits.wanted_max :])


@_on(e.ClaimsRenewed)
def _claims_renewed(state: RoomState, _event: e.Event, body: e.ClaimsRenewed) -> RoomState:
    claims = state.claims
    for name in body.claims:
        claim = claims.get(name)
        if claim:
            claims = claims.put(name, but(claim, deadline_ms=body.now_ms + claim.ttl_ms))
    agent = state.agents.get(body.agent)
    agents = state.agents.put(agent.name, but(agent, seen_ms=body.now_ms)) if agent else state.agents
    return but(state, claims=claims, agents=agents)


@_on(e.ClaimEnded)
def _claim_ended(state: RoomState, _event: e.Event, body: e.ClaimEnded) -> RoomState:
    claim = state.claims.get(body.claim)
    if claim is None:
        return state
    kept = tuple(r for r in claim.resources if r not in body.resources)
    claims = state.claims.put(claim.id, but(claim, resources=kept)) if kept else state.claims.without(claim.id)
    return but(state, claims=claims)


@_on(e.TaskPosted)
def _task_posted(state: RoomState, event: e.Event, body: e.TaskPosted) -> RoomState:
    posted = Task(
        id=body.task,
        title=body.title,
        description=body.description,
        touches=body.touches,
        after=body.after,
        posted_by=body.by,
        posted_seq=event.seq,
        state=TaskState.OPEN,
    )
    return but(state, tasks=state.tasks.put(posted.id, posted), numbered=state.numbered + 1)


def _move_task(state: RoomState, kind: str, name: str, changed: Callable[[Task], Task]) -> RoomState:
    task = state.tasks.get(name)
    after = TASK_AFTER.get((task.state, kind)) if task else None
    if task is None or after is None:
        return state
    return but(state, tasks=state.tasks.put(name, but(changed(task), state=after)))


def _set_agent_task(state: RoomState, name: str, task: str | None) -> RoomState:
    agent = state.agents.get(name)
    return state if agent is None else but(state, agents=state.agents.put(name, but(agent, task=task)))


@_on(e.TaskTaken)
def _task_taken(state: RoomState, _event: e.Event, body: e.TaskTaken) -> RoomState:
    taken = _move_task(state, body.kind, body.task, lambda t: but(t, holder=body.agent, claim=body.claim))
    return _set_agent_task(taken, body.agent, body.task)


@_on(e.TaskReturned)
def _task_returned(state: RoomState, _event: e.Event, body: e.TaskReturned) -> RoomState:
    def give_back(task: Task) -> Task:
        attempts = (*task.attempts, Attempt(body.agent, body.note)) if body.note else task.attempts
        return but(task, holder=None, claim=None, attempts=attempts[-state.limits.attempts_kept_max :])

    return _set_agent_task(_move_task(state, body.kind, body.task, give_back), body.agent, None)


@_on(e.TaskDone)
def _task_done(state: RoomState, event: e.Event, body: e.TaskDone) -> RoomState:
    done = _move_task(
        state,
        body.kind,
        body.task,
        lambda t: but(t, claim=None, summary=body.summary, done_seq=event.seq),
    )
    return _set_agent_task(done, body.agent, None)


@_on(e.TaskReopened)
def _task_reopened(state: RoomState, _event: e.Event, body: e.TaskReopened) -> RoomState:
    def again(task: Task) -> Task:
        attempt = Attempt(task.holder or "", body.note)
        attempts = (*task.attempts, attempt)[-state.limits.attempts_kept_max :]
        return but(task, holder=None, attempts=attempts, done_seq=0)

    return _move_task(state, body.kind, body.task, again)


@_on(e.TaskCancelled)
def _task_cancelled(state: RoomState, _event: e.Event, body: e.TaskCancelled) -> RoomState:
    task = state.tasks.get(body.task)
    holder = task.holder if task and task.state is TaskState.TAKEN else None
    cancelled = _move_task(state, body.kind, body.task, lambda t: but(t, holder=None, claim=None, summary=body.note))
    return _set_agent_task(cancelled, holder, None) if holder else cancelled


@_on(e.NoticeSent)
def _notice_sent(state: RoomState, event: e.Event, body: e.NoticeSent) -> RoomState:
    notice = Notice(
        id=body.notice,
        seq=event.seq,
        at_ms=event.at_ms,
        kind=body.about_kind,
        sender=body.sender,
        to=body.to,
        text=body.text,
        resources=body.resources,
        about=body.about,
    )
    inboxes = state.inboxes
    dropped = {body.replaces} if body.replaces else set()
    for reader in dict.fromkeys(body.readers):
        kept = tuple(n for n in inboxes.get(reader, ()) if n != body.replaces)
        over = len(kept) + 1 - state.limits.inbox_notices_max
        if over > 0:
            gone = _least_needed(state, kept, over)
            dropped |= gone
            kept = tuple(n for n in kept if n not in gone)
        inboxes = inboxes.put(reader, (*kept, notice.id))
    letters = state.letters.put(notice.id, notice) if body.readers else state.letters
    changed = but(
        state,
        inboxes=inboxes,
        letters=letters,
        notices=(*state.notices, notice)[-state.limits.notices_kept_max :],
        numbered=state.numbered + 1,
    )
    if body.about_kind is NoticeKind.FREED:
        served = (body.to, body.resources)
        changed = but(changed, wanted=tuple(w for w in changed.wanted if (w.agent, w.resources) != served))
    return _count_words(_forget(changed, dropped), event, body)


def _count_words(state: RoomState, event: e.Event, body: e.NoticeSent) -> RoomState:
    agent = state.agents.get(body.sender)
    if agent is None or event.by != body.sender:
        return state
    minute = event.at_ms // 60_000
    count = agent.said_this_minute + 1 if agent.minute == minute else 1
    said = but(agent, minute=minute, said_this_minute=count)
    return but(state, agents=state.agents.put(agent.name, said))


def _least_needed(state: RoomState, inbox: tuple[str, ...], count: int) -> set[str]:
    def weight(name: str) -> int:
        kind = state.letters[name].kind
        if kind in LASTING:
            return 3
        return 0 if kind is NoticeKind.OBSERVED else 2 if kind in URGENT else 1

    return set(sorted(inbox, key=weight)[:count])


def _forget(state: RoomState, notices: set[str]) -> RoomState:
    if not notices:
        return state
    unread = {name for inbox in state.inboxes.values() for name in inbox if name in notices}
    letters = state.letters
    for name in sorted(notices - unread):
        letters = letters.without(name)
    return but(state, letters=letters)


@_on(e.NoticesRead)
def _notices_read(state: RoomState, _event: e.Event, body: e.NoticesRead) -> RoomState:
    read = set(body.notices)
    left = tuple(n for n in state.inboxes.get(body.agent, ()) if n not in read)
    return _forget(but(state, inboxes=state.inboxes.put(body.agent, left)), read)


@_on(e.FilesRead)
def _files_read(state: RoomState, _event: e.Event, body: e.FilesRead) -> RoomState:
    return _note_reads(state, body.agent, body.versions)


def _note_reads(state: RoomState, agent: str, versions: tuple[tuple[str, int], ...]) -> RoomState:
    known = state.reads_of(agent)
    for path, version in versions:
        known = known.put(path, version)
    most = state.limits.reads_per_agent_max
    if len(known) > most:
        # Some at a time: to look for the oldest at every single read would be quadratic.
        kept = sorted(known.items(), key=lambda read: read[1])[len(known) - most + most // 8 :]
        known = Table(kept)
    return but(state, reads=state.reads.put(agent, known))


@_on(e.FilesSeeded)
def _files_seeded(state: RoomState, _event: e.Event, body: e.FilesSeeded) -> RoomState:
    files = state.files()
    for file in body.files:
        files = files.put(file.path, file)
    return but(
        state,
        lines=state.lines.put(SHARED_LINE, files),
        version=max([state.version, *(f.version for f in body.files)]),
        numbered=state.numbered + len(body.files),
    )


@_on(e.FileAccepted)
def _file_accepted(state: RoomState, event: e.Event, body: e.FileAccepted) -> RoomState:
    files = state.files(body.line).put(body.file.path, body.file)
    changed = but(
        state,
        lines=state.lines.put(body.line, files),
        version=max(state.version, body.file.version),
        numbered=state.numbered + 1,
    )
    if body.settles:
        changed = _settle(changed, body.settles, body.file.by, HeldState.RESOLVED)
    if body.line != SHARED_LINE or event.by not in state.agents:
        return changed
    return _note_reads(changed, event.by, ((body.file.path, body.file.version),))


@_on(e.EditHeld)
def _edit_held(state: RoomState, event: e.Event, body: e.EditHeld) -> RoomState:
    held = HeldEdit(
        id=body.held,
        path=body.path,
        agent=body.agent,
        base=body.base,
        theirs=body.theirs,
        mine=body.mine,
        mine_kind=body.mine_kind,
        mine_executable=body.mine_executable,
        reason=body.reason,
        parts=body.parts,
        opened_seq=event.seq,
    )
    kept = _trim(
        state.held.put(held.id, held),
        state.limits.ended_kept_max,
        lambda h: None if h.state is HeldState.OPEN else h.opened_seq,
    )
    return but(state, held=kept, numbered=state.numbered + 1)


def _trim(table: Table[_V], most: int, ended: Callable[[_V], int | None]) -> Table[_V]:
    """The table without the oldest of what is over and done with, as far as it holds more than `most`."""
    if len(table) <= most:
        return table
    past = sorted((age, key) for key, value in table.items() if (age := ended(value)) is not None)
    for _, key in past[: len(table) - most]:
        table = table.without(key)
    return table


def _settle(state: RoomState, held: str, by: str, ending: HeldState) -> RoomState:
    edit = state.held.get(held)
    if edit is None:
        return state
    return but(state, held=state.held.put(held, replace(edit, state=ending, settled_by=by)))


@_on(e.HeldSettled)
def _held_settled(state: RoomState, _event: e.Event, body: e.HeldSettled) -> RoomState:
    return _settle(state, body.held, body.by, HeldState.DROPPED if body.dropped else HeldState.RESOLVED)


@_on(e.FindingRaised)
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
    kept = _trim(
        state.findings.put(finding.id, finding),
        state.limits.ended_kept_max,
        lambda f: None if f.open else f.raised_seq,
    )
    return but(state, findings=kept, numbered=state.numbered + 1)


@_on(e.FindingClosed)
def _finding_closed(state: RoomState, _event: e.Event, body: e.FindingClosed) -> RoomState:
    finding = state.findings.get(body.finding)
    if finding is None:
        return state
    return but(state, findings=state.findings.put(finding.id, replace(finding, open=False)))


@_on(e.VerdictGiven)
def _verdict_given(state: RoomState, event: e.Event, body: e.VerdictGiven) -> RoomState:
    verdict = Verdict(body.tree, body.check, body.passed, body.summary, event.seq)
    given = state.verdicts.put(f"{body.tree}/{body.check}", verdict)
    return but(state, verdicts=_trim(given, state.limits.ended_kept_max, lambda v: v.seq))


@_on(e.ActionStarted)
def _action_started(state: RoomState, event: e.Event, body: e.ActionStarted) -> RoomState:
    action = Action(
        id=body.action,
        agent=body.agent,
        tool=body.tool,
        footprint=body.footprint,
        effect=body.effect,
        fence=body.fence,
        arguments=body.arguments,
        undo=body.undo,
        started_seq=event.seq,
    )
    return but(
        state,
        actions=_trim(
            state.actions.put(action.id, action),
            state.limits.ended_kept_max,
            lambda a: None if a.phase is Phase.STARTED else a.started_seq,
        ),
        numbered=state.numbered + 1,
        fence=max(state.fence, body.fence),
    )


def _move_action(state: RoomState, body: e.ActionFinished | e.ActionFailed | e.ActionUndone) -> RoomState:
    action = state.actions.get(body.action)
    after = PHASE_AFTER.get((action.phase, body.kind)) if action else None
    if action is None or after is None:
        return state
    return but(state, actions=state.actions.put(action.id, replace(action, phase=after, result=body.result)))


@_on(e.ActionFinished)
def _action_finished(state: RoomState, _event: e.Event, body: e.ActionFinished) -> RoomState:
    return _move_action(state, body)


@_on(e.ActionFailed)
def _action_failed(state: RoomState, _event: e.Event, body: e.ActionFailed) -> RoomState:
    return _move_action(state, body)


@_on(e.ActionUndone)
def _action_undone(state: RoomState, _event: e.Event, body: e.ActionUndone) -> RoomState:
    return _move_action(state, body)


@_on(e.Landed)
def _landed(state: RoomState, event: e.Event, body: e.Landed) -> RoomState:
    landing = Landing(body.ref, body.commit, body.tree, body.tasks, body.version, event.seq)
    return but(state, landings=(*state.landings, landing)[-state.limits.ended_kept_max :])


@_on(e.Answered)
def _answered(state: RoomState, _event: e.Event, body: e.Answered) -> RoomState:
    known = (*state.operations.get(body.agent, ()), (body.operation, body.reply, body.asked))
    kept = known[-state.limits.operations_per_agent_max :]
    return but(state, operations=state.operations.put(body.agent, kept))


_MISSING = set(get_args(e.Body)) - set(_CHANGES)
assert not _MISSING, f"evolve does not know {_MISSING}"
