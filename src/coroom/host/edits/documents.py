"""The accepted text of watched files as live documents: what editors, live views and offline peers follow.

Nobody but the host changes a document, and only by what was accepted; whoever follows gets the updates in the order
of the log, numbered and sealed, and asks for a catch-up when one is missing.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from coroom.core.event import Event, FileAccepted
from coroom.core.file import SHARED_LINE, FileKind, FileVersion
from coroom.host.host import Host
from coroom.workspace.difference import operations
from coroom.workspace.document import Document
from coroom.workspace.updates import CatchUp, Progress, Update

CLIENT_BITS = 31
"""Client ids stay below 2^32: older peers cut longer ones off in silence."""


@dataclass(slots=True)
class _Followed:
    document: Document
    followers: list[Callable[[Update], None]] = field(default_factory=list)


class Documents:
    """The documents of one room; a file has one from the first who follows it to the last who leaves."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._followed: dict[str, _Followed] = {}
        self._stop = host.listen(self._heard)

    def close(self) -> None:
        """Follow the room no more."""
        self._stop()
        self._followed.clear()

    def follow(
        self, path: str, heard: Callable[[Update], None], progress: Progress | None = None
    ) -> tuple[CatchUp, Callable[[], None]] | None:
        """Begin to follow a text file.

        Args:
            path: the file.
            heard: called with each update from here on, in order; it must not block.
            progress: how far the follower is from an earlier time, None when it has nothing.

        Returns:
            What the follower lacks now, and what ends the following; None when there is no such text file.
        """
        version = self._host.state.head(path)
        if version is None or version.kind is not FileKind.TEXT:
            return None
        followed = self._followed.get(path)
        if followed is None:
            followed = self._followed[path] = _Followed(self._begun(version))
        followed.followers.append(heard)

        def leave() -> None:
            followed.followers.remove(heard)
            if not followed.followers and self._followed.get(path) is followed:
                del self._followed[path]

        return followed.document.catch_up(progress), leave

    def _begun(self, version: FileVersion) -> Document:
        document = Document(f"{version.file_id}@{version.version}", secrets.randbits(CLIENT_BITS))
        document.seed(self._text(version))
        return document

    def _text(self, version: FileVersion) -> str:
        return (self._host.blob(version.blob) or b"").decode() if version.kind is FileKind.TEXT else ""

    def _heard(self, event: Event) -> None:
        body = event.body
        if not isinstance(body, FileAccepted) or body.line != SHARED_LINE:
            return
        followed = self._followed.get(body.file.path)
        if followed is None:
            return
        edits = operations(followed.document.text(), self._text(body.file))
        update = followed.document.apply_edit(edits, body.file.by)
        if update is not None:
            for heard in list(followed.followers):
                heard(update)
