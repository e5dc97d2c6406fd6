"""A room over a repository, put together: log, host, files, landing and door; and the seats of its agents."""

import asyncio
import contextlib
import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from coroom.checks.types import TypeChecker
from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Presence, Role
from coroom.core.decide.rooms import bad_room_name
from coroom.core.errors import Code, Refused
from coroom.core.event import AgentJoined, Event
from coroom.core.file import SHARED_LINE, FileKind
from coroom.core.limits import Limits
from coroom.core.notice import NoticeKind
from coroom.git.locks import Lockable, clear_stale_locks
from coroom.git.mirror import STAGE, MirrorFailed, clear_half_made, make_mirror
from coroom.git.repository import Repository, TreeFile, read_blobs, tree_files
from coroom.host.calls.calls import RoomCalls
from coroom.host.clock import SystemClock
from coroom.host.confined import Confined
from coroom.host.door.door import Door
from coroom.host.door.recorder import RecordedDoor
from coroom.host.door.silent import SilentDoor
from coroom.host.door.tapes import Tapes
from coroom.host.edits.content import MIRROR_BYTES_MAX, Content, of_bytes
from coroom.host.edits.files import Files
from coroom.host.edits.mirror import Mirror
from coroom.host.edits.shadow import Shadow, room_of
from coroom.host.edits.workspace import RoomWorkspace
from coroom.host.host import Host
from coroom.host.landing.landing import Landing, LandingPlace, branch_of
from coroom.host.landing.landing_each import LandingEach
from coroom.host.landing.ref_mover import RefMover
from coroom.host.seat import Seat
from coroom.host.served import barred, mirrors_directory, read_only_in, state_directory
from coroom.log.sqlite import SqliteLog
from coroom.workspace.beneath import Root
from coroom.workspace.exchange import Exchange
from coroom.workspace.ignore import Ignore
from coroom.workspace.stage import Stage
from coroom.workspace.states import content_hash
from coroom.workspace.watch import open_watcher

if TYPE_CHECKING:
    from coroom.host.calls.tools_file import OpenTools
    from coroom.tools.smith import Proposer

SEED_FILES = 500
"""Files seeded by one event."""

BEGAN = "refs/coroom/began"
"""Below it, the commit that each room began with is kept from git's garbage collection."""

LAND = "land"

TAPES = "tapes"
"""Where, in the room's directory, the tapes of its agents are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPlan:
    """What a room is opened with.

    `mirrors` is where the agents' directories are made; by default below the user's state directory. `shared` has
    all agents work in the checkout itself. `branch` and `test` are for landing (empty: chosen by the room);
    `land_each` lands by itself whenever a task is done; `confined` is what the tests run in. `tools` is the file of
    its tools on live state, `toolsmith` proposes further ones when agents ask. A `silent` room tells its agents
    nothing. `types` is the type checker that is asked before a landing: its name, `auto` for the project's own, or
    `off`.
    """

    name: str = "main"
    policy: str = "open"
    mirrors: Path | None = None
    shared: bool = False
    branch: str = ""
    test: str = ""
    land_each: bool = False
    confined: Confined = field(default_factory=Confined)
    tools: Path | None = None
    toolsmith: "Proposer | None" = None
    silent: bool = False
    types: str = "off"


class Room:
    """One open room. Everything in it belongs to the event loop that opened it."""

    def __init__(self, plan: RoomPlan, repository: Repository, host: Host, state_directory: Path) -> None:
        self.plan = plan
        self.repository = repository
        self.host = host
        self.directory = state_directory
        types = TypeChecker(plan.types, repository.toplevel) if plan.types != "off" else None
        self.workspace = RoomWorkspace(host, Files(host), types)
        place = LandingPlace(
            repository=repository,
            scratch=state_directory / "scratch",
            logs=state_directory / "logs",
            quiet=self.workspace.quiet,
            branch=plan.branch,
            test=plan.test,
            confined=plan.confined,
        )
        self.landing = Landing(host, place)
        self._each = LandingEach(host, self.landing) if plan.land_each else None
        self.operator_token = _kept_secret(state_directory / "operator.token")
        self.operator_hash = hashed(self.operator_token)
        self._secret_hashes = frozenset({self.operator_hash, *(a.secret_hash for a in host.state.agents.values())})
        host.listen(self._heard)
        self._tapes = Tapes(state_directory / TAPES, lambda: self._secret_hashes)
        door = SilentDoor if plan.silent else RecordedDoor
        self.door: Door = door(host, self.workspace, self.landing, self._tapes)
        self._seating = asyncio.Lock()
        self._tools: OpenTools | None = None
        self._identity = ""

    @classmethod
    async def open(cls, repository: Repository, plan: RoomPlan) -> "Room | Refused":
        """Open the room of that name over the repository, new or as it was left.

        Raises:
            LogBusy: another host has this room open.
            LogCorrupt: its log is damaged.
        """
        wrong = bad_room_name(plan.name, Limits().name_chars_max)
        if wrong:
            return wrong
        if plan.shared and plan.policy == "isolated":
            return Refused(
                Code.BAD_INPUT,
                "Agents in one shared directory cannot be isolated from each other.",
                "Give them mirrors, or take the policy open.",
            )
        directory = state_directory(repository, plan.name)
        wrong = await asyncio.to_thread(unready, repository, plan)
        if wrong:
            return wrong
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = SqliteLog(directory / "room.sqlite3")
        try:
            host = await Host.open(log, SystemClock(), {LAND: RefMover(repository.git)})
        except BaseException:
            log.close()
            raise
        opened = await host.submit(
            OPERATOR,
            c.OpenRoom(
                room=plan.name, policy=plan.policy, repository=str(repository.toplevel), commit=repository.commit
            ),
        )
        if isinstance(opened, Refused):
            await host.close()
            return opened
        room = cls(plan, repository, host, directory)
        # The first event, with its time, tells this room from one of the same name before it.
        room._identity = await asyncio.to_thread(log.chain, 1)
        # Mirrors, landings and the next opening build on it, also when the user's branch was rewritten meanwhile.
        # A host that was killed, or lost its power, may have left it locked.
        ours = (Lockable(repository.common, ours_only=True),)
        await asyncio.to_thread(clear_stale_locks, ours, directory / "locks-seen", older_than_s=0)
        await asyncio.to_thread(repository.git.run, "update-ref", f"{BEGAN}/{plan.name}", host.state.commit)
        wrong = await room._open_tools()
        if wrong:
            await host.close()
            return wrong
        await room._seed()
        if plan.shared:
            await room.workspace.open(room._mirror(SHARED_LINE, repository.toplevel, shared=True))
        else:
            await room._reopen_mirrors()
        return room

    @property
    def name(self) -> str:
        """The room's name."""
        return self.plan.name

    async def admit(
        self, agent: str, role: Role = Role.IMPLEMENTER, client: str = "", parent: str | None = None
    ) -> Seat | Refused:
        """Give an agent a seat: a fresh secret, and a mirror unless all share the checkout. A known name keeps its
        rank, its mirror and its claims; its old secret is void.
        """
        token = secrets.token_urlsafe(32)
        joined = await self.host.submit(
            HOST, c.Join(agent=agent, secret_hash=hashed(token), role=role, parent=parent, client=client)
        )
        if isinstance(joined, Refused):
            return joined
        if self.plan.shared:
            return Seat(agent, token, self.repository.toplevel)
        directory = self.mirror_directory(agent)
        async with self._seating:
            if self.workspace.directory_of(agent) is None:
                await self._set_aside(agent, directory)
                if not directory.exists():
                    commit = self.host.state.commit
                    try:
                        await asyncio.to_thread(make_mirror, self.repository, directory, agent, commit)
                    except MirrorFailed as failed:
                        # Present without a place, it would keep all others waiting under `serial`.
                        await self.host.submit(HOST, c.Leave(agent=agent, reason="it got no mirror"))
                        return Refused(Code.CONFLICT, f"{failed}.", "Make room there, then ask for the seat again.")
                await self.workspace.open(self._mirror(agent, directory))
        return Seat(agent, token, directory)

    def mirror_directory(self, agent: str) -> Path:
        """Where the agent's mirror is, or would be."""
        return _mirrors_of(self.repository, self.plan) / agent

    async def close(self) -> None:
        """Take in what is on every disk, keep a snapshot, and let go. Nothing of the room's life ends by this."""
        try:
            if self.door.calls:
                self.door.calls.leave_unfinished()
            if self.door.brought:
                self.door.brought.end()
            if self._each:
                await self._each.close()
            await self.workspace.close()
            await asyncio.to_thread(self._tapes.close)
        finally:
            if self._tools:
                if self.door.calls:
                    await self.door.calls.rest()
                await asyncio.to_thread(self._tools.close)
            await self.host.close()

    async def _open_tools(self) -> Refused | None:
        """Reach what the file of tools names, and finish the calls that a crash cut off."""
        if self.plan.tools is None:
            return None
        from coroom.host.calls.brought import BroughtTools  # noqa: PLC0415
        from coroom.host.calls.smithy import Smithy  # noqa: PLC0415
        from coroom.host.calls.tools_file import OpenTools  # noqa: PLC0415  slow to import, for rooms with tools
        from coroom.tools.signature import BadTool  # noqa: PLC0415

        try:
            self._tools = await asyncio.to_thread(OpenTools, self.plan.tools, self.directory / "tools")
        except BadTool as bad:
            return Refused(Code.BAD_INPUT, str(bad), "Mend it, then open the room again.")
        await asyncio.to_thread(self._tools.keep_only, tuple(self.host.state.order.calls))
        opened, workshop = self._tools.by_name, self._tools.workshop
        made = {tool.spec.name: tool for tool in workshop.library(self.host)} if workshop else {}
        self.door.calls = RoomCalls(self.host, {**made, **opened})
        if self._tools.brought:
            self.door.brought = BroughtTools(self.host, self.door.calls, self._tools.journal, self._tools.own)
        if self.door.brought and self.door.brought.await_those():
            self.door.calls.open_meanwhile()
        else:
            await self.door.calls.open()
        if workshop:
            self.door.smithy = Smithy(self.host, self.door.calls, workshop, self.plan.toolsmith)
        return None

    def _heard(self, event: Event) -> None:
        """Secrets are kept off the tapes from the moment on that they are given out, and when they no longer count."""
        if isinstance(event.body, AgentJoined):
            self._secret_hashes |= {event.body.secret_hash}

    async def _reopen_mirrors(self) -> None:
        if self.plan.mirrors is None:
            # Nobody else makes mirrors in a directory of the room's own.
            await asyncio.to_thread(clear_half_made, mirrors_directory(self.repository, self.name))
        for agent in self.host.state.agents.values():
            directory = self.mirror_directory(agent.name)
            await self._set_aside(agent.name, directory)
            if directory.exists() and agent.presence is not Presence.LEFT:
                await self.workspace.open(self._mirror(agent.name, directory))

    async def _set_aside(self, agent: str, directory: Path) -> None:
        """A mirror of a room that was removed holds that room's texts: it is kept, but this room begins anew."""
        theirs = await asyncio.to_thread(room_of, str(directory / STAGE / "shadow"))
        if theirs in {"", self._identity}:
            return
        # No agent's name has such a mark.
        aside = directory.with_name(f"{agent}~{theirs[:8]}-{secrets.token_hex(2)}")
        await asyncio.to_thread(directory.rename, aside)
        text = f"{directory} was {agent}'s in a room that is no more; it is kept as {aside}."
        for to in (agent, OPERATOR):
            await self.host.submit(HOST, c.Say(kind=NoticeKind.NOTE, text=text, to=to))

    def _mirror(self, agent: str, directory: Path, *, shared: bool = False) -> Mirror:
        root = Root(str(directory))
        ignore = Ignore.load(root, self.host.state.files())
        stage = Stage.at(str(self.directory / "stage")) if shared else Stage.inside(root, f"{STAGE}/stage")
        shadow = self.directory / "shared.shadow" if shared else directory / STAGE / "shadow"
        return Mirror(
            agent=agent,
            root=root,
            exchange=Exchange(root, stage),
            shadow=Shadow(str(shadow), self._identity),
            ignore=ignore,
            watcher=open_watcher(root, ignore),
            shared=shared,
        )

    async def _seed(self) -> None:
        """Take the repository's files as first versions; those of a seeding that was cut off too."""
        listed = await asyncio.to_thread(tree_files, self.repository.git, self.host.state.commit)
        known = self.host.state.files()
        fresh = [file for file in listed if file.size <= MIRROR_BYTES_MAX and file.path not in known]
        for start in range(0, len(fresh), SEED_FILES):
            batch = await asyncio.to_thread(_seeds, self.repository, fresh[start : start + SEED_FILES])
            files = tuple((path, one.kind, one.blob, one.executable, one.size) for path, one in batch)
            blobs = {one.blob: one.data for _, one in batch if one.data is not None}
            await self.host.submit(HOST, c.SeedFiles(files), blobs=blobs)


def _mirrors_of(repository: Repository, plan: RoomPlan) -> Path:
    return plan.mirrors or mirrors_directory(repository, plan.name)


def unready(repository: Repository, plan: RoomPlan) -> Refused | None:
    """Why this room cannot be: its tools cannot be read, or there is no place for what it makes. Said before anything
    of it is made.
    """
    return _unread_tools(plan) or _no_place(repository, plan)


def _unread_tools(plan: RoomPlan) -> Refused | None:
    if plan.tools is None:
        return None
    from coroom.host.calls.tools_file import read_tools_file  # noqa: PLC0415  slow to import, for rooms with tools
    from coroom.tools.signature import BadTool  # noqa: PLC0415

    try:
        read_tools_file(plan.tools)
    except BadTool as bad:
        return Refused(Code.BAD_INPUT, str(bad), "Mend it, then open the room again.")
    return None


def _no_place(repository: Repository, plan: RoomPlan) -> Refused | None:
    next_step = "Make the repository's .git writable, or clone it where you may write."
    why = barred(state_directory(repository, plan.name))
    if why:
        return Refused(Code.FAILED, f"A room is kept in the repository, and {why}.", next_step)
    refs = (f"{BEGAN}/{plan.name}", f"refs/heads/{branch_of(plan.name, plan.branch)}")
    where = read_only_in(repository, refs)
    if where:
        why = f"A room makes commits and branches in the repository, and nothing may be written in {where}."
        return Refused(Code.FAILED, why, next_step)
    why = "" if plan.shared else barred(_mirrors_of(repository, plan))
    if why:
        next_step = "Name another place with --mirrors, or in the variable XDG_STATE_HOME."
        return Refused(Code.FAILED, f"The agents' directories cannot be made: {why}.", next_step)
    return None


def _seeds(repository: Repository, files: Sequence[TreeFile]) -> list[tuple[str, Content]]:
    batch: list[tuple[str, Content]] = []
    blobs = read_blobs(repository.git, [file.oid for file in files])
    for file, (_, data) in zip(files, blobs, strict=True):
        if file.symlink:
            content = Content(FileKind.SYMLINK, content_hash(data), data=data)
        else:
            content = of_bytes(data, executable=file.executable)
        batch.append((file.path, content))
    return batch


def hashed(token: str) -> str:
    """The form in which the room knows a secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def _kept_secret(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="ascii").strip()
    secret = secrets.token_urlsafe(32)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
    return secret
