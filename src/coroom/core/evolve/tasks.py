"""The board."""

from collections.abc import Callable

from coroom.core import event as e
from coroom.core.evolve.changes import Changes
from coroom.core.state import RoomState, but
from coroom.core.task import TASK_AFTER, Attempt, Task, TaskState

changes = Changes()


@changes.on(e.TaskPosted)
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
        finding=body.finding,
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


@changes.on(e.TaskTaken)
def _task_taken(state: RoomState, _event: e.Event, body: e.TaskTaken) -> RoomState:
    taken = _move_task(state, body.kind, body.task, lambda t: but(t, holder=body.agent, claim=body.claim))
    return _set_agent_task(taken, body.agent, body.task)


@changes.on(e.TaskReturned)
def _task_returned(state: RoomState, _event: e.Event, body: e.TaskReturned) -> RoomState:
    def give_back(task: Task) -> Task:
        attempts = (*task.attempts, Attempt(body.agent, body.note)) if body.note else task.attempts
        return but(task, holder=None, claim=None, attempts=attempts[-state.limits.attempts_kept_max :])

    return _set_agent_task(_move_task(state, body.kind, body.task, give_back), body.agent, None)


@changes.on(e.TaskDone)
def _task_done(state: RoomState, event: e.Event, body: e.TaskDone) -> RoomState:
    done = _move_task(
        state,
        body.kind,
        body.task,
        lambda t: but(t, claim=None, summary=body.summary, done_seq=event.seq),
    )
    return _set_agent_task(done, body.agent, None)


@changes.on(e.TaskReopened)
def _task_reopened(state: RoomState, _event: e.Event, body: e.TaskReopened) -> RoomState:
    def again(task: Task) -> Task:
        attempt = Attempt(task.holder or "", body.note)
        attempts = (*task.attempts, attempt)[-state.limits.attempts_kept_max :]
        return but(task, holder=None, attempts=attempts, done_seq=0)

    return _move_task(state, body.kind, body.task, again)


@changes.on(e.TaskOrdered)
def _task_ordered(state: RoomState, _event: e.Event, body: e.TaskOrdered) -> RoomState:
    task = state.tasks.get(body.task)
    if task is None or task.state is not TaskState.OPEN or not all(name in state.tasks for name in body.after):
        return state
    return but(state, tasks=state.tasks.put(task.id, but(task, after=body.after)))


@changes.on(e.TaskCancelled)
def _task_cancelled(state: RoomState, _event: e.Event, body: e.TaskCancelled) -> RoomState:
    task = state.tasks.get(body.task)
    holder = task.holder if task and task.state is TaskState.TAKEN else None
    cancelled = _move_task(state, body.kind, body.task, lambda t: but(t, holder=None, claim=None, summary=body.note))
    return _set_agent_task(cancelled, holder, None) if holder else cancelled
