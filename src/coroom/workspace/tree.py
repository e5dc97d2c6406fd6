"""One directory as the room's tools see it: regular files, each changed by compare-and-swap (`ports.Files`).

What a put displaces waits in the stage for half a minute: a program may still have it open. What was written to it by
then stays there, since it is nowhere else; the rest is dropped.
"""

import threading
from collections.abc import Callable, Sequence

from coroom.core.errors import Code, Refused
from coroom.ports import Content
from coroom.workspace.beneath import Root
from coroom.workspace.exchange import Exchange, Expected, PutReason, PutRefused
from coroom.workspace.names import Refusal, check_name
from coroom.workspace.stage import Stage
from coroom.workspace.states import FileState, Kind, content_hash

BYTES_MAX = 1 << 20
_TIDY_S = 1.0
"""How often what was displaced is looked through, while files are changed."""


class FileTree:
    """See `ports.Files`. `now_s` is any steady clock, in seconds."""

    def __init__(
        self,
        root: Root,
        stage: Stage,
        now_s: Callable[[], float],
        *,
        bytes_max: int = BYTES_MAX,
        durable: bool = True,
    ) -> None:
        """Work on `root`.

        Args:
            root: the directory.
            stage: a directory of the same file system that is no part of it.
            now_s: the clock.
            bytes_max: a larger file is refused.
            durable: what was put survives a power cut.
        """
        self._root = root
        self._exchange = Exchange(root, stage, durable=durable, bytes_max=bytes_max)
        self._now_s = now_s
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._tidied_s = now_s()
        # What an earlier process displaced and nobody wrote to is dropped like our own.
        self._exchange.recover(self._tidied_s)

    def read(self, path: str) -> Content | Refused | None:
        """See `ports.Files.read`."""
        found = self._root.read(path, self._bytes_max)
        if isinstance(found, Refusal):
            return _refused(f"'{path:.80}' cannot be read: {found.detail}")
        if found.kind is Kind.MISSING:
            return None
        if found.kind is not Kind.FILE or found.data is None:
            what = f"larger than {self._bytes_max} bytes" if found.oversize else f"a {found.kind}"
            return _refused(f"'{path:.80}' is {what}")
        return Content(found.data, found.executable)

    def replace(self, path: str, expected: Content | None, new: Content | None) -> Refused | None:
        """See `ports.Files.replace`."""
        if new and len(new.data) > self._bytes_max:
            return _refused(f"'{path:.80}' would be larger than {self._bytes_max} bytes")
        with self._lock:
            standing = self.read(path)
            if isinstance(standing, Refused):
                return standing
            if standing != expected:
                return _changed(path)
            done = self._put(path, expected, new)
            self._tidy()
            return done

    def _tidy(self) -> None:
        """Drop displaced files once nobody can write to them any more; one that somebody wrote to late is kept."""
        now = self._now_s()
        if now - self._tidied_s >= _TIDY_S:
            self._tidied_s = now
            self._exchange.collect(now)

    def paths(self, directory: str) -> Sequence[str]:
        """See `ports.Files.paths`."""
        name = check_name(directory) if directory else ""
        if isinstance(name, Refusal):
            return ()
        prefix = f"{name}/" if name else ""

        def aside(path: str, is_directory: bool) -> bool:  # noqa: FBT001  what walk asks
            return is_directory and not (prefix.startswith(f"{path}/") or f"{path}/".startswith(prefix))

        found = self._root.walk(aside)
        return sorted(each.path for each in found if each.kind is Kind.FILE and each.path.startswith(prefix))

    def _put(self, path: str, expected: Content | None, new: Content | None) -> Refused | None:
        believed = Expected(content_hash(expected.data)) if expected else None
        if new is None:
            if believed is None:
                return None
            done = self._exchange.delete(path, expected=believed, now=self._now_s())
        else:
            done = self._exchange.put(path, new.data, expected=believed, now=self._now_s(), executable=new.executable)
        if isinstance(done, PutRefused):
            return _changed(path) if done.reason is PutReason.CHANGED else _refused(f"'{path:.80}': {done.detail}")
        if done.displaced:
            self._return(path, done.displaced.state, new)
            self._exchange.taken(done.displaced.ticket)
            return _changed(path)
        return None

    def _return(self, path: str, displaced: FileState, new: Content | None) -> None:
        """Put a write that landed at the same moment back where it was."""
        believed = Expected(content_hash(new.data)) if new else None
        if displaced.data is not None:
            self._exchange.put(
                path, displaced.data, expected=believed, now=self._now_s(), executable=displaced.executable
            )


def _refused(why: str) -> Refused:
    return Refused(Code.BAD_INPUT, f"{why}.", "Name a regular file beneath the directory.")


def _changed(path: str) -> Refused:
    return Refused(Code.CONFLICT, f"'{path:.80}' is not what it was.", "Read it again.")
