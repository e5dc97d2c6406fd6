"""Who is given up while a call that touches the same is being put in order."""

from tests.core.rooms import Room, named

from coroom.core import command as c
from coroom.core.action import Effect
from coroom.core.agent import HOST
from coroom.core.errors import Code
from coroom.core.ordering.call import StepKind
from coroom.core.resource import Footprint


def write(room: Room, by: str, *keys: str) -> str:
    """A blind write that has its place; what it puts in order is still to do."""
    footprint = Footprint(writes=named(*(f"key:{key}" for key in keys)))
    asked = c.PlaceCall(tool="write", arguments="{}", footprint=footprint, effect=Effect.BLIND)
    return room.ok(by, asked, c.Placed).call


def acts(room: Room, call: str) -> None:
    room.ok(HOST, c.NoteStarted(call, "", ()), c.Ok)
    room.ok(HOST, c.NoteFinished(call, "ok"), c.Ok)


def test_what_stands_below_a_call_that_is_about_to_act_is_taken_back_only_once_that_has_acted() -> None:
    room = Room(policy="preorder")
    for rank, name in enumerate(("ada", "bob", "zoe", "eve"), start=1):
        room.ok(HOST, c.Join(agent=name, secret_hash=name, rank=(rank,)), c.Joined)
    low, apart, high = write(room, "ada", "x"), write(room, "eve", "z"), write(room, "zoe", "y")
    for call in (low, apart, high):
        acts(room, call)
    middle = write(room, "bob", "x", "y")
    room.refused(HOST, c.Abandon("ada", "it died"), Code.WAIT)
    assert not room.state.order.standing("ada").abandoned
    room.ok(HOST, c.Abandon("eve", "it died"), c.Ok)
    room.ok(HOST, c.NoteUndone(high, ()), c.Ok)
    acts(room, middle)
    acts(room, high)
    repair = room.ok(HOST, c.Abandon("ada", "it died"), c.Ok).id
    todo = [(step.kind, step.call) for step in room.state.order.repairs[repair].todo]
    taken_back = [call for kind, call in todo if kind is not StepKind.REDO]
    assert taken_back.index(middle) < taken_back.index(low)
    assert (StepKind.RETRACT, low) in todo
