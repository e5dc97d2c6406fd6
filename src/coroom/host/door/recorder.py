"""Every run is a tape: what each agent asks of the room, and what its own tools did, as steps that can be played again.

The form of a tape is described in `coroom.host.door.tapes`; `--agent tape:FILE` plays it.
"""

import asyncio
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from coroom.core.codec import Json
from coroom.core.errors import Refused
from coroom.core.file import FileKind
from coroom.core.room import answered_before
from coroom.host.door.answer import Answer, ToolUse, Touch
from coroom.host.door.door import Door
from coroom.host.door.needs import Beats, Lander
from coroom.host.door.tapes import INLINE_CHARS_MAX, Tapes
from coroom.host.edits.content import MIRROR_BYTES_MAX, Content, of_state
from coroom.host.edits.mirror import Mirror
from coroom.host.edits.workspace import RoomWorkspace
from coroom.host.host import Host
from coroom.workspace.names import Refusal
from coroom.workspace.states import FileState

LINES_MAX = 2_000
"""Comparing more lines than these, between the first and the last that differ, would hold the room up."""

OPEN_MAX = 1_000
"""Tool calls of which no end was told; a client that was killed tells none."""

READ_AT_ONCE_BYTES_MAX = 1 << 20
"""Reading more would hold the room up, and goes to a thread."""

_WRITES = frozenset({Touch.EDIT, Touch.WRITE, Touch.DELETE})

Texts = dict[str, Content]


@dataclass(slots=True)
class _Open:
    """A tool call under way: when it began (seconds), and what its files held."""

    began: float
    texts: Texts


class _Native(NamedTuple):
    """A step of the agent's own on its disk; `data` is what it wrote, where that is large or no text."""

    tool: str
    given: Mapping[str, Json]
    data: bytes | None = None


class RecordedDoor(Door):
    """The door, with a tape of each agent's calls. What happens at the door does not depend on the recording."""

    def __init__(self, host: Host, workspace: RoomWorkspace, lander: Lander, tapes: Tapes) -> None:
        super().__init__(host, workspace, lander)
        self._files = workspace
        self._tapes = tapes
        self._last: dict[str, float] = {}
        self._open: dict[tuple[str, ToolUse], _Open] = {}
        self._began = time.monotonic()

    async def sync(self, agent: str, wait_s: float, heartbeat: Beats, about: str = "", cursor: int = 0) -> Answer:
        """See `Door.sync`."""
        with self._step(agent, "sync", {"wait_s": wait_s, "about": about}):
            return await super().sync(agent, wait_s, heartbeat, about, cursor)

    async def claim(
        self, agent: str, resources: list[str], mode: str, purpose: str, ttl_s: float, operation: str
    ) -> Answer:
        """See `Door.claim`."""
        given: dict[str, Json] = {"resources": [*resources], "mode": mode, "purpose": purpose, "ttl_s": ttl_s}
        with self._step(agent, "claim", given, operation):
            return await super().claim(agent, resources, mode, purpose, ttl_s, operation)

    async def release(self, agent: str, resources: list[str], operation: str) -> Answer:
        """See `Door.release`."""
        with self._step(agent, "release", {"resources": [*resources]}, operation):
            return await super().release(agent, resources, operation)

    async def say(
        self, agent: str, kind: str, text: str, to: str, about: str, resources: list[str], operation: str
    ) -> Answer:
        """See `Door.say`."""
        given: dict[str, Json] = {"kind": kind, "text": text, "to": to, "about": about, "resources": [*resources]}
        with self._step(agent, "say", given, operation):
            return await super().say(agent, kind, text, to, about, resources, operation)

    async def task(self, agent: str, do: str, given: dict[str, Json], operation: str) -> Answer:
        """See `Door.task`."""
        with self._step(agent, "task", {"do": do, **given}, operation):
            return await super().task(agent, do, given, operation)

    async def land(self, agent: str, heartbeat: Beats) -> Answer:
        """See `Door.land`."""
        with self._step(agent, "land", {}):
            return await super().land(agent, heartbeat)

    async def answer(self, agent: str, about: str, choice: str, text: str, operation: str) -> Answer:
        """See `Door.answer`."""
        edit = self.host.state.held.get(about)
        given: dict[str, Json] = {"about": about, "choice": choice, "text": text}
        with self._step(agent, "answer", given, operation, held=edit.path if edit else ""):
            return await super().answer(agent, about, choice, text, operation)

    async def read(self, agent: str, path: str, first_line: int = 1, lines: int = 2_000) -> Answer:
        """See `Door.read`."""
        with self._step(agent, "read", {"path": path, "first_line": first_line, "lines": lines}):
            return await super().read(agent, path, first_line, lines)

    async def edit(self, agent: str, path: str, old: str, new: str, operation: str = "") -> Answer:
        """See `Door.edit`."""
        with self._step(agent, "edit", {"path": path}, operation) as given:
            # Empty, they still mean something.
            given |= {"old": old, "new": new}
            return await super().edit(agent, path, old, new, operation)

    async def before_tool(self, agent: str, use: ToolUse) -> Refused | None:
        """See `Door.before_tool`."""
        began = time.monotonic()
        refused = await super().before_tool(agent, use)
        if refused is None:
            while len(self._open) >= OPEN_MAX:
                del self._open[next(iter(self._open))]
            self._open[agent, use] = _Open(began, await self._stands(agent, use))
        return refused

    async def after_tool(self, agent: str, use: ToolUse) -> Answer:
        """See `Door.after_tool`."""
        opened = self._open.pop((agent, use), None)
        # Read before the door puts what others wrote: what is there now is the agent's own doing.
        texts = await self._stands(agent, use)
        try:
            return await super().after_tool(agent, use)
        finally:
            began = opened.began if opened else time.monotonic()
            for step in self._native(agent, use, opened.texts if opened else {}, texts):
                self._add(agent, step.tool, step.given, began, data=step.data)

    @contextmanager
    def _step(
        self, agent: str, tool: str, given: dict[str, Json], operation: str = "", *, held: str = ""
    ) -> Iterator[dict[str, Json]]:
        """One call of a room tool; who repeats a call has not made another."""
        began, state = time.monotonic(), self.host.state
        repeated = bool(operation) and answered_before(state, agent, operation) is not None
        said = {name: value for name, value in given.items() if value not in ("", 0, [], False)}
        yield said
        if not repeated:
            self._add(agent, tool, said, began, held)

    def _add(
        self,
        agent: str,
        tool: str,
        given: Mapping[str, Json],
        began: float,
        held: str = "",
        data: bytes | None = None,
    ) -> None:
        if agent not in self.host.state.agents:
            return
        at_ms = max(0, round((began - self._last.get(agent, self._began)) * 1000))
        self._last[agent] = time.monotonic()
        step: dict[str, Json] = {"at_ms": at_ms, "tool": tool, "args": dict(given)}
        self._tapes.add(agent, step | ({"held": held} if held else {}), data)

    async def _stands(self, agent: str, use: ToolUse) -> Texts:
        """What the files that the tool names hold."""
        mirror = self._files.files.mirror_of(agent)
        if mirror is None or use.touch not in _WRITES | {Touch.READ}:
            return {}
        paths = self._files.beneath(mirror, use)
        looked = [mirror.root.lstat(path) for path in paths]
        size = sum(one.signature.size for one in looked if isinstance(one, FileState) and one.signature)
        if size > READ_AT_ONCE_BYTES_MAX:
            return await asyncio.to_thread(self._texts, mirror, paths)
        return self._texts(mirror, paths)

    def _texts(self, mirror: Mirror, paths: list[str]) -> Texts:
        found: Texts = {}
        for path in paths:
            state = mirror.read(path, MIRROR_BYTES_MAX)
            content = None if isinstance(state, Refusal) else of_state(state)
            if content:
                found[path] = content
        return found

    def _native(self, agent: str, use: ToolUse, before: Texts, after: Texts) -> Iterator[_Native]:
        match use.touch:
            case Touch.SHELL:
                yield _Native("shell", {"command": self._anywhere(agent, use)})
            case Touch.READ:
                for path, content in after.items():
                    if content.kind is not FileKind.ABSENT:
                        yield _Native("native_read", {"path": path})
            case Touch.EDIT | Touch.WRITE | Touch.DELETE:
                for path, content in after.items():
                    yield from _change(use.touch, path, before.get(path), content)

    def _anywhere(self, agent: str, use: ToolUse) -> str:
        """The command as it can run in another mirror."""
        mirror = self._files.files.mirror_of(agent)
        root = mirror.root.path if mirror else ""
        inside = use.cwd.removeprefix(root).strip("/") if root and use.cwd.startswith(f"{root}/") else ""
        command = use.command.replace(root, ".") if root else use.command
        return f"cd {shlex.quote(inside)} && {command}" if inside else command


def _change(touch: Touch, path: str, before: Content | None, after: Content) -> Iterator[_Native]:
    if before == after:
        return
    if after.kind is FileKind.ABSENT:
        yield _Native("native_delete", {"path": path})
    elif after.kind is FileKind.TEXT and after.size <= INLINE_CHARS_MAX:
        whole = touch is Touch.WRITE or before is None or before.kind is not FileKind.TEXT
        edits = None if whole or before is None else edits_between(before.text, after.text)
        if edits is None:
            yield _Native("native_write", {"path": path, "text": after.text})
        else:
            yield from (_Native("native_edit", {"path": path, "old": old, "new": new}) for old, new in edits)
    elif after.kind is not FileKind.SYMLINK:
        yield _Native("native_write", {"path": path}, after.data)


def edits_between(before: str, after: str) -> list[tuple[str, str]] | None:
    """Replacements that make `after` of `before` one after the other, each of a piece that stands there once.

    None: there are none, as in a text of like lines, or finding them would take too long.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(old_middle), len(new_middle)) > LINES_MAX:
        return None
    codes = SequenceMatcher(None, old_middle, new_middle, autojunk=False).get_opcodes()
    changes = [tuple(head + place for place in places) for kind, *places in codes if kind != "equal"]
    found: list[tuple[str, str]] = []
    lines = old
    # From the end, so that what comes earlier keeps its place.
    for start, end, new_start, new_end in reversed(changes):
        piece = _standing_once(lines, start, end)
        if piece is None:
            return None
        first, last = piece
        put = [*lines[first:start], *new[new_start:new_end], *lines[end:last]]
        found.append(("".join(lines[first:last]), "".join(put)))
        lines = [*lines[:first], *put, *lines[last:]]
    return found


def _alike(old: list[str], new: list[str]) -> int:
    """How many lines are the same from the beginning."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(old), len(new)))


def _standing_once(lines: list[str], start: int, end: int) -> tuple[int, int] | None:
    """As few lines around start:end as make their text stand only once."""
    text, around = "".join(lines), 0
    while True:
        first, last = max(0, start - around), min(len(lines), end + around)
        piece = "".join(lines[first:last])
        # Not by counting: of texts that overlap themselves, one that counts once may stand at two places.
        if piece and text.find(piece) == text.rfind(piece):
            return first, last
        if first == 0 and last == len(lines):
            return None
        around = max(1, around * 2)
