"""A room over a real repository, with a real mirror on the disk for each agent, a real log and no stubs."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tests.git.repositories import new_repository

from coroom.core.event import Event, FileAccepted
from coroom.core.file import FileKind, HeldEdit
from coroom.core.notice import Notice
from coroom.git.repository import Repository, inspect
from coroom.host.door.answer import Answer, ToolUse, Touch
from coroom.host.edits.bridge import Bridge
from coroom.host.edits.mirror import Mirror
from coroom.host.rooms import Room, RoomPlan
from coroom.host.seat import Seat

DEADLINE_S = 90.0


async def until(true: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S, every_s: float = 0.005) -> None:
    """Wait until something holds, bounded; the loop runs on meanwhile, and has nine tenths of the time for itself."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline_s
    while True:
        asked = loop.time()
        if true():
            return
        assert loop.time() < end, f"not in {deadline_s} s: {what}"
        await asyncio.sleep(max(every_s, 9 * (loop.time() - asked)))


async def turns(number: int) -> None:
    """Let the loop go round, so that whatever is ready runs."""
    for _ in range(number):
        await asyncio.sleep(0)


class Scene:
    """What a test does and sees: native writes on disks, tools as hooks tell of them, the room's log and its files."""

    def __init__(self, room: Room, seats: Mapping[str, Seat]) -> None:
        self.room = room
        self.seats = dict(seats)

    def limit(self, *, held_open_max: int) -> None:
        """Give the running room another bound, as if it had opened with it."""
        host = self.room.host
        host._state = replace(host.state, limits=replace(host.state.limits, held_open_max=held_open_max))

    def at(self, agent: str, path: str = "") -> Path:
        return self.seats[agent].directory / path

    def write(self, agent: str, path: str, data: str | bytes) -> None:
        target = self.at(agent, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)

    def save(self, agent: str, path: str, data: str | bytes) -> None:
        """As editors do: beside the file, then renamed onto it."""
        beside = self.at(agent, path + ".tmp~")
        beside.write_bytes(data.encode() if isinstance(data, str) else data)
        os.replace(beside, self.at(agent, path))

    def edit(self, agent: str, path: str, old: str, new: str) -> None:
        text = self.at(agent, path).read_text()
        assert text.count(old) == 1, (old, text)
        self.write(agent, path, text.replace(old, new))

    def read(self, agent: str, path: str) -> bytes | None:
        try:
            return self.at(agent, path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def text(self, agent: str, path: str) -> str:
        return (self.read(agent, path) or b"").decode()

    def tree(self, agent: str) -> dict[str, bytes]:
        found = {}
        for directory, names, files in os.walk(self.at(agent)):
            if ".git" in names:
                names.remove(".git")
            for name in files:
                path = Path(directory, name)
                with suppress(FileNotFoundError):
                    data = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
                    found[str(path.relative_to(self.at(agent)))] = data
        return found

    def accepted(self) -> dict[str, bytes]:
        """What the room holds, by path."""
        heads = self.room.host.state.files().values()
        return {v.path: self.room.host.blob(v.blob) or b"" for v in heads if v.kind is not FileKind.ABSENT}

    def in_room(self, path: str) -> bytes | None:
        head = self.room.host.state.head(path)
        return None if head is None or head.kind is FileKind.ABSENT else self.room.host.blob(head.blob)

    @property
    def seq(self) -> int:
        return self.room.host.state.seq

    def edits(self, path: str = "", after: int = 0) -> list[FileAccepted]:
        bodies = (event.body for event in self.room.host.events(after))
        return [b for b in bodies if isinstance(b, FileAccepted) and path in {"", b.file.path}]

    def events(self, after: int = 0) -> list[Event]:
        return self.room.host.events(after)

    def held(self, agent: str = "", path: str = "") -> list[HeldEdit]:
        return list(self.room.host.state.open_held(agent, path))

    def inbox(self, agent: str) -> list[Notice]:
        return list(self.room.host.state.inbox(agent))

    def told(self, agent: str) -> str:
        return "\n".join(notice.text for notice in self.inbox(agent))

    def bridge(self, agent: str) -> Bridge:
        found = self.room.workspace._bridge(agent)
        assert found
        return found

    def mirror(self, agent: str) -> Mirror:
        return self.bridge(agent).mirror

    def mirrors(self) -> list[Mirror]:
        return list(self.room.workspace.files.mirrors())

    async def rest(self) -> None:
        """Until every disk has been looked at whole, and nothing waits to go in or out any more."""
        waiting = ["not looked yet"]

        async def look() -> None:
            while waiting:
                seq = self.seq
                await self.room.workspace.quiet()
                waiting[:] = [path for mirror in self.mirrors() for path in (*mirror.to_look, *mirror.to_put)]
                if seq != self.seq:
                    waiting.append("the room has moved")
                await asyncio.sleep(0.005)

        async with asyncio.timeout(DEADLINE_S):
            await look()

    async def rest_looks(self) -> None:
        """Until every disk has been looked at, whatever waits to be put there."""
        await self.room.workspace.quiet()

    async def reads(self, path: str, text: bytes, deadline_s: float = DEADLINE_S) -> None:
        """Until the room and every disk hold this text."""
        await until(lambda: self.in_room(path) == text, f"the room has {text[:200]!r}", deadline_s)
        await self.alike(path, deadline_s)

    async def alike(self, path: str, deadline_s: float = DEADLINE_S) -> bytes | None:
        """Until every disk holds the room's text of `path`, without being asked to; returns it."""

        def same() -> bool:
            return {self.read(agent, path) for agent in self.seats} == {self.in_room(path)}

        await until(same, f"{path} is the same on every disk and in the room", deadline_s)
        return self.in_room(path)

    @asynccontextmanager
    async def tool(self, agent: str, *paths: str, touch: Touch = Touch.EDIT) -> AsyncIterator[None]:
        """A tool of the agent's own runs, as hooks tell of it."""
        use = ToolUse(touch=touch, paths=paths)
        refused = await self.room.door.before_tool(agent, use)
        assert refused is None, refused
        yield
        await self.room.door.after_tool(agent, use)

    async def heard(self, agent: str) -> Answer:
        """The agent reads its notices, and comes back for more, by which the room knows that it got them."""

        async def heartbeat(_: str) -> None:
            return

        first = await self.room.door.sync(agent, 0, heartbeat)
        await self.room.door.sync(agent, 0, heartbeat)
        return first


def repository_at(directory: Path, files: Mapping[str, bytes]) -> Repository:
    found = inspect(new_repository(directory, dict(files)))
    assert isinstance(found, Repository)
    return found


async def seated(room: Room, agents: str) -> Scene:
    seats = {}
    for agent in agents.split():
        seat = await room.admit(agent)
        assert isinstance(seat, Seat)
        seats[agent] = seat
    return Scene(room, seats)


async def opened(repository: Repository, plan: RoomPlan) -> Room:
    room = await Room.open(repository, plan)
    assert isinstance(room, Room)
    return room


def plan_at(tmp_path: Path, *, policy: str = "open", shared: bool = False) -> RoomPlan:
    return RoomPlan(mirrors=tmp_path / "mirrors", test="true", policy=policy, shared=shared)


@asynccontextmanager
async def scene_of(
    tmp_path: Path,
    files: Mapping[str, bytes] | None = None,
    agents: str = "a b",
    *,
    policy: str = "open",
    shared: bool = False,
) -> AsyncIterator[Scene]:
    """A room over these files; at the end all that is on the disks has gone in without a fault."""
    repository = repository_at(tmp_path / "repository", files or {"f.txt": b"one\ntwo\nthree\n"})
    room = await opened(repository, plan_at(tmp_path, policy=policy, shared=shared))
    try:
        yield await seated(room, agents)
    finally:
        await room.close()


async def in_thread(work: Callable[[], None]) -> None:
    """Something that happens on the disk while the room runs."""
    await asyncio.to_thread(work)
