"""A running room on a real repository, for tests of landing. Also a program that is killed at named points."""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

from tests.core.rooms import named

from coroom.checks.suites import suite
from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.decide.actions import LAND
from coroom.core.errors import Refused
from coroom.core.event import ActionFinished, ActionStarted, Landed
from coroom.core.file import FileKind
from coroom.git.command import Done, Git
from coroom.git.repository import Repository, inspect
from coroom.host.clock import SystemClock
from coroom.host.door.answer import Answer
from coroom.host.host import Host
from coroom.host.landing import landing
from coroom.host.landing.landing import Landing, LandingPlace
from coroom.host.landing.ref_mover import RefMover
from coroom.log.memory import MemoryLog
from coroom.log.sqlite import SqliteLog
from coroom.ports import HeadMoved, Log, Stored

GREEN = "test -f a.txt"


class LandedRoom:
    """A host, its landing, and the edits of agents without any disk of theirs."""

    def __init__(self, host: Host, landing: Landing, place: LandingPlace) -> None:
        self.host = host
        self.landing = landing
        self.place = place
        self.beats: list[str] = []

    async def do(self, by: str, command: c.Command, blobs: dict[str, bytes] | None = None) -> c.Good:
        reply = await self.host.submit(by, command, blobs=blobs or {})
        assert not isinstance(reply, Refused), reply
        return reply

    async def task(self, agent: str, title: str) -> str:
        posted = await self.do(OPERATOR, c.PostTask(title=title, despite_duplicate=True))
        assert isinstance(posted, c.Posted)
        await self.do(agent, c.TakeTask(posted.task))
        return posted.task

    async def write(
        self, by: str, path: str, data: bytes | None, *, kind: FileKind = FileKind.TEXT, executable: bool = False
    ) -> None:
        head = self.host.state.head(path)
        blob = sha256(data).hexdigest() if data is not None else ""
        command = c.AcceptEdit(
            path=path,
            kind=FileKind.ABSENT if data is None else kind,
            blob=blob,
            written=blob,
            expected=head.version if head else 0,
            touched=named("key:x"),
            executable=executable,
            size=len(data or b""),
        )
        await self.do(by, command, {blob: data} if data is not None else {})

    async def land(self, agent: str = "ann") -> Answer:
        async def heartbeat(text: str) -> None:
            self.beats.append(text)

        return await self.landing.land(agent, heartbeat)

    def bodies(self, kind: type) -> list[object]:
        return [event.body for event in self.host.events(0) if isinstance(event.body, kind)]


async def still() -> None:
    """Nothing is ever taken in here."""


def place_of(directory: Path, scratch: Path, **options: object) -> LandingPlace:
    repository = inspect(directory)
    assert isinstance(repository, Repository), repository
    given = {"test": GREEN, "quiet": still, "timeout_s": 60.0, **options}
    return LandingPlace(repository=repository, scratch=scratch / "scratch", logs=scratch / "logs", **given)  # type: ignore[arg-type]


@asynccontextmanager
async def opened(place: LandingPlace, log: Log | None = None, room: str = "r") -> AsyncIterator[LandedRoom]:
    mover = RefMover(Git(place.repository.common))
    host = await Host.open(log or MemoryLog(), SystemClock(), {LAND: mover})
    try:
        if not host.state.room:
            await host.submit(OPERATOR, c.OpenRoom(room=room, policy="open", commit=place.repository.commit))
            await host.submit(HOST, joining("ann"))
            await host.submit(HOST, joining("bob"))
        yield LandedRoom(host, Landing(host, place), place)
    finally:
        await host.close()


def joining(agent: str) -> c.Join:
    return c.Join(agent=agent, secret_hash=f"secret of {agent}")


GIT_STEPS = ("rev-parse", "fast-import", "ls-tree", "read-tree", "worktree", "update-ref")
EVENTS = ("verdict-given", "action-started", "action-finished")
POINTS = (
    *(f"{when} git {what}" for what in GIT_STEPS for when in ("before", "after")),
    *(f"{when} storing {what}" for what in EVENTS for when in ("before", "after")),
    "before the suite",
    "after the suite",
)
_armed: list[bool] = []


def _die_when_armed() -> None:
    if _armed:
        os.kill(os.getpid(), signal.SIGKILL)


def kill_at(point: str) -> None:
    """Arrange that this process, once it is armed, is killed the first time that it comes to `point`."""
    when, kind, what = point.split()
    before: Callable[[], None] = _die_when_armed if when == "before" else lambda: None

    async def run_suite(*arguments: object, **options: object) -> object:
        before()
        result = await suite.run_suite(*arguments, **options)  # type: ignore[arg-type]
        _die_when_armed()
        return result

    real_run: Callable[..., Done] = Git.run

    def run(self: Git, *arguments: str, **options: object) -> Done:
        if arguments[0] != what:
            return real_run(self, *arguments, **options)
        before()
        done = real_run(self, *arguments, **options)
        _die_when_armed()
        return done

    real_append: Callable[..., int | HeadMoved] = SqliteLog.append

    def append(self: SqliteLog, expected: int, events: Sequence[Stored], blobs: Mapping[str, bytes]) -> int | HeadMoved:
        if not any(event.kind == what for event in events):
            return real_append(self, expected, events, blobs)
        before()
        head = real_append(self, expected, events, blobs)
        _die_when_armed()
        return head

    match kind:
        case "git":
            setattr(Git, "run", run)  # noqa: B010  mypy will not have a method assigned
        case "storing":
            setattr(SqliteLog, "append", append)  # noqa: B010
        case _:
            setattr(landing, "run_suite", run_suite)  # noqa: B010


async def first_life(directory: Path, scratch: Path) -> None:
    place = place_of(directory, scratch)
    async with opened(place, SqliteLog(scratch / "room.db")) as room:
        await room.task("ann", "Change a")
        await room.write("ann", "a.txt", b"ann's\n")
        await room.do("ann", c.FinishTask("Changed."))
        await room.write("bob", "b.txt", b"bob's\n")
        _armed.append(True)
        await room.land()


async def second_life(directory: Path, scratch: Path) -> None:
    """The room opens again, with its probe; what it then says is checked against git."""
    place = place_of(directory, scratch)
    _armed.append(True)
    async with opened(place, SqliteLog(scratch / "room.db")) as room:
        stands_at = Git(directory).run("rev-parse", "-q", "--verify", "refs/heads/coroom/r", expect=(0, 1)).line
        landed = [body for body in room.bodies(Landed) if isinstance(body, Landed)]
        assert [body.commit for body in landed] == ([stands_at] if stands_at else []), (stands_at, landed)
        assert len(room.bodies(ActionFinished)) == len(landed)
        assert len(room.bodies(ActionStarted)) == len(landed)
        answer = await room.land()
        assert answer.refused is None, answer.refused
        assert answer.data["landed"] is not bool(stands_at)


def forked(life: Callable[[Path, Path], Coroutine[None, None, None]], directory: Path, own: Path, point: str) -> int:
    """Live in a process of its own; its exit code, negative for the signal that ended it."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        if point:
            kill_at(point)
        asyncio.run(life(directory, own))
        code = 0
    except BaseException:  # noqa: BLE001  a child of a fork must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def main(directory: Path, own: Path, first: str, second: str) -> None:
    """Live once and be killed at `first`; live again and, where `second` is named, be killed there; then recover."""
    assert forked(first_life, directory, own, first) == -signal.SIGKILL, f"never came to {first}"
    if second:
        assert forked(second_life, directory, own, second) == -signal.SIGKILL, f"never came to {second}"
    assert forked(second_life, directory, own, "") == 0, f"not recovered from {first} {second}"


if __name__ == "__main__":
    for line in sys.argv[1:]:
        repository, own, first_point, second_point = line.split("|")
        main(Path(repository), Path(own), first_point, second_point)
