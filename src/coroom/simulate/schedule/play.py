"""Playing a schedule: whose step is next, who comes and who is started, until all is quiet; then what came of it."""

from dataclasses import dataclass, replace
from typing import cast

from coroom.core.agent import Rank
from coroom.core.codec import Json
from coroom.core.command import HandNotices, Ok
from coroom.core.errors import Fault
from coroom.core.event import CallStarted, CallUndone, started
from coroom.core.ordering.call import OrderNotice
from coroom.core.ordering.position import position_of
from coroom.core.policies import POLICIES
from coroom.simulate.schedule.actor import Actor, Answer, Ask, Heard, R, Tally, Work
from coroom.simulate.schedule.objects import Objects, tools_on
from coroom.simulate.schedule.room import ScheduleRoom, steps_of
from coroom.simulate.schedule.script import Program, Schedule
from coroom.simulate.schedule.serial import World, alone

POLICIES_PLAYED = ("open", "preorder", "locking", "optimistic", "serial")
"""Under `isolated` nobody writes live state, so there is nothing to play."""

ROUNDS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Death:
    """When the host dies: at the carrier's request of this number, before or after it was done."""

    at: int
    after: bool = False


class Player:
    """One play of one schedule under one policy."""

    def __init__(self, schedule: Schedule, policy: str, death: Death | None = None) -> None:
        self.schedule = schedule
        self.policy = policy
        self.objects = Objects(dict(schedule.objects))
        self.tally = Tally()
        dies_at, after = (death.at, death.after) if death else (0, False)
        self.room = ScheduleRoom(policy, tools_on(self.objects), dies_at=dies_at, after=after)
        self.actors: dict[str, Actor] = {}
        self._known_as: dict[str, str] = {}
        self._coming = sorted((a for a in schedule.agents if a.arrives), key=lambda a: a.arrives)
        self._steps = 0
        for agent in sorted((a for a in schedule.agents if not a.arrives), key=lambda a: (a.rank == 0, a.rank)):
            self._join(agent)

    def play(self) -> "Player":
        """Play it to the end."""
        for name in self.schedule.order:
            self._arrivals()
            actor = self.actors.get(self._known_as.get(name, name))
            if actor and actor.has_step:
                self._turn(actor)
        for _ in range(ROUNDS_MAX):
            self._arrivals()
            if not any(self._turn(actor) for actor in self._waiting()):
                if self._arrivals(all_of_them=True):
                    continue
                if self._waiting():
                    raise Fault(f"{self.schedule.id}: nobody can go on under {self.policy}")
                return self
        raise Fault(f"{self.schedule.id}: no end under {self.policy}")

    def _waiting(self) -> list[Actor]:
        """Who has something left to do, lowest next position first."""
        found = [a for a in self.actors.values() if not a.dead and (a.has_step or self.open_notices(a) or not a.done)]
        return sorted(found, key=self._next_position)

    def _next_position(self, actor: Actor) -> tuple[int, ...]:
        return position_of(self.room.state.agents[actor.name].rank, actor.next + 1)

    def _turn(self, actor: Actor) -> bool:
        """One turn: a step, or judging what came in after the last. Says whether anything moved."""
        before = self.room.state.seq
        moved = True
        if actor.has_step:
            moved = self.drive(actor.take_step())
            self._steps += moved
        else:
            self.drive(actor.hear())
        if not actor.has_step and not actor.dead and not self.open_notices(actor):
            self.drive(actor.conclude())
        return moved or self.room.state.seq > before

    def drive(self, work: Work[R]) -> R:
        """Let an actor work until it is through, answering each of its questions at once."""
        try:
            ask = next(work)
            while True:
                ask = work.send(self._answer(ask))
        except StopIteration as done:
            return cast("R", done.value)

    def open_notices(self, actor: Actor) -> list[OrderNotice]:
        """What the actor has to judge, oldest first."""
        found = [n for n in self.room.state.order.notices.values() if n.agent == actor.name]
        return sorted(found, key=lambda n: int(n.id[1:]))

    def _answer(self, ask: Ask) -> Answer:
        match ask.what:
            case "spawn":
                assert ask.child
                return self._spawn(self.actors[ask.agent], ask.step, ask.child)
            case "give up":
                assert ask.child
                lost = self.actors.get(self._known_as.pop(ask.child.name, ""))
                return self._lose(lost) if lost and not lost.dead else Ok()
            case "die":
                return self._lose(self.actors[ask.agent])
            case "hear":
                notices = tuple(self.open_notices(self.actors[ask.agent]))
                if notices:
                    self.room.submit(ask.agent, HandNotices(ask.agent))
                return Heard(notices)
        return self.room.run(lambda: steps_of(self.room.carrier, ask))

    def _spawn(self, actor: Actor, place: int, child: Program) -> Answer:
        """Start a child; anew, under a name and at a rank of its own, when it had been started and given up before."""
        if child.name not in self._known_as:
            born = 1 + sum(other.born_as == child.name for other in self.actors.values())
            rank: Rank = (*self.room.state.agents[actor.name].rank, place, born) if actor.by_rank else ()
            named = child if born == 1 else replace(child, name=f"{child.name}-{born}")
            self._join(named, rank, actor.name, child.name)
        return Ok()

    def _lose(self, actor: Actor) -> Answer:
        """Take back what an agent did, and under an order of ranks what its children did, who are in it."""
        actor.lose()
        answer = self.room.run(lambda: self.room.carrier.abandon(actor.name, "it died"))
        for child in actor.children if actor.by_rank else ():
            lost = self.actors.get(self._known_as.pop(child.name, ""))
            if lost and not lost.dead:
                self._lose(lost)
        return answer

    def _arrivals(self, *, all_of_them: bool = False) -> bool:
        due = [a for a in self._coming if all_of_them or a.arrives <= self._steps]
        for agent in due:
            # Only an order of positions can let somebody in below those who have acted.
            ordered = POLICIES[self.policy].ordered
            self._join(agent if ordered else replace(agent, rank=0))
        self._coming = [a for a in self._coming if a not in due]
        return bool(due)

    def _join(self, program: Program, rank: Rank = (), parent: str | None = None, born_as: str = "") -> None:
        asked = rank or ((program.rank,) if program.rank else ())
        self.room.join(program.name, asked, parent)
        by_rank = POLICIES[self.policy].by_rank
        actor = Actor(program, self.objects, self.tally, by_rank=by_rank, born_as=born_as or program.name)
        self.actors[program.name] = actor
        self._known_as[actor.born_as] = program.name

    def in_rank_order(self) -> list[Program]:
        """The top-level agents as they stand in the order now."""
        agents = self.room.state.agents
        return sorted(self.schedule.agents, key=lambda a: agents[a.name].rank)

    def serial(self) -> World:
        """What the programs give alone, in rank order."""
        return alone(self.schedule.objects, self.in_rank_order())

    def sent_as_due(self) -> bool:
        """Whether exactly what the programs send alone was sent, once and in order on each object. What an agent sent
        that died later stays sent, and is not asked for.
        """
        dead = {name for name, actor in self.actors.items() if actor.dead}
        real = [(self.actors[by].born_as, *what) for by, *what in self.objects.sent if by not in dead]
        due = self.serial().sent
        names = {name for _, name, _ in (*real, *due)}
        return all([o for o in real if o[1] == name] == [o for o in due if o[1] == name] for name in names)

    def committed(self) -> list[str]:
        """The order in which agents became final, where that is the serial order."""
        return [name for name in self.room.state.order.committed if not self.actors[name].dead]

    def serial_as_committed(self) -> World:
        """What the programs give alone, in the order in which they became final."""
        programs = [self.actors[name].program for name in self.committed()]
        return alone(self.schedule.objects, programs, inline=False)

    def result(self) -> dict[str, Json]:
        """The result as `coroom schedule` gives it."""
        serial = self.serial()
        own_order = self.policy in {"locking", "optimistic"}
        judges = (serial, self.serial_as_committed()) if own_order else (serial,)
        fenced = {str(r.name) for f in self.room.state.order.fences.values() for r in f.resources}
        found: dict[str, Json] = {
            "id": self.schedule.id,
            "policy": self.policy,
            "final": dict(self.objects.values),
            "serial": dict(serial.objects),
            "serializable": any(self.objects.values == judge.objects for judge in judges),
            "notices": [_notice(n) for n in self.tally.notices],
            "sent": [{"by": by, "object": name, "value": value} for by, name, value in self.objects.sent],
            "fenced": sorted(fenced),
            "counts": self._counts(),
        }
        if self.policy in {"locking", "optimistic"}:
            found["order"] = list(self.committed())
        return found

    def _counts(self) -> dict[str, Json]:
        bodies = [event.body for event in self.room.log]
        acted = {call for body in bodies if (call := started(body))}
        undone = sum(isinstance(body, CallUndone) and body.call in acted for body in bodies)
        again = sum(isinstance(body, CallStarted) and body.attempt > 1 for body in bodies)
        return {
            "steps": self.tally.steps,
            "undone": undone,
            "replayed": again + self.tally.replaced,
            "repaired": self.tally.repaired,
            "aborted": self.tally.aborted,
            "waited": self.tally.waited,
        }


def _notice(notice: OrderNotice) -> Json:
    value: Json = int(notice.value) if notice.value.lstrip("-").isdigit() else None
    return {
        "to": notice.agent,
        "object": notice.resource.name if notice.resource else None,
        "value": value,
        "cause": notice.cause.value,
    }


def played(schedule: Schedule, policy: str = "preorder", death: Death | None = None) -> Player:
    """The schedule, played to its end.

    Raises:
        Fault: nobody can go on, or there is no end; a mistake of ours.
    """
    return Player(schedule, policy, death).play()
