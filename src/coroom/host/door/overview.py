"""Where things stand, as data for an agent: the room in brief, the board, one task or held edit whole."""

from collections.abc import Sequence

from coroom.core.agent import OPERATOR, Presence
from coroom.core.codec import Json, to_json
from coroom.core.resource import Scheme
from coroom.core.state import RoomState
from coroom.core.task import Task, TaskState
from coroom.host.door.answer import Answer

NAMED_MAX = 8
"""Agents of a kind that are named in the brief; of more it says how many. It is read at every sync."""


def by_age(state: RoomState) -> list[Task]:
    """The board, oldest first."""
    return sorted(state.tasks.values(), key=lambda t: t.posted_seq)


def brief(task: Task) -> dict[str, Json]:
    """A task in one line of data."""
    return {
        "id": task.id,
        "title": task.title,
        "posted_by": task.posted_by,
        "state": task.state.value,
        "holder": task.holder,
        "after": list(task.after),
        "touches": [str(r) for r in task.touches],
    }


def detail(task: Task) -> dict[str, Json]:
    """A task with all that its holder needs, notes of earlier attempts included."""
    attempts: list[Json] = [f"{a.agent}: {a.note}" for a in task.attempts]
    return {**brief(task), "description": task.description, "attempts": attempts}


def taken(task: Task) -> Answer:
    """What who takes it is answered."""
    return Answer(text=f"Task {task.id} is yours.", data=detail(task))


def room_in_brief(state: RoomState, agent: str, now_ms: int) -> dict[str, Json]:
    """Where things stand, in a few lines: who is here, what others hold, my claims, my task, what is held. Who holds
    which task is told once, with the tasks.
    """
    me = state.agents.get(agent)
    open_ones = [t for t in by_age(state) if t.state in {TaskState.OPEN, TaskState.TAKEN}]
    return {
        "room": state.room,
        "policy": state.policy,
        "you": agent,
        "task": me.task if me else None,
        "agents": _present(state),
        "claims": [
            f"{r} by {claim.holder} ({claim.mode.value}, {max(0, claim.deadline_ms - now_ms) // 1000} s)"
            for claim in sorted(state.claims.values(), key=lambda claim: claim.fence)
            for r in claim.resources
            if r.scheme is not Scheme.TASK or claim.holder == agent
        ][:40],
        "tasks": [f"{t.id} {t.state.value}{f' by {t.holder}' if t.holder else ''}: {t.words}" for t in open_ones][:40],
        "held": [f"{h.id} {h.path} by {h.agent}: {h.reason}" for h in state.open_held()][:20],
        "operator": OPERATOR,
    }


def _present(state: RoomState) -> list[Json]:
    here = state.present()
    active = [a for a in here if a.presence is Presence.ACTIVE]
    others: list[Json] = [
        f"{a.name} ({a.presence.value}{f', on {a.task}' if a.task else ''})"
        for a in here
        if a.presence is not Presence.ACTIVE
    ]
    told = [
        _named("with a task", [a.name for a in active if a.task]),
        _named("without one", [a.name for a in active if not a.task]),
    ]
    return [*filter(None, told), *others]


def _named(what: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return f"{what}: {', '.join(names[:NAMED_MAX])}{more}" if names else ""


def details(state: RoomState, about: str) -> Json:
    """A task or a held edit whole."""
    if about in state.tasks:
        return detail(state.tasks[about])
    if about in state.held:
        return to_json(state.held[about])
    return f"There is no task and no held edit '{about[:60]}'."
