from itertools import product

import pytest
from tests.core.rooms import Room, held_edit, named

from coroom.core import command as c
from coroom.core import event as e
from coroom.core.agent import HOST, OPERATOR, Role
from coroom.core.claim import Mode
from coroom.core.errors import Code
from coroom.core.limits import Limits
from coroom.core.notice import NoticeKind
from coroom.core.resource import Resource, Scheme
from coroom.core.task import TASK_AFTER, TaskState, alike, words_of

TTL_MS = Limits().claim_ttl_ms_default


@pytest.mark.promise("claim:exclusive")
def test_a_task_has_at_most_one_holder() -> None:
    room = Room("ada", "bob")
    task = room.post("dig")
    room.ok("ada", c.TakeTask(task), c.Taken)
    refused = room.refused("bob", c.TakeTask(task), Code.CLAIMED)
    assert "ada" in refused.why
    assert room.state.tasks[task].holder == "ada"


def test_taking_the_held_task_again_gives_the_same_claim_and_fence() -> None:
    room = Room("ada")
    task = room.post("dig")
    first = room.ok("ada", c.TakeTask(task), c.Taken)
    assert room.ok("ada", c.TakeTask(task), c.Taken) == first
    assert room.ok("ada", c.TakeTask(), c.Taken) == first
    assert room.last == ()
    room.now_ms += TTL_MS - 1
    later = room.ok("ada", c.TakeTask(), c.Taken)
    assert later.fence == first.fence
    assert later.deadline_ms == room.now_ms + TTL_MS == room.state.claims[later.claim].deadline_ms


def test_one_who_holds_a_task_takes_no_other() -> None:
    room = Room("ada")
    first, second = room.post("dig"), room.post("fill")
    room.ok("ada", c.TakeTask(first), c.Taken)
    assert first in room.refused("ada", c.TakeTask(second), Code.CONFLICT).why


def test_a_task_waits_for_those_it_comes_after() -> None:
    room = Room("ada", "bob")
    first = room.post("dig")
    second = room.post("fill", after=(first,))
    assert first in room.refused("bob", c.TakeTask(second), Code.WAIT).why
    room.ok("ada", c.TakeTask(), c.Taken)
    assert second in room.refused("bob", c.TakeTask(), Code.WAIT).why
    room.ok("ada", c.FinishTask("dug"), c.Ok)
    assert room.ok("bob", c.TakeTask(), c.Taken).task == second


def test_a_cancelled_task_stands_in_nobodys_way() -> None:
    room = Room("ada")
    first = room.post("dig")
    second = room.post("fill", after=(first,))
    room.ok(OPERATOR, c.CancelTask(first), c.Ok)
    assert room.ok("ada", c.TakeTask(), c.Taken).task == second


def test_next_is_the_oldest_task_whose_files_are_free_else_the_oldest() -> None:
    room = Room("ada", "bob", "cyd")
    first = room.post("dig", touches=("dir:src/",))
    second = room.post("fill", touches=("dir:doc/",))
    room.claim("bob", "file:src/a.py")
    assert room.ok("ada", c.TakeTask(), c.Taken).task == second
    assert room.ok("cyd", c.TakeTask(), c.Taken).task == first


def test_when_nothing_is_left_the_agent_is_told_to_end() -> None:
    room = Room("ada")
    refused = room.refused("ada", c.TakeTask(), Code.NOT_FOUND)
    assert "end your turn" in refused.next_step
    room.refused("ada", c.TakeTask("t99"), Code.NOT_FOUND)


def test_a_done_task_cannot_be_taken() -> None:
    room = Room("ada", "bob")
    task = room.post("dig")
    room.ok("ada", c.TakeTask(), c.Taken)
    room.ok("ada", c.FinishTask("dug"), c.Ok)
    assert "done by ada" in room.refused("bob", c.TakeTask(task), Code.CLAIMED).why
    done = room.state.tasks[task]
    assert (done.state, done.holder, done.claim, done.summary) == (TaskState.DONE, "ada", None, "dug")
    assert len(room.state.claims) == 0
    assert "dug" in room.unread("bob", NoticeKind.DONE)[0].text


def test_that_a_task_is_done_is_told_to_those_it_concerns_and_stands_on_the_board_for_all() -> None:
    room = Room("ada", "bob", "cyd", "dan")
    room.post("dig")
    room.post("paint")
    room.post("fill", after=("t1",))
    room.ok("ada", c.TakeTask("t1"), c.Taken)
    room.ok("bob", c.TakeTask("t2"), c.Taken)
    room.ok("ada", c.FinishTask("dug"), c.Ok)
    assert not room.unread("bob", NoticeKind.DONE)
    assert room.unread("cyd", NoticeKind.DONE)
    room.ok("cyd", c.TakeTask("t3"), c.Taken)
    room.ok("bob", c.FinishTask("painted"), c.Ok)
    assert len(room.unread("dan", NoticeKind.DONE)) == 1
    room.ok("cyd", c.FinishTask("filled"), c.Ok)
    assert [n.about for n in room.unread("dan", NoticeKind.DONE)] == ["t1", "t3"]
    assert {n.about for n in room.state.notices if n.kind is NoticeKind.DONE} == {"t1", "t2", "t3"}


def test_the_idle_are_told_once_something_can_be_taken_that_waited_for_several() -> None:
    room = Room("ada", "bob", "cyd")
    for title in ("dig", "paint"):
        room.post(title)
    room.post("fill", after=("t1", "t2"))
    room.ok("ada", c.TakeTask("t1"), c.Taken)
    room.ok("bob", c.TakeTask("t2"), c.Taken)
    room.ok("ada", c.FinishTask("dug"), c.Ok)
    assert not room.unread("cyd", NoticeKind.DONE)
    room.ok("bob", c.FinishTask("painted"), c.Ok)
    assert [n.about for n in room.unread("cyd", NoticeKind.DONE)] == ["t2"]


def test_work_that_is_held_is_not_done() -> None:
    room = Room("ada")
    room.post("dig")
    room.ok("ada", c.TakeTask(), c.Taken)
    held = room.hold("ada", "a.py")
    assert held in room.refused("ada", c.FinishTask(), Code.HELD_OPEN).why
    room.ok("ada", c.DropHeld(held), c.Ok)
    room.ok("ada", c.FinishTask(), c.Ok)


def test_a_task_given_back_carries_what_was_tried_to_the_next_holder() -> None:
    room = Room("ada", "bob")
    task = room.post("dig")
    room.ok("ada", c.TakeTask(), c.Taken)
    room.ok("ada", c.ReturnTask("the ground is rock"), c.Ok)
    again = room.state.tasks[task]
    assert (again.state, again.holder, again.claim) == (TaskState.OPEN, None, None)
    assert [(a.agent, a.note) for a in again.attempts] == [("ada", "the ground is rock")]
    room.ok("bob", c.TakeTask(task), c.Taken)
    room.ok("bob", c.ReturnTask(), c.Ok)
    assert len(room.state.tasks[task].attempts) == 1
    room.refused("bob", c.ReturnTask(), Code.NOT_YOURS)


def test_a_task_that_keeps_coming_back_keeps_its_last_attempts_only() -> None:
    room = Room("ada", limits=Limits(attempts_kept_max=2))
    task = room.post("dig")
    for number in range(4):
        room.ok("ada", c.TakeTask(), c.Taken)
        room.ok("ada", c.ReturnTask(f"try {number}"), c.Ok)
    assert [a.note for a in room.state.tasks[task].attempts] == ["try 2", "try 3"]


@pytest.mark.promise("claim:fenced")
def test_a_late_message_about_one_task_does_not_end_another() -> None:
    room = Room("ada")
    first, second = room.post("dig"), room.post("fill")
    room.ok("ada", c.TakeTask(first), c.Taken)
    room.ok("ada", c.ReturnTask(task=first), c.Ok)
    room.ok("ada", c.TakeTask(second), c.Taken)
    room.refused("ada", c.FinishTask("late", task=first), Code.NOT_YOURS)
    room.refused("ada", c.ReturnTask("late", task=first), Code.NOT_YOURS)
    assert room.state.tasks[second].holder == "ada"
    room.ok("ada", c.FinishTask("in time", task=second), c.Ok)


@pytest.mark.promise("claim:fenced")
def test_one_whose_lease_ran_out_cannot_finish_the_task() -> None:
    room = Room("ada", "bob")
    task = room.post("dig")
    room.ok("ada", c.TakeTask(task), c.Taken)
    room.now_ms += TTL_MS
    room.ok("bob", c.TakeTask(task), c.Taken)
    room.refused("ada", c.FinishTask("I did it"), Code.NOT_YOURS)
    assert room.state.tasks[task].holder == "bob"
    assert room.state.tasks[task].attempts[0].agent == "ada"


def test_a_done_task_is_opened_again_by_those_who_judge_only() -> None:
    room = Room("ada")
    room.join("eve", Role.EVALUATOR)
    task = room.post("dig")
    room.ok("ada", c.TakeTask(), c.Taken)
    room.refused("eve", c.ReopenTask(task, "why not"), Code.NOT_FOUND)
    room.ok("ada", c.FinishTask(), c.Ok)
    room.refused("ada", c.ReopenTask(task, "hm"), Code.FORBIDDEN)
    room.ok("eve", c.ReopenTask(task, "the hole is too small"), c.Ok)
    again = room.state.tasks[task]
    assert (again.state, again.holder, again.done_seq) == (TaskState.OPEN, None, 0)
    assert again.attempts[-1].note == "the hole is too small"


def test_what_an_open_task_comes_after_is_said_anew_by_those_who_judge_and_never_in_a_circle() -> None:
    room = Room("ada")
    dig, plant, water = (room.post(title) for title in ("dig", "plant", "water"))
    room.refused("ada", c.OrderTask(plant, (dig,)), Code.FORBIDDEN)
    room.ok(HOST, c.OrderTask(plant, (dig, dig)), c.Ok)
    room.ok(HOST, c.OrderTask(water, (plant,)), c.Ok)
    assert [room.state.tasks[name].after for name in (dig, plant, water)] == [(), (dig,), (plant,)]
    room.ok(HOST, c.OrderTask(plant, (dig,)), c.Ok)
    assert room.last == ()
    for after in ((water,), (dig,)):
        room.refused(HOST, c.OrderTask(dig, after), Code.BAD_INPUT)
    room.refused(HOST, c.OrderTask(dig, ("t99",)), Code.NOT_FOUND)
    room.ok("ada", c.TakeTask(dig), c.Taken)
    room.refused(HOST, c.OrderTask(dig, ()), Code.NOT_FOUND)
    room.refused("ada", c.TakeTask(plant), Code.CONFLICT)
    room.ok(HOST, c.OrderTask(plant, ()), c.Ok)
    room.ok("ada", c.FinishTask(), c.Ok)
    room.ok("ada", c.TakeTask(plant), c.Taken)


def test_cancelling_a_held_task_tells_its_holder_and_frees_its_claim() -> None:
    room = Room("ada")
    task = room.post("dig")
    room.ok("ada", c.TakeTask(), c.Taken)
    room.ok(OPERATOR, c.CancelTask(task, "no need"), c.Ok)
    assert room.state.agents["ada"].task is None
    assert room.state.claims_of("ada") == ()
    assert "no need" in room.unread("ada", NoticeKind.OPERATOR)[0].text
    room.refused(OPERATOR, c.CancelTask(task), Code.NOT_FOUND)
    room.refused(OPERATOR, c.CancelTask("t99"), Code.NOT_FOUND)


def test_who_posted_a_task_may_cancel_it_until_somebody_holds_it() -> None:
    room = Room("ada", "bob")
    own = room.ok("ada", c.PostTask(title="dig"), c.Posted).task
    room.refused("bob", c.CancelTask(own), Code.FORBIDDEN)
    room.ok("ada", c.CancelTask(own), c.Ok)
    other = room.ok("ada", c.PostTask(title="fill the pond"), c.Posted).task
    room.ok("bob", c.TakeTask(other), c.Taken)
    room.refused("ada", c.CancelTask(other), Code.FORBIDDEN)


@pytest.mark.parametrize(
    ("title", "same"),
    [
        ("Add a retry to the client", True),
        ("add a retry to the  CLIENT!", True),
        ("to the client add a retry", True),
        ("Add a retry to the clients", True),
        ("Add retry to the client", True),
        ("Add a retry to the cleint", True),
        ("Add a retry to the cllient", True),
        ("Add a retry to the server", False),
        ("Add a retry to the client of the client", False),
        ("Add a rety to the cleint", False),
        ("Remove the cache", False),
        ("Add a timeout in the server", False),
    ],
)
def test_a_title_that_means_the_same_is_refused_unless_insisted_on(title: str, same: bool) -> None:
    room = Room("ada")
    first = room.ok("ada", c.PostTask(title="Add a retry to the client"), c.Posted).task
    reply = room.do("ada", c.PostTask(title=title))
    assert isinstance(reply, c.Posted) == (not same)
    if same:
        assert first in room.refused("ada", c.PostTask(title=title), Code.DUPLICATE).why
        room.ok("ada", c.PostTask(title=title, despite_duplicate=True), c.Posted)


@pytest.mark.parametrize(("one", "other"), [("auth", "user"), ("reader", "header"), ("v1", "v2"), ("form", "from")])
def test_titles_of_a_bulk_job_that_differ_in_one_word_are_different_work(one: str, other: str) -> None:
    room = Room("ada")
    for module in (one, other):
        room.ok("ada", c.PostTask(title=f"Migrate the module {module} to the new API"), c.Posted)


def test_one_post_among_a_thousand_asks_for_each_title_once_and_reads_none_again() -> None:
    room = Room("ada")
    for number in range(1_000):
        room.post(f"{number} add the same few words to the module number {number}")
    words_of.cache_clear()
    for number in range(3):
        room.ok("ada", c.PostTask(title=f"add the same few words to the module other{number}"), c.Posted)
    assert words_of.cache_info().misses == 1_003


def test_a_cancelled_task_is_no_duplicate() -> None:
    room = Room()
    room.ok(OPERATOR, c.CancelTask(room.ok(OPERATOR, c.PostTask(title="dig"), c.Posted).task), c.Ok)
    room.ok(OPERATOR, c.PostTask(title="dig"), c.Posted)


def test_titles_without_words_are_alike_only_when_equal() -> None:
    assert words_of("!?") == ()
    assert alike("!?", "!?")
    assert not alike("!?", "??")
    assert not alike("dig", "!?")


def test_ids_are_the_rooms_or_the_posters_own_and_never_taken_twice() -> None:
    room = Room("ada")
    room.ok("ada", c.PostTask(title="first", task=f"t{room.state.numbered + 2}"), c.Posted)
    second = room.ok("ada", c.PostTask(title="another thing"), c.Posted).task
    assert second not in {"", f"t{room.state.numbered}"}
    room.refused("ada", c.PostTask(title="something else", task=second), Code.DUPLICATE)
    assert len(room.state.tasks) == 2


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (c.PostTask(title="  "), Code.BAD_INPUT),
        (c.PostTask(title="x" * 201), Code.LIMIT),
        (c.PostTask(title="x", description="y" * 20_001), Code.LIMIT),
        (c.PostTask(title="x", touches=tuple(Resource(Scheme.FILE, f"f{i}") for i in range(65))), Code.LIMIT),
        (c.PostTask(title="x", after=("t99",)), Code.NOT_FOUND),
        (c.PostTask(title="x", task="two words"), Code.BAD_INPUT),
        (c.PostTask(title="x", task="n" * 65), Code.BAD_INPUT),
    ],
)
def test_a_task_that_cannot_be_one_is_refused(command: c.PostTask, code: Code) -> None:
    room = Room("ada")
    room.refused("ada", command, code)
    assert len(room.state.tasks) == 0


def test_the_board_is_bounded() -> None:
    room = Room("ada", limits=Limits(tasks_max=1))
    room.post("dig")
    room.refused("ada", c.PostTask(title="something else"), Code.LIMIT)


def test_only_agents_take_tasks_and_only_those_whose_role_lets_them() -> None:
    room = Room("ada")
    room.join("eve", Role.OBSERVER)
    task = room.post("dig")
    room.refused(OPERATOR, c.TakeTask(task), Code.UNKNOWN_AGENT)
    room.refused("nobody", c.TakeTask(task), Code.UNKNOWN_AGENT)
    room.refused("eve", c.TakeTask(task), Code.FORBIDDEN)
    room.refused("eve", c.FinishTask(), Code.FORBIDDEN)
    room.refused(HOST, c.FinishTask(), Code.NOT_YOURS)
    room.refused("eve", c.PostTask(title="mine"), Code.FORBIDDEN)


def test_a_claim_on_the_task_by_another_hand_is_a_refusal_that_names_it() -> None:
    room = Room("ada")
    task = room.post("dig")
    foreign = e.ClaimGranted(
        claim="c99",
        agent="bob",
        resources=(Resource(Scheme.TASK, task),),
        mode=Mode.EXCLUSIVE,
        purpose="",
        fence=9,
        ttl_ms=1_000,
        deadline_ms=room.now_ms + 1_000,
    )
    room.store(HOST, foreign)
    assert "bob" in room.refused("ada", c.TakeTask(task), Code.CLAIMED).why


@pytest.mark.parametrize(
    ("state", "kind"),
    list(product(TaskState, ["task-taken", "task-returned", "task-done", "task-reopened", "task-cancelled"])),
)
def test_every_transition_of_a_task_is_in_the_table_and_no_other_happens(state: TaskState, kind: str) -> None:
    room = Room("ada")
    task = room.post("dig")
    for step in PATHS_TO[state]:
        room.store("ada", step(task))
    assert room.state.tasks[task].state is state
    room.store("ada", BODIES[kind](task))
    assert room.state.tasks[task].state is TASK_AFTER.get((state, kind), state)


def _taken(task: str) -> e.Body:
    return e.TaskTaken(task=task, agent="ada", claim="c1")


def _returned(task: str) -> e.Body:
    return e.TaskReturned(task=task, agent="ada", note="n")


def _done(task: str) -> e.Body:
    return e.TaskDone(task=task, agent="ada", summary="s")


def _reopened(task: str) -> e.Body:
    return e.TaskReopened(task=task, note="n")


def _cancelled(task: str) -> e.Body:
    return e.TaskCancelled(task=task, note="n")


BODIES = {
    "task-taken": _taken,
    "task-returned": _returned,
    "task-done": _done,
    "task-reopened": _reopened,
    "task-cancelled": _cancelled,
}
PATHS_TO = {
    TaskState.OPEN: (),
    TaskState.TAKEN: (_taken,),
    TaskState.DONE: (_taken, _done),
    TaskState.CANCELLED: (_cancelled,),
}


def test_events_about_unknown_tasks_change_no_task() -> None:
    room = Room("ada")
    for body in BODIES.values():
        room.store("ada", body("t99"))
    assert len(room.state.tasks) == 0


def test_the_notice_of_a_task_done_leaves_room_for_those_who_waited() -> None:
    room = Room("ada", "bob")
    room.post("dig")
    room.ok("ada", c.TakeTask(), c.Taken)
    held = held_edit("a.py")
    room.do("bob", held)
    room.ok("ada", c.FinishTask("dug"), c.Ok)
    ids = [n.id for n in room.state.notices]
    assert len(ids) == len(set(ids))
    assert named("file:a.py") == room.unread("bob", NoticeKind.CONFLICT)[0].resources
