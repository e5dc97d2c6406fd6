"""Calls that are carried through even when whoever asked for them goes away: cancelling undoes nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Errands:
    """The calls under way of one endpoint. A call that is asked for again while it runs is joined, not run twice."""

    def __init__(self) -> None:
        self._named: dict[Hashable, asyncio.Future[Any]] = {}
        self._running: set[asyncio.Task[Any]] = set()

    async def carry(self, name: Hashable, work: Coroutine[Any, Any, T], lost: Callable[[T], None]) -> T:
        """The result of `work`. If the caller is cancelled the work goes on, and `lost` gets the result instead.

        Args:
            name: what makes two calls the same one, None when nothing does.
            work: started here, or closed unused when a call of that name is under way.
            lost: called once for each caller that went away before there was a result.
        """
        task: asyncio.Future[T] | None = self._named.get(name) if name is not None else None
        if task is None:
            task = self._run(work)
            if name is not None:
                self._named[name] = task
                task.add_done_callback(lambda _: self._named.pop(name, None))
        else:
            work.close()
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(lambda done: _hand(done, lost))
            raise

    async def attend(self, name: Hashable, work: Coroutine[Any, Any, T]) -> T:
        """As `carry`, for a caller that is cancelled only with the whole daemon: the work runs in the caller's own
        task, which takes the loop three turns less.
        """
        known: asyncio.Future[T] | None = self._named.get(name) if name is not None else None
        if known is not None:
            work.close()
            return await asyncio.shield(known)
        if name is None:
            return await work
        told: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._named[name] = told
        try:
            result = await work
        except Exception as failed:
            told.set_exception(failed)
            # Looked at, since perhaps nobody waits for it.
            told.exception()
            raise
        except BaseException:
            told.cancel()
            raise
        finally:
            del self._named[name]
        told.set_result(result)
        return result

    def start(self, work: Coroutine[Any, Any, T], done: Callable[[T], None]) -> None:
        """Run `work` for nobody in particular; `done` gets its result."""
        self._run(work).add_done_callback(lambda task: _hand(task, done))

    async def end(self, within_s: float) -> None:
        """Wait for what is under way, then cut off what is not done within `within_s` seconds."""
        if self._running:
            await asyncio.wait(self._running, timeout=within_s)
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


def _hand(done: "asyncio.Future[T]", lost: Callable[[T], None]) -> None:
    if not done.cancelled() and done.exception() is None:
        lost(done.result())
