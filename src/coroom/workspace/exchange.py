"""How the room's bytes reach a mirror's disk: by trading places, so that no write landing at that moment is lost.

`os.replace` destroys whatever was written since the last look; here the new file and the old one change
places in one step, and what came out is inspected. It is kept for a while too, since its writer may not
have finished (see `keeper`).
"""

import errno
import os
from contextlib import suppress

from coroom.workspace.beneath import Root
from coroom.workspace.keeper import KEEP_SECONDS, DisplacedKeeper, Recovered, writer_open
from coroom.workspace.names import Refusal, check_name, parent_of
from coroom.workspace.puts import (
    Displaced,
    Expected,
    Link,
    PutDone,
    PutReason,
    PutRefused,
    bad_name,
    is_read_only,
    objection,
    reason_of,
)
from coroom.workspace.reading import open_file, read_at
from coroom.workspace.stage import Note, Stage
from coroom.workspace.states import FileState, Kind, Signature, content_hash
from coroom.workspace.swap import Swap, best_swap

__all__ = ["Displaced", "Exchange", "Expected", "Link", "PutDone", "PutReason", "PutRefused", "Recovered"]

FILE_BYTES_MAX = 64 << 20


class Exchange:
    """Puts, deletes and moves in one mirror. Not thread-safe; time is seconds of any steady clock."""

    def __init__(
        self,
        root: Root,
        stage: Stage,
        *,
        swap: Swap | None = None,
        durable: bool = False,
        bytes_max: int = FILE_BYTES_MAX,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        """Work on `root` through `stage`.

        Args:
            root: the mirror.
            stage: a directory of the same file system that is no part of the workspace.
            swap: by default the strongest that works there.
            durable: fsync each file before it is put, and the directory after.
            bytes_max: larger files are never replaced.
            keep_seconds: how long a displaced file is watched after its last change.

        Raises:
            ValueError: the stage is on another file system.
            OSError: the stage cannot be written to.
        """
        if os.fstat(root.fd).st_dev != os.fstat(stage.fd).st_dev:
            raise ValueError("the stage must be on the file system of the workspace")
        self._root = root
        self._stage = stage
        self._swap = swap or best_swap(stage.fd)
        self._durable = durable
        self._bytes_max = bytes_max
        self._keeper = DisplacedKeeper(stage, bytes_max=bytes_max, keep_seconds=keep_seconds)

    def put(
        self,
        path: str,
        content: bytes | Link,
        *,
        expected: Expected | None,
        now: float,
        executable: bool | None = None,
    ) -> PutDone | PutRefused:
        """Make `path` hold `content`, if it holds what is expected.

        Owner, mode and extended attributes of a replaced file are carried over. Missing directories are
        made.

        Args:
            path: relative path.
            content: bytes of a file or the text of a link.
            expected: what is believed to be there; None for nothing at all.
            now: seconds.
            executable: sets or clears the executable bits; None leaves them.

        Returns:
            PutDone, or PutRefused with nothing changed: a full disk leaves no truncated file behind.
        """
        name = check_name(path)
        if isinstance(name, Refusal):
            return bad_name(name)
        try:
            if expected is None:
                return self._create(name, content, executable=executable)
            return self._replace(name, content, expected, executable=executable, now=now)
        except OSError as error:
            return self._refused(name, error)

    def delete(self, path: str, *, expected: Expected, now: float) -> PutDone | PutRefused:
        """Remove the file or link at `path`, if it is what is expected, and directories left empty by that.

        A write that landed at the same moment comes back as `displaced`; the caller decides whether to put
        it back.
        """
        name = check_name(path)
        if isinstance(name, Refusal):
            return bad_name(name)
        try:
            with self._root.parent(name) as (parent_fd, leaf):
                found = read_at(parent_fd, leaf, self._bytes_max)
                refused = objection(parent_fd, found, expected)
                if refused is not None:
                    return refused
                ticket = self._stage.begin(Note(name, None, expected.hash))
                done = self._take_away(ticket, name, parent_fd, leaf, found, now)
        except OSError as error:
            return self._refused(name, error)
        if isinstance(done, PutDone):
            self._root.remove_empty_parents(name)
        return done

    def move(self, old: str, new: str) -> PutDone | PutRefused:
        """Rename a file, link or whole directory to a free name; open files and late writes move along."""
        for path in (old, new):
            name = check_name(path)
            if isinstance(name, Refusal):
                return bad_name(name)
        try:
            refused = self._root.make_parents(new)
            if refused is not None:
                return PutRefused(reason=PutReason.NAME_CLASH, detail=refused.detail)
            with self._root.parent(old) as (old_fd, old_leaf), self._root.parent(new) as (new_fd, new_leaf):
                if is_read_only(old_fd) or is_read_only(new_fd):
                    return PutRefused(reason=PutReason.READ_ONLY, detail="the directory is read-only")
                self._swap.no_replace(old_fd, old_leaf, new_fd, new_leaf)
                found = os.stat(new_leaf, dir_fd=new_fd, follow_symlinks=False)
        except OSError as error:
            self._root.remove_empty_parents(new)
            return self._refused(new if error.errno == errno.EEXIST else old, error)
        self._root.remove_empty_parents(old)
        return PutDone(signature=Signature.of(found))

    def close(self) -> None:
        """Give the stage back; what it keeps is found again by `recover`."""
        self._stage.close()

    def collect(self, now: float) -> list[Recovered]:
        """Return late writes to displaced files; call it about once a second while `watched` is not zero."""
        return self._keeper.collect(now)

    def taken(self, ticket: str) -> None:
        """Say that a displaced or recovered text is stored; until then the stage keeps it."""
        self._keeper.taken(ticket)

    @property
    def watched(self) -> int:
        """How many displaced files are being watched."""
        return len(self._keeper)

    def recover(self, now: float) -> list[Recovered]:
        """After a restart, return every text that was displaced and not taken; the others are cleared away."""
        found = []
        for ticket, note in self._stage.leftovers().items():
            state = read_at(self._stage.fd, ticket, self._bytes_max)
            if state.kind is Kind.MISSING or (state.hash is not None and state.hash == note.new):
                self._stage.discard(ticket)
                continue
            expected = state.hash is not None and state.hash == note.expected
            self._keeper.keep(ticket, note.path, seen=state, examined=True, owed=not expected, now=now)
            if not expected:
                found.append(Recovered(ticket=ticket, path=note.path, state=state, before=note.expected))
        return found

    def _create(self, path: str, content: bytes | Link, *, executable: bool | None) -> PutDone | PutRefused:
        refused = self._root.make_parents(path)
        if refused is not None:
            clash = "symlink" not in refused.detail
            reason = PutReason.NAME_CLASH if clash else PutReason.NOT_BENEATH
            return PutRefused(reason=reason, detail=refused.detail)
        with self._root.parent(path) as (parent_fd, leaf):
            if is_read_only(parent_fd):
                return PutRefused(reason=PutReason.READ_ONLY, detail="the directory is read-only")
            ticket = self._stage.begin(Note(path, _hash(content), None))
            try:
                staged = self._prepare(ticket, content, None, executable=executable)
                self._swap.no_replace(self._stage.fd, ticket, parent_fd, leaf)
            except FileExistsError:
                return self._occupied(path, parent_fd, leaf)
            finally:
                self._stage.discard(ticket)
            return PutDone(signature=self._landed(parent_fd, leaf, staged))

    def _replace(
        self, path: str, content: bytes | Link, expected: Expected, *, executable: bool | None, now: float
    ) -> PutDone | PutRefused:
        with self._root.parent(path) as (parent_fd, leaf):
            found = read_at(parent_fd, leaf, self._bytes_max)
            refused = objection(parent_fd, found, expected)
            if refused is not None:
                return refused
            ticket = self._stage.begin(Note(path, _hash(content), expected.hash))
            try:
                like = (parent_fd, leaf) if found.kind is Kind.FILE else None
                staged = self._prepare(ticket, content, like, executable=executable)
                self._swap.exchange(self._stage.fd, ticket, parent_fd, leaf)
            except OSError:
                self._stage.discard(ticket)
                raise
            was = read_at(self._stage.fd, ticket, 0)
            if was.kind in (Kind.DIRECTORY, Kind.OTHER):
                return self._trade_back(ticket, path, parent_fd, leaf, content, now)
            if executable is None and was.kind is Kind.FILE and was.mode != found.mode:
                _carry_mode(parent_fd, leaf, staged, was.mode)
            signature = self._landed(parent_fd, leaf, staged)
            return self._inspect(ticket, path, found, signature, same_as=_hash(content), now=now)

    def _prepare(
        self, ticket: str, content: bytes | Link, like: tuple[int, str] | None, *, executable: bool | None
    ) -> os.stat_result:
        if isinstance(content, Link):
            self._stage.write_link(ticket, content.target)
        else:
            fd = self._stage.write_file(ticket, content)
            try:
                if like is not None:
                    copy_attributes(*like, fd)
                if executable is not None:
                    os.fchmod(fd, _with_executable(os.fstat(fd).st_mode, executable))
                if self._durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
            self._stage.finish(ticket)
        return os.stat(ticket, dir_fd=self._stage.fd, follow_symlinks=False)

    def _landed(self, parent_fd: int, leaf: str, staged: os.stat_result) -> Signature | None:
        if self._durable:
            _sync_directory(parent_fd)
        try:
            found = os.stat(leaf, dir_fd=parent_fd, follow_symlinks=False)
        except FileNotFoundError:
            return None
        # The rename itself sets ctime, so that is the one thing that may differ.
        same = (found.st_ino, found.st_size, found.st_mtime_ns) == (
            staged.st_ino,
            staged.st_size,
            staged.st_mtime_ns,
        )
        return Signature.of(found) if same else None

    def _inspect(
        self,
        ticket: str,
        path: str,
        found: FileState,
        signature: Signature | None,
        *,
        same_as: str | None,
        now: float,
    ) -> PutDone:
        # Asked before reading: what a writer leaves behind when it is gone is complete.
        writer = writer_open(self._stage.fd, ticket)
        was = read_at(self._stage.fd, ticket, self._bytes_max)
        same = was.kind is found.kind and was.hash in (found.hash, same_as) and was.settled
        complete = was.kind is not Kind.FILE or (writer is False and was.settled)
        displaced = None
        if same or complete:
            if not same:
                displaced = Displaced(ticket=ticket, path=path, state=was)
            self._keeper.keep(ticket, path, seen=was, examined=True, owed=not same, now=now)
        else:
            self._keeper.keep(ticket, path, seen=found, examined=False, owed=True, now=now)
        return PutDone(
            signature=signature,
            displaced=displaced,
            pending=not (same or complete),
            broke_link=was.kind is Kind.FILE and was.links > 1,
        )

    def _take_away(
        self, ticket: str, path: str, parent_fd: int, leaf: str, found: FileState, now: float
    ) -> PutDone | PutRefused:
        try:
            os.rename(leaf, ticket, src_dir_fd=parent_fd, dst_dir_fd=self._stage.fd)
        except OSError:
            self._stage.discard(ticket)
            raise
        was = read_at(self._stage.fd, ticket, 0)
        if was.kind in (Kind.DIRECTORY, Kind.OTHER):
            # Nobody can have made anything at this name that is worth more than a whole directory put back.
            self._swap.no_replace(self._stage.fd, ticket, parent_fd, leaf)
            self._stage.discard(ticket)
            return PutRefused(reason=PutReason.NAME_CLASH, detail=f"a {was.kind} stands there", found=was)
        if self._durable:
            _sync_directory(parent_fd)
        return self._inspect(ticket, path, found, None, same_as=None, now=now)

    def _trade_back(
        self, ticket: str, path: str, parent_fd: int, leaf: str, content: bytes | Link, now: float
    ) -> PutRefused:
        self._swap.exchange(self._stage.fd, ticket, parent_fd, leaf)
        back = read_at(self._stage.fd, ticket, self._bytes_max)
        displaced = None
        if back.kind is Kind.DIRECTORY or back.hash == _hash(content):
            self._stage.discard(ticket)
        else:
            displaced = Displaced(ticket=ticket, path=path, state=back)
            self._keeper.keep(ticket, path, seen=back, examined=True, owed=True, now=now)
        return PutRefused(
            reason=PutReason.NAME_CLASH, detail="a directory took that name meanwhile", displaced=displaced
        )

    def _occupied(self, path: str, parent_fd: int, leaf: str) -> PutRefused:
        found = read_at(parent_fd, leaf, self._bytes_max)
        listed = self._root.list(parent_of(path))
        if not isinstance(listed, Refusal) and found.kind is not Kind.MISSING and leaf not in dict(listed):
            detail = "this file system holds another spelling of the name"
            return PutRefused(reason=PutReason.NAME_CLASH, detail=detail, found=found)
        if found.kind in (Kind.DIRECTORY, Kind.OTHER):
            detail = f"a {found.kind} stands there"
            return PutRefused(reason=PutReason.NAME_CLASH, detail=detail, found=found)
        return PutRefused(reason=PutReason.CHANGED, detail="something stands there already", found=found)

    def _refused(self, path: str, error: OSError) -> PutRefused:
        reason = reason_of(error)
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            in_the_way = self._root.obstacle(path)
            if in_the_way is None:
                reason = PutReason.CHANGED
            else:
                linked = in_the_way[1] is Kind.SYMLINK
                reason = PutReason.NOT_BENEATH if linked else PutReason.NAME_CLASH
        found = FileState(kind=Kind.MISSING) if error.errno == errno.ENOENT else None
        return PutRefused(reason=reason, detail=self._root.explain(path, error), found=found)


def copy_attributes(parent_fd: int, leaf: str, target_fd: int) -> None:
    """Give an open file the owner, mode and extended attributes of another, as far as we are allowed to.

    Raises:
        OSError: the other cannot be opened, or the mode cannot be set.
    """
    source_fd = open_file(parent_fd, leaf)
    try:
        found, target = os.fstat(source_fd), os.fstat(target_fd)
        if (found.st_uid, found.st_gid) != (target.st_uid, target.st_gid):
            with suppress(PermissionError):
                os.fchown(target_fd, found.st_uid, found.st_gid)
        os.fchmod(target_fd, found.st_mode & 0o7777)
        with suppress(OSError):
            for name in os.listxattr(source_fd):
                with suppress(OSError):
                    os.setxattr(target_fd, name, os.getxattr(source_fd, name))
    finally:
        os.close(source_fd)


def _carry_mode(parent_fd: int, leaf: str, staged: os.stat_result, mode: int) -> None:
    with suppress(OSError):
        fd = open_file(parent_fd, leaf)
        try:
            if os.fstat(fd).st_ino == staged.st_ino:
                os.fchmod(fd, mode)
        finally:
            os.close(fd)


def _with_executable(mode: int, executable: bool) -> int:  # noqa: FBT001  a bit of the mode
    readers = mode & 0o444
    return (mode & 0o7777) | (readers >> 2) if executable else mode & 0o7666


def _sync_directory(parent_fd: int) -> None:
    fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent_fd)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _hash(content: bytes | Link) -> str:
    return content_hash(content.target if isinstance(content, Link) else content)
