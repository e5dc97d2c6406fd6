"""One agent's directory as the host holds it: what was last put there, what to look at, what waits to be put."""

import asyncio
import time
from dataclasses import dataclass, field

from coroom.core.file import FileKind
from coroom.host.content import Content
from coroom.host.shadow import Shadow
from coroom.workspace.beneath import Root
from coroom.workspace.exchange import Exchange
from coroom.workspace.ignore import Ignore
from coroom.workspace.puts import Expected, Link, PutDone, PutRefused
from coroom.workspace.scan import Known
from coroom.workspace.states import Kind
from coroom.workspace.watch import Watcher

WINDOW_S_MAX = 120.0
"""A tool call that says nothing for longer holds back the others' text no more; its base is judged by likeness."""


@dataclass(slots=True)
class Mirror:
    """The state of one bridge. `shared` is the checkout that several agents work in, where nothing is put."""

    agent: str
    root: Root
    exchange: Exchange
    shadow: Shadow
    ignore: Ignore
    watcher: Watcher
    shared: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    to_look: dict[str, float] = field(default_factory=dict)
    to_put: set[str] = field(default_factory=set)
    moved: list[tuple[str, str]] = field(default_factory=list)
    rescan: str = ""
    batch: bool = False
    told: dict[str, str] = field(default_factory=dict)
    _windows: dict[str, list[float]] = field(default_factory=dict)

    def open_window(self, agent: str) -> None:
        """The agent's tool begins to run."""
        self._windows.setdefault(agent, []).append(time.monotonic() + WINDOW_S_MAX)

    def close_window(self, agent: str) -> None:
        """The agent's tool has run."""
        open_ones = self._windows.get(agent, [])
        if open_ones:
            open_ones.pop()
        if not open_ones:
            self._windows.pop(agent, None)

    def in_window(self) -> tuple[str, ...]:
        """The agents whose tools are running here; nothing is put meanwhile."""
        now = time.monotonic()
        for agent in list(self._windows):
            left = [until for until in self._windows[agent] if until > now]
            if left:
                self._windows[agent] = left
            else:
                del self._windows[agent]
        return tuple(self._windows)

    def look_at(self, path: str, after_s: float = 0.0) -> None:
        """Look at `path` in the next cycle, not before `after_s` seconds from now."""
        self.to_look[path] = time.monotonic() + after_s
        self.wake.set()

    def put_soon(self, path: str) -> None:
        """Bring `path` to the accepted version when no tool is running."""
        self.to_put.add(path)

    def known(self) -> dict[str, Known]:
        """The shadow as a scan wants it."""
        found = {}
        for path in self.shadow.present():
            was = self.shadow[path]
            kind = Kind.SYMLINK if was.content.kind is FileKind.SYMLINK else Kind.FILE
            found[path] = Known(was.signature, kind, was.content.blob, was.content.executable)
        return found

    def put(self, path: str, content: Content) -> PutDone | PutRefused:
        """Make the disk hold `content` where it holds what the shadow says."""
        was = self.shadow[path].content
        kind = Kind.SYMLINK if was.kind is FileKind.SYMLINK else Kind.FILE
        expected = None if was.kind is FileKind.ABSENT else Expected(was.blob, kind)
        now = time.monotonic()
        if content.kind is FileKind.ABSENT:
            assert expected is not None, "an absent file is not deleted twice"
            return self.exchange.delete(path, expected=expected, now=now)
        self.shadow.announce(path, content.blob)
        data = content.data or b""
        if content.kind is FileKind.SYMLINK:
            return self.exchange.put(path, Link(data), expected=expected, now=now)
        return self.exchange.put(path, data, expected=expected, now=now, executable=content.executable)

    def close(self) -> None:
        """Give everything back."""
        self.watcher.close()
        self.shadow.close()
        self.root.close()
