"""Lines of a file as a task says that it touches them: `a.py#L10-L40`, `a.py:12`, `a.py#L10+`."""

import re
from typing import NamedTuple

_LINES = re.compile(r"(?P<path>.+?)(?:#L|:)(?P<first>\d+)(?:-L?(?P<last>\d+)|(?P<after>\+))?")


class SaidLines(NamedTuple):
    """The lines from `first` to `last`, counted from 1; with `after`, new ones after line `first`."""

    path: str
    first: int
    last: int
    after: bool


def said_lines(name: str) -> SaidLines | None:
    """The lines that the name of a `file:` resource says; None when it says none."""
    match = _LINES.fullmatch(name)
    if match is None:
        return None
    first = int(match["first"])
    return SaidLines(match["path"], first, int(match["last"] or first), bool(match["after"]))


def lines_meant(said: SaidLines, length: int | None) -> tuple[tuple[int, int] | None, str]:
    """The lines as a touch has them, None where they may be any; and what is wrong with them, empty if nothing is.

    Args:
        said: what the task says.
        length: how many lines the file has; None when nobody knows.
    """
    path, first, last, after = said
    if after:
        if length is not None and first > length:
            return None, f"{path} {_has(length)}. Planned as the whole file: new lines at its end are #L{length}+"
        return (first + 1, first), ""
    if min(first, last) < 1:
        return None, "lines are counted from 1. Planned as the whole file: new lines at its very top are #L0+"
    if length is not None and min(first, last) > length:
        return None, f"{path} {_has(length)}. Planned as the whole file: new lines at its end are #L{length}+"
    if first > last:
        return (last, first), f"it ends before it begins. Planned as its lines {last} to {first}: #L{last}-L{first}"
    if length is not None and last > length:
        return (first, length), f"{path} {_has(length)}. Planned as its lines from {first} on: #L{first}-L{length}"
    return (first, last), ""


def _has(length: int) -> str:
    return "has 1 line" if length == 1 else f"has {length:,} lines" if length else "is empty"
