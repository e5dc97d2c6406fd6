"""Runs a command on a directory without changing it: what it would write is caught, what it looks at is traced."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from coroom.ports import Content, ToolFailed
from coroom.tools import sandbox_inside
from coroom.tools.trace import FLAGS, traced

OUTPUT_CHARS_MAX = 20_000
_TRACE_BYTES_MAX = 64 << 20
_BLOCK = 1 << 16
_NOT_MADE = 125


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command did. Paths are relative to the directory; None in `writes` stands for a file that it removed."""

    exit_code: int
    output: str
    reads: frozenset[str]
    listed: frozenset[str]
    writes: dict[str, Content | None]


class Sandbox:
    """Rehearses commands on one directory. `place` is where what they write is caught, on a disk of some size."""

    def __init__(self, root: str, place: str, *, timeout_s: float = 60.0) -> None:
        self._root = os.path.realpath(root)
        self._place = place
        self._timeout_s = timeout_s

    def rehearse(self, command: str, environment: Mapping[str, str] = MappingProxyType({})) -> Outcome:
        """Run a command line with `sh`, with these variables, and say what it did; the directory is as it was.

        Raises:
            ToolFailed: no sandbox can be made here, the command took too long, or it made a link or a device.
                Directories with nothing in them are not carried either; they are left out.
        """
        kept = tempfile.mkdtemp(prefix="rehearsal-", dir=self._place)
        try:
            upper, work = os.path.join(kept, "upper"), os.path.join(kept, "work")
            os.mkdir(upper)
            os.mkdir(work)
            done, output, trace = self._run(command, environment, upper, work)
            if done == _NOT_MADE and output.startswith("sandbox: "):
                raise ToolFailed(f"No sandbox can be made here ({output.strip()[9:]}); overlay mounts must be allowed.")
            seen = traced(trace.splitlines(), self._root)
            writes = self._caught(upper)
            return Outcome(
                exit_code=done,
                output=output[:OUTPUT_CHARS_MAX],
                reads=frozenset(path for path in seen.looked_at if not self._is_directory(path)),
                listed=seen.listed,
                writes=writes,
            )
        finally:
            shutil.rmtree(kept, ignore_errors=True)

    def _run(self, command: str, environment: Mapping[str, str], upper: str, work: str) -> tuple[int, str, str]:
        strace = shutil.which("strace")
        if strace is None:
            raise ToolFailed("strace is missing, which sees what a command reads; install it (apt-get install strace).")
        here, there = os.pipe()
        inside = [sys.executable, "-I", "-S", sandbox_inside.__file__, self._root, upper, work, "--"]
        tracer = [strace, *FLAGS, "-o", f"|exec cat >/proc/self/fd/{there}", "/bin/sh", "-c", command]
        with subprocess.Popen(
            [*inside, *tracer],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(there,),
            env={**environment, "PATH": os.defpath + ":/usr/local/bin", "LC_ALL": "C.UTF-8", "HOME": "/dev/shm"},  # noqa: S108
        ) as process:
            os.close(there)
            trace = _Drained(here, _TRACE_BYTES_MAX)
            assert process.stdout is not None
            output = _Drained(os.dup(process.stdout.fileno()), OUTPUT_CHARS_MAX * 4)
            try:
                code = process.wait(self._timeout_s)
            except subprocess.TimeoutExpired as late:
                process.kill()
                why = f"The command took longer than {self._timeout_s:.0f} s; nothing was changed."
                raise ToolFailed(why) from late
            finally:
                said, lines = output.text(), trace.text()
        if "execve(" not in lines and code != _NOT_MADE:
            raise ToolFailed(f"The command could not be traced; nothing was changed. {said[:200]}")
        if trace.cut:
            raise ToolFailed("The command touched more files than can be kept track of; nothing was changed.")
        return code, said, lines

    def _caught(self, upper: str) -> dict[str, Content | None]:
        writes: dict[str, Content | None] = {}
        for directory, _, names in os.walk(upper):
            for name in names:
                path = os.path.join(directory, name)
                within = os.path.relpath(path, upper)
                found = os.lstat(path)
                if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
                    writes |= dict.fromkeys(self._files_below(within))
                elif stat.S_ISREG(found.st_mode):
                    writes[within] = Content(Path(path).read_bytes(), bool(found.st_mode & stat.S_IXUSR))
                else:
                    raise ToolFailed(f"The command made '{within}', which is no regular file; nothing was changed.")
            if _is_opaque(directory) and directory != upper:
                below = os.path.relpath(directory, upper)
                writes = dict.fromkeys(self._files_below(below)) | writes
        return {path: content for path, content in writes.items() if content is None or content != self._standing(path)}

    def _files_below(self, path: str) -> list[str]:
        top = os.path.join(self._root, path)
        if not os.path.isdir(top):
            return [path]
        return [
            os.path.relpath(os.path.join(directory, name), self._root)
            for directory, _, names in os.walk(top)
            for name in names
        ]

    def _standing(self, path: str) -> Content | None:
        full = os.path.join(self._root, path)
        if not os.path.isfile(full) or os.path.islink(full):
            return None
        return Content(Path(full).read_bytes(), bool(os.stat(full).st_mode & stat.S_IXUSR))

    def _is_directory(self, path: str) -> bool:
        return os.path.isdir(os.path.join(self._root, path))


class _Drained:
    """Reads a descriptor to its end in a thread, so that its writer never waits, and keeps the first bytes."""

    def __init__(self, fd: int, bytes_max: int) -> None:
        self._kept = bytearray()
        self._bytes_max = bytes_max
        self.cut = False
        self._thread = threading.Thread(target=self._drain, args=(fd,), daemon=True)
        self._thread.start()

    def _drain(self, fd: int) -> None:
        with os.fdopen(fd, "rb", buffering=0) as source:
            while block := source.read(_BLOCK):
                room = self._bytes_max - len(self._kept)
                self.cut = self.cut or len(block) > room
                self._kept += block[:room]

    def text(self) -> str:
        """All of it, once the writers are gone."""
        self._thread.join()
        return self._kept.decode(errors="replace")


def _is_opaque(directory: str) -> bool:
    """Whether the directory stands in place of the one below, instead of lying over it."""
    for name in ("trusted.overlay.opaque", "user.overlay.opaque"):
        try:
            if os.getxattr(directory, name) == b"y":
                return True
        except OSError:
            continue
    return False
