"""The room's own opening and closing, and time that passes in it."""

from dataclasses import fields

from coroom.core.agent import Permission
from coroom.core.command import CloseRoom, Ok, OpenRoom, Tick
from coroom.core.decide.agents import is_name
from coroom.core.decide.decision import Decision, lacks
from coroom.core.errors import Code, Refused
from coroom.core.event import RoomClosed, RoomOpened, RoomReopened
from coroom.core.limits import Limits
from coroom.core.policies import policy_named
from coroom.core.state import RoomState

_NOTHING = Decision()


def open_room(state: RoomState, by: str, command: OpenRoom, _now_ms: int) -> Decision:
    """Begin on an empty log; reopen a closed room; an open one stays as it is."""
    bad = lacks(state, by, Permission.END_ROOM)
    if bad:
        return Decision(bad)
    if state.room:
        return Decision(Ok(state.room), (RoomReopened(),) if state.closed else ())
    policy = policy_named(command.policy)
    refusal = policy if isinstance(policy, Refused) else _bad_room(command)
    if refusal:
        return Decision(refusal)
    opened = RoomOpened(
        room=command.room,
        policy=command.policy,
        limits=command.limits,
        repository=command.repository,
        commit=command.commit,
    )
    return Decision(Ok(command.room), (opened,))


def _bad_room(command: OpenRoom) -> Refused | None:
    wrong = bad_room_name(command.room, command.limits.name_chars_max)
    if wrong:
        return wrong
    zero = [field.name for field in fields(Limits) if getattr(command.limits, field.name) < 1]
    if zero:
        return Refused(Code.BAD_INPUT, f"The limit {zero[0]} is below 1.", "Leave it out to have the usual one.")
    return None


def bad_room_name(name: str, chars_max: int) -> Refused | None:
    """Why no room can have this name, which also names its directory; None when one can."""
    if is_name(name, chars_max):
        return None
    return Refused(Code.BAD_INPUT, f"'{name[:80]}' is no room name.", "Use letters, digits, '-', '_', '.'.")


def close_room(state: RoomState, by: str, command: CloseRoom, _now_ms: int) -> Decision:
    """Stop taking commands; claims and tasks stay as they are for the day the room opens again, when every
    lease starts anew.
    """
    bad = lacks(state, by, Permission.END_ROOM)
    return Decision(bad) if bad else Decision(Ok(), (RoomClosed(reason=command.reason),))


def tick(_state: RoomState, _by: str, _command: Tick, _now_ms: int) -> Decision:
    """Let time pass. What it brings about comes before every command, and so before this one."""
    return _NOTHING
