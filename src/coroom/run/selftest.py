"""The bridge put to the test on this very machine: do two mirrors see each other's bytes, and does a claim bind?

A bridge under which agents never shared an edit has already fooled a published system; so it is asked, not believed.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from coroom.core.errors import Fault, Refused
from coroom.git.command import Git, GitFailed
from coroom.git.repository import NotUsable, inspect
from coroom.host.door.answer import ToolUse, Touch
from coroom.host.rooms import Room, RoomPlan
from coroom.host.seat import Seat

SEEN_S_MAX = 10.0
"""How long the slowest of disks gets to show a text."""

TEXT = "first\nsecond\nthird\n"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: whether it is well, what was found, and what to do when it is not."""

    name: str
    ok: bool
    found: str
    next_step: str = ""


class _Scratch:
    """A room over a scratch repository with two seats."""

    def __init__(self, room: Room, seats: dict[str, Seat]) -> None:
        self.room = room
        self._seats = seats

    def path(self, agent: str) -> Path:
        return self._seats[agent].directory / "probe.txt"

    def write(self, agent: str, old: str, new: str) -> None:
        path = self.path(agent)
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    async def sees(self, agent: str, text: str) -> bool:
        return await _until(lambda: self.path(agent).read_text(encoding="utf-8") == text)


async def bridge_checks(base: Path | None = None) -> list[Check]:
    """Try a room with two mirrors in a scratch directory below `base`. Leaves nothing behind."""
    directory = Path(tempfile.mkdtemp(prefix="coroom-doctor-", dir=base))
    try:
        async with _scratch(directory) as scratch:
            checks = [
                await _seen(scratch, "a", "b", "first", "FIRST"),
                await _seen(scratch, "b", "a", "third", "THIRD"),
                await _held(scratch),
                await _claimed(scratch),
            ]
    except (Fault, GitFailed, OSError) as fault:
        checks = [Check("bridge", False, f"the self-test could not run: {fault}", "Mend that, then ask again.")]
    finally:
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
    left = await asyncio.to_thread(os.path.lexists, directory)
    checks.append(Check("bridge cleans up", not left, "nothing is left behind" if not left else f"{directory} is left"))
    return checks


@asynccontextmanager
async def _scratch(directory: Path) -> AsyncIterator[_Scratch]:
    repository = inspect(await asyncio.to_thread(_repository, directory / "repository"))
    if isinstance(repository, NotUsable):
        raise Fault(repository.why)
    room = await Room.open(repository, RoomPlan(name="doctor", mirrors=directory / "mirrors", test="true"))
    if isinstance(room, Refused):
        raise Fault(room.why)
    try:
        seats = {agent: await room.admit(agent) for agent in ("a", "b")}
        refused = next((seat for seat in seats.values() if isinstance(seat, Refused)), None)
        if refused:
            raise Fault(refused.why)
        yield _Scratch(room, {agent: seat for agent, seat in seats.items() if isinstance(seat, Seat)})
    finally:
        await room.close()


def _repository(directory: Path) -> Path:
    directory.mkdir()
    git = Git(directory)
    git.run("init", "--quiet", "--initial-branch=main")
    (directory / "probe.txt").write_text(TEXT, encoding="utf-8")
    git.run("add", "--all")
    identity = {"user.name": "coroom doctor", "user.email": "doctor@coroom.local", "commit.gpgSign": "false"}
    git.run("commit", "--quiet", "--message=probe", config=identity)
    return directory


async def _seen(scratch: _Scratch, writer: str, reader: str, old: str, new: str) -> Check:
    loop = asyncio.get_running_loop()
    scratch.write(writer, old, new)
    began = loop.time()
    seen = await scratch.sees(reader, scratch.path(writer).read_text(encoding="utf-8"))
    took_ms = (loop.time() - began) * 1_000
    name = f"mirrors share edits ({writer} to {reader})"
    if seen:
        return Check(name, True, f"an edit was on the other disk after {took_ms:.0f} ms")
    return Check(
        name,
        False,
        f"an edit was not on the other disk after {SEEN_S_MAX:.0f} s",
        "Do not run agents on this file system; set XDG_STATE_HOME to a local one.",
    )


async def _held(scratch: _Scratch) -> Check:
    door = scratch.room.door
    use = ToolUse(touch=Touch.EDIT, paths=("probe.txt",))
    for agent in ("a", "b"):
        await door.before_tool(agent, use)
    for agent in ("a", "b"):
        scratch.write(agent, "second", f"second by {agent}")
    for agent in ("a", "b"):
        await door.after_tool(agent, use)
    held = scratch.room.host.state.open_held()
    if len(held) != 1:
        return Check("a conflict is held", False, f"{len(held)} edits are held, not 1", "Please report this as a bug.")
    kept = scratch.room.host.blob(held[0].mine)
    if kept is None or f"second by {held[0].agent}" not in kept.decode():
        return Check("a conflict is held", False, "the held text is not there", "Please report this as a bug.")
    await door.answer(held[0].agent, held[0].id, "theirs", "", "doctor")
    return Check("a conflict is held", True, "of two changes of one line, one was held and handed back")


async def _claimed(scratch: _Scratch) -> Check:
    door = scratch.room.door
    await door.claim("a", ["file:probe.txt"], "exclusive", "the self-test", 60, "doctor-claim")
    refused = await door.before_tool("b", ToolUse(touch=Touch.EDIT, paths=("probe.txt",)))
    if isinstance(refused, Refused):
        return Check("a claim refuses others", True, "an edit of a claimed file was refused")
    return Check("a claim refuses others", False, "an edit of a claimed file was let through", "Please report this.")


async def _until(true: Callable[[], bool]) -> bool:
    loop = asyncio.get_running_loop()
    end = loop.time() + SEEN_S_MAX
    while not true():
        if loop.time() > end:
            return False
        await asyncio.sleep(0.005)
    return True
