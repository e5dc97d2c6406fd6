"""Landing: what the room has accepted becomes commits, is tested as one tree, and only then a branch moves to it."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from coroom.checks.suites.command import NoCommand, SuiteCommand, find_command
from coroom.checks.suites.suite import TIMEOUT_S, Ending, run_suite
from coroom.core import command as c
from coroom.core.action import Phase
from coroom.core.agent import HOST
from coroom.core.errors import Code, Refused
from coroom.core.file import FileKind
from coroom.core.room import decide
from coroom.core.state import RoomState
from coroom.git.command import Git, GitFailed
from coroom.git.commits import (
    BadPath,
    Built,
    checked_out_at,
    export_tree,
    good_branch,
    in_the_way,
    remove_ref,
)
from coroom.git.mirror import BRANCHES
from coroom.git.repository import Repository
from coroom.host.confined import Confined
from coroom.host.door.answer import Answer
from coroom.host.door.door import HEARTBEAT_S
from coroom.host.door.needs import Beats
from coroom.host.host import Host
from coroom.host.landing.landing_commits import LandingCommits, NotExactError, Start
from coroom.host.landing.parts import Work, nested

T = TypeVar("T")

TESTS = "tests"
"""The check whose verdict a landing needs; a later verdict on the same tree takes the place of the earlier."""


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


def branch_of(room: str, named: str) -> str:
    """The branch that a room lands on: the one that was named, else one by the room's own name."""
    return named or f"{BRANCHES}/{room}"


def no_landing_on(git: Git, branch: str) -> Refused | None:
    """Why nothing can land on a branch now: it is `no_branch`, or a checkout stands on it."""
    where = checked_out_at(git, f"refs/heads/{branch}")
    if where:
        why = f"{branch} is checked out in {where}, and the room moves no branch under a checkout."
        return Refused(Code.CONFLICT, why, "Check out another branch there, or land on another with --branch.")
    return no_branch(git, branch)


def no_branch(git: Git, branch: str) -> Refused | None:
    """Why there can never be a branch of that name here."""
    if not good_branch(git, branch):
        return Refused(Code.BAD_INPUT, f"'{branch[:100]}' is no name of a branch.", "Name another with --branch.")
    other = in_the_way(git, branch)
    if other:
        why = f"Git cannot have {branch} beside the branch {other}."
        return Refused(Code.CONFLICT, why, "Rename that one, or land on another with --branch.")
    return None


class Landing:
    """The room's way onto a branch. The host must perform the action `land` by a `RefMover` on the same repository."""

    def __init__(self, host: Host, place: LandingPlace) -> None:
        self._host = host
        self._place = place
        self._git = Git(place.repository.common)
        self._commits = LandingCommits(host, place.repository)
        self._busy = asyncio.Lock()
        self._lander = ""

    async def land(self, agent: str, heartbeat: Beats) -> Answer:
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
            except NotExactError as wrong:
                why = (
                    f"The commit built for landing does not hold what the room accepted at {wrong}; it was not landed."
                )
                return _refused(Code.CONFLICT, why, "Tell the operator; the work is kept in the room.")
            except (GitFailed, BadPath, OSError) as failed:
                return _refused(Code.CONFLICT, f"It could not be done: {failed}.", "Nothing has landed; mend that.")

    @property
    def branch(self) -> str:
        """The branch that the room lands on."""
        return branch_of(self._host.state.room, self._place.branch)

    async def _land(self, agent: str, heartbeat: Beats) -> Answer:
        # What mended an open finding may not have been looked at yet.
        await self._place.quiet()
        early = self._stands_against(agent) or await asyncio.to_thread(no_landing_on, self._git, self.branch)
        if early:
            return Answer(refused=early)
        state = self._host.state
        clash = _clash(state)
        if clash:
            return Answer(refused=clash)
        start = await asyncio.to_thread(self._commits.start, state, self.branch)
        if isinstance(start, Refused):
            return Answer(refused=start)
        work = await asyncio.to_thread(self._commits.work, state, start)
        if not work.changed:
            return Answer(text=f"Nothing to land: {self.branch} has all of it.", data={"landed": False})
        built = await asyncio.to_thread(self._commits.build, state, start, work)
        try:
            red = await self._tested(agent, built, heartbeat)
            return red or await self._moved(agent, state, start, built, work)
        finally:
            await asyncio.to_thread(remove_ref, self._git, built.pin)

    def _stands_against(self, agent: str) -> Refused | None:
        """What the room would say in the end, asked before the tests have run."""
        state = self._host.state
        asked = c.StartLanding(ref=self.branch, commit="", tree="", tasks=(), version=0)
        reply = decide(state, c.Submission(agent, asked), self._host.clock.now_ms()).reply
        untested_only = isinstance(reply, Refused) and reply.code is Code.RED and not _open_findings(state)
        return reply if isinstance(reply, Refused) and not untested_only else None

    async def _tested(self, agent: str, built: Built, heartbeat: Beats) -> Answer | None:
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
        self, agent: str, built: Built, command: SuiteCommand, tree: Path, heartbeat: Beats
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

    async def _moved(self, agent: str, state: RoomState, start: Start, built: Built, work: Work) -> Answer:
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

    async def _beating(self, work: Coroutine[None, None, T], agent: str, heartbeat: Beats, what: str) -> T:
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


def _is_landed(state: RoomState, branch: str, task: str) -> bool:
    done = state.tasks[task].done_seq
    return any(one.ref == branch and task in one.tasks and one.seq > done for one in state.landings)


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
