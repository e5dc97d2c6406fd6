"""What each agent wrote on the shared line since the last landing, as the trees that the checks compare."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from coroom.checks.types import CONFIGURATIONS
from coroom.core.event import Event, FileAccepted, Landed
from coroom.core.file import SHARED_LINE, FileKind
from coroom.core.state import RoomState
from coroom.syntax import grammar_of
from coroom.workspace.merge import merge

if TYPE_CHECKING:
    from coroom.checks.sides import Four

SOURCES_BYTES_MAX = 12 << 20
"""Of a room whose sources are larger, only the files that changed are kept."""

WRITTEN_BYTES_MAX = 4 << 20
"""When what was written since the landing is more, all of it counts as landed."""

FILE_BYTES_MAX = 1 << 18
"""A larger file is not looked at."""

Texts = dict[str, bytes | None]


def is_looked_at(event: Event) -> bool:
    """Whether an event puts a file of a known language on the shared line, or takes one away."""
    body = event.body
    if not isinstance(body, FileAccepted) or body.line != SHARED_LINE:
        return False
    known = grammar_of(body.file.path) is not None and body.file.size <= FILE_BYTES_MAX
    return known and body.file.kind in {FileKind.TEXT, FileKind.ABSENT}


class Written:
    """The texts of one room, for one thread at a time. It keeps no more than its two bounds together."""

    def __init__(self, blob: Callable[[str], bytes | None]) -> None:
        self._blob = blob
        self._base: Texts = {}
        self._merged: Texts = {}
        self._own: dict[str, Texts] = {}
        self._rest: dict[str, Texts] = {}
        self._sources: dict[str, bytes] | None = None
        self._sources_bytes = 0
        self._is_whole = True

    @property
    def authors(self) -> frozenset[str]:
        """Who wrote something since the landing."""
        return frozenset(self._own)

    @property
    def paths(self) -> tuple[str, ...]:
        """What was written to since the landing."""
        return tuple(self._merged)

    @property
    def whole(self) -> bool:
        """Whether the trees have every source of the room, and not only what changed."""
        return self._is_whole

    def take(self, event: Event) -> None:
        """Follow one event, in the order of the log."""
        if isinstance(event.body, Landed):
            self.forget()
        elif isinstance(event.body, FileAccepted) and is_looked_at(event):
            path, gone = event.body.file.path, event.body.file.kind is FileKind.ABSENT
            before = self._blob(event.body.before) if event.body.before else None
            self._write(event.by, path, before, None if gone else self._blob(event.body.file.blob))

    def _write(self, author: str, path: str, before: bytes | None, after: bytes | None) -> None:
        self._base.setdefault(path, before)
        self._merged[path] = after
        self._keep_source(path, after)
        own = self._own.setdefault(author, {})
        own[path] = _moved(before, own.get(path, self._base[path]), after, path)
        for agent in self._own:
            if agent != author:
                rest = self._rest.setdefault(agent, {})
                rest[path] = _moved(before, rest.get(path, self._base[path]), after, path)
        if author not in self._rest:
            others = [texts for agent, texts in self._own.items() if agent != author]
            self._rest[author] = {place: text for texts in others for place, text in texts.items()}

    def forget(self, *, sources: bool = False) -> None:
        """Begin anew: what was written counts as landed. The other sources are read again where that is asked for."""
        for kept in (self._base, self._merged, self._own, self._rest):
            kept.clear()
        if sources:
            self._sources, self._sources_bytes, self._is_whole = None, 0, True

    def is_too_much(self) -> bool:
        """Whether it is more than the bound, and has to be forgotten."""
        tables = (self._base, self._merged, *self._own.values(), *self._rest.values())
        distinct = {id(text): len(text) for table in tables for text in table.values() if text is not None}
        return sum(distinct.values()) > WRITTEN_BYTES_MAX

    def four(self, agent: str, state: RoomState) -> "Four":
        """The last landing, what the agent made of it, what the others made of it, and what the room has.

        Args:
            agent: one of the authors.
            state: of the room after the last event that was taken.
        """
        # Read with what it compares, which is much, when there is something to compare.
        from coroom.checks.sides import Four, Overlaid  # noqa: PLC0415

        base = Overlaid(self._all_sources(state), self._base)

        def on(over: Mapping[str, bytes | None]) -> Overlaid:
            return Overlaid(base, {path: text for path, text in over.items() if base.get(path) != text})

        own = {path: self._own[agent].get(path, text) for path, text in self._base.items()}
        rest = {path: self._rest.get(agent, {}).get(path, text) for path, text in self._base.items()}
        return Four(base, on(own), on(rest), on(self._merged))

    def merged(self, path: str) -> bytes | None:
        """What the room has at a path that was written to."""
        return self._merged.get(path)

    def sides(self, agent: str, path: str) -> tuple[bytes | None, bytes | None]:
        """A file before the agent wrote to it, and after."""
        before = self._base.get(path)
        return before, self._own.get(agent, {}).get(path, before)

    def _all_sources(self, state: RoomState) -> Mapping[str, bytes]:
        if self._sources is None:
            self._sources = {}
            heads = [head for head in state.files(SHARED_LINE).values() if head.kind is FileKind.TEXT]
            known = (head for head in heads if grammar_of(head.path) is not None or head.path in CONFIGURATIONS)
            heads = [head for head in known if head.size <= FILE_BYTES_MAX]
            self._is_whole = sum(head.size for head in heads) <= SOURCES_BYTES_MAX
            for head in heads if self._is_whole else ():
                self._keep_source(head.path, self._blob(head.blob))
        return self._sources

    def _keep_source(self, path: str, text: bytes | None) -> None:
        if self._sources is None or not self._is_whole:
            return
        self._sources_bytes += len(text or b"") - len(self._sources.pop(path, b""))
        if text is not None:
            self._sources[path] = text
        if self._sources_bytes > SOURCES_BYTES_MAX:
            self._is_whole = False
            self._sources.clear()


def _moved(before: bytes | None, held: bytes | None, after: bytes | None, path: str) -> bytes | None:
    """A text that had a history of its own, with the same change made to it."""
    if held == before or held is None or after is None or before is None:
        return after
    merged = merge(before, held, after, path, doubts=False)
    return merged.text if merged.status == "clean" else after
