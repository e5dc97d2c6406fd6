"""A bar for long work, on standard error, where a person looks at it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SAID_EVERY_S = 30.0
"""Where nobody sees a bar, a line is said this often: a log shows that the work goes on, and how far it is."""


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that is told (done, all). Without a terminal: a line every `SAID_EVERY_S` seconds, and one at the end."""
    console = Console(stderr=True)
    last, said = (0, 0), time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        bar = shown.add_task(what, total=None)

        def told(done: int, of: int) -> None:
            nonlocal last, said
            last = (done, of)
            if not console.is_terminal and done < of and time.monotonic() - said >= SAID_EVERY_S:
                said = time.monotonic()
                console.print(f"{done} of {of} {what}")
            shown.update(bar, completed=done, total=of)

        yield told
    if not console.is_terminal:
        console.print(f"{last[0]} of {last[1]} {what}")
