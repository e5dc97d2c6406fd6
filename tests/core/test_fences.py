"""What becomes of the rest of a repair when one of its steps cannot be done."""

import pytest
from tests.core.rooms import Room, named

from coroom.core import command as c
from coroom.core.action import Effect
from coroom.core.agent import HOST
from coroom.core.event import CallFenced, CallFinished
from coroom.core.ordering.call import CallPhase, Step, StepKind
from coroom.core.resource import Footprint


def room_of(policy: str, *names: str) -> Room:
    room = Room(policy=policy)
    for number, name in enumerate(names, start=1):
        room.ok(HOST, c.Join(agent=name, secret_hash=name, rank=(number,)), c.Joined)
    return room


def wrote(room: Room, by: str, *keys: str) -> str:
    """A blind write that has acted."""
    footprint = Footprint(writes=named(*(f"key:{key}" for key in keys)))
    placed = room.ok(by, c.PlaceCall(tool="write", arguments="{}", footprint=footprint, effect=Effect.BLIND), c.Placed)
    room.ok(HOST, c.NoteStarted(placed.call, "", ()), c.Ok)
    room.ok(HOST, c.NoteFinished(placed.call, "ok"), c.Ok)
    return placed.call


def fenced(room: Room) -> CallFenced:
    """What the last command fenced."""
    return next(event.body for event in room.last if isinstance(event.body, CallFenced))


def left(room: Room) -> tuple[Step, ...]:
    return tuple(step for repair in room.state.order.repairs.values() for step in repair.todo)


@pytest.mark.parametrize("policy", ["preorder", "serial", "locking", "optimistic"])
def test_what_is_to_be_taken_back_and_does_not_touch_the_fence_is_taken_back_all_the_same(policy: str) -> None:
    room = room_of(policy, "ada")
    apart, below, broken, last = (wrote(room, "ada", key) for key in ("apart", "it", "it", "last"))
    room.ok(HOST, c.Abandon(agent="ada", why="it died"), c.Ok)
    room.ok(HOST, c.NoteUndone(last, ()), c.Ok)
    room.ok(HOST, c.NoteFenced(broken, "its undo is broken"), c.Ok)
    assert (fenced(room).also, fenced(room).resources) == ((below,), named("key:it"))
    assert left(room) == (Step(StepKind.RETRACT, apart),)
    room.ok(HOST, c.NoteUndone(apart, ()), c.Ok)
    assert left(room) == ()


def test_when_the_fence_is_lifted_all_that_was_fenced_counts_as_taken_back() -> None:
    room = room_of("preorder", "zoe", "ada")
    below, broken = wrote(room, "ada", "it"), wrote(room, "ada", "it")
    room.ok(HOST, c.Abandon(agent="ada", why="it died"), c.Ok)
    room.ok(HOST, c.NoteFenced(broken, "its undo is broken"), c.Ok)
    assert {room.state.order.calls[call].phase for call in (below, broken)} == {CallPhase.FENCED}
    room.ok(HOST, c.LiftFence(broken), c.Ok)
    assert {room.state.order.calls[call].phase for call in (below, broken)} == {CallPhase.RETRACTED}


def test_who_waits_for_an_agent_that_is_gone_goes_on_though_something_of_it_could_not_be_undone() -> None:
    room = room_of("serial", "ada", "bob")
    wrote(room, "ada", "it")
    broken = wrote(room, "ada", "it")
    room.ok(HOST, c.Abandon(agent="ada", why="it died"), c.Ok)
    room.ok(HOST, c.NoteFenced(broken, "its undo is broken"), c.Ok)
    call = wrote(room, "bob", "other")
    assert any(isinstance(event.body, CallFinished) and event.body.call == call for event in room.log)


def test_what_stands_upon_a_call_that_is_taken_back_beside_a_fence_is_put_back() -> None:
    room = room_of("preorder", "ada", "bob")
    under, broken = wrote(room, "ada", "shared"), wrote(room, "ada", "it")
    over = wrote(room, "bob", "shared")
    room.ok(HOST, c.Abandon(agent="ada", why="it died"), c.Ok)
    assert left(room)[0] == Step(StepKind.UNDO, over)
    room.ok(HOST, c.NoteUndone(over, ()), c.Ok)
    room.ok(HOST, c.NoteFenced(broken, "its undo is broken"), c.Ok)
    assert left(room) == (Step(StepKind.RETRACT, under), Step(StepKind.REDO, over))


def test_what_lies_below_a_call_that_a_fence_keeps_in_its_place_is_fenced() -> None:
    room = room_of("preorder", "ada", "bob")
    under, broken = wrote(room, "ada", "shared"), wrote(room, "ada", "it")
    across = wrote(room, "bob", "it", "shared")
    room.ok(HOST, c.Abandon(agent="ada", why="it died"), c.Ok)
    room.ok(HOST, c.NoteUndone(across, ()), c.Ok)
    room.ok(HOST, c.NoteFenced(broken, "its undo is broken"), c.Ok)
    assert set(fenced(room).also) == {under, across}
    assert left(room) == ()
