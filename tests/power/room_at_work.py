"""A whole room at work, to be traced: two agents write in their mirrors, one edit is held, one landing is made.

Run as a program: room_at_work.py DIRECTORY. Says on standard output, one JSON line each, what it has answered.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from coroom.git.repository import Repository, inspect
from coroom.host.door.answer import ToolUse, Touch
from coroom.host.rooms import Room, RoomPlan
from coroom.host.seat import Seat

LINES = "".join(f"line {number}\n" for number in range(1, 9))
FILES = {"a.txt": LINES.encode(), "src/b.txt": b"b\n"}
FINAL = {
    "a.txt": LINES.replace("line 2", "ann was here"),
    "src/b.txt": "b\nben was here\n",
    "new.txt": "ben made this\n",
}
"""What lands."""

LATER = [LINES.replace("line 2", "ann was here again"), LINES.replace("line 2", "ben was here too")]
WRITTEN = {path: [FILES.get(path, b"").decode(), text, *LATER] for path, text in FINAL.items()}
"""Every text that anybody ever wrote there."""


def plan(directory: Path) -> RoomPlan:
    return RoomPlan(mirrors=directory / "mirrors", test="test -s a.txt")


def told(**facts: object) -> None:
    os.write(1, json.dumps(facts).encode() + b"\n")


def use_of(seat: Seat, path: str) -> ToolUse:
    return ToolUse(touch=Touch.WRITE, paths=(str(seat.directory / path),))


async def wrote(room: Room, seat: Seat, path: str, text: str, *, begun: bool = False) -> None:
    """The agent's own tool writes, and its hooks say so."""
    before, use = room.host.state.version, use_of(seat, path)
    if not begun:
        assert await room.door.before_tool(seat.agent, use) is None
    (seat.directory / path).write_text(text)
    await room.door.after_tool(seat.agent, use)
    head = room.host.state.head(path)
    assert head is not None
    if head.version > before:
        told(accepted=path, version=head.version, text=text)
    else:
        (held,) = room.host.state.open_held(seat.agent, path)
        told(held=held.id, path=path, text=text)


async def beat(_text: str) -> None:
    """Nobody waits."""


async def work(directory: Path) -> None:
    repository = inspect(directory / "repository")
    assert isinstance(repository, Repository)
    room = await Room.open(repository, plan(directory))
    assert isinstance(room, Room)
    seats = [await room.admit(name) for name in ("ann", "ben")]
    ann, ben = (seat for seat in seats if isinstance(seat, Seat))
    told(head=room.host.state.seq)
    for seat, (path, text) in zip((ann, ben, ben), FINAL.items(), strict=True):
        await wrote(room, seat, path, text)
    said = await room.door.say("ann", "note", "look at new.txt", "ben", "", [], "")
    assert not said.refused
    told(head=room.host.state.seq)
    landed = await room.door.land("ann", beat)
    assert not landed.refused, landed
    assert landed.data
    told(landed=landed.data["commit"], branch=landed.data["branch"], files=FINAL)
    assert await room.door.before_tool("ben", use_of(ben, "a.txt")) is None
    await wrote(room, ann, "a.txt", LATER[0])
    await wrote(room, ben, "a.txt", LATER[1], begun=True)
    await room.close()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
