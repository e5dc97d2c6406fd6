"""One log, one host: a lock that the kernel drops when its process dies."""

import fcntl
import os

from coroom.ports import LogBusy


class Exclusive:
    """Holds `<path>.lock` from construction to `release`.

    The lock file is separate, because SQLite's own locks on the database are lost when any descriptor of it
    is closed; and it stays when released, because removing it would let two hosts lock two files of one name.

    Raises:
        LogBusy: another process, or another log object of this process, holds it.
        OSError: the lock file cannot be written.
    """

    def __init__(self, path: str) -> None:
        self._descriptor: int | None = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            self.release()
            raise LogBusy(
                f"{path} is open in process {holder}. Stop that host, or give this one another room."
            ) from None
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        """Let another host have the log; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
