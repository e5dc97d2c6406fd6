"""The room's files as the door uses them: tool calls begin and end, texts are read, edited and chosen."""

import asyncio
import os
from dataclasses import replace

from coroom.checks.types import TypeChecker
from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.errors import Code, Refused
from coroom.core.file import SHARED_LINE, FileKind, HeldEdit, HeldState
from coroom.core.room import fingerprint_of_edit
from coroom.host.checks.consistency import Consistency
from coroom.host.door.answer import ToolUse, Touch
from coroom.host.edits.admission import may_touch, stale
from coroom.host.edits.bridge import Bridge
from coroom.host.edits.content import MIRROR_BYTES_MAX, Content, of_bytes, of_state
from coroom.host.edits.files import Files
from coroom.host.edits.joining import drop_joined, join_line, mine_of
from coroom.host.edits.mirror import Mirror
from coroom.host.edits.radar import Radar
from coroom.host.edits.restoring import Restoring
from coroom.host.edits.surroundings import Surroundings
from coroom.host.host import Host
from coroom.workspace.names import Refusal, check_name
from coroom.workspace.states import FileState

_CHANGES = frozenset({Touch.EDIT, Touch.WRITE, Touch.DELETE, Touch.SHELL})


class RoomWorkspace:
    """Implements `needs.Workspace` over the bridges of a room."""

    def __init__(self, host: Host, files: Files, types: TypeChecker | None = None) -> None:
        self._host = host
        self._files = files
        self._around = Surroundings(host, files)
        self._restoring = Restoring(host, files, self._around.acceptance)
        self._radar = Radar(host, files)
        self._consistency = Consistency(host, types)
        self._bridges: dict[str, Bridge] = {}

    @property
    def files(self) -> Files:
        """The accepted text and its mirrors."""
        return self._files

    async def open(self, mirror: Mirror) -> None:
        """Begin to serve a mirror; what changed in it while nobody watched is taken in first."""
        bridge = Bridge(self._around, mirror)
        self._bridges[SHARED_LINE if mirror.shared else mirror.agent] = bridge
        await bridge.start()

    async def close(self) -> None:
        """Take in what is on every disk, and let go of all of them."""
        for bridge in list(self._bridges.values()):
            await bridge.cycle(final=True)
            await bridge.stop()
        self._bridges.clear()
        await self._radar.close()
        await self._consistency.close()
        self._around.close()

    def directory_of(self, agent: str) -> str | None:
        """Where the agent works."""
        mirror = self._files.mirror_of(agent)
        return mirror.root.path if mirror else None

    async def settle(self, agent: str) -> None:
        """Take in whatever the agent's disk holds that the room has not seen."""
        bridge = self._bridge(agent)
        if bridge:
            await bridge.cycle(final=True)

    async def join(self, agent: str) -> list[str] | Refused:
        """Bring the agent's own line into the shared one, where the policy gives it one; the held edits of that, or why
        something could not even be held.
        """
        await self.settle(agent)
        return await join_line(self._host, self._files, agent)

    async def quiet(self) -> None:
        """Take in whatever any disk holds, whether or not anything told of it."""
        for bridge in list(self._bridges.values()):
            await bridge.cycle(final=True, rescan=True)
        await self._consistency.rest()

    async def before(self, agent: str, use: ToolUse) -> Refused | None:
        """Begin the agent's tool call, or say why it must not run."""
        bridge = self._bridge(agent)
        if bridge is None:
            return None
        mirror = bridge.mirror
        paths, writes = self.beneath(mirror, use), self.beneath(mirror, replace(use, paths=use.writes))
        mirror.wanted += 1
        try:
            async with mirror.turn:
                changes = writes if use.touch is Touch.SHELL else paths
                wrong = self._paused(agent) or self._forbidden(agent, mirror, use, changes)
                if not wrong:
                    meant = changes if use.touch in _CHANGES else []
                    brief = use.touch in {Touch.EDIT, Touch.DELETE}
                    mirror.open_window(agent, paths, writes=meant, brief=brief, command=use.command)
                return wrong
        finally:
            mirror.wanted -= 1

    def _forbidden(self, agent: str, mirror: Mirror, use: ToolUse, paths: list[str]) -> Refused | None:
        if use.touch not in _CHANGES:
            return None
        if use.touch is Touch.SHELL:
            # A redirection writes the file whole, as an agent's write tool does.
            use = replace(use, touch=Touch.WRITE)
        wrongs = (
            may_touch(self._host, agent, path) or stale(self._host, agent, use, path, mirror.shadow[path].version)
            for path in paths
        )
        return next((wrong for wrong in wrongs if wrong), None)

    def _paused(self, agent: str) -> Refused | None:
        known = self._host.state.agents.get(agent)
        if known and known.presence.value == "paused":
            return Refused(Code.PAUSED, "The operator has paused you.", "Call sync with wait_s until you are resumed.")
        return None

    async def after(self, agent: str, use: ToolUse) -> None:
        """End the agent's tool call: what it wrote goes in, what it read is noted, then what waited is put."""
        bridge = self._bridge(agent)
        # Tools that touch no files began nothing here, and must not end what another tool of the agent has begun.
        if bridge is None or use.touch is Touch.OTHER:
            return
        mirror = bridge.mirror
        paths = self.beneath(mirror, use)
        # Another tool that still runs here may be in the middle of a file.
        last = mirror.tools_running() <= 1
        await bridge.cycle(final=last)
        if use.touch in {Touch.READ, Touch.EDIT, Touch.SHELL}:
            versions = tuple((path, mirror.shadow[path].version) for path in paths if mirror.shadow[path].version)
            if versions:
                await self._host.submit(agent, c.NoteReads(versions))
                for path, version in versions:
                    mirror.has_read(agent, path, version)
        mirror.close_window(agent, paths)
        await bridge.cycle(final=last)

    async def idle(self, agent: str) -> None:
        """The agent's turn is over: what it wrote goes in, and no tool of its own holds the others' texts back any
        more, also none that its client never ran, since a person or a rule there said no.
        """
        bridge = self._bridge(agent)
        if bridge is None:
            return
        await bridge.cycle(final=True)
        bridge.mirror.close_windows(agent)
        await bridge.cycle()

    def beneath(self, mirror: Mirror, use: ToolUse) -> list[str]:
        """The paths of a tool use, relative to the mirror; those outside it are none of the room's business."""
        root = os.path.realpath(mirror.root.path)
        found = []
        for path in use.paths:
            whole = os.path.normpath(os.path.join(use.cwd or root, path))
            inside = os.path.realpath(os.path.dirname(whole)) + "/" + os.path.basename(whole)
            if inside.startswith(root + "/"):
                name = check_name(inside[len(root) + 1 :])
                if not isinstance(name, Refusal):
                    found.append(name)
        return list(dict.fromkeys(found))

    async def read(self, agent: str, path: str) -> str | Refused:
        """The accepted text of a file, noted as read."""
        name = self._name(path)
        if isinstance(name, Refused):
            return name
        await self.settle(agent)
        version = self._files.head(name, self._files.line_of(agent))
        if version is None or version.kind is FileKind.ABSENT:
            return Refused(
                Code.NOT_FOUND, f"There is no file {name}.", "Check the path; it is relative to the repository."
            )
        if version.kind is not FileKind.TEXT:
            return Refused(
                Code.BAD_INPUT, f"{name} is {version.kind.value}, not text.", "Use a tool of your own for it."
            )
        await self._host.submit(agent, c.NoteReads(((name, version.version),)))
        mirror = self._files.mirror_of(agent)
        if mirror:
            mirror.has_read(agent, name, version.version)
        return self._files.content(version).text

    def _name(self, path: str) -> str | Refused:
        name = check_name(path)
        if isinstance(name, Refusal):
            return Refused(
                Code.BAD_INPUT, f"'{path[:120]}' cannot be: {name.detail}.", "Give a path relative to the repository."
            )
        return name

    async def edit(
        self, agent: str, path: str, old: str, new: str, operation: str = ""
    ) -> c.Accepted | c.Held | Refused:
        """Replace `old`, which must occur exactly once in the accepted text, by `new`."""
        name = self._name(path)
        if isinstance(name, Refused):
            return name
        wrong = may_touch(self._host, agent, name)
        if wrong:
            return wrong
        await self.settle(agent)
        head = self._files.content(self._files.head(name, self._files.line_of(agent)))
        if head.kind not in {FileKind.ABSENT, FileKind.TEXT}:
            return Refused(Code.BAD_INPUT, f"{name} is {head.kind.value}, not text.", "Use a tool of your own for it.")
        if head.kind is FileKind.ABSENT and old:
            return Refused(Code.NOT_FOUND, f"There is no file {name}.", "Leave old empty to create it.")
        asked = fingerprint_of_edit(path, old, new)
        if not head.text and not old:
            whole = of_bytes(new.encode(), executable=head.executable)
            return await self._around.acceptance.write(agent, name, whole, head, operation, asked)
        old, new = _with_line_ends_of(head.text, old), _with_line_ends_of(head.text, new)
        count = head.text.count(old) if old else 0
        if count != 1:
            why = f"'{old[:60]}' occurs {count} times in {name}."
            return Refused(Code.STALE, why, "Read the file again and give a piece that occurs once.")
        text = head.text.replace(old, new)
        whole = of_bytes(text.encode(), executable=head.executable)
        return await self._around.acceptance.write(agent, name, whole, head, operation, asked)

    async def restore(self, by: str, path: str, name: str) -> c.Accepted | c.Held | Refused:
        """See `Restoring.restore`; in the shared directory, what stands on its disk goes in first."""
        shared = self._bridges.get(SHARED_LINE)
        if shared:
            await shared.cycle(final=True)
        return await self._restoring.restore(by, path, name)

    async def choose(self, agent: str, held: str, choice: str) -> c.Good | Refused:
        """Settle a held edit. mine: the author's text goes in whole; theirs: the room's stays; merged: what the
        author's disk holds now goes in whole. Saying `merged` of an edit that its author's writing has settled
        already is saying what is so.
        """
        edit = self._host.state.held.get(held)
        if edit and edit.state is HeldState.RESOLVED and (choice, edit.settled_by) == ("merged", agent):
            return c.Ok(held)
        if edit is None or edit.state is not HeldState.OPEN:
            return Refused(Code.NOT_FOUND, f"'{held}' is no open held edit.", "Call sync to see what is held.")
        if choice == "theirs":
            return await drop_joined(self._host, self._files, agent, edit)
        if choice == "mine":
            content: Content | None = await asyncio.to_thread(mine_of, self._host, self._files, edit)
        else:
            content = self._on_disk(agent, edit)
        if content is None:
            return Refused(
                Code.NOT_FOUND, f"{edit.path} cannot be read on your disk.", "Write the combination there first."
            )
        return await self._around.acceptance.force(agent, edit, content)

    def _on_disk(self, agent: str, edit: HeldEdit) -> Content | None:
        mirror = self._files.mirror_of(agent)
        found = mirror.read(edit.path, MIRROR_BYTES_MAX) if mirror else None
        return of_state(found) if isinstance(found, FileState) else None

    def _bridge(self, agent: str) -> Bridge | None:
        if agent == OPERATOR:
            return None
        return self._bridges.get(agent) or self._bridges.get(SHARED_LINE)


def _with_line_ends_of(text: str, piece: str) -> str:
    """`piece` as a file with this text writes it: `read` shows the lines of a CRLF file without their ends."""
    if "\r\n" not in text or text.count("\n") != text.count("\r\n"):
        return piece
    return piece.replace("\r\n", "\n").replace("\n", "\r\n")
