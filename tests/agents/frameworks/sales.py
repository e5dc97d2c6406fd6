"""Two scripted sellers who want the same tea, and the room that they meet in."""

import json
from pathlib import Path

from tests.live_room import a_shop, opened

from coroom.host.rooms import Room
from coroom.host.seat import Seat
from coroom.testing import Call, Turn

TEA = {"table": "stock", "where": {"item": "tea"}}
LOOK = Call("shop_select", TEA)


def sell(leaves: int) -> Call:
    return Call("shop_update", {**TEA, "set": {"left": leaves}})


ADA = (
    Turn(calls=(LOOK,)),
    Turn(calls=(sell(4),), expect=r"left\W+5", after=("bob", 2)),
    Turn(text="Sold."),
)
BOB = (
    Turn(calls=(LOOK,)),
    Turn(calls=(sell(3),), expect=r"left\W+5", after=("ada", 1)),
    Turn(text="Sold.", capture={"mine": r"(c\d+) is done"}),
)
JUDGES = (
    Turn(
        calls=(
            Call(
                "call",
                {
                    "do": "call",
                    "tool": "shop_update",
                    "about": "${mine}",
                    "arguments": json.dumps({**TEA, "set": {"left": 2}}),
                },
            ),
        ),
        expect=r"is now [^\n]*left\W+4",
        capture={"notice": r" id=(\S+) "},
    ),
    Turn(calls=(Call("answer", {"about": "${notice}", "choice": "repaired"}),), expect="is done"),
    Turn(text="Sold, from what ada left.", expect="is judged"),
)


async def a_room(directory: Path) -> Room:
    room = await opened(directory, a_shop(directory))
    assert isinstance(room, Room)
    return room


async def a_seat(room: Room, name: str) -> Seat:
    seat = await room.admit(name)
    assert isinstance(seat, Seat)
    return seat
