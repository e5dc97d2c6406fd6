"""Rooms that put calls in order wrongly, one way each: every one has to be caught."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

from coroom.core import command as c
from coroom.core.command import Submission
from coroom.core.decide.decision import Decision
from coroom.core.event import (
    AgentAbandoned,
    AgentConcluded,
    Body,
    CallPlaced,
    OrderCommitted,
    OrderNoticed,
    RepairBegun,
)
from coroom.core.ordering.call import TAKES_BACK, NoticeCause, Step, StepKind, any_overlap
from coroom.core.ordering.position import family_of
from coroom.core.policies import POLICIES
from coroom.core.resource import Footprint
from coroom.core.room import decide
from coroom.core.state import RoomState, but
from coroom.core.table import Table
from coroom.host.calls.carry import Carrier, Outcome, Steps
from coroom.ports import Tool
from coroom.simulate.live.host import LiveRules

Plan = tuple[Step, ...]


class Replanned(LiveRules, ABC):
    """The steps of a repair are others than they should be."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide, then spoil the plan."""
        sound = decide(state, asked, now_ms)
        return sound._replace(events=tuple(self._spoilt(state, body) for body in sound.events))

    def _spoilt(self, state: RoomState, body: Body) -> Body:
        if isinstance(body, CallPlaced | RepairBegun) and body.steps:
            return replace(body, steps=self.plan(state, body, body.steps))
        return body

    @abstractmethod
    def plan(self, state: RoomState, body: CallPlaced | RepairBegun, steps: Plan) -> Plan:
        """The wrong steps."""


class NothingUndone(Replanned):
    """A late write is made on top of what stands above it."""

    def plan(self, _state: RoomState, body: CallPlaced | RepairBegun, steps: Plan) -> Plan:
        """Only the call itself."""
        return tuple(s for s in steps if s.kind is StepKind.PERFORM) if isinstance(body, CallPlaced) else steps


class OnlyWhatMeets(Replanned):
    """What stands on a call that is undone is left standing, unless it meets the late write itself."""

    def plan(self, state: RoomState, body: CallPlaced | RepairBegun, steps: Plan) -> Plan:
        """Without what only stands on others."""
        if not isinstance(body, CallPlaced):
            return steps
        met = {c.id for c in state.order.calls.values() if any_overlap(c.footprint.writes, body.footprint.writes)}
        return tuple(s for s in steps if s.call in met or s.call == body.call)


class UndoneFromBelow(Replanned):
    """What has to be undone is undone from the lowest position up."""

    def plan(self, _state: RoomState, _body: CallPlaced | RepairBegun, steps: Plan) -> Plan:
        """The undoing turned round."""
        down = [s for s in steps if s.kind in TAKES_BACK]
        return (*reversed(down), *steps[len(down) :])


class OwnForgotten(Replanned):
    """An agent's own later calls stay when it puts an earlier one right."""

    def plan(self, state: RoomState, body: CallPlaced | RepairBegun, steps: Plan) -> Plan:
        """Without the agent's own."""
        if not isinstance(body, CallPlaced):
            return steps
        own = {c.id for c in state.order.calls.values() if c.agent == body.agent and c.id != body.replaces}
        return tuple(s for s in steps if s.call not in own)


class NothingPutBack(Replanned):
    """What was undone stays undone."""

    def plan(self, _state: RoomState, _body: CallPlaced | RepairBegun, steps: Plan) -> Plan:
        """Without the putting back."""
        return tuple(s for s in steps if s.kind is not StepKind.REDO)


class NoNotices(LiveRules):
    """Nobody is told that what it read has changed."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide, and keep it to oneself."""
        sound = decide(state, asked, now_ms)
        kept = (e for e in sound.events if not (isinstance(e, OrderNoticed) and e.cause is NoticeCause.CHANGED))
        return sound._replace(events=tuple(kept))


class NearestTold(LiveRules):
    """Only the lowest of those who rely on something is told."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide, and keep all notices but the first to oneself."""
        sound = decide(state, asked, now_ms)
        first = next((e for e in sound.events if isinstance(e, OrderNoticed)), None)
        return sound._replace(events=tuple(e for e in sound.events if not isinstance(e, OrderNoticed) or e is first))


class StaleNotices(LiveRules):
    """Notices say the value that the reader holds already."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide, then tell old news."""
        sound = decide(state, asked, now_ms)
        told = (replace(e, value=e.held) if isinstance(e, OrderNoticed) else e for e in sound.events)
        return sound._replace(events=tuple(told))


class FinalTooEarly(LiveRules):
    """Who is done is final, whoever comes before it."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide, and commit at once."""
        sound = decide(state, asked, now_ms)
        done = next((e for e in sound.events if isinstance(e, AgentConcluded)), None)
        if done is None or any(isinstance(e, OrderCommitted) for e in sound.events):
            return sound
        through = family_of(state.agents[done.agent].rank)
        return sound._replace(events=(*sound.events, OrderCommitted(through=through, agents=(done.agent,))))


class GatesOpen(LiveRules):
    """What cannot be taken back acts at once."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide a call as if it could be undone."""
        if isinstance(asked.command, c.PlaceCall) and asked.command.irrevocable:
            asked = asked._replace(command=replace(asked.command, irrevocable=False))
        return decide(state, asked, now_ms)


class GoneStay(LiveRules):
    """What an agent did that is gone stays."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide, and take nothing back."""
        sound = decide(state, asked, now_ms)
        if not any(isinstance(e, AgentAbandoned) for e in sound.events):
            return sound
        return sound._replace(events=tuple(e for e in sound.events if not isinstance(e, RepairBegun)))


class Everybody(Carrier):
    """Reads what is there, whoever wrote it."""

    def _read(
        self, agent: str, tool: Tool, arguments: str, footprint: Footprint, step: int, operation: str
    ) -> Steps[Outcome | c.Waiting]:
        return (yield from self._look(agent, tool, arguments, footprint, step, operation))


class ReadsAnything(LiveRules):
    """A reader sees what is above it as well, and nobody remembers what it saw."""

    carrier = Everybody

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide a read without its values: with them the reader would be told at once that they are wrong."""
        if isinstance(asked.command, c.NoteRead):
            asked = asked._replace(command=replace(asked.command, values=()))
        return decide(state, asked, now_ms)


class RepairsForgotten(LiveRules):
    """A repair that a crash cut off is not finished."""

    finishes_repairs = False


class HastyStore(LiveRules):
    """A call acts before it is stored that it will."""

    perform_before_storing = True


def _forgetful(state: Callable[[], RoomState], tools: dict[str, Tool]) -> Carrier:
    return Carrier(lambda: but(state(), operations=Table()), tools)


class ForgetsOperations(LiveRules):
    """A call that is repeated is made again."""

    carrier = staticmethod(_forgetful)

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide without the memory of operations."""
        return decide(but(state, operations=Table()), asked, now_ms)


class CopiesApart(LiveRules):
    """Each copy of a request that is under way is carried out by itself."""

    joins_copies = False


class RefusalsForgotten(LiveRules):
    """An older copy of a request is carried out, though a newer one was refused."""

    keeps_refusals = False


class LocksNothing(LiveRules):
    """Nobody waits for anybody, and nobody begins again."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide a call as under `open`."""
        if isinstance(asked.command, c.PlaceCall | c.NoteRead) and not POLICIES[state.policy].ordered:
            return decide(but(state, policy="open"), asked, now_ms)
        return decide(state, asked, now_ms)


LIVE_MUTANTS: dict[str, Callable[[], LiveRules]] = {
    "nothing-undone": NothingUndone,
    "only-what-meets": OnlyWhatMeets,
    "undone-from-below": UndoneFromBelow,
    "own-forgotten": OwnForgotten,
    "nothing-put-back": NothingPutBack,
    "no-notices": NoNotices,
    "nearest-told": NearestTold,
    "stale-notices": StaleNotices,
    "final-too-early": FinalTooEarly,
    "gates-open": GatesOpen,
    "gone-stay": GoneStay,
    "reads-anything": ReadsAnything,
    "repairs-forgotten": RepairsForgotten,
    "hasty-store": HastyStore,
    "forgets-operations": ForgetsOperations,
    "locks-nothing": LocksNothing,
    "copies-apart": CopiesApart,
    "refusals-forgotten": RefusalsForgotten,
}
"""Every mutant of rooms with calls on live state, by name. `locks-nothing` shows under locking and optimistic,
`copies-apart` and `refusals-forgotten` where agents wait for one another (locking, serial), all others under preorder.
"""
