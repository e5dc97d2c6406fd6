"""The hidden directory where new texts are prepared and displaced ones wait until they are safely taken in.

Each put has a ticket with two files: a note (what was meant, written first) and the content. So a runtime
that was killed at any instant finds out afterwards what had happened.
"""

import json
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress

from coroom.core.quick import dataclass
from coroom.workspace.beneath import Root
from coroom.workspace.names import Refusal, check_name
from coroom.workspace.reading import open_file
from coroom.workspace.swap import OLD_SUFFIX

_NOTE_SUFFIX = ".note"
_UNFINISHED_SUFFIX = ".new"
_NOTE_BYTES_MAX = 1 << 16
_CREATE = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Note:
    """What a put meant to do: `new` is None for a deletion, `expected` None for a new file; both are hashes."""

    path: str
    new: str | None
    expected: str | None


class Stage:
    """A directory of our own on the file system of the workspace, held open."""

    def __init__(self, fd: int) -> None:
        """Take over an open directory descriptor; `inside` and `at` open one."""
        self.fd = fd

    @classmethod
    def inside(cls, root: Root, directory: str) -> "Stage":
        """Open, and make where missing, a directory below the root, usually `.git/coroom/stage`.

        Raises:
            ValueError: `directory` is not a relative path.
            OSError: it cannot be made, or a symbolic link is in the way.
        """
        name = check_name(directory, allow_git=True)
        if isinstance(name, Refusal):
            raise ValueError(f"{directory!r} cannot be a stage: {name.detail}")
        root.make_directory(name)
        return cls(root.open_directory(name))

    @classmethod
    def at(cls, path: str) -> "Stage":
        """Open, and make where missing, a directory anywhere (trusted, from the operator).

        Raises:
            OSError: it cannot be made or opened.
        """
        os.makedirs(path, exist_ok=True)
        return cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def close(self) -> None:
        """Give the descriptor back; a second call does nothing."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def begin(self, note: Note) -> str:
        """Store a note and return its new ticket, which is also the name of the content file.

        Raises:
            OSError: it could not be stored; nothing remains.
        """
        ticket = secrets.token_hex(12)
        text = json.dumps({"path": note.path, "new": note.new, "expected": note.expected}).encode()
        os.close(self._write(ticket + _NOTE_SUFFIX, text, 0o600))
        return ticket

    def write_file(self, ticket: str, data: bytes) -> int:
        """Store the content of a ticket and return an open descriptor for owner, mode and attributes.

        It takes the ticket's name only by `finish`, so that what bears that name after a crash is never half a text.

        Raises:
            OSError: it could not be stored; nothing remains of it.
        """
        return self._write(ticket + _UNFINISHED_SUFFIX, data, 0o666)

    def finish(self, ticket: str) -> None:
        """Give the written file the ticket's name: from now on it may change places.

        Raises:
            OSError: there is none, or it cannot be renamed.
        """
        os.rename(ticket + _UNFINISHED_SUFFIX, ticket, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def write_link(self, ticket: str, target: bytes) -> None:
        """Store a symbolic link as the content of a ticket.

        Raises:
            OSError: it could not be made.
        """
        os.symlink(target, os.fsencode(ticket), dir_fd=self.fd)

    def discard(self, ticket: str) -> None:
        """Remove a ticket with all that is left of it; nothing there is no fault."""
        for suffix in (_UNFINISHED_SUFFIX, OLD_SUFFIX, "", _NOTE_SUFFIX):
            with suppress(FileNotFoundError):
                os.unlink(ticket + suffix, dir_fd=self.fd)

    def leftovers(self) -> dict[str, Note]:
        """Return every ticket whose note is readable, and remove what belongs to none.

        A note that was cut off by a crash was never acted on.
        """
        found: dict[str, Note] = {}
        names = os.listdir(self.fd)
        for name in names:
            if name.endswith(_NOTE_SUFFIX):
                note = self._note(name)
                if note is not None:
                    found[name.removesuffix(_NOTE_SUFFIX)] = note
        for name in names:
            ticket = name.partition(".")[0]
            if ticket not in found:
                self.discard(ticket)
        self._finish_portable_swaps(name for name in names if name.endswith(OLD_SUFFIX))
        return found

    def _finish_portable_swaps(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(FileNotFoundError):
                os.rename(name, name.removesuffix(OLD_SUFFIX), src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def _note(self, name: str) -> Note | None:
        fd = open_file(self.fd, name)
        try:
            record = json.loads(os.read(fd, _NOTE_BYTES_MAX))
            return Note(str(record["path"]), record["new"], record["expected"])
        except (ValueError, KeyError, TypeError):
            return None
        finally:
            os.close(fd)

    def _write(self, name: str, data: bytes, mode: int) -> int:
        fd = os.open(name, _CREATE, mode, dir_fd=self.fd)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(fd, rest) :]
        except OSError:
            os.close(fd)
            os.unlink(name, dir_fd=self.fd)
            raise
        return fd
