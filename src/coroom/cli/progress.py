"""A bar for long work, on standard error, where a person looks at it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that is told (done, all). Without a terminal it says nothing until the end, and then one line."""
    console = Console(stderr=True)
    last = (0, 0)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        bar = shown.add_task(what, total=None)

        def told(done: int, of: int) -> None:
            nonlocal last
            last = (done, of)
            shown.update(bar, completed=done, total=of)

        yield told
    if not console.is_terminal:
        console.print(f"{last[0]} of {last[1]} {what}")
