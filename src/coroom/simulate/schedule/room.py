"""A room in one process without threads: the real core and carrier, a log in memory, death between two steps."""

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Rank
from coroom.core.codec import decode_body, encode_body
from coroom.core.errors import Refused
from coroom.core.event import Event
from coroom.core.evolve import evolve
from coroom.core.limits import Limits
from coroom.core.room import decide, number
from coroom.core.state import RoomState
from coroom.host.calls.carry import Carrier, Request, Steps, Store
from coroom.ports import Tool
from coroom.simulate.schedule.actor import Answer, Ask

R = TypeVar("R")
LIMITS = Limits()


class DeathError(Exception):
    """The host died: what is stored is stored, what acted has acted, and nobody is answered."""


class ScheduleRoom:
    """One room for a schedule. `dies_at` counts the requests of the carrier; the host dies when that one is due, or,
    with `after`, when it has been done and nobody knows yet.
    """

    def __init__(self, policy: str, tools: Mapping[str, Tool], *, dies_at: int = 0, after: bool = False) -> None:
        self.state = RoomState()
        self.log: list[Event] = []
        self.requests = 0
        self._dies_at = dies_at
        self._after = after
        self.carrier = Carrier(lambda: self.state, tools)
        self.submit(OPERATOR, c.OpenRoom(room="schedule", policy=policy, limits=LIMITS))

    def submit(self, by: str, command: c.Command, operation: str = "") -> c.Good | Refused:
        """Decide, store, reply."""
        decision = decide(self.state, c.Submission(by, command, operation), 0)
        for event in number(self.state, decision.events, 0, by):
            self.state = evolve(self.state, event)
            self.log.append(event)
        return decision.reply

    def join(self, name: str, rank: Rank, parent: str | None) -> Rank:
        """Let an agent in: at the rank that it asks for, else where its parent is, else after everybody."""
        reply = self.submit(HOST, c.Join(agent=name, secret_hash=name, rank=rank, parent=parent))
        for inside in (parent, None):
            if isinstance(reply, Refused):
                reply = self.submit(HOST, c.Join(agent=name, secret_hash=name, parent=inside))
        return cast("c.Joined", reply).rank

    def run(self, steps: Callable[[], Steps[R]]) -> R:
        """Carry it out. When the host dies on the way it recovers, and whoever asked asks again, as agents do."""
        while True:
            try:
                return self._run(steps())
            except DeathError:
                self._recover()

    def _run(self, steps: Steps[R]) -> R:
        try:
            request = next(steps)
            while True:
                try:
                    answer = self._answer(request)
                except DeathError:
                    steps.close()
                    raise
                except Exception as raised:  # noqa: BLE001  a tool may raise anything; the carrier judges it
                    request = steps.throw(raised)
                else:
                    request = steps.send(answer)
        except StopIteration as done:
            return cast("R", done.value)

    def _answer(self, request: Request) -> object:
        self.requests += 1
        if self.requests == self._dies_at and not self._after:
            raise DeathError
        if isinstance(request, Store):
            answer: object = self.submit(request.by, request.command, request.operation)
        else:
            answer = request.work()
        if self.requests == self._dies_at:
            raise DeathError
        return answer

    def _recover(self) -> None:
        """Back from the log's text alone."""
        self.state = RoomState()
        for event in self.log:
            body = decode_body(event.body.kind, encode_body(event.body))
            self.state = evolve(self.state, Event(event.seq, event.at_ms, event.by, body))
        self._run(self.carrier.recover())


def steps_of(carrier: Carrier, ask: Ask) -> Steps[Answer]:
    """What the carrier does for what an agent asks of it."""
    match ask.what:
        case "call":
            return (yield from carrier.call(ask.agent, ask.tool, ask.arguments, ask.step, ask.operation))
        case "judge":
            return (yield from carrier.judge(ask.agent, ask.names, ask.verdict, ask.operation))
        case "retract":
            return (yield from carrier.retract(ask.agent, ask.names, ask.operation))
        case "conclude":
            return (yield from carrier.conclude(ask.agent, operation=ask.operation))
    raise AssertionError(ask)
