from itertools import product

import pytest
from tests.core.rooms import Room, named

from coroom.core import command as c
from coroom.core import event as e
from coroom.core.agent import HOST, OPERATOR, PERMISSIONS, PRESENCE_AFTER, Permission, Presence, Role
from coroom.core.claim import Ending, Mode
from coroom.core.decide.decision import lacks
from coroom.core.errors import Code
from coroom.core.file import FileKind
from coroom.core.limits import Limits
from coroom.core.notice import NoticeKind
from coroom.core.room import authenticate
from coroom.core.task import TaskState


def test_agents_are_ranked_as_they_arrive_and_children_inside_their_parent() -> None:
    room = Room()
    ranks = {
        "ada": room.join("ada").rank,
        "bob": room.join("bob").rank,
        "ada1": room.join("ada1", parent="ada").rank,
        "ada2": room.join("ada2", parent="ada").rank,
        "ada11": room.join("ada11", parent="ada1").rank,
        "cyd": room.join("cyd").rank,
    }
    assert ranks == {"ada": (1,), "bob": (2,), "ada1": (1, 1), "ada2": (1, 2), "ada11": (1, 1, 1), "cyd": (3,)}
    assert [agent.name for agent in room.state.present()] == ["ada", "ada1", "ada11", "ada2", "bob", "cyd"]


def test_one_who_comes_back_has_its_old_rank_and_parent_and_only_its_new_secret() -> None:
    room = Room("ada", "bob")
    room.join("kid", parent="ada")
    room.do("kid", c.Leave("kid"))
    room.join("cyd")
    back = room.ok(HOST, c.Join(agent="kid", secret_hash="new", role=Role.EVALUATOR), c.Joined)
    assert back.rank == (1, 1)
    assert room.state.agents["kid"].parent == "ada"
    assert room.state.agents["kid"].role is Role.EVALUATOR
    assert authenticate(room.state, "secret of kid") is None
    assert authenticate(room.state, "new") == "kid"


@pytest.mark.promise("door:authentic")
def test_a_new_incarnation_takes_the_place_of_the_old_one_that_is_still_here() -> None:
    room = Room("ada")
    task = room.post("dig")
    room.ok("ada", c.TakeTask(task), c.Taken)
    room.ok(HOST, c.Join(agent="ada", secret_hash="new"), c.Joined)
    assert authenticate(room.state, "secret of ada") is None
    assert authenticate(room.state, "new") == "ada"
    assert room.state.agents["ada"].task == task
    assert room.ok("ada", c.TakeTask(), c.Taken).task == task


def test_a_new_incarnation_may_number_its_operations_from_the_start() -> None:
    room = Room("ada")
    first = room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="one"), c.Ok, operation="1")
    assert room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="one"), c.Ok, operation="1") == first
    room.ok(HOST, c.Join(agent="ada", secret_hash="new"), c.Joined)
    assert room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="one"), c.Ok, operation="1") == first
    second = room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="two"), c.Ok, operation="1")
    assert second != first
    assert room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="two"), c.Ok, operation="1") == second
    room.refused("ada", c.Say(kind=NoticeKind.NOTE, text="one"), Code.BAD_INPUT, operation="1")


@pytest.mark.promise("door:authentic")
def test_no_two_agents_share_a_secret() -> None:
    room = Room("ada")
    room.refused(HOST, c.Join(agent="bob", secret_hash="secret of ada"), Code.DUPLICATE)
    room.ok(HOST, c.Join(agent="bob", secret_hash=""), c.Joined)
    room.ok(HOST, c.Join(agent="cyd", secret_hash=""), c.Joined)
    assert authenticate(room.state, "") is None


@pytest.mark.promise("door:authentic")
def test_the_secret_of_one_who_left_is_void() -> None:
    room = Room("ada")
    assert authenticate(room.state, "secret of ada") == "ada"
    assert authenticate(room.state, "secret of nobody") is None
    room.ok("ada", c.Leave("ada"), c.Ok)
    assert authenticate(room.state, "secret of ada") is None
    room.refused("ada", c.Say(kind=NoticeKind.NOTE, text="still here?"), Code.UNKNOWN_AGENT)


def test_one_who_leaves_gives_up_claims_and_task_and_those_who_wait_are_told() -> None:
    room = Room("ada", "bob")
    task = room.post("dig")
    room.ok("ada", c.TakeTask(task), c.Taken)
    room.claim("ada", "file:a.py")
    room.refused("bob", c.ClaimResources(resources=named("file:a.py")), Code.CLAIMED)
    room.ok("ada", c.Leave("ada", "dinner"), c.Ok)
    assert [body.ending for body in room.events(e.ClaimEnded)] == [Ending.HOLDER_LEFT] * 2
    assert room.state.tasks[task].state is TaskState.OPEN
    assert room.state.agents["ada"].presence is Presence.LEFT
    assert len(room.unread("bob", NoticeKind.FREED)) == 1
    assert room.do("ada", c.Leave("ada")) == c.Ok()
    assert room.last == ()


def test_held_edits_of_one_who_leaves_are_shown_to_the_others() -> None:
    room = Room("ada", "bob")
    held = room.hold("ada", "a.py")
    room.ok(OPERATOR, c.Leave("ada"), c.Ok)
    assert held in room.unread("bob", NoticeKind.CONFLICT)[0].text
    ids = [n.id for n in room.state.notices]
    assert len(ids) == len(set(ids))


def test_nobody_sends_another_away_without_the_right_to() -> None:
    room = Room("ada", "bob")
    room.refused("ada", c.Leave("bob"), Code.FORBIDDEN)
    room.refused("ada", c.Leave("nobody"), Code.NOT_FOUND)
    room.ok(OPERATOR, c.Leave("bob"), c.Ok)


def test_a_paused_agent_does_nothing_until_it_is_resumed() -> None:
    room = Room("ada", "bob")
    room.refused("bob", c.Pause("ada"), Code.FORBIDDEN)
    room.ok(OPERATOR, c.Pause("ada"), c.Ok)
    room.refused("ada", c.ClaimResources(resources=named("file:a.py")), Code.PAUSED)
    room.refused("ada", room.edit_of("a.py", "x"), Code.PAUSED)
    room.refused("ada", c.Say(kind=NoticeKind.NOTE, text="hey"), Code.PAUSED)
    assert room.do(OPERATOR, c.Pause("ada")) == c.Ok()
    assert room.last == ()
    assert "paused" in room.unread("ada", NoticeKind.OPERATOR)[0].text
    room.ok(OPERATOR, c.Resume("ada"), c.Ok)
    room.claim("ada", "file:a.py")


def test_a_paused_agent_reads_and_writes_to_its_disk_and_loses_nothing() -> None:
    room = Room("ada")
    room.ok(OPERATOR, c.Pause("ada"), c.Ok)
    room.read_all("ada")
    assert room.unread("ada") == []
    held = room.hold("ada", "a.py")
    assert room.state.held[held].agent == "ada"


def test_joining_again_does_not_end_a_pause() -> None:
    room = Room("ada")
    room.ok(OPERATOR, c.Pause("ada"), c.Ok)
    room.ok(HOST, c.Join(agent="ada", secret_hash="new"), c.Joined)
    room.refused("ada", c.TakeTask(), Code.PAUSED)


def test_nobody_can_be_paused_who_is_not_there() -> None:
    room = Room("ada")
    room.refused(OPERATOR, c.Pause("nobody"), Code.NOT_FOUND)
    room.ok("ada", c.Leave("ada"), c.Ok)
    room.refused(OPERATOR, c.Pause("ada"), Code.NOT_FOUND)
    room.refused(OPERATOR, c.Resume("ada"), Code.NOT_FOUND)


@pytest.mark.parametrize(
    "name", ["", "host", "operator", "*", "two words", "-x", "é", "a/b", "n" * 65, "a..b", "a.", "a.lock"]
)
def test_a_name_that_cannot_be_an_agents_is_refused(name: str) -> None:
    Room().refused(HOST, c.Join(agent=name, secret_hash="s"), Code.BAD_INPUT)


def test_only_host_and_operator_let_agents_in() -> None:
    room = Room("ada")
    room.refused("ada", c.Join(agent="eve", secret_hash="s"), Code.FORBIDDEN)
    room.ok(OPERATOR, c.Join(agent="eve", secret_hash="s"), c.Joined)
    room.refused(HOST, c.Join(agent="x", secret_hash="t", role=Role.OPERATOR), Code.FORBIDDEN)
    room.refused(HOST, c.Join(agent="x", secret_hash="t", parent="nobody"), Code.NOT_FOUND)


def test_a_room_has_so_many_agents_and_no_more_but_any_may_come_back() -> None:
    room = Room("ada", limits=Limits(agents_max=1))
    room.refused(HOST, c.Join(agent="bob", secret_hash="s"), Code.LIMIT)
    room.ok("ada", c.Leave("ada"), c.Ok)
    room.join("ada")


@pytest.mark.promise("voice:powerless")
@pytest.mark.parametrize(("role", "permission"), list(product(Role, Permission)))
def test_a_role_has_the_permissions_of_the_table_and_no_others(role: Role, permission: Permission) -> None:
    room = Room("ada")
    agent = room.state.agents["ada"]
    joined = e.AgentJoined(agent="ada", role=role, rank=agent.rank, parent=None, secret_hash="", client="")
    room.store(HOST, joined)
    refusal = lacks(room.state, "ada", permission)
    assert (refusal is None) == (permission in PERMISSIONS[role])
    assert refusal is None or refusal.code is Code.FORBIDDEN


NEEDS = {
    c.CloseRoom("x"): Permission.END_ROOM,
    c.Join(agent="zed", secret_hash="z"): Permission.END_ROOM,
    c.Pause("bob"): Permission.PAUSE,
    c.Resume("bob"): Permission.PAUSE,
    c.Leave("bob"): Permission.PAUSE,
    c.ClaimResources(resources=named("file:a")): Permission.CLAIM,
    c.Release(): Permission.CLAIM,
    c.TakeOver("c1"): Permission.RELEASE_OTHERS,
    c.PostTask(title="x"): Permission.POST_TASK,
    c.TakeTask("t1"): Permission.TAKE_TASK,
    c.FinishTask(): Permission.TAKE_TASK,
    c.ReturnTask(): Permission.TAKE_TASK,
    c.ReopenTask("t1", "n"): Permission.JUDGE,
    c.OrderTask("t1", ()): Permission.JUDGE,
    c.CancelTask("t1"): Permission.JUDGE,
    c.Say(kind=NoticeKind.NOTE, text="x"): Permission.SAY,
    c.DropHeld("h1"): Permission.RESOLVE_OTHERS,
    c.RaiseFinding(check="x", path="a", at_line=1, symbol="", message=""): Permission.JUDGE,
    c.CloseFinding("f1"): Permission.JUDGE,
    c.GiveVerdict(tree="t", check="x", passed=True, summary=""): Permission.JUDGE,
}


@pytest.mark.promise("voice:powerless")
@pytest.mark.parametrize(("command", "role"), list(product(NEEDS, sorted(set(Role) - {Role.HOST, Role.OPERATOR}))))
def test_what_a_role_may_not_do_is_refused_and_changes_nothing(command: c.Command, role: Role) -> None:
    room = Room("bob")
    room.ok(OPERATOR, c.PostTask(title="dig", task="t1"), c.Posted)
    room.store(HOST, _claim_of("bob"))
    room.store(HOST, _held_by("bob"))
    room.join("ada", role)
    before = len(room.log)
    reply = room.do("ada", command)
    allowed = NEEDS[command] in PERMISSIONS[role]
    forbidden = getattr(reply, "code", None) is Code.FORBIDDEN
    assert forbidden == (not allowed), reply
    assert allowed or len(room.log) == before


def _claim_of(agent: str) -> e.ClaimGranted:
    return e.ClaimGranted(
        claim="c1",
        agent=agent,
        resources=named("file:z"),
        mode=Mode.EXCLUSIVE,
        purpose="",
        fence=7,
        ttl_ms=60_000,
        deadline_ms=1_060_000,
    )


def _held_by(agent: str) -> e.EditHeld:
    return e.EditHeld(
        held="h1",
        path="z",
        agent=agent,
        base="",
        theirs="",
        mine="m",
        mine_kind=FileKind.TEXT,
        mine_executable=False,
        reason="r",
        parts=(),
    )


BODIES: dict[str, e.Body] = {
    "agent-paused": e.AgentPaused(agent="ada"),
    "agent-resumed": e.AgentResumed(agent="ada"),
    "agent-left": e.AgentLeft(agent="ada", reason=""),
}
PATHS_TO: dict[Presence, tuple[str, ...]] = {
    Presence.ACTIVE: (),
    Presence.PAUSED: ("agent-paused",),
    Presence.LEFT: ("agent-left",),
}


@pytest.mark.parametrize(("presence", "kind"), list(product(Presence, BODIES)))
def test_every_change_of_presence_is_in_the_table_and_no_other_happens(presence: Presence, kind: str) -> None:
    room = Room("ada")
    for step in PATHS_TO[presence]:
        room.store(OPERATOR, BODIES[step])
    assert room.state.agents["ada"].presence is presence
    room.store(OPERATOR, BODIES[kind])
    assert room.state.agents["ada"].presence is PRESENCE_AFTER.get((presence, kind), presence)


def test_events_about_unknown_agents_change_nobody() -> None:
    room = Room("ada")
    before = room.state.agents
    for body in (e.AgentPaused(agent="x"), e.AgentResumed(agent="x"), e.AgentLeft(agent="x", reason="")):
        room.store(OPERATOR, body)
    assert room.state.agents == before


def test_when_an_agent_last_did_something_is_known_to_the_second() -> None:
    room = Room("ada")
    joined_ms = room.state.agents["ada"].seen_ms
    room.now_ms += 999
    room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="x"), c.Ok)
    assert room.state.agents["ada"].seen_ms == joined_ms
    room.now_ms += 1
    room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="x"), c.Ok)
    assert room.state.agents["ada"].seen_ms == room.now_ms
