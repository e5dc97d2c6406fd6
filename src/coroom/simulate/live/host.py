"""The model of a host whose tools act on live state: many calls under way at once, each a carrier's generator."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from coroom.core import command as c
from coroom.core.agent import HOST
from coroom.core.errors import Refused
from coroom.core.ordering.call import any_overlap
from coroom.core.resource import Resource
from coroom.core.room import answered_before, authenticate
from coroom.host.calls.carry import Act, Carrier, Failed, Steps, Store, Waits
from coroom.host.door.refusals import Refusals
from coroom.ports import Tool
from coroom.simulate.live.evidence import Deed, Evidence
from coroom.simulate.room import ModelRoom, Rules
from coroom.simulate.schedule.actor import Answer, Ask, Heard
from coroom.simulate.schedule.room import steps_of


class LiveRules(Rules):
    """How a sound host carries calls out, one choice a method. A mutant overrides one of them."""

    finishes_repairs = True
    joins_copies = True
    keeps_refusals = True
    carrier: Callable[..., Carrier] = Carrier


class Request(NamedTuple):
    """What an agent asks, on its way. The secret proves the agent, the operation makes it safe to repeat; `copy` counts
    what the agent has sent.
    """

    incarnation: int
    secret: str
    ask: Ask
    copy: int = 0


class Reply(NamedTuple):
    """An answer on its way to an agent."""

    request: Request
    answer: Answer


Work = Generator[Store | Act, object, object]


@dataclass(slots=True)
class Running:
    """Something that the host is carrying out, for all copies of a request. `storing`: what it asked for is not durable
    yet.
    """

    steps: Work
    requests: list[Request] = field(default_factory=list)
    latched: tuple[Resource, ...] = ()
    answer: object = None
    raised: Exception | None = None
    begun: bool = False
    storing: bool = False


@dataclass(slots=True)
class LiveHost:
    """One host over the model of a log. What it carries out moves one request at a time, in any order."""

    evidence: Evidence
    rules: LiveRules
    tools: dict[str, Tool]
    room: ModelRoom
    running: list[Running] = field(default_factory=list)
    waiting: list[Running] = field(default_factory=list)
    outbox: list[Reply] = field(default_factory=list)
    refusals: Refusals[Answer] = field(default_factory=Refusals)
    recovering: bool = False

    @property
    def carrier(self) -> Carrier:
        """The carrier over what is durable, as in the daemon."""
        hasty = self.rules.perform_before_storing
        return self.rules.carrier(lambda: self.room.state if hasty else self.room.durable, self.tools)

    def receive(self, request: Request) -> None:
        """One request arrives: whoever has no valid secret is not heard, and nobody is while the host recovers. Copies
        under way share one answer, and none is carried out that is no newer than one that was refused.
        """
        ask = request.ask
        known = authenticate(self.room.state, request.secret) == ask.agent
        if self.recovering or not known:
            return
        self.evidence.history.heard.append((ask.agent, request.incarnation, self.room.state.seq))
        refused = self.refusals.asked(ask.agent, ask.operation, request.copy)
        if refused is not None and self.rules.keeps_refusals:
            self.outbox.append(Reply(request, refused))
            return
        same = next((one for one in (*self.running, *self.waiting) if any(r.ask == ask for r in one.requests)), None)
        if same and self.rules.joins_copies:
            same.requests.append(request)
            return
        steps = self._hear(ask.agent) if ask.what == "hear" else steps_of(self.carrier, ask)
        self.begin(steps, request, self._touched(ask))

    def begin(self, steps: Steps[object], request: Request | None = None, latched: tuple[Resource, ...] = ()) -> None:
        """Carry this out; calls that overlap come one at a time."""
        self.waiting.append(Running(steps, [request] if request else [], latched))
        self._admit()

    def _hear(self, agent: str) -> Steps[Answer]:
        """What rides on a reply: what is durable now is handed over, and goes out if it still holds then."""
        names = tuple(n.id for n in self.room.durable.order.notices.values() if n.agent == agent)
        if names:
            yield Store(HOST, c.HandNotices(agent, names))
        order = self.room.durable.order
        notices = sorted((order.notices[n] for n in names if n in order.notices), key=lambda n: int(n.id[1:]))
        return Heard(tuple(notices))

    def _touched(self, ask: Ask) -> tuple[Resource, ...]:
        tool = self.tools.get(ask.tool)
        footprint = tool.footprint(ask.arguments) if tool else None
        if footprint is None or isinstance(footprint, Refused):
            return ()
        return (*footprint.writes, *footprint.reads)

    def _admit(self) -> None:
        for one in list(self.waiting):
            if not any(any_overlap(one.latched, other.latched) for other in self.running):
                self.waiting.remove(one)
                self.running.append(one)

    def carry(self, salt: int, now_ms: int) -> None:
        """One request of one thing under way."""
        ready = [one for one in self.running if not one.storing]
        if ready:
            self._advance(ready[salt % len(ready)], now_ms)

    def _advance(self, one: Running, now_ms: int) -> None:
        try:
            if one.raised is not None:
                raised, one.raised = one.raised, None
                request = one.steps.throw(raised)
            else:
                request = one.steps.send(one.answer) if one.begun else next(one.steps)
        except StopIteration as done:
            self._end(one, cast("Answer", done.value))
            return
        one.begun = True
        if isinstance(request, Store):
            one.answer = self.room.submit(request.by, request.command, now_ms, request.operation)
            one.storing = not self.rules.perform_before_storing
            return
        self.evidence.deeds.append(Deed(request.what, len(self.evidence.history.lines)))
        try:
            one.answer = request.work()
        except Exception as raised:  # noqa: BLE001  a tool may raise anything; the carrier judges it
            one.raised = raised

    def _end(self, one: Running, answer: Answer) -> None:
        self.running.remove(one)
        self._admit()
        if one.requests:
            ask = one.requests[0].ask
            logged = answered_before(self.room.state, ask.agent, ask.operation) is not None
            refused = isinstance(answer, Refused | Waits | Failed) and not logged
            self.refusals.ended(ask.agent, ask.operation, answer if refused else None)
            self.outbox += [Reply(request, answer) for request in one.requests]
        elif self.recovering and not self.running and not self.waiting:
            self.recovering = False

    def flush(self) -> None:
        """What was decided becomes durable, and who waited for that goes on."""
        self.room.flush()
        for one in self.running:
            one.storing = False

    def crash(self, now_ms: int, *, use_snapshot: bool) -> None:
        """Lose what was not durable and all that is under way; then finish from the log what was begun."""
        for one in (*self.running, *self.waiting):
            one.steps.close()
        self.running, self.waiting, self.refusals = [], [], Refusals()
        self.room.crash(now_ms, use_snapshot=use_snapshot)
        if self.rules.finishes_repairs:
            self.recovering = True
            self.begin(self.carrier.recover())

    def is_busy_for(self, agent: str) -> bool:
        """Whether anything that the agent asked is under way."""
        return any(r.ask.agent == agent for one in (*self.running, *self.waiting) for r in one.requests)

    @property
    def repairs_unasked(self) -> bool:
        """Whether a repair is under way that is no call's own: what somebody did is taken back, or a gate opens."""
        order = self.room.durable.order
        return any(repair not in order.calls for repair in order.repairs)

    def quiet(self, now_ms: int, *, doomed: bool = False) -> bool:
        """Carry out all that is under way, one thing after another; `doomed`, only until it repairs something unasked.
        Says whether there was anything.
        """
        moved = bool(self.running)
        self.flush()
        while self.running and not (doomed and self.repairs_unasked):
            self._advance(self.running[0], now_ms)
            self.flush()
        return moved
