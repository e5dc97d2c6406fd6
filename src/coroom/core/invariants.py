"""What is true of every state that whole decisions have made: asked by tests and by the simulation, never by a room at
work, so that it may be as slow and as plain as it likes.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from operator import attrgetter, is_

from coroom.core.agent import Presence
from coroom.core.claim import COMPATIBLE, Claim
from coroom.core.file import HeldState
from coroom.core.resource import overlaps
from coroom.core.resource import task as task_resource
from coroom.core.state import RoomState
from coroom.core.task import TaskState

_Question = Callable[[RoomState], Iterator[str]]


def check_state(state: RoomState, sound: RoomState | None = None) -> tuple[str, ...]:
    """What is wrong with the state, a sentence for each; empty when nothing is. Not asked between the events of one
    decision, where a claim may have ended and its task not yet come back. What is the same as in `sound`, an earlier
    state with which nothing was wrong, is not looked at again.
    """
    if sound and state.fence >= sound.fence and state.version >= sound.version:
        asked = _asked_where(tuple(map(is_, _of(state), _of(sound))))
    else:
        asked = _ALL
    return tuple([sentence for question in asked for sentence in question(state)])


@cache
def _asked_where(same: tuple[bool, ...]) -> tuple[_Question, ...]:
    """The questions whose answers may be others where these parts of the state are the same."""
    fresh = {name for name, unchanged in zip(_PARTS, same, strict=True) if not unchanged}
    return tuple([question for question, about in _QUESTIONS if not fresh.isdisjoint(about)])


def _claims(state: RoomState) -> Iterator[str]:
    for claim in state.claims.values():
        if not claim.resources:
            yield f"{claim.id} holds nothing"
        if not 0 < claim.fence <= state.fence:
            yield f"{claim.id} has the fence {claim.fence}, and the newest is {state.fence}"
    live = [claim for claim in state.claims.values() if claim.deadline_ms > state.now_ms]
    for one, other in combinations(live, 2):
        if one.fence == other.fence:
            yield f"{one.id} and {other.id} have one fence"
        if one.holder == other.holder or (one.mode, other.mode) in COMPATIBLE:
            continue
        if any(overlaps(a, b) for a in one.resources for b in other.resources):
            yield f"{one.id} of {one.holder} and {other.id} of {other.holder} exclude each other"


def _holdings(state: RoomState) -> Iterator[str]:
    """What is found by looking at every claim."""
    of: dict[str, list[Claim]] = {}
    for claim in sorted(state.claims.values(), key=lambda one: (one.fence, one.id)):
        of.setdefault(claim.holder, []).append(claim)
    ends = sorted((claim.deadline_ms, name) for name, claim in state.claims.items())
    held = state.holdings()
    if list(held.ends) != ends or {holder: list(claims) for holder, claims in held.of.items()} != of:
        yield "the holdings are not those of the claims"
    if not all(any(near is claim for near in state.claims_near(claim.resources)) for claim in state.claims.values()):
        yield "a claim is not found where it lies"


def _tasks(state: RoomState) -> Iterator[str]:
    for task in state.tasks.values():
        if (task.holder is not None) != (task.state in {TaskState.TAKEN, TaskState.DONE}):
            yield f"task {task.id} is {task.state.value}, held by {task.holder}"
        if task.state is not TaskState.TAKEN:
            if task.claim is not None:
                yield f"task {task.id} is {task.state.value} and has the claim {task.claim}"
            continue
        claim = state.claims.get(task.claim or "")
        if claim is None or claim.holder != task.holder or task_resource(task.id) not in claim.resources:
            yield f"task {task.id} is taken by {task.holder} without a claim on it"
        holder = state.agents.get(task.holder or "")
        if holder is None or holder.task != task.id:
            yield f"task {task.id} is taken by {task.holder}, who does not know"


def _agents(state: RoomState) -> Iterator[str]:
    ranks = [agent.rank for agent in state.agents.values()]
    if len(set(ranks)) < len(ranks):
        yield "two agents have one rank"
    for agent in state.agents.values():
        task = state.tasks.get(agent.task) if agent.task else None
        if agent.task and (task is None or task.state is not TaskState.TAKEN or task.holder != agent.name):
            yield f"{agent.name} believes to hold task {agent.task}"
        if agent.presence is not Presence.LEFT:
            continue
        if agent.secret_hash:
            yield f"{agent.name} has left and its secret is still good"
        if agent.task or state.claims_of(agent.name):
            yield f"{agent.name} has left and still holds something"
        if any(want.agent == agent.name for want in state.wanted):
            yield f"{agent.name} has left and still waits"


def _inboxes(state: RoomState) -> Iterator[str]:
    unread: set[str] = set()
    for reader, inbox in state.inboxes.items():
        unread.update(inbox)
        if len(set(inbox)) < len(inbox) or len(inbox) > state.limits.inbox_notices_max:
            yield f"the inbox of {reader} has doubles or too many"
    if unread != set(state.letters):
        yield f"unread and kept letters differ: {sorted(unread ^ set(state.letters))[:5]}"


def _files(state: RoomState) -> Iterator[str]:
    for line, files in state.lines.items():
        for path, version in files.items():
            if version.path != path or not 0 < version.version <= state.version:
                yield f"{path} on line '{line}' is {version.path} at {version.version} of {state.version}"


def _held(state: RoomState) -> Iterator[str]:
    opened = [(held.agent, held.path) for held in state.held.values() if held.state is HeldState.OPEN]
    if len(set(opened)) < len(opened):
        yield "an agent has two open held edits of one path"
    if len(opened) > state.limits.held_open_max:
        yield f"{len(opened)} held edits are open"


def _numbers(state: RoomState) -> Iterator[str]:
    if len(state.wanted) > state.limits.wanted_max or len(state.notices) > state.limits.notices_kept_max:
        yield "more is remembered than the limits say"
    if any(action.fence > state.fence for action in state.actions.values()):
        yield "an action has a fence beyond the newest"
    seqs = [notice.seq for notice in state.notices] + [landing.seq for landing in state.landings]
    if any(seq > state.seq for seq in seqs):
        yield "something is remembered that has not happened yet"


def _named(table: str, name: str) -> _Question:
    """Everything in the table is kept under its own name."""

    def question(state: RoomState) -> Iterator[str]:
        for key, one in getattr(state, table).items():
            if key != getattr(one, name):
                yield f"{getattr(one, name)} is kept under {key}"

    return question


_QUESTIONS: tuple[tuple[_Question, tuple[str, ...]], ...] = (
    (_claims, ("claims",)),
    (_holdings, ("claims",)),
    (_tasks, ("tasks", "claims", "agents")),
    (_agents, ("agents", "tasks", "claims", "wanted")),
    (_inboxes, ("inboxes", "letters", "limits")),
    (_files, ("lines",)),
    (_held, ("held", "limits")),
    (_numbers, ("wanted", "notices", "landings", "actions", "limits")),
    (_named("agents", "name"), ("agents",)),
    *((_named(table, "id"), (table,)) for table in ("claims", "tasks", "held", "findings", "actions", "letters")),
)
"""Each question, and the parts of the state that its answer hangs on. Numbers that have grown are none: what was below
them stays so. Nor is the time: a claim that has run out excludes nobody.
"""

_ALL = tuple(question for question, _ in _QUESTIONS)
_PARTS = tuple(sorted({name for _, about in _QUESTIONS for name in about}))
_of = attrgetter(*_PARTS)
