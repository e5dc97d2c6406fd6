"""A pool of processes that compute beside this one, and never outlive it."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def processes(number: int, begin: Callable[..., None] | None = None, *given: object) -> ProcessPoolExecutor:
    """A pool of `number` processes, each of which calls `begin(*given)` before its first work.

    They are spawned, not forked: who asks may have threads. They end at once when the process that asked has ended,
    in whatever way: those of the standard library would go on waiting for work when it was killed. A Ctrl-C, which a
    terminal sends to all of them, is left to who asks: that is told, and they end with the work that they have begun.
    """
    return _Pool(number, get_context("spawn"), initializer=_begin, initargs=(begin, given))


class _Pool(ProcessPoolExecutor):
    """One that Ctrl-C does not break: when its processes died of it, it would wait for ever for what it was to say."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _no_interrupt():  # which the process that this may start inherits
            return super().submit(fn, *args, **kwargs)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(begin: Callable[..., None] | None, given: tuple[object, ...]) -> None:
    # Not to ignore it: what this process starts in turn would do so, too.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), name="coroom-parent", daemon=True).start()
    if begin is not None:
        begin(*given)


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
