"""An agent that plays a program and judges notices as a perfect one does: it computes again what it did."""

from collections.abc import Callable
from dataclasses import dataclass, field

from coroom.core import command as c
from coroom.core.errors import Code, Refused
from coroom.core.ordering.call import Judgement, NoticeCause, OrderNotice
from coroom.core.policies import POLICIES
from coroom.host.carry import Called, Failed, Gated, Waits
from coroom.simulate.schedule.expression import NoValueError
from coroom.simulate.schedule.objects import Objects, canonical
from coroom.simulate.schedule.room import ScheduleRoom
from coroom.simulate.schedule.script import Program, Step

ROUNDS_MAX = 1_000
"""Judging comes to an end, since notices only go upward; an agent that needs more is a finding."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What a step came to: the call it made, or the child it started; `tool` is empty when it was skipped."""

    tool: str
    arguments: str = ""
    call: str = ""


SKIPPED = Deed("")


@dataclass(slots=True)
class Tally:
    """What happened, for the result."""

    steps: int = 0
    repaired: int = 0
    replaced: int = 0
    waited: int = 0
    aborted: int = 0
    bounced: int = 0
    notices: list[OrderNotice] = field(default_factory=list)


class Actor:
    """One agent of a schedule. `born_as` is its name there: a child that is started again has another in the room."""

    def __init__(self, program: Program, room: ScheduleRoom, objects: Objects, tally: Tally, born_as: str = "") -> None:
        self.program = program
        self.name = program.name
        self.born_as = born_as or program.name
        self.dead = False
        self.done = False
        self.next = 0
        self.spawned: list[tuple[int, Program]] = []
        self.given_up: list[Program] = []
        self._room = room
        self._objects = objects
        self._tally = tally
        self._deeds: dict[int, Deed] = {}
        self._read: dict[int, int] = {}
        self._restarts = 0
        self._operations = 0
        self.careless: Callable[[], bool] | None = None

    @property
    def has_step(self) -> bool:
        """Whether something is left to do."""
        return not self.dead and self.next < len(self.program.steps)

    @property
    def by_rank(self) -> bool:
        """Whether steps have their places in the order of ranks."""
        return POLICIES[self._room.state.policy].by_rank

    def open_notices(self) -> list[OrderNotice]:
        """What it has to judge."""
        found = [n for n in self._room.state.order.notices.values() if n.agent == self.name]
        return sorted(found, key=lambda n: int(n.id[1:]))

    def take_step(self) -> bool:
        """Hear what is new, judge it, then take the next step. False when it has to wait."""
        self.hear()
        step = self.program.steps[self.next]
        if step.fault == "crash":
            self.die()
            return True
        deed = self._due(self.next)
        if deed.tool and not self._do(self.next, deed):
            return False
        if not deed.tool:
            self._deeds[self.next] = SKIPPED
        elif step.kind != "spawn":
            self._tally.steps += 1
            self._go_wrong(step, self._deeds[self.next])
        self.next += 1
        return True

    def die(self) -> None:
        """End in the middle: what it did is taken back."""
        self.dead = True
        self.next = len(self.program.steps)
        self._tally.aborted += 1
        if self.by_rank:
            self.given_up += [child for _, child in self.spawned]
        self._room.run(lambda: self._room.carrier.abandon(self.name, "it died"))

    def conclude(self) -> None:
        """Say that nothing is left to do."""
        if not self.dead and not isinstance(self._room.run(lambda: self._room.carrier.conclude(self.name)), Refused):
            self.done = True

    def hear(self) -> None:
        """Take what the room has to say, and put right what rests on it."""
        self._begin_again()
        for _ in range(ROUNDS_MAX):
            notices = self.open_notices()
            if not notices or self.dead:
                return
            self.done = False
            names = tuple(n.id for n in notices)
            self._room.submit(self.name, c.HandNotices(self.name))
            known = {n.id for n in self._tally.notices}
            self._tally.notices += [n for n in notices if n.id not in known]
            for notice in notices:
                self._take_in(notice)
            careless = self.careless is not None and self.careless()
            verdict = Judgement.NO_EFFECT if careless else self._judge()
            self._room.run(lambda v=verdict, n=names: self._room.carrier.judge(self.name, n, v))  # type: ignore[misc]
        message = f"{self.name} judges without end"
        raise AssertionError(message)

    def _take_in(self, notice: OrderNotice) -> None:
        for place, deed in self._deeds.items():
            if deed.call != notice.call:
                continue
            if notice.cause is NoticeCause.CHANGED:
                self._read[place] = int(notice.value)
            elif notice.cause is NoticeCause.UNDONE:
                self._deeds[place] = SKIPPED
            elif deed.tool == "read":
                self._read[place] = int(notice.value)
            return

    def _judge(self) -> Judgement:
        """Compute every step again and put right what comes out different."""
        changed = retracted = False
        place = 0
        while place < self.next:
            due, was = self._due(place), self._deeds[place]
            if (due.tool, due.arguments) != (was.tool, was.arguments):
                self._tally.repaired += 1
                if due.tool:
                    self._tally.replaced += bool(was.tool)
                    changed = True
                    self._do(place, due)
                else:
                    retracted = True
                    self._undo(place, was)
            place += 1
        return Judgement.REPAIRED if changed else Judgement.RETRACTED if retracted else Judgement.NO_EFFECT

    def _due(self, place: int) -> Deed:
        """What the step should do, from what is known."""
        step = self.program.steps[place]
        names = {self.program.steps[p].name: value for p, value in sorted(self._read.items()) if p < place}
        try:
            if step.when is not None and not step.when.value(names):
                return SKIPPED
            if step.child is not None:
                return Deed("spawn", step.child.name)
            if step.kind == "read":
                return Deed("read", canonical({"object": step.object}))
            values: object = {target: expression.value(names) for target, expression in step.values}
        except NoValueError:
            return SKIPPED
        if step.kind == "send":
            return Deed("send", canonical({"by": self.name, "values": values}))
        return Deed(f"{step.kind}:{step.effect}" if step.effect else step.kind, canonical(values))

    def _do(self, place: int, deed: Deed) -> bool:
        step = self.program.steps[place]
        if step.child is not None:
            self.spawned.append((place + 1, step.child))
            self._deeds[place] = deed
            return True
        if deed.tool != "read":
            self._read.pop(place, None)
        self._operations += 1
        operation = f"{self.name}-{self._operations}"
        at = place + 1 if self.by_rank else 0
        outcome = self._room.run(lambda: self._room.carrier.call(self.name, deed.tool, deed.arguments, at, operation))
        match outcome:
            case Called(call=call, result=result):
                self._deeds[place] = Deed(deed.tool, deed.arguments, call)
                if deed.tool == "read":
                    self._read[place] = int(result)
                return True
            case Gated(call=call):
                self._deeds[place] = Deed(deed.tool, deed.arguments, call)
                return True
            case Refused(code=Code.JUDGE):
                self._tally.bounced += 1
                return False
            case Refused(code=Code.WAIT) | Waits():
                self._tally.waited += 1
                return False
            case Refused(code=Code.RESTARTED):
                self._begin_again()
                return False
            case Refused(code=Code.FENCED) | Failed():
                self._deeds[place] = Deed(deed.tool, deed.arguments)
                return True
            case _:
                raise AssertionError(outcome)

    def _undo(self, place: int, was: Deed) -> None:
        step = self.program.steps[place]
        self._deeds[place] = SKIPPED
        self._read.pop(place, None)
        if step.child is not None:
            self.given_up.append(step.child)
            self.spawned = [one for one in self.spawned if one[1] is not step.child]
        elif was.call:
            self._room.run(lambda: self._room.carrier.retract(self.name, (was.call,)))

    def _go_wrong(self, step: Step, deed: Deed) -> None:
        if step.fault == "undo-fails":
            self._objects.broken.add(deed.call)
        if step.fault == "outside-change":
            for target, _ in step.values:
                self._objects.outside(target, self._objects.values[target] + 1_000)

    def _begin_again(self) -> None:
        """If the room took back all it did, it starts from its first step."""
        restarts = self._room.state.order.standing(self.name).restarts
        if restarts > self._restarts:
            self._restarts = restarts
            self._tally.aborted += 1
            self.next = 0
            self.done = False
            self._deeds, self._read = {}, {}
