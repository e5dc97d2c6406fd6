"""Landing: what the room has accepted becomes commits, is tested as one tree, and only then a branch moves to it."""

import asyncio
import hashlib
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from secrets import token_hex
from tempfile import mkdtemp
from typing import TypeVar

from coroom.checks.suite import TIMEOUT_S, Ending, NoCommand, SuiteCommand, find_command, run_suite
from coroom.core import command as c
from coroom.core.action import Action, Phase
from coroom.core.agent import HOST
from coroom.core.errors import Code, Refused
from coroom.core.file import FileKind
from coroom.core.room import decide
from coroom.core.state import Landing as Landed
from coroom.core.state import RoomState
from coroom.git.command import Git, GitFailed
from coroom.git.commits import (
    BadPath,
    Built,
    Change,
    Moved,
    build,
    checked_out_at,
    export_tree,
    good_branch,
    in_the_way,
    is_ancestor,
    move_ref,
    pins,
    read_ref,
    remove_ref,
)
from coroom.git.mirror import BRANCHES
from coroom.git.repository import Repository, TreeFile, read_blobs, tree_files
from coroom.host.answer import Answer
from coroom.host.confined import Confined
from coroom.host.content import Content, of_bytes
from coroom.host.door import HEARTBEAT_S
from coroom.host.host import Host
from coroom.host.parts import Work, edited_paths, nested, touched_paths, work_since
from coroom.workspace.states import content_hash

T = TypeVar("T")
Heartbeat = Callable[[str], Awaitable[None]]

TESTS = "tests"
"""The check whose verdict a landing needs; a later verdict on the same tree takes the place of the earlier."""

PINS = "refs/coroom/landing"
"""Below it, commits that are being tested are kept from git's garbage collection."""


class RefMover:
    """Performs the action `land`: one compare-and-swap on a branch, safe to ask for again after any crash."""

    def __init__(self, git: Git) -> None:
        self._git = git

    async def perform(self, action: Action) -> c.FinishAction:
        """Move the branch from where it was when the landing was decided (`undo`) to the tested commit."""
        return await asyncio.to_thread(self._move, action)

    async def probe(self, action: Action) -> c.FinishAction:
        """Where the branch stands tells how the action ended; one that had not begun is carried out now.

        To take it back would not be safe: a git that outlived the killed host may still be about to move the branch.
        """
        return await asyncio.to_thread(self._probe, action)

    def _move(self, action: Action) -> c.FinishAction:
        branch, commit, *_ = action.arguments.split("\n")
        try:
            moved = move_ref(self._git, f"refs/heads/{branch}", commit, action.undo)
        except (GitFailed, OSError) as failed:
            return c.FinishAction(action=action.id, ending="failed", result=str(failed))
        if isinstance(moved, Moved):
            return c.FinishAction(action=action.id, ending="finished", result=commit)
        return c.FinishAction(action=action.id, ending="failed", result=moved.why)

    def _probe(self, action: Action) -> c.FinishAction:
        branch, commit, *_ = action.arguments.split("\n")
        try:
            stands_at = read_ref(self._git, f"refs/heads/{branch}")
            if stands_at and is_ancestor(self._git, commit, stands_at):
                return c.FinishAction(action=action.id, ending="finished", result=commit)
        except (GitFailed, OSError) as failed:
            return c.FinishAction(action=action.id, ending="failed", result=str(failed))
        return self._move(action)


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingPlace:
    """Where a room lands, and how its tree is tested.

    `branch` is by default `coroom/<room>`. `scratch` is a directory of the room's own for trees under test, `logs`
    keeps what the suites printed. `quiet` returns once nothing is being taken in from any mirror. `confined` says in
    what isolation the suite runs.
    """

    repository: Repository
    scratch: Path
    logs: Path
    quiet: Callable[[], Awaitable[None]]
    branch: str = ""
    test: str = ""
    timeout_s: float = TIMEOUT_S
    confined: Confined = field(default_factory=Confined)


@dataclass(frozen=True, slots=True)
class _Start:
    """What is built on: a commit, the room's version that it holds, and where the branch stands now."""

    base: str
    version: int
    old: str


class _NotExactError(Exception):
    """The commit that was built is not the room's files, at the path that it names."""


class Landing:
    """The room's way onto a branch. The host must perform the action `land` by a `RefMover` on the same repository."""

    def __init__(self, host: Host, place: LandingPlace) -> None:
        self._host = host
        self._place = place
        self._git = Git(place.repository.common)
        self._busy = asyncio.Lock()
        self._lander = ""

    async def land(self, agent: str, heartbeat: Heartbeat) -> Answer:
        """Check what the room has accepted and move its branch there.

        Promises: the branch moves to a commit whose tree is exactly the room's accepted files at one moment, and for
        which the suite has passed; or it does not move, and the answer says why. No checkout is touched, and no other
        branch. Killed at any instant, the branch stands before or after, and the room learns which.

        Args:
            agent: who asks.
            heartbeat: called with a sentence now and then while the tests run.

        Returns:
            What was landed, that there was nothing to land, or a refusal.
        """
        if self._busy.locked():
            return _refused(Code.WAIT, f"{self._lander} is landing right now.", "Land again in a moment.")
        async with self._busy:
            self._lander = agent
            try:
                return await self._land(agent, heartbeat)
            except _NotExactError as wrong:
                why = (
                    f"The commit built for landing does not hold what the room accepted at {wrong}; it was not landed."
                )
                return _refused(Code.CONFLICT, why, "Tell the operator; the work is kept in the room.")
            except (GitFailed, BadPath, OSError) as failed:
                return _refused(Code.CONFLICT, f"It could not be done: {failed}.", "Nothing has landed; mend that.")

    @property
    def branch(self) -> str:
        """The branch that the room lands on."""
        return self._place.branch or f"{BRANCHES}/{self._host.state.room}"

    async def _land(self, agent: str, heartbeat: Heartbeat) -> Answer:
        # What mended an open finding may not have been looked at yet.
        await self._place.quiet()
        early = self._stands_against(agent) or await asyncio.to_thread(self._bad_branch)
        if early:
            return Answer(refused=early)
        state = self._host.state
        clash = _clash(state)
        if clash:
            return Answer(refused=clash)
        start = await asyncio.to_thread(self._start, state)
        if isinstance(start, Refused):
            return Answer(refused=start)
        work = await asyncio.to_thread(self._work, state, start)
        if not work.changed:
            return Answer(text=f"Nothing to land: {self.branch} has all of it.", data={"landed": False})
        built = await asyncio.to_thread(self._build, state, start, work)
        try:
            red = await self._tested(agent, built, heartbeat)
            return red or await self._moved(agent, state, start, built, work)
        finally:
            await asyncio.to_thread(remove_ref, self._git, built.pin)

    def _stands_against(self, agent: str) -> Refused | None:
        """What the room would say in the end, asked before the tests have run."""
        state = self._host.state
        asked = c.StartLanding(ref=self.branch, commit="", tree="", tasks=(), version=0)
        reply = decide(state, c.Call(agent, asked), self._host.clock.now_ms()).reply
        untested_only = isinstance(reply, Refused) and reply.code is Code.RED and not _open_findings(state)
        return reply if isinstance(reply, Refused) and not untested_only else None

    def _bad_branch(self) -> Refused | None:
        if not good_branch(self._git, self.branch):
            return Refused(
                Code.BAD_INPUT, f"'{self.branch[:100]}' is no name of a branch.", "Name another with --branch."
            )
        where = checked_out_at(self._git, f"refs/heads/{self.branch}")
        if where:
            why = f"{self.branch} is checked out in {where}, and the room moves no branch under a checkout."
            return Refused(Code.CONFLICT, why, "Check out another branch there, or land on another with --branch.")
        other = in_the_way(self._git, self.branch)
        if other:
            why = f"Git cannot have {self.branch} beside the branch {other}."
            return Refused(Code.CONFLICT, why, "Rename that one, or land on another with --branch.")
        return None

    def _start(self, state: RoomState) -> _Start | Refused:
        began = state.commit or self._place.repository.commit
        old = read_ref(self._git, f"refs/heads/{self.branch}")
        last = _last_landing(state, self.branch)
        if last and old == last.commit:
            return _Start(old, last.version, old)
        if old in {"", began}:
            return _Start(began, 0, old)
        why = f"{self.branch} stands at {old[:12]}, which this room did not put there."
        return Refused(Code.CONFLICT, why, "Land on another branch with --branch, or move that one away.")

    def _work(self, state: RoomState, start: _Start) -> Work:
        events = self._host.events(0, state.seq)
        base = self._base(start.base, set(touched_paths(state, start.version)), edited_paths(events))
        return work_since(events, state, base, self._host.blob, start.version)

    def _base(self, commit: str, paths: set[str], edited: set[str]) -> Mapping[str, Content]:
        files = [file for file in tree_files(self._git, commit) if file.path in paths]
        blobs = read_blobs(self._git, [file.oid for file in files])
        contents = ((file.path, _content(file, data)) for file, (_, data) in zip(files, blobs, strict=True))
        return {path: content if path in edited else replace(content, data=None) for path, content in contents}

    def _build(self, state: RoomState, start: _Start, work: Work) -> Built:
        prefix = f"{PINS}/{state.room}"
        for left in pins(self._git, prefix):
            remove_ref(self._git, left)
        now_s = self._host.clock.now_ms() // 1000
        pin = f"{prefix}/{token_hex(8)}"
        built = build(self._git, start.base, work.parts, room=state.room, pin=pin, now_s=now_s)
        self._verify(start, built, work.changed)
        return built

    def _verify(self, start: _Start, built: Built, changed: Mapping[str, Change]) -> None:
        """The tree in git against the room's files, by git's own object names; all else must be as it was."""
        expected = _objects(tree_files(self._git, start.base))
        for path, change in changed.items():
            expected.pop(path, None)
            if change.kind is not FileKind.ABSENT:
                expected[path] = _object(change, self._place.repository.object_format)
        found = _objects(tree_files(self._git, built.commit))
        for path in sorted(expected.keys() | found.keys()):
            if expected.get(path) != found.get(path):
                raise _NotExactError(path)

    async def _tested(self, agent: str, built: Built, heartbeat: Heartbeat) -> Answer | None:
        """Have a verdict for exactly this tree. An answer says why it is not a passing one."""
        async with _scratch(self._place.scratch) as directory:
            tree = directory / "tree"
            tree.mkdir()
            await asyncio.to_thread(export_tree, self._git, built.commit, tree, directory / "index")
            command = find_command(tree, self._place.test, self._place.repository.toplevel)
            if isinstance(command, NoCommand):
                return _refused(Code.BAD_INPUT, command.why, command.next_step)
            known = self._host.state.verdicts.get(f"{built.tree}/{TESTS}")
            if known and known.passed and known.summary.startswith(self._said_by(command)):
                return None
            return await self._judged(agent, built, command, tree, heartbeat)

    async def _judged(
        self, agent: str, built: Built, command: SuiteCommand, tree: Path, heartbeat: Heartbeat
    ) -> Answer | None:
        log = self._place.logs / f"{built.tree[:16]}.log"
        start = partial(self._place.confined.start, home=tree.with_name("home"))
        running = run_suite(command, tree, log, timeout_s=self._place.timeout_s, start=start)
        what = f"testing {built.tree[:12]} with {self._shown(command)}"
        result = await self._beating(running, agent, heartbeat, what)
        if result.ending is Ending.NOT_STARTED:
            return _refused(Code.BAD_INPUT, f"{result.summary}.", "Give another command with --test.")
        brief = f"{self._said_by(command)}{result.summary} ({result.seconds:.1f} s)"
        verdict = c.GiveVerdict(tree=built.tree, check=TESTS, passed=result.passed, summary=brief)
        given = await self._host.submit(HOST, verdict)
        if isinstance(given, Refused):
            return Answer(refused=given)
        if result.passed:
            return None
        told = "\n".join(filter(None, (result.tail, self._place.confined.hint)))
        why = f"The tests fail on what the room has accepted: {brief}\n{told}\n"
        return _refused(Code.RED, why, f"Mend it and land again; the whole output is in {log}.")

    def _shown(self, command: SuiteCommand) -> str:
        confined = self._place.confined
        return command.shown if confined.is_plain else f"{command.shown} in {confined.named}"

    def _said_by(self, command: SuiteCommand) -> str:
        """How a verdict's summary begins, so that one given by another command, or elsewhere, is not taken for this
        one's.
        """
        return f"{self._shown(command)}: "

    async def _moved(self, agent: str, state: RoomState, start: _Start, built: Built, work: Work) -> Answer:
        tasks = tuple(t for t in work.tasks if not (start.version and _is_landed(state, self.branch, t)))
        asked = c.StartLanding(
            ref=self.branch, commit=built.commit, tree=built.tree, tasks=tasks, version=state.version, undo=start.old
        )
        reply = await self._host.submit(agent, asked)
        if isinstance(reply, Refused):
            return Answer(refused=reply)
        assert isinstance(reply, c.Started)
        action = await self._host.ended(reply.action)
        if action.phase is not Phase.FINISHED:
            return _refused(Code.CONFLICT, f"{self.branch} was not moved: {action.result}.", "Look, then land again.")
        count = len(built.commits)
        return Answer(
            text=f"Landed {count} commit{'s' * (count != 1)} on {self.branch}, now at {built.commit[:12]}.",
            data={
                "landed": True,
                "branch": self.branch,
                "commit": built.commit,
                "tree": built.tree,
                "commits": list(built.commits),
                "tasks": list(tasks),
                "version": state.version,
            },
        )

    async def _beating(self, work: Coroutine[None, None, T], agent: str, heartbeat: Heartbeat, what: str) -> T:
        """Wait for `work` with signs of life; when this is cancelled, so is the work, to its end."""
        task = asyncio.ensure_future(work)
        began = time.monotonic()
        try:
            while not (await asyncio.wait([task], timeout=HEARTBEAT_S))[0]:
                await heartbeat(f"{what}, {time.monotonic() - began:.0f} s so far")
                await self._host.submit(agent, c.Beat())
            return await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


def _refused(code: Code, why: str, next_step: str) -> Answer:
    return Answer(refused=Refused(code, why, next_step))


def _open_findings(state: RoomState) -> bool:
    return any(finding.open for finding in state.findings.values())


def _clash(state: RoomState) -> Refused | None:
    present = {path for path, version in state.files().items() if version.kind is not FileKind.ABSENT}
    pairs = nested(present)
    if not pairs:
        return None
    inner, outer = pairs[0]
    why = f"The room has both a file {outer} and a file {inner} in it, which no disk can have."
    return Refused(Code.CONFLICT, why, "Delete or rename one of them.")


def _last_landing(state: RoomState, branch: str) -> Landed | None:
    return next((landing for landing in reversed(state.landings) if landing.ref == branch), None)


def _is_landed(state: RoomState, branch: str, task: str) -> bool:
    done = state.tasks[task].done_seq
    return any(one.ref == branch and task in one.tasks and one.seq > done for one in state.landings)


def _content(file: TreeFile, data: bytes) -> Content:
    if file.symlink:
        return Content(FileKind.SYMLINK, content_hash(data), data=data)
    return of_bytes(data, executable=file.executable)


def _objects(files: Iterable[TreeFile]) -> dict[str, tuple[str, str]]:
    return {file.path: (file.mode, file.oid) for file in files}


def _object(change: Change, object_format: str) -> tuple[str, str]:
    named = hashlib.new(object_format, b"blob %d\0" % len(change.data) + change.data, usedforsecurity=False)
    return change.mode, named.hexdigest()


@asynccontextmanager
async def _scratch(place: Path) -> AsyncIterator[Path]:
    directory = await asyncio.to_thread(_fresh, place)
    try:
        yield directory
    finally:
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


def _fresh(place: Path) -> Path:
    """A new directory in `place`; what killed processes left there goes first."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in place.glob("landing-*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(mkdtemp(prefix="landing-", dir=place))
