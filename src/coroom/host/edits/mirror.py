"""One agent's directory as the host holds it: what was last put there, what to look at, what waits to be put."""

import asyncio
import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from coroom.core.file import FileKind
from coroom.host.edits.content import Content
from coroom.host.edits.shadow import Shadow
from coroom.workspace.beneath import Refusal, Root
from coroom.workspace.exchange import Exchange
from coroom.workspace.ignore import Ignore
from coroom.workspace.keeper import writer_open
from coroom.workspace.puts import Expected, Link, PutDone, PutReason, PutRefused
from coroom.workspace.states import FileState, Kind, Signature
from coroom.workspace.watch import Watcher

WINDOW_S_MAX = 120.0
"""A tool call that says nothing for longer holds back the others' text no more; its base is judged by likeness."""

EDIT_WINDOW_S_MAX = 10.0
"""The same for a tool that changes a part of a file: it looks at what stands there and is done at once, and Codex tells
of no patch that failed."""

KNOWN_S = 2.0
"""How long a text may have been put without the programs that run there having seen it."""

TICK_NS = 10_000_000
"""By so much the file system's clock may be behind."""

GIT_JUST_S = 3.0
"""How long after git has moved its HEAD or its stash what goes away counts as taken away by it."""

_GIT_MARKS = ("HEAD", "logs/HEAD", "refs/stash", "ORIG_HEAD")
_GIT_ON_THE_TREE = re.compile(
    r"\bgit\b[^|;&\n]*\s(?:clean|stash|checkout|switch|reset|restore|pull|merge|rebase|am|cherry-pick|revert)\b"
)

PLACED_MAX = 1_000

READS_MAX = 10_000
"""Reads remembered; of one that is forgotten the room only knows less."""

RETRY_S = 0.05
RETRY_S_MAX = 5.0
"""A put that is refused is tried again after RETRY_S, then after twice as long each time, up to this."""

WRITER_S_MAX = 2.0
"""How long a file is waited for that some program has open for writing; a logger never closes it."""


class _Window(NamedTuple):
    """A tool that runs: until when it counts (monotonic seconds), what it names, what it is meant to write to, when it
    began by the clock that file systems use, and whether it runs git on the tree.
    """

    until: float
    paths: frozenset[str]
    writes: frozenset[str]
    began_ns: int
    git: bool = False


@dataclass(slots=True)
class Mirror:
    """The state of one bridge. `shared` is the checkout that several agents work in.

    `to_look` and `to_put` say for each path not before when (monotonic seconds); `tries` counts refused puts;
    `open_since` is when a file was first seen open for writing; `already` the blobs that the room took in just
    before it was killed, by path; `after_reboot` is true for the first look after the machine was started anew;
    `taken_back` are paths that git brought to older texts, not told yet, and
    `times_taken_back` counts how often; `placed` says when the room last changed a path here; `wanted` counts tools
    waiting.
    """

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
    to_put: dict[str, float] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    open_since: dict[str, float] = field(default_factory=dict)
    moved: list[tuple[str, str]] = field(default_factory=list)
    placed: dict[str, float] = field(default_factory=dict)
    rescan: str = ""
    batch: bool = False
    wanted: int = 0
    told: dict[str, str] = field(default_factory=dict)
    already: dict[str, list[str]] = field(default_factory=dict)
    after_reboot: bool = False
    taken_back: set[str] = field(default_factory=set)
    times_taken_back: dict[str, int] = field(default_factory=dict)
    made_ns: int = field(default_factory=time.time_ns)
    _read: dict[tuple[str, str], int] = field(default_factory=dict)
    _windows: dict[str, list[_Window]] = field(default_factory=dict)

    def open_window(
        self,
        agent: str,
        paths: Iterable[str] = (),
        *,
        writes: Iterable[str] = (),
        brief: bool = False,
        command: str = "",
    ) -> None:
        """The agent's tool, which names these paths and is meant to write to those, begins to run; a brief one only
        looks and changes a part. `command` is what a shell is given.
        """
        until = time.monotonic() + (EDIT_WINDOW_S_MAX if brief else WINDOW_S_MAX)
        git = bool(_GIT_ON_THE_TREE.search(command))
        window = _Window(until, frozenset(paths), frozenset(writes), time.time_ns(), git)
        self._windows.setdefault(agent, []).append(window)

    def close_window(self, agent: str, paths: Iterable[str] = ()) -> None:
        """The agent's tool, which named these paths, has run."""
        open_ones = self._windows.get(agent, [])
        named = frozenset(paths)
        for number, window in enumerate(open_ones):
            if window.paths == named:
                del open_ones[number]
                break
        else:
            del open_ones[-1:]
        if not open_ones:
            self._windows.pop(agent, None)

    def close_windows(self, agent: str) -> None:
        """None of the agent's tools runs any more, also those of whose end nobody told."""
        self._windows.pop(agent, None)

    def in_window(self, path: str = "") -> tuple[str, ...]:
        """The agents whose tools are running here, or only those whose tool names `path`. Nothing is put meanwhile."""
        now = time.monotonic()
        for agent in list(self._windows):
            left = [window for window in self._windows[agent] if window.until > now]
            if left:
                self._windows[agent] = left
            else:
                del self._windows[agent]
        if not path:
            return tuple(self._windows)
        return tuple(agent for agent, windows in self._windows.items() if any(path in w.paths for w in windows))

    def writes(self, agent: str, path: str) -> bool:
        """Whether a tool of the agent runs here that is meant to write to `path`."""
        return agent in self.in_window() and any(path in window.writes for window in self._windows[agent])

    def git_acts(self, author: str) -> bool:
        """Whether git changes the tree, or has just done so: a tool of the author runs it, or it has left its mark."""
        if author in self.in_window() and any(window.git for window in self._windows[author]):
            return True
        # The clone itself is no change of the tree.
        since_ns = max(self.made_ns, time.time_ns() - int(GIT_JUST_S * 1e9))
        for mark in _GIT_MARKS:
            with suppress(OSError):
                if os.stat(os.path.join(self.root.path, ".git", mark)).st_ctime_ns > since_ns:
                    return True
        return False

    def window_ends(self) -> float:
        """When the first of the running tools will count no more, if it says nothing (monotonic seconds)."""
        return min((window.until for windows in self._windows.values() for window in windows), default=0.0)

    def tools_running(self) -> int:
        """How many tools are running here."""
        return sum(len(self._windows[agent]) for agent in self.in_window())

    def look_at(self, path: str, after_s: float = 0.0) -> None:
        """Look at `path` in a later cycle, not before `after_s` seconds from now."""
        self.to_look[path] = time.monotonic() + after_s

    def wrote_by_tool(self, author: str, changed_ns: int | None) -> bool:
        """Whether a tool of the author runs here that had begun before the file was changed, at `changed_ns` (None: it
        is gone). Nothing has been put since the tool began, so that it wrote knowing what stands there.
        """
        if author not in self.in_window():
            return False
        began_ns = min(window.began_ns for window in self._windows[author])
        return changed_ns is None or changed_ns >= began_ns - TICK_NS

    def has_read(self, agent: str, path: str, version: int) -> None:
        """A tool of the agent has read this version; what it writes from now on it has not begun from an older one."""
        self._read[agent, path] = version
        if len(self._read) > READS_MAX:
            del self._read[next(iter(self._read))]

    def last_read(self, agent: str, path: str) -> int:
        """The version that a tool of the agent is known to have read last; 0 when none is."""
        return self._read.get((agent, path), 0)

    def just_put(self, path: str) -> bool:
        """Whether the room has put `path` so lately that the programs that run here may not have seen it yet."""
        return time.monotonic() - self.placed.get(path, -KNOWN_S) < KNOWN_S

    def took_back(self, path: str) -> int:
        """Git brought `path` to an older text. Returns how often it has done that lately."""
        self.taken_back.add(path)
        if len(self.times_taken_back) > PLACED_MAX:
            self.times_taken_back.clear()
        self.times_taken_back[path] = self.times_taken_back.get(path, 0) + 1
        return self.times_taken_back[path]

    def put_here(self, path: str) -> None:
        """The room has changed this path just now."""
        now = time.monotonic()
        self.placed[path] = now
        if len(self.placed) > PLACED_MAX:
            self.placed = {path: at for path, at in self.placed.items() if now - at < KNOWN_S}

    def put_soon(self, path: str) -> None:
        """Bring `path` to the accepted version when no tool is running."""
        self.to_put[path] = 0.0
        self.tries.pop(path, None)

    def put_later(self, path: str) -> None:
        """It could not be put now; try again, less and less often."""
        tries = self.tries.get(path, 0)
        self.tries[path] = tries + 1
        self.to_put.setdefault(path, time.monotonic() + min(RETRY_S * 2.0**tries, RETRY_S_MAX))

    def being_written(self, path: str, found: FileState) -> bool:
        """Whether some program is in the middle of writing what was just found: it has the file open, or the file has
        changed since. After WRITER_S_MAX what is there counts all the same.
        """
        now = time.monotonic()
        since = self.open_since.setdefault(path, now)
        if now - since < WRITER_S_MAX:
            with suppress(OSError), self.root.parent(path) as (parent_fd, leaf):
                if writer_open(parent_fd, leaf):
                    return True
                if Signature.of(os.stat(leaf, dir_fd=parent_fd, follow_symlinks=False)) != found.signature:
                    return True
        del self.open_since[path]
        return False

    def read(self, path: str, bytes_max: int) -> FileState | Refusal:
        """Look at the disk."""
        return self.root.read(path, bytes_max)

    def put(self, path: str, content: Content) -> PutDone | PutRefused:
        """Make the disk hold `content` where it holds what the shadow says. Must have been announced."""
        was = self.shadow[path].content
        kind = Kind.SYMLINK if was.kind is FileKind.SYMLINK else Kind.FILE
        expected = None if was.kind is FileKind.ABSENT else Expected(was.blob, kind)
        now = time.monotonic()
        if content.kind is FileKind.ABSENT:
            if expected is None:
                return PutDone(signature=None)
            return self.exchange.delete(path, expected=expected, now=now)
        if content.data is None:
            return PutRefused(reason=PutReason.FAILED, detail="the room does not have its bytes")
        if content.kind is FileKind.SYMLINK:
            return self.exchange.put(path, Link(content.data), expected=expected, now=now)
        # Left alone where the room does not change it, so that a chmod at this very moment survives.
        bit = None if expected and content.executable == was.executable else content.executable
        return self.exchange.put(path, content.data, expected=expected, now=now, executable=bit)

    def close(self) -> None:
        """Give everything back."""
        self.watcher.close()
        self.shadow.close()
        self.exchange.close()
        self.root.close()
