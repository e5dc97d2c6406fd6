"""Which relative names a workspace path may have.

Pure: a name that passes here can still meet a symbolic link on disk, which `beneath.Root` refuses when it
opens it.
"""

import os
import re
from enum import StrEnum
from functools import lru_cache

from coroom.core.quick import dataclass

NAME_BYTES_MAX = 255
PATH_BYTES_MAX = 4096
_TOO_LONG = f"it is longer than {PATH_BYTES_MAX} bytes"

# Code points that HFS+ drops from names, so that ".g\u200cit" is ".git" on a peer's disk (git's own list).
_INVISIBLE = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF], None)
_GIT_DIRECTORY = re.compile(r"(?:\.git|git~\d+)[ .]*(?::.*)?", re.DOTALL)


class RefusalReason(StrEnum):
    """Why a path was not looked at."""

    BAD_NAME = "bad name"
    GIT_DIRECTORY = "inside a git directory"
    NOT_BENEATH = "leads out of the workspace"
    UNREADABLE = "not readable"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A path that was refused, and why, in words that can be shown."""

    reason: RefusalReason
    path: str
    detail: str


def check_name(path: str, *, allow_git: bool = False) -> str | Refusal:
    """Judge a path that came from anywhere, also from a hostile peer.

    Args:
        path: a path relative to the workspace; bytes that are not UTF-8 are carried as surrogate escapes.
        allow_git: for the runtime's own files inside `.git` only; never for a path that a peer or agent
        named.

    Returns:
        The path unchanged when it names one place inside the workspace and has only this spelling; else a
        refusal: absolute, empty, `.` or `..` components, a NUL, a component over 255 bytes, over 4096 bytes
        in all, not encodable, a second spelling of another name, or a `.git` directory under any of the
        disguises git knows.
    """
    if len(path) > PATH_BYTES_MAX:
        return Refusal(RefusalReason.BAD_NAME, path, _TOO_LONG)
    return _judged(path, allow_git=allow_git)


def is_git_directory(component: str) -> bool:
    """Say whether some file system would take this component for `.git`.

    Covers letter case, trailing dots and spaces, NTFS streams and short names, and characters that HFS+
    drops.
    """
    if len(component) == 4 and component.isascii():
        return component.lower() == ".git"
    folded = component.translate(_INVISIBLE).casefold()
    return "git" in folded and _GIT_DIRECTORY.fullmatch(folded) is not None


def parent_of(path: str) -> str:
    """Return the directory part of a checked path, `""` for a path at the top."""
    return path.rpartition("/")[0]


def is_under(path: str, directory: str) -> bool:
    """Say whether `path` is `directory` itself or lies below it; everything lies below `""`."""
    return not directory or path == directory or path.startswith(directory + "/")


def link_stays_beneath(path: str, target: bytes) -> bool:
    """Say whether a link at `path` with this text points inside the workspace, by its text alone."""
    if not target or target.startswith(b"/") or b"\0" in target:
        return False
    depth = path.count("/")
    for part in target.split(b"/"):
        if part == b"..":
            depth -= 1
        elif part not in (b"", b"."):
            depth += 1
        if depth < 0:
            return False
    return True


@lru_cache(maxsize=1024)
def _judged(path: str, *, allow_git: bool) -> str | Refusal:
    detail = _fault(path)
    if detail is not None:
        return Refusal(RefusalReason.BAD_NAME, path, detail)
    if not allow_git and any(is_git_directory(part) for part in path.split("/")):
        return Refusal(RefusalReason.GIT_DIRECTORY, path, "git keeps its own data there")
    return path


def _fault(path: str) -> str | None:
    if not path:
        return "a path needs a name"
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError:
        return "it cannot be a file name in this encoding"
    if os.fsdecode(encoded) != path:
        return "it is a second spelling of another name"
    if b"\0" in encoded:
        return "it contains a NUL"
    if len(encoded) >= PATH_BYTES_MAX:
        return _TOO_LONG
    if encoded.startswith(b"/"):
        return "it is absolute"
    for part in encoded.split(b"/"):
        if part in (b"", b".", b".."):
            return f"the component {os.fsdecode(part)!r} is not allowed"
        if len(part) > NAME_BYTES_MAX:
            return f"a component is longer than {NAME_BYTES_MAX} bytes"
    return None
