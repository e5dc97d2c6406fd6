"""What a traced command touched beneath a directory, from the lines of strace."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

FLAGS = ("--seccomp-bpf", "-f", "-y", "-qq", "-s", "4096", "-e", "trace=%file", "-e", "signal=none")
"""How strace is called: calls with a path in them, and the directory that each is relative to."""

_CALL = re.compile(r"^(?:\d+\s+)?(?:<\.\.\. )?(?P<name>\w+)\((?P<arguments>.*)$")
_AT = re.compile(r"(?:AT_FDCWD|\d+)<(?P<directory>[^>]*)>, \"(?P<path>(?:[^\"\\]|\\.)*)\"")
_PLAIN = re.compile(r"^\"(?P<path>(?:[^\"\\]|\\.)*)\"")
_ESCAPE = re.compile(rb"\\(?:x(?P<hex>[0-9a-f]{2})|(?P<octal>[0-7]{1,3})|(?P<letter>.))")
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
_OPENS = {"open", "openat", "openat2"}
_OTHERWISE = {"chdir", "getcwd"}


@dataclass(frozen=True, slots=True)
class Traced:
    """Paths relative to the directory. Of those in `listed`, `""` being the directory itself, the entries were read."""

    looked_at: frozenset[str]
    listed: frozenset[str]


def traced(lines: Iterable[str], root: str) -> Traced:
    """What the lines show of the directory `root`. A relative path without its directory counts from `root`."""
    looked_at: set[str] = set()
    listed: set[str] = set()
    for line in lines:
        call = _CALL.match(line)
        if call is None or call["name"] in _OTHERWISE:
            continue
        lists = call["name"] in _OPENS and "O_DIRECTORY" in call["arguments"]
        for path in _paths(call["arguments"], root):
            within = _within(path, root)
            if within is not None and (within or lists):
                (listed if lists else looked_at).add(within)
    return Traced(frozenset(looked_at), frozenset(listed))


def _paths(arguments: str, root: str) -> Iterable[str]:
    found = list(_AT.finditer(arguments))
    if found:
        return [os.path.join(match["directory"], _plain(match["path"])) for match in found if match["path"]]
    first = _PLAIN.match(arguments)
    return [os.path.join(root, _plain(first["path"]))] if first and first["path"] else []


def _within(path: str, root: str) -> str | None:
    clean = os.path.normpath(path)
    if clean == root:
        return ""
    return clean[len(root) + 1 :] if clean.startswith(root + "/") else None


def _plain(text: str) -> str:
    if "\\" not in text:
        return text

    def meant(match: "re.Match[bytes]") -> bytes:
        if match["hex"]:
            return bytes([int(match["hex"], 16)])
        if match["octal"]:
            return bytes([int(match["octal"], 8)])
        return _LETTERS.get(match["letter"], match["letter"])

    return os.fsdecode(_ESCAPE.sub(meant, text.encode("latin-1", "replace")))
