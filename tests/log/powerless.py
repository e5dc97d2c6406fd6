"""A disk that loses power: what a traced program did up to any instant, with whatever had reached the disk by then.

Of a file, what was written since its last sync may be there, or not, each write by itself and perhaps cut; of a
directory, the names that were made, taken and changed since its own last sync, in their order. strace tells what
happened.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
CALLS = "openat,creat,write,pwrite64,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2"
SECTOR = 512

_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_OPEN_FILE = re.compile(r"^(\d+)<((?:\\x[0-9a-f]{2})*)>")


@dataclass(frozen=True)
class Call:
    """One system call that succeeded: the open file it names, the texts in it, and its last numbers."""

    name: str
    descriptor: int
    path: str
    texts: tuple[bytes, ...]
    numbers: tuple[int, ...]
    result: int
    words: str


def traced(*command: str, log: Path) -> list[Call]:
    """Run a program of this project's Python and return what it did."""
    calls = (_call(line) for line in lines_of(CALLS, *command, log=log))
    return [call for call in calls if call and call.result >= 0]


def lines_of(calls: str, *command: str, log: Path, options: Sequence[str] = (), path: str = "") -> list[str]:
    """What strace writes of these system calls of a program of this project's Python and of its children."""
    subprocess.run([ROOT / "scripts" / "strace.sh"], check=True, stdout=subprocess.DEVNULL)
    ours = ("-f", "-y", "-xx", "-s", "10000000", "-o", str(log), "-e", f"trace={calls}", "-e", "signal=none")
    around = os.environ | ({"PYTHONPATH": path} if path else {})
    subprocess.run(
        ["strace", *ours, *options, sys.executable, *command], check=True, stdout=subprocess.PIPE, env=around
    )
    return log.read_text().splitlines()


def _call(line: str) -> Call | None:
    found = _LINE.match(line)
    if not found:
        # Of threads that were in one call each, strace writes two halves; a program with one thread has none.
        assert "unfinished" not in line, line
        return None
    name, said, result = found[1], found[2], int(found[3])
    opened = _OPEN_FILE.match(said)
    texts = tuple(_bytes(text) for text in _TEXT.findall(said))
    rest = _TEXT.sub("", said)
    numbers = tuple(int(word) for word in re.findall(r"(?<=, )\d+\b", rest))
    path = os.fsdecode(_bytes(opened[2])) if opened else ""
    return Call(name, int(opened[1]) if opened else -1, path, texts, numbers, result, rest)


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


@dataclass
class Content:
    """What is in a file: what has reached the disk, and what was written since."""

    durable: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """(offset, data), or (size, None) for a change of size."""

    def now(self, chosen: Sequence[tuple[int, bytes | None]]) -> bytes:
        data = bytearray(self.durable)
        for at, piece in chosen:
            if piece is None:
                data = data[:at].ljust(at, b"\0")
            else:
                data = data.ljust(at, b"\0")
                data[at : at + len(piece)] = piece
        return bytes(data)

    def append(self, data: bytes) -> None:
        """Written at the end."""
        self.pending.append((len(self.now(self.pending)), data))

    def sync(self) -> None:
        """All of it reaches the disk."""
        self.durable, self.pending = self.now(self.pending), []

    def after_power_loss(self, chance: Random | None, *, all_there: bool = False) -> bytes:
        """What may be found: with nothing, all or some of what was not synced."""
        if all_there:
            return self.now(self.pending)
        return self.now(list(_some(chance, self.pending))) if chance else self.durable


@dataclass
class Disk:
    """One directory of a disk that can lose its power."""

    top: Path
    names: dict[str, Content] = field(default_factory=dict)
    """As programs see them."""
    durable: dict[str, Content] = field(default_factory=dict)
    changed: list[dict[str, Content]] = field(default_factory=list)
    """The names after each change since they were last synced."""

    def take(self, call: Call) -> None:
        """The call has happened."""
        paths = [Path(os.fsdecode(text)) for text in call.texts]
        match call.name:
            case "openat" if self._is_here(paths[0]):
                if "O_CREAT" in call.words and paths[0].name not in self.names:
                    self._rename({**self.names, paths[0].name: Content()})
                elif "O_TRUNC" in call.words:
                    self.names[paths[0].name].pending.append((0, None))
            case "unlink" | "unlinkat" if self._is_here(paths[0]):
                self._rename({name: file for name, file in self.names.items() if name != paths[0].name})
            case "rename" | "renameat" | "renameat2" if self._is_here(paths[0]):
                moved = self.names[paths[0].name]
                left = {name: file for name, file in self.names.items() if file is not moved}
                self._rename({**left, paths[1].name: moved})
            case "fsync" | "fdatasync" if call.path == str(self.top):
                self.durable, self.changed = dict(self.names), []
            case _ if self._is_here(Path(call.path)):
                self._take_in(self.names[Path(call.path).name], call)

    def _is_here(self, path: Path) -> bool:
        return path.parent == self.top

    def _rename(self, names: dict[str, Content]) -> None:
        self.names = names
        self.changed.append(names)

    def _take_in(self, file: Content, call: Call) -> None:
        match call.name:
            case "pwrite64":
                file.pending.append((call.numbers[-1], call.texts[0][: call.result]))
            case "write":
                file.append(call.texts[0][: call.result])
            case "ftruncate":
                file.pending.append((call.numbers[-1], None))
            case "fsync" | "fdatasync":
                file.sync()

    def after_power_loss(self, chance: Random | None, *, all_there: bool = False) -> dict[str, bytes]:
        """The files, by name, as they may be found: with nothing, all or some of what was not synced."""
        names = self.names if all_there else self.durable
        if chance:
            names = chance.choice([self.durable, *self.changed])
        return {name: file.after_power_loss(chance, all_there=all_there) for name, file in names.items()}


def _some(chance: Random, pending: list[tuple[int, bytes | None]]) -> Iterator[tuple[int, bytes | None]]:
    for at, data in pending:
        draw = chance.random()
        if draw < 0.5:
            yield at, data
        elif draw < 0.7 and data is not None:
            yield at, data[: chance.randrange(0, len(data) + 1, SECTOR)]
