"""The host of one room: it decides, stores, and only then acts and replies."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from coroom.core.action import Action, Phase
from coroom.core.agent import HOST
from coroom.core.codec import decode_body, decode_state, encode_body, encode_state
from coroom.core.command import Command, FinishAction, Good, Submission, Tick
from coroom.core.decide.decision import Perform
from coroom.core.errors import Fault, Refused
from coroom.core.event import Event
from coroom.core.evolve import evolve
from coroom.core.room import decide, number
from coroom.core.state import RoomState
from coroom.ports import NO_BLOBS, Clock, HeadMoved, Log, Stored

BATCH_CALLS_MAX = 256
"""Calls decided in one flush: more would make the first of them wait for the last."""

VIEW_EVERY_EVENTS = 1_000
"""A snapshot each thousand events keeps opening under a second."""

COMPACT_EVERY_EVENTS = 50_000
"""Older events are packed in portions of this size: they stay readable, at a twentieth of the room."""

KEEP_LOOSE_EVENTS = 10_000
"""The newest events stay as they are; what people look at lies among them."""

PROBE_AGAIN_AFTER_S = (0.1, 0.5, 2.0)
"""A look at how an action ended that fails is tried again after these pauses: a full disk or a held lock may pass."""

RECENT_EVENTS = 2_000
"""Events kept in memory for pages that connect; older ones are read from the log."""


class Performer(Protocol):
    """Performs the started actions of one tool, outside the room."""

    async def perform(self, action: Action) -> FinishAction:
        """Act, and say how it ended."""
        ...

    async def probe(self, action: Action) -> FinishAction:
        """Find out how an action ended that a crash cut off, and finish or undo it."""
        ...


@dataclass(slots=True)
class _Pending:
    submission: Submission
    blobs: Mapping[str, bytes]
    reply: asyncio.Future[Good | Refused]


class Host:
    """One room over one log. All methods belong to the event loop that `open` ran in."""

    def __init__(self, log: Log, clock: Clock, state: RoomState) -> None:
        self._log = log
        self._clock = clock
        self._state = state
        self._view_seq = state.seq
        self._compacted_seq = state.seq
        self._pending: deque[_Pending] = deque()
        self._wake = asyncio.Event()
        self._news = asyncio.Condition()
        self._listeners: list[Callable[[Event], None]] = []
        self._performers: dict[str, Performer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="coroom-log")
        self._flushing = asyncio.Lock()
        self._fault: BaseException | None = None
        self._failed = asyncio.Event()
        self._closing = False
        self.recent: deque[Event] = deque(maxlen=RECENT_EVENTS)

    @classmethod
    async def open(cls, log: Log, clock: Clock, performers: Mapping[str, Performer] | None = None) -> "Host":
        """Recover the room from its log and start serving; actions that a crash cut off are probed first.

        Raises:
            LogCorrupt: what is stored is not what was appended.
        """
        host = cls(log, clock, await asyncio.to_thread(recover, log))
        host.recent.extend(await asyncio.to_thread(read_events, log, max(0, host._state.seq - 500)))
        host._performers = dict(performers or {})
        host._start(host._flush_forever())
        await host._probe_started()
        host._start(host._tick_forever())
        return host

    @property
    def state(self) -> RoomState:
        """The room as it is durable: nothing in it can be taken back by a crash."""
        return self._state

    @property
    def clock(self) -> Clock:
        """The clock whose time the room's leases run by."""
        return self._clock

    def blob(self, blob_hash: str) -> bytes | None:
        """The content of that hash, verified, or None when the room never stored it."""
        return b"" if blob_hash == "" else self._log.blob(blob_hash)

    def events(self, after: int, up_to: int | None = None) -> list[Event]:
        """Every event after `after`, from the log, and none after `up_to` where that is given."""
        return read_events(self._log, after, up_to)

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with each event once it is durable. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def submit(
        self, by: str, command: Command, operation: str = "", blobs: Mapping[str, bytes] = NO_BLOBS
    ) -> Good | Refused:
        """Decide the command, store what it makes happen, act, and reply.

        Raises:
            Fault: the log cannot be written; nothing of the command has happened.
        """
        if self._fault:
            raise Fault(str(self._fault)) from self._fault
        if self._closing:
            message = "the room is closing"
            raise Fault(message)
        pending = _Pending(Submission(by, command, operation), blobs, asyncio.get_running_loop().create_future())
        self._pending.append(pending)
        self._wake.set()
        return await pending.reply

    async def changed(self, after: int, wait_s: float) -> bool:
        """Wait until an event after `after` is durable, at most `wait_s` seconds. Says whether there is one."""
        async with self._news:
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait_for(lambda: self._state.seq > after or self._closing)
            except TimeoutError:
                return False
        return self._state.seq > after

    async def ended(self, action: str) -> Action:
        """Wait until a started action has ended, and return it."""
        while True:
            seq = self._state.seq
            found = self._state.actions[action]
            if found.phase is not Phase.STARTED:
                return found
            await self.changed(seq, 3_600)

    @property
    def has_ended(self) -> bool:
        """Whether every command is refused from now on: the log cannot be written, or the room is closing."""
        return self._fault is not None or self._closing

    async def failed(self) -> Fault:
        """Wait until the log can no longer be written, and return why; from then on every command is refused."""
        await self._failed.wait()
        return Fault(str(self._fault))

    async def close(self) -> None:
        """Finish what is pending, keep a snapshot, release the log."""
        self._closing = True
        while self._pending and not self._fault:
            self._wake.set()
            await asyncio.sleep(0)
        async with self._flushing:
            pass
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        async with self._news:
            self._news.notify_all()
        if not self._fault and self._state.seq > self._view_seq:
            await self._in_writer(self._log.save_view, self._state.seq, encode_state(self._state))
        self._writer.shutdown()
        self._log.close()

    def _start(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # The room's fault is told to everyone who asks; asyncio need not print it a second time.
        if not task.cancelled() and self._fault:
            task.exception()

    async def _tick_forever(self) -> None:
        while True:
            # In a closed room time stands still: its claims do not run out.
            end_ms = None if self._state.closed else self._state.holdings().next_end_ms
            wait_ms = 1_000 if end_ms is None else min(1_000, end_ms - self._clock.now_ms())
            await asyncio.sleep(max(wait_ms, 10) / 1_000)
            if end_ms is not None and end_ms <= self._clock.now_ms():
                await self.submit(HOST, Tick())

    async def _flush_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                batch = [self._pending.popleft() for _ in range(min(BATCH_CALLS_MAX, len(self._pending)))]
                try:
                    async with self._flushing:
                        await self._flush(batch)
                except BaseException as fault:
                    self._fail(fault, batch)
                    raise

    async def _flush(self, batch: list[_Pending]) -> None:
        state, events, replies = self._state, [], []
        effects: list[Perform] = []
        blobs: dict[str, bytes] = {}
        for pending in batch:
            now_ms = self._clock.now_ms()
            decision = decide(state, pending.submission, now_ms)
            for event in number(state, decision.events, now_ms, pending.submission.by):
                state = evolve(state, event)
                events.append(event)
            if not isinstance(decision.reply, Refused):
                blobs.update(pending.blobs)
            replies.append((pending.reply, decision.reply))
            effects += decision.effects
        if events:
            await self._append(events, blobs)
            self._state = state
            await self._publish(events)
        for effect in effects:
            self._start(self._perform(effect.action))
        for future, reply in replies:
            if not future.done():
                future.set_result(reply)
        await self._keep()

    async def _keep(self) -> None:
        """Now and then: a snapshot, so that opening stays fast, and a compaction, so that the file stays small."""
        seq, state = self._state.seq, self._state
        # A room of many files is told anew at greater distances, so that its whole costs no more than its events.
        if seq - self._view_seq >= max(VIEW_EVERY_EVENTS, len(state.files())):
            self._view_seq = seq
            await self._in_writer(lambda: self._log.save_view(seq, encode_state(state)))
        if seq - self._compacted_seq >= COMPACT_EVERY_EVENTS:
            self._compacted_seq = seq
            await self._in_writer(self._log.compact, seq - KEEP_LOOSE_EVENTS)

    async def _append(self, events: list[Event], blobs: Mapping[str, bytes]) -> None:
        stored = [Stored(e.seq, e.at_ms, e.by, e.body.kind, encode_body(e.body)) for e in events]
        head = await self._in_writer(self._log.append, self._state.seq, stored, blobs)
        if isinstance(head, HeadMoved):
            message = f"another host appended to this room: head {head.actual}, expected {head.expected}"
            raise Fault(message)

    async def _publish(self, events: list[Event]) -> None:
        self.recent.extend(events)
        for event in events:
            for listener in list(self._listeners):
                listener(event)
        async with self._news:
            self._news.notify_all()

    async def _perform(self, action_id: str) -> None:
        action = self._state.actions[action_id]
        performer = self._performers.get(action.tool)
        if performer is None:
            ending = FinishAction(action=action_id, ending="failed", result=f"nothing here performs {action.tool}")
        else:
            ending = await self._acted(performer, action)
        await self.submit(HOST, ending)

    async def _acted(self, performer: Performer, action: Action) -> FinishAction:
        """What the performer says; if it broke off, what looking at the world says."""
        try:
            return await performer.perform(action)
        except Exception:  # noqa: BLE001  whatever broke it off, how the action ended is found out the same way
            return await self._probed(performer, action)

    async def _probed(self, performer: Performer, action: Action) -> FinishAction:
        """What looking at the world says; when it cannot be looked at, in the end, that it failed, and why."""
        for pause_s in (*PROBE_AGAIN_AFTER_S, None):
            try:
                return await performer.probe(action)
            except Exception as failed:  # noqa: BLE001  an action that never ends would stand in all others' way
                if pause_s is None:
                    words = f"how it ended is not known: {failed}"
                    return FinishAction(action=action.id, ending="failed", result=words)
                await asyncio.sleep(pause_s)
        raise AssertionError

    async def _probe_started(self) -> None:
        for action in list(self._state.actions.values()):
            if action.phase is Phase.STARTED and action.tool in self._performers:
                await self.submit(HOST, await self._probed(self._performers[action.tool], action))

    async def _in_writer(self, function: Callable[..., object], *arguments: object) -> object:
        return await asyncio.get_running_loop().run_in_executor(self._writer, function, *arguments)

    def _fail(self, fault: BaseException, batch: list[_Pending]) -> None:
        self._fault = fault if isinstance(fault, Exception) else Fault("the room is closing")
        for pending in (*batch, *self._pending):
            if not pending.reply.done():
                pending.reply.set_exception(Fault(f"the room has stopped: {self._fault}"))
        self._pending.clear()
        self._failed.set()


def recover(log: Log) -> RoomState:
    """The room folded from its log: the newest snapshot that belongs to this history, then what came after."""
    kept = log.load_view()
    state = decode_state(kept[1]) if kept else RoomState()
    for event in read_events(log, state.seq):
        state = evolve(state, event)
    return state


def read_events(log: Log, after: int, up_to: int | None = None) -> list[Event]:
    """Every event after `after`, decoded, and none after `up_to` where that is given."""
    events: list[Event] = []
    while up_to is None or after < up_to:
        batch = log.read(after) if up_to is None else log.read(after, min(1000, up_to - after))
        if not batch:
            break
        events += [Event(s.seq, s.at_ms, s.by, decode_body(s.kind, s.body)) for s in batch]
        after = batch[-1].seq
    return events
