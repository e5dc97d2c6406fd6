"""A version of a file from the room's history becomes the accepted one again, as an edit of whoever asks for it."""

import asyncio

from coroom.core import command as c
from coroom.core.errors import Code, Refused
from coroom.core.file import FileKind
from coroom.host.edits.acceptance import Acceptance
from coroom.host.edits.admission import may_touch
from coroom.host.edits.content import Content, of_version
from coroom.host.edits.files import Files
from coroom.host.edits.history import Version, versions_of
from coroom.host.host import Host
from coroom.workspace.names import Refusal, check_name


class Restoring:
    """Brings back what a room once accepted or held."""

    def __init__(self, host: Host, files: Files, acceptance: Acceptance) -> None:
        self._host = host
        self._files = files
        self._acceptance = acceptance

    async def restore(self, by: str, path: str, name: str) -> c.Accepted | c.Held | Refused:
        """Make `path` what it was in the version of that name (see `history.Version`), as an edit by `by`.

        It is judged by the room like any edit: a claim of somebody else stands against it, and who has read the file is
        told. What is so already changes nothing.
        """
        wrong = check_name(path)
        if isinstance(wrong, Refusal):
            return Refused(Code.BAD_INPUT, f"'{path[:120]}' cannot be: {wrong.detail}.", "Give the file's path.")
        barred = may_touch(self._host, by, path)
        if barred:
            return barred
        chosen = await asyncio.to_thread(self._version, path, name)
        if chosen is None:
            return Refused(Code.NOT_FOUND, f"{path} has no version {name[:60]}.", f"See: coroom history {path}")
        if chosen.kind in {FileKind.ABSENT, FileKind.SYMLINK}:
            why = f"In version {name}, {chosen.path} is {chosen.kind.value}; there is no text to restore."
            return Refused(Code.BAD_INPUT, why, f"Choose another: coroom history {path}")
        data = self._host.blob(chosen.blob)
        content = Content(chosen.kind, chosen.blob, chosen.executable, data)
        head = self._files.head(path, self._files.line_of(by))
        if head and of_version(head) == content:
            return c.Accepted(path, head.version)
        return await self._acceptance.write(by, path, content, self._files.content(head))

    def _version(self, path: str, name: str) -> Version | None:
        # The latest of that name: a held edit that was written again keeps its id.
        return next((v for v in reversed(versions_of(path, self._host.events(0))) if v.name == name), None)
