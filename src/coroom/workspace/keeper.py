"""Displaced files are watched for a while, since a program may still hold one open and write to it.

Such a write lands in an inode that has no name in the workspace any more; without this it would be lost.
"""

import errno
import fcntl
import os
import signal
from dataclasses import dataclass, replace

from coroom.workspace.reading import open_file, read_at
from coroom.workspace.stage import Stage
from coroom.workspace.states import FileState, Signature, content_hash

KEEP_SECONDS = 30.0
# Spec 4.5: looked at twice 20 ms apart; a writer known to be still there gets longer to finish.
SETTLE_SECONDS = 0.05
SETTLE_SECONDS_OPEN = 1.0
# After a burst of puts thousands end together; the caller's loop must not stand still for that.
_ENDED_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A text that was written to a file after, or while, it was replaced; the caller must take it in.

    `before` is the hash of what the room last knew of that inode: the base for the merge. The stage keeps
    the text, over crashes too, until `taken(ticket)` is called. `held_open` says that the program still has
    the file open, as a logger does; more may come.
    """

    ticket: str
    path: str
    state: FileState
    before: str | None
    held_open: bool = False


@dataclass(slots=True, kw_only=True)
class _Kept:
    path: str
    seen: str | None
    seen_size: int | None
    until: float
    signature: Signature | None
    examined: Signature | None
    changed_at: float
    owed: bool

    def is_over(self, now: float) -> bool:
        return now >= self.until and not self.owed and self.signature == self.examined


class DisplacedKeeper:
    """Watches the displaced files of one stage. Not thread-safe; time comes in as seconds of any steady clock."""

    def __init__(self, stage: Stage, *, bytes_max: int, keep_seconds: float = KEEP_SECONDS) -> None:
        """Watch over `stage`, reading files of up to `bytes_max` bytes."""
        self._stage = stage
        self._bytes_max = bytes_max
        self._keep_seconds = keep_seconds
        self._kept: dict[str, _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, ticket: str, path: str, *, seen: FileState | None, examined: bool, owed: bool, now: float) -> None:
        """Begin to watch a ticket's content file.

        Args:
            ticket: of the stage.
            path: where the file was in the workspace.
            seen: the last state of that inode that the room knows; None when it knows nothing of it.
            examined: whether `seen` is what the content file holds at this moment.
            owed: the caller has been given its text and has yet to say `taken`.
            now: seconds.
        """
        signature = seen.signature if seen is not None and examined else None
        self._kept[ticket] = _Kept(
            path=path,
            seen=seen.hash if seen is not None else None,
            seen_size=len(seen.data) if seen is not None and seen.data is not None else None,
            until=now + self._keep_seconds,
            signature=signature,
            examined=signature,
            changed_at=now,
            owed=owed,
        )

    def taken(self, ticket: str) -> None:
        """The caller has stored what it was given for this ticket; unknown tickets are ignored."""
        kept = self._kept.get(ticket)
        if kept is not None:
            kept.owed = False

    def collect(self, now: float) -> list[Recovered]:
        """Return what was written to displaced files since the last call, and drop those whose time is over.

        A text is returned once it is complete: its writer has closed it, or it has rested for a while.
        Appended lines are returned while the writer stays. A file is dropped `keep_seconds` after its last
        change, but never while a program holds it open or the caller owes `taken`.
        """
        recovered = []
        may_end = _ENDED_AT_ONCE
        for ticket, kept in list(self._kept.items()):
            found = self._examine(ticket, kept, now)
            if found is None and may_end and kept.is_over(now):
                may_end -= 1
                found = self._end(ticket, kept, now)
            if found is not None:
                recovered.append(found)
        return recovered

    def _end(self, ticket: str, kept: _Kept, now: float) -> Recovered | None:
        if writer_open(self._stage.fd, ticket):
            kept.until = now + self._keep_seconds
            return None
        # A coarse clock may have hidden a change of the same size, so the last look is at the bytes.
        state = read_at(self._stage.fd, ticket, self._bytes_max)
        late = self._hand_over(ticket, kept, state, held_open=False)
        if late is None:
            self._stage.discard(ticket)
            del self._kept[ticket]
        return late

    def _examine(self, ticket: str, kept: _Kept, now: float) -> Recovered | None:
        try:
            signature = Signature.of(os.stat(ticket, dir_fd=self._stage.fd, follow_symlinks=False))
        except FileNotFoundError:
            del self._kept[ticket]
            return None
        if signature != kept.signature:
            kept.signature = signature
            kept.changed_at = now
            kept.until = max(kept.until, now + self._keep_seconds)
        if signature == kept.examined:
            return None
        # Asked before reading: what a writer leaves behind when it is gone is complete.
        writer = writer_open(self._stage.fd, ticket)
        state = read_at(self._stage.fd, ticket, self._bytes_max)
        if not state.settled:
            return None
        rested = now - kept.changed_at
        if writer is False or rested >= (SETTLE_SECONDS_OPEN if writer else SETTLE_SECONDS):
            kept.examined = signature
            return self._hand_over(ticket, kept, state, held_open=bool(writer))
        lines = _appended_lines(state.data, kept)
        if writer and lines is not None:
            cut = replace(state, data=lines, hash=content_hash(lines))
            return self._hand_over(ticket, kept, cut, held_open=True)
        return None

    def _hand_over(self, ticket: str, kept: _Kept, state: FileState, *, held_open: bool) -> Recovered | None:
        if state.hash is not None and state.hash == kept.seen:
            return None
        before = kept.seen
        kept.seen = state.hash
        kept.seen_size = None if state.data is None else len(state.data)
        kept.owed = True
        return Recovered(ticket=ticket, path=kept.path, state=state, before=before, held_open=held_open)


def writer_open(dir_fd: int, leaf: str) -> bool | None:
    """Say whether any program holds a file open for writing or has it mapped so; None where nobody can tell.

    Asks the kernel for a read lease, which it grants only when nobody does, and gives it back at once. Not
    for files that others may open at this moment: they would have to wait for those microseconds.

    Source: fcntl(2), F_SETLEASE.
    """
    try:
        fd = open_file(dir_fd, leaf)
    except OSError:
        return None
    try:
        # The default signal for a contested lease would end the process; this one is ignored by default.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    else:
        return False
    finally:
        os.close(fd)


def _appended_lines(data: bytes | None, kept: _Kept) -> bytes | None:
    if data is None or kept.seen_size is None:
        return None
    end = data.rfind(b"\n") + 1
    if end <= kept.seen_size or content_hash(data[: kept.seen_size]) != kept.seen:
        return None
    return data[:end]
