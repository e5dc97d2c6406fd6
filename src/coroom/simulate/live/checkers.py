"""Did the run on live state keep the promises? Nothing here knows the core: it looks at the raw log, the programs, and
what the world outside saw.
"""

from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from coroom.simulate.checkers import Read as Lines
from coroom.simulate.checkers import Violation, answered, authentic, check, numbered, repeated
from coroom.simulate.history import History
from coroom.simulate.live.evidence import Evidence
from coroom.simulate.live.ledger import Ledger, Read, Write
from coroom.simulate.schedule.script import Program
from coroom.simulate.schedule.serial import World, alone

SERIAL = "run:serializable"
SEEN = "run:no-upward-leak"
DURABLE = "log:durable"


def check_live(evidence: Evidence) -> list[Violation]:
    """Every violation in the run, those of every room's first; empty when all promises were kept."""
    ledger = Ledger(evidence)
    found = check(evidence.history, OF_EVERY_ROOM)
    return [*found, *(violation for checker in CHECKERS for violation in checker(evidence, ledger))]


def refused_for_good(history: History, read: Lines) -> Iterator[Violation]:
    """What an agent was refused, and took for the end of its operation, is not done after that."""
    taken = (ack for ack in history.acks if ack.refused and getattr(ack.reply, "code", "") != "paused")
    over = {(ack.agent, ack.operation): ack.head for ack in taken}
    for line, body in read.of("answered"):
        head = over.get((body["agent"], body["operation"]))
        if head is not None and line.seq > head:
            yield Violation("call:once", f"{body['operation']} was refused at event {head} and done at {line.seq}")


OF_EVERY_ROOM = (numbered, answered, repeated, authentic, refused_for_good)
"""What is looked at in any room and means something here: these agents edit no files and read no letters."""


def serial_of(evidence: Evidence, ledger: Ledger) -> World:
    """What the programs give alone: in rank order, or in the order in which they became final."""
    first = evidence.schedule.objects
    if ledger.ordered:
        came = [a for a in evidence.schedule.agents if a.name in ledger.ranks]
        return alone(first, sorted(came, key=lambda a: ledger.ranks[a.name]))
    every = evidence.schedule.every
    kept = [every[evidence.born_as[name]] for name in ledger.committed if name not in ledger.left]
    return alone(first, kept, inline=False)


def ended(evidence: Evidence, ledger: Ledger) -> Iterator[Violation]:
    """All came to rest, and everybody's work is final."""
    if ledger.fenced:
        return
    for program in evidence.schedule.agents:
        if program.name not in ledger.ranks:
            yield Violation("run:ends", f"{program.name} never came")
    due = {name for name in evidence.born_as if name not in ledger.left}
    for name in sorted(due - set(ledger.committed)):
        yield Violation("run:ends", f"what {name} did is not final at the end")


def as_serial(evidence: Evidence, ledger: Ledger) -> Iterator[Violation]:
    """The end is that of the programs run alone, one after another."""
    if ledger.fenced or evidence.touched_outside:
        return
    serial = serial_of(evidence, ledger)
    for name, value in serial.objects.items():
        if evidence.final[name] != value:
            yield Violation(SERIAL, f"{name} is {evidence.final[name]}, and {value} when they run alone")


def as_standing(evidence: Evidence, ledger: Ledger) -> Iterator[Violation]:
    """The end is what the standing writes give in their serial order."""
    for name in ledger.names():
        if name in evidence.touched_outside:
            continue
        due = ledger.below(None, name)
        if evidence.final[name] != due:
            yield Violation(SERIAL, f"{name} is {evidence.final[name]}, but its standing writes give {due}")


def nothing_overwritten(evidence: Evidence, ledger: Ledger) -> Iterator[Violation]:
    """What somebody outside wrote is not undone: who finds it there fences it, and goes on from it only afterwards."""
    for name, value in evidence.meddled.items():
        if evidence.final[name] != value:
            yield Violation(SERIAL, f"{name} was written from outside as {value} and is {evidence.final[name]}")
    if ledger.fenced and not evidence.can_fail:
        yield Violation(SERIAL, f"{', '.join(sorted(ledger.fenced))} was fenced though nothing failed")


def held_is_true(evidence: Evidence, ledger: Ledger) -> Iterator[Violation]:
    """What every agent holds at the end of what it read is what stands below it."""
    names = set(ledger.names()) - evidence.touched_outside
    for read in ledger.reads.values():
        if read.object in names and read.agent not in ledger.left:
            due = ledger.below(read.key, read.object)
            if read.given[-1] != due:
                yield Violation(SEEN, f"{read.agent} holds {read.object} as {read.given[-1]}, and {due} stands there")


def acyclic(evidence: Evidence, ledger: Ledger) -> Iterator[Violation]:
    """Who wrote before whom, who read whose, and what whom overwrote: a graph without a circle, of which every edge
    goes up in the serial order where that is fixed.
    """
    edges = list(_edges(evidence, ledger))
    graph: dict[object, set[object]] = {}
    for low, high, _ in edges:
        before, after = _node(ledger, low), _node(ledger, high)
        if before != after:
            graph.setdefault(after, set()).add(before)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        yield Violation(SERIAL, f"a circle: {' before '.join(map(str, circle.args[1]))}")
    for low, high, why in edges:
        if low.key > high.key:
            yield Violation(SERIAL, f"{high.call} at {high.key} {why} {low.call} at {low.key}, which comes after it")


Call = Read | Write


def _node(ledger: Ledger, call: Call) -> object:
    """Those who become final together are one: an agent with all it started, or an agent."""
    return call.position[0] if ledger.ordered else call.agent


def _edges(evidence: Evidence, ledger: Ledger) -> Iterator[tuple[Call, Call, str]]:
    """Who comes before whom, by what they did to the objects in the order in which they really acted."""
    for name in ledger.names():
        if name in evidence.touched_outside:
            continue
        writes = ledger.on(name)
        for at, low in enumerate(writes):
            for high in writes[at + 1 :]:
                if not (low.commutes and high.commutes):
                    yield low, high, "wrote over"
        reads = [r for r in ledger.reads.values() if r.object == name and r.agent not in ledger.left]
        for read in reads:
            seen = _version_seen(ledger, name, writes, read)
            if seen is None:
                continue
            for write in writes[:seen]:
                yield write, read, "read from"
            for write in writes[seen:]:
                yield read, write, "wrote over what was read by"


def _version_seen(ledger: Ledger, name: str, writes: list[Write], read: Read) -> int | None:
    """How many of the writes are in what the reader holds: as many as come before it, if that is what it holds. Of
    others that give the same the next is taken, since only the value is known. None where some of them commute, so that
    what is in a value does not follow from their order.
    """
    if any(one.commutes for one in writes):
        return None
    value = ledger.first[name]
    values = [value]
    for write in writes:
        value = write.after(name, value)
        values.append(value)
    due = sum(write.key < read.key for write in writes)
    fits = [number for number, one in enumerate(values) if one == read.given[-1]]
    return min(fits, key=lambda number: abs(number - due)) if fits else None


def notices_are_right(evidence: Evidence, ledger: Ledger) -> Iterator[Violation]:
    """A notice says what stands below its reader, is news to it, is for it to judge, and is judged or withdrawn."""
    names = set(ledger.names()) - evidence.touched_outside
    for told in ledger.told.values():
        if told.said == told.held:
            yield Violation(SEEN, f"{told.notice} tells {told.agent} what it holds: {told.said}")
        about = ledger.object_of(told.call)
        if told.said and about in names and int(told.said) != told.true:
            yield Violation(SEEN, f"{told.notice} told {told.agent} {told.said} of {about}, which was {told.true}")
        if told.open and not ledger.fenced:
            yield Violation(SEEN, f"{told.agent} never judged {told.notice}")
    for name in ledger.wrongly_judged:
        yield Violation(SEEN, f"{name} was judged by somebody else")
    for read in ledger.reads.values():
        if any(one == other for one, other in pairwise(read.given)):
            yield Violation(SEEN, f"{read.agent} was told twice running the same of {read.object}: {read.given}")


def sent_once(evidence: Evidence, ledger: Ledger) -> Iterator[Violation]:
    """What cannot be taken back was done once, as the programs do it alone."""
    if ledger.fenced or evidence.touched_outside:
        return
    due = serial_of(evidence, ledger).sent
    real = [(evidence.born_as[by], name, value) for by, name, value in evidence.sent if by not in ledger.left]
    for about in {name for _, name, _ in (*real, *due)}:
        one, other = ([s for s in some if s[1] == about] for some in (real, due))
        if one != other:
            yield Violation(SERIAL, f"of {about} was sent {one}, and alone {other}")


def stored_before(evidence: Evidence, ledger: Ledger) -> Iterator[Violation]:
    """Nothing acted before it was stored that it would, and nothing was undone that no stored repair takes back."""
    for what, head in evidence.deeds:
        verb, _, attempt = what.partition(" ")
        call, _, number = attempt.partition(".")
        if verb == "perform":
            stored = ledger.started.get(f"{call} {number or 1}")
        elif verb == "undo":
            stored = min((seq for step, seq in ledger.planned.items() if step in _taking(call)), default=None)
        else:
            continue
        if stored is None or stored > head:
            yield Violation(DURABLE, f"{what} at event {head}, before it was stored")


def _taking(call: str) -> set[str]:
    return {f"undo {call}", f"cancel {call}", f"retract {call}"}


def dead_leave_nothing(evidence: Evidence, ledger: Ledger) -> Iterator[Violation]:
    """What somebody did who is gone does not stand, but for what cannot be taken back."""
    for write in ledger.standing.values():
        if write.agent in ledger.left and write.values and not write.values.keys() & ledger.fenced:
            yield Violation(SERIAL, f"{write.call} of {write.agent}, who is gone, stands")
    for program in _dying(evidence):
        if program.name in evidence.born_as.values() and not ledger.fenced and program.name not in ledger.left:
            yield Violation("run:ends", f"{program.name} died and was not taken back")


def _dying(evidence: Evidence) -> Iterator[Program]:
    """The top-level programs that die at their first step, whatever they read."""
    for program in evidence.schedule.agents:
        if program.steps and program.steps[0].fault == "crash":
            yield program


CHECKERS: tuple[Callable[[Evidence, Ledger], Iterator[Violation]], ...] = (
    ended,
    as_serial,
    as_standing,
    nothing_overwritten,
    held_is_true,
    acyclic,
    notices_are_right,
    sent_once,
    stored_before,
    dead_leave_nothing,
)
