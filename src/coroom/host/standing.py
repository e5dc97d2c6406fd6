"""Where things stand, as data for an agent: the room in brief, the board, one task or held edit whole."""

from coroom.core.agent import OPERATOR
from coroom.core.codec import Json, to_json
from coroom.core.state import RoomState
from coroom.core.task import Task, TaskState


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


def room_in_brief(state: RoomState, agent: str, now_ms: int) -> dict[str, Json]:
    """Where things stand, in a few lines: who is here, what others hold, my claims, my task, what is held."""
    me = state.agents.get(agent)
    open_ones = [t for t in by_age(state) if t.state in {TaskState.OPEN, TaskState.TAKEN}]
    return {
        "room": state.room,
        "policy": state.policy,
        "you": agent,
        "task": me.task if me else None,
        "agents": [f"{a.name} ({a.presence.value}{f', on {a.task}' if a.task else ''})" for a in state.present()],
        "claims": [
            f"{r} by {claim.holder} ({claim.mode.value}, {max(0, claim.deadline_ms - now_ms) // 1000} s)"
            for claim in sorted(state.claims.values(), key=lambda claim: claim.fence)
            for r in claim.resources
        ][:40],
        "tasks": [f"{t.id} {t.state.value}{f' by {t.holder}' if t.holder else ''}: {t.title}" for t in open_ones][:40],
        "held": [f"{h.id} {h.path} by {h.agent}: {h.reason}" for h in state.open_held()][:20],
        "operator": OPERATOR,
    }


def details(state: RoomState, about: str) -> Json:
    """A task or a held edit whole."""
    if about in state.tasks:
        return detail(state.tasks[about])
    if about in state.held:
        return to_json(state.held[about])
    return f"There is no task and no held edit '{about[:60]}'."
