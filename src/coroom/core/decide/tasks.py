"""The board: post, take, finish, give back."""

from dataclasses import replace

from coroom.core.agent import EVERYONE, HOST, Permission, Role
from coroom.core.claim import Ending, Mode, blockers_of
from coroom.core.command import (
    CancelTask,
    FinishTask,
    Ok,
    OrderTask,
    Posted,
    PostTask,
    ReopenTask,
    ReturnTask,
    Taken,
    TakeTask,
)
from coroom.core.decide.claims import claimed, end, freed, grant, renewals
from coroom.core.decide.decision import Decision, lacks, notice, refused
from coroom.core.errors import Code, Refused
from coroom.core.event import (
    Body,
    ClaimEnded,
    TaskCancelled,
    TaskDone,
    TaskOrdered,
    TaskPosted,
    TaskReopened,
    TaskReturned,
    TaskTaken,
)
from coroom.core.notice import NoticeKind
from coroom.core.policies import POLICIES
from coroom.core.policy import in_the_way
from coroom.core.resource import Footprint
from coroom.core.resource import task as task_resource
from coroom.core.state import RoomState
from coroom.core.task import Task, TaskState, alike
from coroom.core.tool import LIBRARY


def post_task(state: RoomState, by: str, command: PostTask, _now_ms: int) -> Decision:
    """Put a task on the board, unless one that means the same is there already."""
    bad = lacks(state, by, Permission.POST_TASK) or _bad_post(state, command)
    if bad:
        return Decision(bad)
    name = command.task or _fresh_id(state)
    if name in state.tasks:
        return refused(
            Code.DUPLICATE,
            f"There is a task '{name}' already: {state.tasks[name].title}.",
            "Choose another id.",
        )
    twin = None if command.despite_duplicate else _twin(state, command.title)
    if twin:
        return refused(
            Code.DUPLICATE,
            f"Task {twin.id} ({twin.state.value}) has nearly this title: {twin.title}.",
            "If it is other work, post it again with despite_duplicate.",
        )
    posted = TaskPosted(
        task=name,
        title=command.title.strip(),
        description=command.description,
        touches=command.touches,
        after=command.after,
        by=by,
        finding=command.finding,
    )
    return Decision(Posted(name), (posted,))


def _twin(state: RoomState, title: str) -> Task | None:
    return next((t for t in _by_age(state) if t.state is not TaskState.CANCELLED and alike(t.title, title)), None)


def _fresh_id(state: RoomState) -> str:
    number = state.numbered + 1
    while f"t{number}" in state.tasks:
        number += 1
    return f"t{number}"


def _bad_post(state: RoomState, command: PostTask) -> Refused | None:
    limits = state.limits
    if not command.title.strip():
        return Refused(Code.BAD_INPUT, "A task needs a title.", "Say in one line what shall be true afterwards.")
    if len(command.title) > limits.title_chars_max or len(command.description) > limits.description_chars_max:
        return Refused(
            Code.LIMIT,
            f"A title has at most {limits.title_chars_max} characters, a description {limits.description_chars_max}.",
            "Shorten it, or put the text into a file and name that.",
        )
    if len(command.touches) > limits.task_touches_max or len(state.tasks) >= limits.tasks_max:
        return Refused(
            Code.LIMIT,
            f"A task touches at most {limits.task_touches_max} resources, a room has at most {limits.tasks_max} tasks.",
            "Split the task, or name directories.",
        )
    missing = [name for name in command.after if name not in state.tasks]
    if missing:
        return Refused(Code.NOT_FOUND, f"There is no task {', '.join(missing)} to come after.", "Post that one first.")
    if command.finding and command.finding not in state.findings:
        return Refused(Code.NOT_FOUND, f"There is no finding '{command.finding}'.", "Call sync to see what is open.")
    if len(command.task) > limits.name_chars_max or any(c.isspace() or ord(c) < 33 for c in command.task):
        return Refused(Code.BAD_INPUT, "A task id is one short word.", "Leave it out to have the room number it.")
    return None


def _by_age(state: RoomState) -> list[Task]:
    return sorted(state.tasks.values(), key=lambda t: t.posted_seq)


def ready(state: RoomState, task: Task) -> bool:
    """Whether the task is open and all it comes after is done."""
    done = all(state.tasks[name].state in {TaskState.DONE, TaskState.CANCELLED} for name in task.after)
    return task.state is TaskState.OPEN and done


def take_task(state: RoomState, by: str, command: TakeTask, now_ms: int) -> Decision:
    """Hold one task, exclusively. Asking again for the task one holds gives the same answer."""
    bad = lacks(state, by, Permission.TAKE_TASK)
    if bad:
        return Decision(bad)
    if by not in state.agents:
        return refused(Code.UNKNOWN_AGENT, f"{by} is no agent that works.", "Let an agent join and take it.")
    mine = state.agents[by].task
    if mine and command.task in {"", mine}:
        held = state.claims[state.tasks[mine].claim or ""]
        renewed = renewals(state, by, now_ms)
        deadline_ms = now_ms + held.ttl_ms if any(held.id in r.claims for r in renewed) else held.deadline_ms
        return Decision(Taken(mine, held.id, held.fence, deadline_ms), renewed)
    if mine:
        return refused(
            Code.CONFLICT,
            f"You hold task {mine}.",
            "Finish it (do=done) or give it back (do=give_back) first.",
        )
    chosen = state.tasks.get(command.task) if command.task else _next(state, by, now_ms)
    if chosen is None:
        return Decision(_nothing(state, command))
    if not ready(state, chosen):
        return Decision(_not_ready(state, chosen))
    if lacks(state, by, _needed_for(chosen)):
        return Decision(_unfit(chosen))
    wanted = (task_resource(chosen.id),)
    blockers = blockers_of(wanted, Mode.EXCLUSIVE, by, state.claims_near(wanted), now_ms)
    if blockers:
        return Decision(claimed(wanted, blockers, now_ms))
    barred = in_the_way(POLICIES[state.policy].admit(state, by, Footprint(writes=wanted)))
    if barred:
        return Decision(barred)
    granted = grant(state, by, wanted, Mode.EXCLUSIVE, chosen.title, 0, now_ms)
    taken = TaskTaken(task=chosen.id, agent=by, claim=granted.claim)
    return Decision(Taken(chosen.id, granted.claim, granted.fence, granted.deadline_ms), (granted, taken))


def _next(state: RoomState, by: str, now_ms: int) -> Task | None:
    """The oldest ready task that the agent may do and whose declared files nobody keeps; else the oldest of those. An
    evaluator mends first.
    """
    open_ones = [t for t in _by_age(state) if ready(state, t) and not lacks(state, by, _needed_for(t))]
    if state.agents[by].role is Role.EVALUATOR:
        open_ones.sort(key=lambda task: not task.finding)
    for candidate in open_ones:
        near = state.claims_near(candidate.touches)
        if not blockers_of(candidate.touches, Mode.EXCLUSIVE, by, near, now_ms):
            return candidate
    return open_ones[0] if open_ones else None


def _needed_for(task: Task) -> Permission:
    """A wish for a tool is for those who make tools, and nothing else is for somebody who only does that."""
    return Permission.MAKE_TOOLS if LIBRARY in task.touches else Permission.EDIT


def _unfit(task: Task) -> Refused:
    if LIBRARY in task.touches:
        why = f"Task {task.id} is a wish for a tool; only who makes tools takes it."
        return Refused(Code.NOT_YOURS, why, "Call sync with wait_s to be told when it is done.")
    why = f"Task {task.id} is no wish for a tool, and you do nothing else here."
    return Refused(Code.NOT_YOURS, why, "Call task with do=next.")


def _nothing(state: RoomState, command: TakeTask) -> Refused:
    if command.task:
        return Refused(
            Code.NOT_FOUND, f"There is no task '{command.task}'.", "Call task with do=list to see the board."
        )
    waiting = [t.id for t in _by_age(state) if t.state in {TaskState.OPEN, TaskState.TAKEN}]
    if waiting:
        return Refused(
            Code.WAIT,
            f"Nothing is ready; under way or waiting for others: {', '.join(waiting[:10])}.",
            "Call sync with wait_s to be told when something is.",
        )
    return Refused(Code.NOT_FOUND, "The board is done.", "Nothing is left for you to do; end your turn.")


def _not_ready(state: RoomState, task: Task) -> Refused:
    if task.state is TaskState.OPEN:
        unmet = [n for n in task.after if state.tasks[n].state not in {TaskState.DONE, TaskState.CANCELLED}]
        return Refused(Code.WAIT, f"Task {task.id} comes after {', '.join(unmet)}.", "Take another with do=next.")
    who = f" by {task.holder}" if task.holder else ""
    return Refused(Code.CLAIMED, f"Task {task.id} is {task.state.value}{who}.", "Take another with do=next.")


def finish_task(state: RoomState, by: str, command: FinishTask, now_ms: int) -> Decision:
    """The held task is done. Refused while an edit of the caller's is held, since that work is not in yet."""
    task = _held_task(state, by, command.task)
    if isinstance(task, Refused):
        return Decision(task)
    finding = state.findings.get(task.finding)
    if finding is not None and finding.open:
        return refused(
            Code.RED,
            f"The check {finding.kind} still finds {finding.id} in {finding.path}, and only it ends task {task.id}.",
            "Mend it, and call sync with wait_s to be told that it passes; or give the task back (do=give_back).",
        )
    held = state.open_held(by)
    if held:
        names = ", ".join(f"{h.id} ({h.path})" for h in held)
        return refused(
            Code.HELD_OPEN,
            f"Edits of yours are held: {names}.",
            "Combine them with the room's text, or answer with drop.",
        )
    events: list[Body] = [TaskDone(task=task.id, agent=by, summary=_cut(state, command.summary))]
    ended = _end_task_claim(state, task, Ending.DONE, by)
    text = f"Task {task.id} is done: {task.words}." + (f" {command.summary}" if command.summary else "")
    told = notice(state, 1, NoticeKind.DONE, sender=by, to=EVERYONE, text=text, about=task.id)
    told = replace(told, readers=_concerned(state, by, task))
    return Decision(Ok(task.id), (*events, *ended, told, *freed(state, ended, now_ms, first=2)))


def tasks_settled(state: RoomState, finding: str, by: str, now_ms: int) -> tuple[Body, ...]:
    """The tasks that were to settle a finding which is closed now: whoever holds one has done it, an open one falls
    away. Their holders are told.
    """
    events: list[Body] = []
    told = 0
    for task in _by_age(state):
        if task.finding != finding or task.state not in {TaskState.OPEN, TaskState.TAKEN}:
            continue
        if task.state is TaskState.OPEN or task.holder is None:
            events.append(TaskCancelled(task=task.id, note=f"Finding {finding} is closed."))
            continue
        ended = _end_task_claim(state, task, Ending.DONE, by)
        text = f"Finding {finding} is closed, and with it your task {task.id} is done: {task.words}."
        telling = notice(state, told + 1, NoticeKind.VERDICT, sender=HOST, to=task.holder, text=text, about=task.id)
        free = freed(state, ended, now_ms, first=told + 2)
        told += 1 + len(free)
        events += [TaskDone(task=task.id, agent=task.holder, summary=text), *ended, telling, *free]
    return tuple(events)


def _concerned(state: RoomState, by: str, done: Task) -> tuple[str, ...]:
    """Who has something to do with it: who posted it, the holders of what builds on it, and the idle once there is
    more that can be taken, or nothing left. All others see it on the board; telling them too would make what an agent
    reads grow with the room.
    """
    left = [t for t in state.tasks.values() if t.id != done.id and t.state in {TaskState.OPEN, TaskState.TAKEN}]
    near = {done.posted_by, *(t.holder for t in left if done.id in t.after and t.state is TaskState.TAKEN)}
    waited_for = {t.id for t in left}
    opened = any(t.state is TaskState.OPEN and done.id in t.after and waited_for.isdisjoint(t.after) for t in left)
    wakes = opened or not left
    here = [a for a in state.present() if a.name != by]
    return tuple(a.name for a in here if a.name in near or (wakes and a.task is None))


def return_task(state: RoomState, by: str, command: ReturnTask, now_ms: int) -> Decision:
    """Give the held task back with a note of what was tried."""
    task = _held_task(state, by, command.task)
    if isinstance(task, Refused):
        return Decision(task)
    back = TaskReturned(task=task.id, agent=by, note=_cut(state, command.note))
    ended = _end_task_claim(state, task, Ending.RELEASED, by)
    return Decision(Ok(task.id), (back, *ended, *freed(state, ended, now_ms)))


def _held_task(state: RoomState, by: str, named: str) -> Task | Refused:
    bad = lacks(state, by, Permission.TAKE_TASK)
    if bad:
        return bad
    name = state.agents[by].task if by in state.agents else None
    if name is None:
        return Refused(Code.NOT_YOURS, "You hold no task.", "Take one with do=next.")
    if named not in {"", name}:
        return Refused(Code.NOT_YOURS, f"You hold task {name}, not {named}.", f"Finish or give back {name}.")
    return state.tasks[name]


def _end_task_claim(state: RoomState, task: Task, ending: Ending, by: str) -> list[ClaimEnded]:
    claim = state.claims.get(task.claim or "")
    return [end(claim, claim.resources, ending, by)] if claim else []


def reopen_task(state: RoomState, by: str, command: ReopenTask, _now_ms: int) -> Decision:
    """A done task is open again; for those who judge."""
    bad = lacks(state, by, Permission.JUDGE)
    if bad:
        return Decision(bad)
    task = state.tasks.get(command.task)
    if task is None or task.state is not TaskState.DONE:
        return refused(Code.NOT_FOUND, f"'{command.task}' is no done task.", "Call task with do=list to see the board.")
    return Decision(Ok(task.id), (TaskReopened(task=task.id, note=_cut(state, command.note)),))


def order_task(state: RoomState, by: str, command: OrderTask, _now_ms: int) -> Decision:
    """What an open task comes after; for those who judge. Tasks never wait for one another in a circle."""
    bad = lacks(state, by, Permission.JUDGE)
    if bad:
        return Decision(bad)
    task = state.tasks.get(command.task)
    if task is None or task.state is not TaskState.OPEN:
        return refused(Code.NOT_FOUND, f"'{command.task}' is no open task.", "Call task with do=list to see the board.")
    after = tuple(dict.fromkeys(command.after))
    missing = [name for name in after if name not in state.tasks]
    if missing:
        return refused(Code.NOT_FOUND, f"There is no task {', '.join(missing)} to come after.", "Post that one first.")
    if _leads_to(state, after, task.id):
        why = f"Task {task.id} would wait for itself."
        return refused(Code.BAD_INPUT, why, "Leave out what comes after it.")
    return Decision(Ok(task.id), () if after == task.after else (TaskOrdered(task=task.id, after=after),))


def _leads_to(state: RoomState, names: tuple[str, ...], goal: str) -> bool:
    """Whether going back from these tasks over what they come after, one gets to the goal."""
    seen: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            left.extend(state.tasks[name].after)
    return False


def cancel_task(state: RoomState, by: str, command: CancelTask, now_ms: int) -> Decision:
    """A task shall not be done; for those who judge, and for who posted it while nobody holds it."""
    task = state.tasks.get(command.task)
    if task is None or task.state not in {TaskState.OPEN, TaskState.TAKEN}:
        return refused(Code.NOT_FOUND, f"'{command.task}' is no open task.", "Call task with do=list to see the board.")
    own = task.posted_by == by and task.state is TaskState.OPEN
    bad = lacks(state, by, Permission.POST_TASK if own else Permission.JUDGE)
    if bad:
        return Decision(bad)
    ended = _end_task_claim(state, task, Ending.RELEASED, by)
    cancelled = TaskCancelled(task=task.id, note=_cut(state, command.note))
    told: list[Body] = []
    if task.holder:
        text = f"Task {task.id} was cancelled by {by}: {task.title}. {command.note}".strip()
        told.append(notice(state, 1, NoticeKind.OPERATOR, sender=by, to=task.holder, text=text, about=task.id))
    return Decision(Ok(task.id), (cancelled, *ended, *told, *freed(state, ended, now_ms, first=1 + len(told))))


def _cut(state: RoomState, text: str) -> str:
    return text[: state.limits.text_chars_max]
