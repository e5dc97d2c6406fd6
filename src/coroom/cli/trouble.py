"""What went wrong outside, in words: a full disk and a lock are said as what they are, not as git meets them."""

import shutil
from pathlib import Path

from coroom.git.command import GitFailed
from coroom.git.shared import is_locked

FULL_BYTES = 1 << 20
"""A disk with less cannot take the next object of any size worth a name."""


def full_disk(*places: Path) -> Path | None:
    """The first of these places whose disk has no room left."""
    for place in places:
        there = next((one for one in (place, *place.parents) if one.exists()), None)
        if there and shutil.disk_usage(there).free < FULL_BYTES:
            return place
    return None


def in_words(problem: Exception, *places: Path) -> str:
    """What went wrong, in a sentence without its point.

    Args:
        problem: what was raised.
        places: where something was to be written.
    """
    why = (problem.why if isinstance(problem, GitFailed) else str(problem)).removesuffix(".")
    full = full_disk(*places)
    if full:
        return f"The disk that holds {full} is full ({why}). Make room there and do it again"
    if is_locked(why):
        return (
            f"Another git works there, or a killed one left a lock: {why}. In ten seconds it is seen which; try again"
        )
    return str(problem).removesuffix(".")
