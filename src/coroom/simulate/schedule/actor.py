"""An agent that plays a program and judges notices as a perfect one does: it computes again what it did."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

from coroom.core.command import Good
from coroom.core.errors import Code, Refused
from coroom.core.ordering.call import Judgement, NoticeCause, OrderNotice
from coroom.core.ordering.premises import UNSEEN
from coroom.host.calls.carry import Called, Failed, Gated, Outcome, Waits
from coroom.simulate.schedule.expression import NoValueError
from coroom.simulate.schedule.objects import Objects, canonical
from coroom.simulate.schedule.script import Program, Step

_STRONGEST_FIRST = (Judgement.REPAIRED, Judgement.RETRACTED)
ROUNDS_MAX = 200
"""Judging comes to an end, since notices only go upward; an agent that needs more is a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What an agent asks of its room: hear, call, retract, judge, conclude; spawn or give up a child, or die.

    The actor is a generator of these and is sent the answers, so that the same one plays in a room that answers at once
    and over a network that loses and repeats.
    """

    what: str
    agent: str
    operation: str = ""
    tool: str = ""
    arguments: str = ""
    step: int = 0
    names: tuple[str, ...] = ()
    verdict: Judgement = Judgement.NO_EFFECT
    child: Program | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What the room has to say: the notices to judge, oldest first."""

    notices: tuple[OrderNotice, ...]


Answer = Outcome | Good | Refused | Heard
R = TypeVar("R")
Work = Generator[Ask, Answer, R]


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

    def __init__(
        self, program: Program, objects: Objects, tally: Tally, *, by_rank: bool = True, born_as: str = ""
    ) -> None:
        self.program = program
        self.name = program.name
        self.born_as = born_as or program.name
        self.by_rank = by_rank
        self.dead = False
        self.done = False
        self.next = 0
        self.children: list[Program] = []
        self.careless: Callable[[], bool] | None = None
        self.unasked: Callable[[], bool] | None = None
        self._objects = objects
        self._tally = tally
        self._deeds: dict[int, Deed] = {}
        self._read: dict[int, int] = {}
        self._operations = 0

    @property
    def has_step(self) -> bool:
        """Whether something is left to do."""
        return not self.dead and self.next < len(self.program.steps)

    def take_step(self) -> Work[bool]:
        """Hear what is new, judge it, then take the next step. False when it has to wait."""
        if self.unasked is None or self.unasked():
            yield from self.hear()
        if not self.has_step:
            return True
        step = self.program.steps[self.next]
        if step.fault == "crash":
            self._tally.aborted += 1
            yield Ask(what="die", agent=self.name)
            return True
        deed = self._due(self.next)
        if deed.tool and not (yield from self._do(self.next, deed)):
            return False
        if not deed.tool:
            self._deeds[self.next] = SKIPPED
        elif step.kind != "spawn":
            self._tally.steps += 1
            self._go_wrong(step, self._deeds[self.next])
        self.next += 1
        return True

    def lose(self) -> None:
        """It is gone, and what it did is taken back."""
        self.dead = True
        self.next = len(self.program.steps)

    def conclude(self) -> Work[None]:
        """Say that nothing is left to do."""
        if not self.dead:
            said = yield Ask(what="conclude", agent=self.name)
            self.done = not isinstance(said, Refused)

    def hear(self) -> Work[None]:
        """Take what the room has to say, and put right what rests on it. Nothing is judged before all is put right:
        what has to be put off, since something else has changed meanwhile, is done once that is heard.
        """
        did: set[Judgement] = set()
        for _ in range(ROUNDS_MAX):
            heard = yield Ask(what="hear", agent=self.name)
            assert isinstance(heard, Heard)
            if self.dead or not heard.notices:
                return
            self.done = False
            known = {n.id for n in self._tally.notices}
            news = (n for n in heard.notices if n.id not in known and n.cause is not NoticeCause.RESTARTED)
            self._tally.notices += news
            for notice in heard.notices:
                self._take_in(notice)
            careless = self.careless is not None and self.careless()
            if not careless and not (yield from self._put_right(did)):
                continue
            verdict = next((one for one in _STRONGEST_FIRST if one in did), Judgement.NO_EFFECT)
            did.clear()
            names = tuple(n.id for n in heard.notices)
            yield Ask(what="judge", agent=self.name, names=names, verdict=verdict)
        message = f"{self.name} judges without end"
        raise AssertionError(message)

    def _take_in(self, notice: OrderNotice) -> None:
        if notice.cause is NoticeCause.RESTARTED:
            self._tally.aborted += 1
            self.next = 0
            self._deeds, self._read = {}, {}
            return
        for place, deed in self._deeds.items():
            if deed.call != notice.call:
                continue
            if notice.cause is NoticeCause.CHANGED and notice.value == UNSEEN:
                self._deeds[place] = SKIPPED
                self._read.pop(place, None)
            elif notice.cause is NoticeCause.CHANGED:
                self._read[place] = int(notice.value)
            elif notice.cause is NoticeCause.UNDONE:
                self._deeds[place] = SKIPPED
            elif deed.tool == "read":
                self._read[place] = int(notice.value)
            return

    def _put_right(self, did: set[Judgement]) -> Work[bool]:
        """Compute every step again and do what comes out different. False when some of that is put off."""
        place = 0
        while place < self.next:
            due, was = self._due(place), self._deeds[place]
            if (due.tool, due.arguments) != (was.tool, was.arguments):
                self._tally.repaired += 1
                if due.tool:
                    self._tally.replaced += bool(was.tool)
                    if not (yield from self._do(place, due, patient=True)):
                        return False
                    did.add(Judgement.REPAIRED)
                else:
                    did.add(Judgement.RETRACTED)
                    yield from self._undo(place, was)
            place += 1
        return True

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

    def _do(self, place: int, deed: Deed, *, patient: bool = False) -> Work[bool]:
        """Do it. False when it has to wait, unless it is patient: who judges asks until the place is free."""
        step = self.program.steps[place]
        if step.child is not None:
            self.children.append(step.child)
            self._deeds[place] = deed
            yield Ask(what="spawn", agent=self.name, step=place + 1, child=step.child)
            return True
        if deed.tool != "read":
            self._read.pop(place, None)
        outcome = yield self._call(place, deed)
        while patient and isinstance(outcome, Refused) and outcome.code is Code.WAIT:
            outcome = yield self._call(place, deed)
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
                return False
            case Refused(code=Code.FENCED) | Failed():
                self._deeds[place] = Deed(deed.tool, deed.arguments)
                return True
            case _:
                raise AssertionError(outcome)

    def _call(self, place: int, deed: Deed) -> Ask:
        self._operations += 1
        return Ask(
            what="call",
            agent=self.name,
            operation=f"{self.name}-{self._operations}",
            tool=deed.tool,
            arguments=deed.arguments,
            step=place + 1 if self.by_rank else 0,
        )

    def _undo(self, place: int, was: Deed) -> Work[None]:
        step = self.program.steps[place]
        self._deeds[place] = SKIPPED
        self._read.pop(place, None)
        if step.child is not None:
            self.children = [one for one in self.children if one is not step.child]
            yield Ask(what="give up", agent=self.name, child=step.child)
        elif was.call:
            while True:
                taken = yield Ask(what="retract", agent=self.name, names=(was.call,))
                if not (isinstance(taken, Refused) and taken.code is Code.WAIT):
                    return

    def _go_wrong(self, step: Step, deed: Deed) -> None:
        if step.fault == "undo-fails":
            self._objects.broken.add(deed.call)
        if step.fault == "outside-change":
            for target, _ in step.values:
                self._objects.outside(target, self._objects.values[target] + 1_000)
