"""A whole tree of a disk that loses power, under a traced program and all that it starts.

The disk keeps a journal, as those that rooms live on do: names are made, taken and changed in order, and a sync of any
file makes all of them durable that came before. What was written into a file is durable once that file is synced; until
then it may be there or not, each write by itself. Git's batches (`sync_file_range`, and one sync at their end) count as
such syncs. strace tells what happened.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.log.powerless import ROOT, Content, lines_of

CALLS = (
    "openat,creat,write,writev,pwrite64,fsync,fdatasync,sync_file_range,ftruncate,fallocate,copy_file_range,sendfile,"
    "unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,chmod,fchmod,fchmodat"
)
NOT_KEPT = ("-shm",)
"""SQLite's index of its log is shared memory, made anew by whoever opens it first."""

_LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)")
_CUT = re.compile(r"^(\d+) +(\w+\(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PLACE = re.compile(r"(AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>")
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>, )?"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True)
class Call:
    """One system call that succeeded, its paths made absolute; `file` is what its first argument has open."""

    name: str
    file: str
    paths: tuple[str, ...]
    texts: tuple[bytes, ...]
    numbers: tuple[int, ...]
    result: int
    words: str


def traced(*command: str, log: Path) -> list[Call]:
    """Run a program of this project's Python and return what it and its children did."""
    path = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    return list(read(lines_of(CALLS, *command, log=log, options=("--seccomp-bpf",), path=path)))


def read(lines: Iterable[str]) -> Iterator[Call]:
    """The calls, each where it ended: of one that another process ran beside, strace writes two halves."""
    begun: dict[str, str] = {}
    at: dict[str, str] = {}
    for line in lines:
        if cut := _CUT.match(line):
            begun[cut[1]] = cut[2]
            continue
        resumed = _RESUMED.match(line)
        found = _LINE.match(f"{resumed[1]} {begun.pop(resumed[1])}{resumed[2]}" if resumed else line)
        if found is None or int(found[4]) < 0:
            continue
        process, name, said, result = found.groups()
        for place, name_of in _PLACE.findall(said):
            if place == "AT_FDCWD":
                at[process] = _text(name_of)
        opened = _PLACE.match(said)
        paths = tuple(
            os.path.normpath(os.path.join(_text(where) or at.get(process, "/"), _text(text)))
            for where, text in _PATH.findall(said)
        )
        texts = tuple(_bytes(text) for text in _TEXT.findall(said))
        rest = _PLACE.sub("", _TEXT.sub("", said))
        numbers = tuple(int(word) for word in re.findall(r"(?<![\w|])\d+\b", rest))
        file = _text(opened[2]) if opened and opened[1] != "AT_FDCWD" else ""
        yield Call(name, file, paths, texts, numbers, int(result), said)


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def _text(escaped: str) -> str:
    return os.fsdecode(_bytes(escaped))


@dataclass
class Node:
    """What a name stands for: a file, a directory, or a link to somewhere."""

    content: Content | None = None
    target: str = ""


Names = dict[str, Node]
Found = dict[str, bytes | str | None]
"""What a tree may be found as, by name: a file's bytes, a link's target, None for a directory."""


@dataclass
class Tree:
    """Everything below one directory, as programs see it and as the disk has it."""

    top: Path
    names: Names = field(default_factory=dict)
    durable: Names = field(default_factory=dict)
    journal: list[Names] = field(default_factory=list)
    """The names after each change since the last sync."""

    @classmethod
    def of(cls, top: Path) -> "Tree":
        """What is there now, all of it durable."""
        names: Names = {}
        for path in sorted(top.rglob("*")):
            if path.is_symlink():
                names[str(path)] = Node(target=os.readlink(path))
            elif path.is_dir():
                names[str(path)] = Node()
            else:
                names[str(path)] = Node(Content(path.read_bytes()))
        return cls(top, names, dict(names))

    def take(self, call: Call) -> bool:
        """The call has happened. Says whether anything here is other than before."""
        if call.name in {"fsync", "fdatasync"}:
            return self._sync(call.file)
        if call.name in {"write", "writev", "pwrite64", "ftruncate", "sync_file_range", "copy_file_range", "sendfile"}:
            node = self.names.get(call.file)
            return node is not None and node.content is not None and self._written(node.content, call)
        here = [path for path in call.paths if self._is_here(path)]
        return bool(here) and self._renamed(call, here)

    def _is_here(self, path: str) -> bool:
        return path.startswith(f"{self.top}/")

    def _sync(self, file: str) -> bool:
        node = self.names.get(file)
        if node is None:
            return False
        if node.content is not None:
            node.content.sync()
        self.durable, self.journal = self.names, []
        return True

    def _written(self, content: Content, call: Call) -> bool:
        match call.name:
            case "write" | "writev":
                content.append(b"".join(call.texts)[: call.result])
            case "pwrite64":
                content.pending.append((call.numbers[-1], call.texts[0][: call.result]))
            case "ftruncate":
                content.pending.append((call.numbers[-1], None))
            case "sync_file_range":
                content.sync()
            case _:
                message = f"the model of the disk does not know {call.name}"
                raise AssertionError(message)
        return True

    def _renamed(self, call: Call, here: list[str]) -> bool:
        names, first, last = dict(self.names), here[0], here[-1]
        match call.name:
            case "openat" | "creat" if "O_CREAT" in call.words and first not in names:
                names[first] = Node(Content())
            case "openat" if "O_TRUNC" in call.words and (content := names[first].content):
                content.pending.append((0, None))
                return True
            case "unlink" | "rmdir" | "unlinkat":
                del names[first]
            case "mkdir" | "mkdirat":
                names[first] = Node()
            case "symlink" | "symlinkat":
                names[last] = Node(target=os.fsdecode(call.texts[0]))
            case "link" | "linkat":
                names[last] = names[first]
            case "rename" | "renameat" | "renameat2":
                names = _moved(names, first, last, exchanged="RENAME_EXCHANGE" in call.words)
            case _:
                return False
        self.names = names
        self.journal.append(names)
        return True

    def found(self) -> Found:
        """What programs find now."""
        return {
            path: node.content.now(node.content.pending) if node.content is not None else node.target or None
            for path, node in self.names.items()
            if not path.endswith(NOT_KEPT)
        }

    def after_power_loss(self, lucky: Random | None) -> Found:
        """What may be found when the power fails now: with nothing or, by chance, some of what was not synced."""
        names = lucky.choice([self.durable, *self.journal]) if lucky else self.durable
        return {
            path: node.content.after_power_loss(lucky) if node.content is not None else node.target or None
            for path, node in names.items()
            if not path.endswith(NOT_KEPT)
        }


def _moved(names: Names, old: str, new: str, *, exchanged: bool) -> Names:
    moved: Names = {}
    for path, node in names.items():
        if path == old or path.startswith(f"{old}/"):
            moved[new + path[len(old) :]] = node
        elif exchanged and (path == new or path.startswith(f"{new}/")):
            moved[old + path[len(new) :]] = node
        elif path != new:
            moved[path] = node
    return moved


def put(found: Found, top: Path) -> None:
    """Make the tree be just this."""
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir(parents=True)
    for name in sorted(found):
        path, kept = Path(name), found[name]
        if kept is None:
            path.mkdir(exist_ok=True)
        elif isinstance(kept, str):
            path.symlink_to(kept)
        else:
            path.write_bytes(kept)
