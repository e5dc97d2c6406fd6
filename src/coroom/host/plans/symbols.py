"""The symbols of a room's files, kept up by what its agents write."""

from collections.abc import Callable

from coroom.core.event import Event, FileAccepted
from coroom.core.file import SHARED_LINE, FileKind
from coroom.host.host import Host
from coroom.plan.index import SymbolIndex
from coroom.syntax import grammar_of


class RoomSymbols:
    """An index of the room's shared line, for one asker at a time, in whatever thread.

    A changed file is read again when the index is next asked for, so that a burst of edits costs one reading.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._index = SymbolIndex()
        self._stale = {path for path in host.state.files() if grammar_of(path) is not None}
        self._stop: Callable[[], None] = host.listen(self._heard)

    @property
    def index(self) -> SymbolIndex:
        """The symbols as the room's files are now."""
        while self._stale:
            path = self._stale.pop()
            version = self._host.state.head(path)
            text = self._host.blob(version.blob) if version is not None and version.kind is FileKind.TEXT else None
            if text is None:
                self._index.drop(path)
            else:
                self._index.put(path, text)
        return self._index

    def close(self) -> None:
        """Follow the room no longer."""
        self._stop()

    def _heard(self, event: Event) -> None:
        body = event.body
        if isinstance(body, FileAccepted) and body.line == SHARED_LINE and grammar_of(body.file.path) is not None:
            self._stale.add(body.file.path)
