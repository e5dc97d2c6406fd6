"""States that no decision makes are called wrong, each for its own reason."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.core.rooms import Room

from coroom.core import command as c
from coroom.core.agent import Presence
from coroom.core.invariants import check_state
from coroom.core.notice import NoticeKind
from coroom.core.state import RoomState


def busy_room() -> Room:
    room = Room("ada", "bob")
    task = room.post("dig")
    room.ok("ada", c.TakeTask(task), c.Taken)
    room.claim("bob", "file:a.py")
    room.edit("bob", "a.py", "one")
    room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="hello"), c.Ok)
    return room


def _two_holders(state: RoomState) -> RoomState:
    [mine] = [claim for claim in state.claims.values() if claim.holder == "bob"]
    return replace(state, claims=state.claims.put("cx", replace(mine, id="cx", holder="ada", fence=1)))


def _task_without_claim(state: RoomState) -> RoomState:
    [mine] = [claim for claim in state.claims.values() if claim.holder == "ada"]
    return replace(state, claims=state.claims.without(mine.id))


def _gone(state: RoomState) -> RoomState:
    return replace(state, agents=state.agents.put("bob", replace(state.agents["bob"], presence=Presence.LEFT)))


def _letter_lost(state: RoomState) -> RoomState:
    return replace(state, letters=state.letters.without(state.inboxes["bob"][0]))


def _version_from_nowhere(state: RoomState) -> RoomState:
    return replace(state, version=0)


def _forgotten_task(state: RoomState) -> RoomState:
    return replace(state, agents=state.agents.put("ada", replace(state.agents["ada"], task=None)))


def _old_fence(state: RoomState) -> RoomState:
    return replace(state, fence=0)


def _wrong_key(state: RoomState) -> RoomState:
    return replace(state, tasks=state.tasks.put("t9", next(iter(state.tasks.values()))))


def test_a_room_at_work_is_right() -> None:
    assert check_state(busy_room().state) == ()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_two_holders, "exclude each other"),
        (_task_without_claim, "without a claim on it"),
        (_forgotten_task, "who does not know"),
        (_gone, "still holds something"),
        (_letter_lost, "letters differ"),
        (_version_from_nowhere, "a.py on line ''"),
        (_old_fence, "and the newest is 0"),
        (_wrong_key, "is kept under t9"),
    ],
)
def test_a_state_that_no_decision_makes_is_wrong(spoil: Callable[[RoomState], RoomState], said: str) -> None:
    state = busy_room().state
    assert any(said in sentence for sentence in check_state(spoil(state)))
    assert any(said in sentence for sentence in check_state(spoil(state), sound=state))


def test_what_is_the_same_as_in_a_sound_state_is_not_looked_at_again() -> None:
    spoiled = _wrong_key(busy_room().state)
    assert check_state(replace(spoiled, seq=spoiled.seq + 1), sound=spoiled) == ()
