"""A process's own functions in a room: it says which it brings, and carries out what the room asks of them.

The room decides when: a call is performed when its agent makes it, taken back when somebody who comes before it was
late, and done again. So the process stays reachable as long as its agent is in the room. The room also conducts the
trials of the functions, before their first call: they are on another state, so nothing else is done meanwhile.
"""

import asyncio
import inspect
import secrets
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from contextvars import copy_context
from typing import Any

import httpx2

from coroom.agents.room_client import RoomClient
from coroom.core.errors import Refused
from coroom.core.resource import Resource, parse
from coroom.core.tool import canonical
from coroom.ports import ToolFailed
from coroom.tools.brought import EVERYTHING, REHEARSE, RESTORE, described
from coroom.tools.observers import Observed, Observer
from coroom.tools.registry import Declaration, Rehearsal
from coroom.tools.signature import plain

Function = Declaration[..., Any]

WAIT_S = 20.0
_AGAIN_S = (0.1, 0.5, 2.0)
_OK, _GONE, _TOO_OFTEN = 200, 404, 429


class NotTakenError(RuntimeError):
    """The room does not take the functions; the sentence says why and what to do."""


class Brought:
    """The functions of one process, at work for a room. All methods belong to the loop of the connection."""

    def __init__(self, functions: Sequence[Function], watched_by: Sequence[Observer] = ()) -> None:
        """Say what is brought.

        Args:
            functions: those under `coroom.tools.registry.tool`.
            watched_by: what sees what they really touch (`coroom.tools.observers`); the room is told.

        Raises:
            BadTool: what one of them reads or writes is no template.
        """
        self._functions = {each.name: each for each in functions}
        self._described = [described(each) for each in functions]
        self._watched_by = tuple(watched_by)
        self.loop: asyncio.AbstractEventLoop | None = None
        """Where functions that are coroutines run; None: each in one of its own."""
        self._process = secrets.token_hex(8)
        self._running: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._proving = asyncio.Lock()
        self.offered = 0
        """How often the room has come to offer them: once, and again whenever it was away."""
        self._offers = asyncio.Condition()
        self._proved: asyncio.Task[None] | None = None
        self._trial = _Trial()

    async def bring(self, client: RoomClient) -> None:
        """Say so to the room; `prove` is next.

        Raises:
            NotTakenError: it does not take them.
        """
        status, said = await client.asks("bring", {"process": self._process, "functions": self._described})
        if status != _OK:
            raise NotTakenError(f"{said.get('why', '')} {said.get('next', '')}".strip())

    async def prove(self, client: RoomClient) -> None:
        """Have the room put the functions to the proof, while `serve` runs; then they can be called.

        Raises:
            NotTakenError: one did not pass; the sentence says what was found.
        """
        async with self._proving:
            self._trial.thread = ThreadPoolExecutor(1, "trial")
            try:
                status, said = await client.asks("prove", {"process": self._process})
            finally:
                thread, self._trial.thread = self._trial.thread, None
                # What was before is put back, whatever became of the room.
                await asyncio.wrap_future(thread.submit(self._trial.restore))
                thread.shutdown(wait=False)
        if status != _OK:
            raise NotTakenError(f"{said.get('why', '')} {said.get('next', '')}".strip())
        async with self._offers:
            self.offered += 1
            self._offers.notify_all()

    def has(self, name: object) -> bool:
        """Whether one of them is called so."""
        return name in self._functions

    async def offered_again(self, since: int, within_s: float) -> bool:
        """Wait until the room offers them anew, more often than `since`; False when it does not in that time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._offers:
                await self._offers.wait_for(lambda: self.offered > since)
        return self.offered > since

    async def serve(self, client: RoomClient) -> None:
        """Carry out what the room asks for, until cancelled; also when it was away for a while."""
        try:
            await self._serve(client)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _serve(self, client: RoomClient) -> None:
        tries = 0
        while True:
            asked = {"process": self._process, "running": [*self._running], "wait_s": WAIT_S}
            try:
                status, said = await client.asks("work", asked)
                if status == _GONE:
                    await self._bring_again(client)
                elif status != _OK:
                    raise NotTakenError(str(said.get("why", "")))
            except (httpx2.HTTPError, ValueError, NotTakenError):
                await asyncio.sleep(_AGAIN_S[min(tries, len(_AGAIN_S) - 1)])
                tries += 1
                continue
            tries = 0
            for work in said.get("work", ()):
                if work["number"] not in self._running:
                    self._running.add(work["number"])
                    task = asyncio.create_task(self._one(client, work))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    async def _bring_again(self, client: RoomClient) -> None:
        """To a room that was away; what it had asked for before comes to its end first."""
        if self._proved:
            await asyncio.wait([self._proved])
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.bring(client)
        self._proved = asyncio.create_task(self._prove_again(client))

    async def _prove_again(self, client: RoomClient) -> None:
        # Where the room goes away meanwhile, or does not take them, calls are refused there.
        with suppress(httpx2.HTTPError, ValueError, NotTakenError):
            await self.prove(client)

    async def _one(self, client: RoomClient, work: Mapping[str, Any]) -> None:
        """One thing, and its answer until the room has it or does not know of it any more."""
        loop, thread = asyncio.get_running_loop(), self._trial.thread if work.get("trial") else None
        answer = await loop.run_in_executor(thread, copy_context().run, self._done, work)
        said = {"process": self._process, "answers": [{"number": work["number"], **answer}]}
        tries = 0
        while True:
            with suppress(httpx2.HTTPError, ValueError):
                status, _ = await client.asks("work", said)
                if status != _TOO_OFTEN:
                    break
            await asyncio.sleep(_AGAIN_S[min(tries, len(_AGAIN_S) - 1)])
            tries += 1
        self._running.discard(work["number"])

    def _done(self, work: Mapping[str, Any]) -> dict[str, Any]:
        observed = Observed()
        try:
            with ExitStack() as watches:
                for observer in self._watched_by if work["part"] == "run" and not work.get("trial") else ():
                    watches.enter_context(observer.watching(observed))
                given: dict[str, Any] = {"result": plain(self._called(work))}
        except ToolFailed as failed:
            given = {"failed": str(failed)}
        except Exception as broken:  # noqa: BLE001  a function may raise anything; the room judges it
            given = {"broke": f"{work['tool']} raised {type(broken).__name__}: {broken}"}
        touched = observed.footprint()
        reads, writes = [str(each) for each in touched.reads], [str(each) for each in touched.writes]
        return {**given, **({"touched": {"reads": reads, "writes": writes}} if reads or writes else {})}

    def _called(self, work: Mapping[str, Any]) -> object:
        function, part = self._functions[work["tool"]], work["part"]
        if self._trial.asked(function, part, trial=bool(work.get("trial"))):
            return self._trial.step(function, part)
        if part == "value":
            resource = parse(work["resource"])
            assert function.looks
            assert isinstance(resource, Resource)
            return self._awaited(function.looks(resource))
        given = function.signature.read(canonical(work["arguments"]))
        if isinstance(given, Refused):
            raise ToolFailed(str(given))
        given |= {name: work[name] for name in ("call_id", "before", "result") if name in work}
        return self._awaited((function.run if part == "run" else function.hooks[part])(given))

    def _awaited(self, given: object) -> object:
        if not inspect.iscoroutine(given):
            return given
        coroutine: Coroutine[Any, Any, object] = given
        if self.loop is None:
            return asyncio.run(coroutine)
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()


class _Trial:
    """The trial that is open in this process. Its state is another one: steps of it and calls never mix."""

    def __init__(self) -> None:
        self.thread: ThreadPoolExecutor | None = None
        """Where all steps are made, one after the other; None: no trial is due."""
        self._open: tuple[Iterator[Rehearsal], Rehearsal] | None = None

    def asked(self, function: Function, part: str, *, trial: bool) -> bool:
        """Whether it is a step of the trial itself and no part of a call.

        Raises:
            ToolFailed: it must not be done now.
        """
        if trial and (self.thread is None or (self._open is None and part not in {REHEARSE, RESTORE})):
            raise ToolFailed(f"{function.name} is not in its trial; nothing was done.")
        if not trial and self._open:
            raise ToolFailed(f"{function.name} waits for a trial to end; nothing was done.")
        return trial and part in {REHEARSE, EVERYTHING, RESTORE}

    def step(self, function: Function, part: str) -> object:
        """Begin, look, or end."""
        if part == EVERYTHING:
            assert self._open
            return dict(self._open[1].look())
        self.restore()
        if part == RESTORE:
            return None
        assert function.rehearse
        rehearsing = function.rehearse()
        rehearsal = next(rehearsing)
        self._open = rehearsing, rehearsal
        return {"calls": [dict(given) for given in rehearsal.calls]}

    def restore(self) -> None:
        """Put back what was before it."""
        opened, self._open = self._open, None
        if opened:
            next(opened[0], None)
