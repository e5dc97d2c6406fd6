import pytest
from tests.core.rooms import Room, named

from coroom.core import command as c
from coroom.core.action import Effect
from coroom.core.agent import HOST, OPERATOR
from coroom.core.claim import Mode
from coroom.core.errors import Code, Refused
from coroom.core.file import SHARED_LINE
from coroom.core.policies import POLICIES, policy_named
from coroom.core.policy import Go, Wait
from coroom.core.resource import Footprint
from coroom.core.state import RoomState

WRITE = Footprint(writes=named("file:a.py"))
READ = Footprint(reads=named("file:a.py"))


def test_a_policy_is_found_by_its_name_and_an_unknown_one_is_refused_with_the_names() -> None:
    names = {"open", "preorder", "locking", "optimistic", "serial", "isolated"}
    assert {policy.name for policy in POLICIES.values()} == set(POLICIES) == names
    assert policy_named("serial") is POLICIES["serial"]
    for name in ("nonsense", "Preorder", ""):
        refused = policy_named(name)
        assert isinstance(refused, Refused)
        assert "isolated, locking, open, optimistic, preorder, serial" in refused.next_step


def test_a_room_does_not_open_under_an_unknown_policy() -> None:
    room = Room()
    room.state = RoomState()
    room.refused(OPERATOR, c.OpenRoom(room="r", policy="anarchy"), Code.BAD_INPUT)


def test_open_lets_everybody_act_and_see_and_tells_the_readers() -> None:
    room = Room("ada", "bob", "cyd")
    room.ok("cyd", room.reads("a.py"), c.Ok)
    room.ok("ada", room.reads("a.py"), c.Ok)
    policy = POLICIES["open"]
    assert policy.admit(room.state, "bob", WRITE) == Go()
    assert policy.line("ada") == SHARED_LINE
    assert policy.visible(room.state, "ada", "bob")
    assert policy.affected(room.state, "ada", "a.py") == ("cyd",)


def test_serial_lets_the_lowest_rank_write_and_all_read() -> None:
    room = Room("ada", "bob", "cyd", policy="serial")
    policy = POLICIES["serial"]
    assert policy.admit(room.state, "ada", WRITE) == Go()
    assert policy.admit(room.state, "bob", READ) == Go()
    assert policy.admit(room.state, "cyd", WRITE) == Wait(("ada", "bob"))
    assert policy.admit(room.state, HOST, WRITE) == Go()
    room.ok("ada", c.Leave("ada"), c.Ok)
    assert policy.admit(room.state, "bob", WRITE) == Go()
    assert policy.line("bob") == SHARED_LINE
    assert policy.visible(room.state, "bob", "cyd")
    room.ok("cyd", room.reads("a.py"), c.Ok)
    assert policy.affected(room.state, "bob", "a.py") == ("cyd",)


def test_in_a_serial_room_the_others_wait_with_everything_that_writes() -> None:
    room = Room("ada", "bob", policy="serial")
    room.post("dig")
    room.refused("bob", c.ClaimResources(resources=named("file:a.py")), Code.WAIT)
    room.claim("bob", "file:a.py", mode=Mode.SHARED)
    room.refused("bob", c.TakeTask(), Code.WAIT)
    room.refused("bob", room.edit_of("a.py", "x"), Code.WAIT)
    room.refused("bob", c.StartAction(tool="sql", footprint=WRITE, effect=Effect.BLIND), Code.WAIT)
    room.ok("bob", c.StartAction(tool="sql", footprint=READ, effect=Effect.BLIND), c.Started)
    assert "ada" in room.refused("bob", c.TakeTask(), Code.WAIT).why
    room.ok("ada", c.TakeTask(), c.Taken)
    room.ok("ada", c.FinishTask(), c.Ok)
    room.ok("ada", c.Leave("ada"), c.Ok)
    room.edit("bob", "a.py", "x")


def test_isolated_gives_each_agent_a_line_that_only_it_sees() -> None:
    room = Room("ada", "bob", policy="isolated")
    policy = POLICIES["isolated"]
    assert policy.admit(room.state, "bob", WRITE) == Go()
    assert policy.line("ada") == "ada"
    assert policy.visible(room.state, "ada", "ada")
    assert not policy.visible(room.state, "ada", "bob")
    room.ok("bob", room.reads("a.py"), c.Ok)
    assert policy.affected(room.state, "ada", "a.py") == ()


@pytest.mark.parametrize("code", [Code.FORBIDDEN])
def test_a_policy_that_refuses_is_heard(code: Code, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room("ada")
    refusal = Refused(code, "Not under this policy.", "Ask the operator.")
    monkeypatch.setattr(type(POLICIES["open"]), "admit", lambda *_: refusal)
    assert room.do("ada", room.edit_of("a.py", "x")) == refusal
    assert room.do("ada", c.StartAction(tool="sql", footprint=WRITE, effect=Effect.BLIND)) == refusal
    assert room.do("ada", c.ClaimResources(resources=named("file:a.py"))) == refusal
    room.post("dig")
    assert room.do("ada", c.TakeTask()) == refusal
