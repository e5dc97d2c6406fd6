"""Who may still come in below a call that cannot be taken back."""

import pytest
from tests.core.rooms import Room, named

from coroom.core import command as c
from coroom.core.action import Effect
from coroom.core.agent import HOST, Rank
from coroom.core.errors import Code
from coroom.core.ordering.call import CallPhase
from coroom.core.resource import Footprint

MAIL = Footprint(writes=named("set:db/mail"), reads=named("set:db/list"))


def sent(room: Room, by: str) -> str:
    """A call that nobody can undo, its gate open."""
    command = c.PlaceCall(tool="send", arguments="{}", footprint=MAIL, effect=Effect.OPAQUE, irrevocable=True)
    placed = room.ok(by, command, c.Placed)
    room.do(HOST, c.OpenGate(placed.call))
    return placed.call


def rooms_with_a_sent_mail(lower_scope: str = "set:db/elsewhere") -> Room:
    room = Room(policy="preorder")
    joins(room, "ada", (2,), lower_scope)
    joins(room, "bob", (5,))
    call = sent(room, "bob")
    assert room.state.order.calls[call].phase is CallPhase.PLACED
    return room


def join(name: str, rank: Rank = (), scope: str = "", parent: str | None = None) -> c.Join:
    return c.Join(agent=name, secret_hash=name, rank=rank, scope=named(scope) if scope else (), parent=parent)


def joins(room: Room, name: str, rank: Rank = (), scope: str = "", parent: str | None = None) -> Rank:
    return room.ok(HOST, join(name, rank, scope, parent), c.Joined).rank


@pytest.mark.parametrize("phase", ["opened", "started", "finished", "fenced"])
def test_nobody_comes_in_below_a_call_that_cannot_be_taken_back_once_its_gate_is_open(phase: str) -> None:
    room = rooms_with_a_sent_mail()
    call = "c1"
    if phase != "opened":
        room.ok(HOST, c.NoteStarted(call, "", ()), c.Ok)
    if phase == "finished":
        room.ok(HOST, c.NoteFinished(call, "ok"), c.Ok)
    if phase == "fenced":
        room.ok(HOST, c.NoteFenced(call, "nobody knows how it ended"), c.Ok)
    assert call in room.refused(HOST, join("cyd", (3,)), Code.CONFLICT).why
    assert joins(room, "dan", (6,)) == (6,)
    assert joins(room, "eve") == (7,)


def test_while_it_is_held_back_one_may_still_come_in_below_it_and_is_waited_for() -> None:
    room = Room(policy="preorder")
    joins(room, "ada", (2,))
    joins(room, "bob", (5,))
    call = sent(room, "bob")
    assert room.state.order.calls[call].phase is CallPhase.GATED
    joins(room, "cyd", (3,))
    room.ok("ada", c.Conclude(), c.Ok)
    assert "cyd" in room.refused(HOST, c.OpenGate(call), Code.WAIT).why


def test_who_will_touch_nothing_that_it_rests_on_may_come_in_below_it() -> None:
    room = rooms_with_a_sent_mail()
    assert joins(room, "cyd", (3,), "set:db/elsewhere") == (3,)
    room.refused(HOST, join("dan", (4,), "set:db/list"), Code.CONFLICT)


def test_a_child_without_a_scope_does_not_come_in_below_it_in_its_parents_place() -> None:
    room = rooms_with_a_sent_mail()
    room.refused(HOST, join("kid", parent="ada"), Code.CONFLICT)
    assert joins(room, "kid", scope="set:db/elsewhere", parent="ada") == (2, 0, 1)
    assert joins(room, "own", parent="bob")[0] == 5


def test_without_an_order_of_ranks_anybody_comes_in_anywhere() -> None:
    room = Room("ada", policy="locking")
    sent(room, "ada")
    joins(room, "bob", (9,))
    assert joins(room, "kid", parent="bob") == (9, 1)
