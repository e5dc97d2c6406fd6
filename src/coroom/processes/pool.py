"""A pool of processes that compute beside this one, and never outlive it."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait


def processes(number: int, begin: Callable[..., None] | None = None, *given: object) -> ProcessPoolExecutor:
    """A pool of `number` processes, each of which calls `begin(*given)` before its first work.

    They are spawned, not forked: who asks may have threads. They end at once when the process that asked has ended,
    in whatever way: those of the standard library would go on waiting for work when it was killed.
    """
    return ProcessPoolExecutor(number, get_context("spawn"), initializer=_begin, initargs=(begin, given))


def _begin(begin: Callable[..., None] | None, given: tuple[object, ...]) -> None:
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), name="coroom-parent", daemon=True).start()
    if begin is not None:
        begin(*given)


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
