"""Landings that the operator keeps back, and what clients have used."""

import pytest
from tests.core.rooms import Room, named

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Role
from coroom.core.errors import Code
from coroom.core.view import live_claims, needs_operator, page, roster

TREE = "f" * 40
LANDING = c.StartLanding(ref="main", commit="c" * 40, tree=TREE, tasks=(), version=0)


def green_room() -> Room:
    room = Room("ada", "bob")
    room.ok(OPERATOR, c.GiveVerdict(tree=TREE, check="tests", passed=True, summary="ok", to=HOST), c.Ok)
    return room


@pytest.mark.promise("main:green")
def test_nothing_lands_while_landings_are_held_and_who_asks_is_told_why() -> None:
    room = green_room()
    room.ok(OPERATOR, c.HoldLandings("I read the diff first"), c.Ok)
    told = room.refused("ada", LANDING, Code.WAIT)
    assert told.why == "Landings are held: I read the diff first."
    assert [n.text.partition(":")[0] for n in room.state.inbox("bob")] == ["Landings are held"]
    assert [need.kind for need in needs_operator(room.state, room.now_ms)] == ["landings"]
    assert page(room.state, room.now_ms)["room"]["landings_held"] == "I read the diff first"  # type: ignore[index,call-overload]
    room.ok(OPERATOR, c.ReleaseLandings(), c.Ok)
    assert room.state.inbox("ada")[-1].text.startswith("Landings may go on.")
    room.ok("ada", LANDING, c.Started)
    assert needs_operator(room.state, room.now_ms) == ()


def test_holding_twice_or_letting_go_of_nothing_changes_nothing() -> None:
    room = green_room()
    room.ok(OPERATOR, c.ReleaseLandings(), c.Ok)
    assert not room.last
    room.ok(OPERATOR, c.HoldLandings(), c.Ok)
    assert room.state.landings_held == "somebody looks at the work first"
    room.ok(OPERATOR, c.HoldLandings(), c.Ok)
    assert not room.last
    room.ok(OPERATOR, c.HoldLandings("lunch"), c.Ok)
    assert room.state.landings_held == "lunch"
    room.refused(OPERATOR, c.HoldLandings("x" * 201), Code.LIMIT)


def test_no_agent_holds_landings_whatever_its_role() -> None:
    room = green_room()
    for role in (Role.IMPLEMENTER, Role.EVALUATOR, Role.INTEGRATOR, Role.OUTLINER, Role.OBSERVER):
        room.join(role.value, role)
        room.refused(role.value, c.HoldLandings(), Code.FORBIDDEN)
        room.refused(role.value, c.ReleaseLandings(), Code.FORBIDDEN)


def test_what_clients_say_they_used_is_summed_for_each_agent() -> None:
    room = Room("ada", "bob")
    room.ok(HOST, c.NoteSpent(agent="ada", input_tokens=900, output_tokens=10, cost_micro_usd=7), c.Ok)
    room.ok(HOST, c.NoteSpent(agent="ada", input_tokens=100), c.Ok)
    room.ok(HOST, c.NoteSpent(agent="ada"), c.Ok)
    assert not room.last
    shown = {one.name: (one.input_tokens, one.output_tokens, one.cost_micro_usd) for one in roster(room.state, 0)}
    assert shown == {"ada": (1000, 10, 7), "bob": (0, 0, 0)}
    room.refused("ada", c.NoteSpent(agent="ada", input_tokens=1), Code.FORBIDDEN)
    room.refused(HOST, c.NoteSpent(agent="eve", input_tokens=1), Code.NOT_FOUND)
    room.refused(HOST, c.NoteSpent(agent="ada", input_tokens=-1), Code.BAD_INPUT)


def test_a_holding_names_who_waits_for_it_first_come_first() -> None:
    room = Room("ada", "bob", "cyd")
    room.claim("ada", "dir:src/")
    room.claim("ada", "file:README")
    for agent, name in (("cyd", "file:src/a.py"), ("bob", "file:src/b.py"), ("cyd", "file:src/c.py")):
        room.refused(agent, c.ClaimResources(resources=named(name)), Code.CLAIMED)
    assert [one.waiting for one in live_claims(room.state, room.now_ms)] == [("cyd", "bob"), ()]
    room.ok("ada", c.Release(named("dir:src/")), c.Ok)
    room.claim("bob", "dir:src/")
    assert [one.waiting for one in live_claims(room.state, room.now_ms)] == [(), ()]
