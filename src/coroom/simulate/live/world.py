"""One run on live state: a schedule of faults played against programs, a model host and a network."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Presence, Rank
from coroom.core.command import Ok
from coroom.core.errors import Refused
from coroom.core.limits import Limits
from coroom.core.ordering.call import CallPhase
from coroom.core.policies import POLICIES
from coroom.core.room import answered_before
from coroom.host.calls.carry import Failed, Waits
from coroom.simulate.chance import Chance
from coroom.simulate.history import Ack, History
from coroom.simulate.live.agents import LiveAgent
from coroom.simulate.live.evidence import Evidence
from coroom.simulate.live.host import LiveHost, LiveRules, Reply, Request
from coroom.simulate.room import ModelRoom
from coroom.simulate.schedule.actor import Actor, Ask, Heard, Tally
from coroom.simulate.schedule.draw import Shape, drawn
from coroom.simulate.schedule.objects import Objects, tools_on
from coroom.simulate.schedule.script import Program, Schedule
from coroom.simulate.steps import Step

LIMITS = Limits(operations_per_agent_max=64, inbox_notices_max=200)
SETTLE_ROUNDS_MAX = 2_000
"""Far more than any schedule needs to come to rest; one that needs more is a finding."""

FAILING_EVERY = 5
"""In one world of so many, undos can stop working and somebody outside writes; what is fenced then stays as it is."""

ROOMY_EVERY = 3
"""In one world of so many, agents are few and meet seldom; in the others they crowd."""

LATER = 4
"""How many turns an agent sits out for each rank above its own, where they crowd."""

CROWD = Shape(
    objects=4,
    steps_min=4,
    steps_max=5,
    several=50,
    again=80,
    reads=25,
    reads_first=80,
    classes=60,
    guards=10,
    sends=16,
    spawns=4,
    crashes=14,
    dies_anywhere=True,
)
"""Many calls that meet, of several objects each, and again on what the agent has written before."""


def is_crowded(seed: int) -> bool:
    """Whether the agents of a seed are in each other's way, and the lower ranks come to act last."""
    return seed % ROOMY_EVERY > 0


def programs(seed: int, agents: int) -> Schedule:
    """The programs of a seed."""
    most = max(agents, 2)
    if is_crowded(seed):
        return drawn(seed, replace(CROWD, agents_min=most, agents_max=most))
    return drawn(seed, Shape(agents_min=min(2, most), agents_max=most, steps_max=4))


class LiveWorld:
    """Plays schedules on live state. Everything follows from the seed of the programs and the steps."""

    def __init__(self, seed: int, policy: str, agents: int, rules: LiveRules | None = None) -> None:
        self._rules = rules or LiveRules()
        self._schedule = programs(seed, agents)
        self._can_fail = seed % FAILING_EVERY == FAILING_EVERY - 1
        self._objects = Objects(dict(self._schedule.objects))
        self.evidence = Evidence(history=History(), schedule=self._schedule, policy=policy, can_fail=self._can_fail)
        self._by_rank, self._ordered = POLICIES[policy].by_rank, POLICIES[policy].ordered
        self._tally = Tally()
        self._agents: dict[str, LiveAgent] = {}
        self._known_as: dict[str, str] = {}
        self._network: list[Request] = []
        self._lost: list[LiveAgent] = []
        self._doomed: int | None = None
        self._now_ms = 1_000_000
        room = ModelRoom(self.evidence.history, self._rules)
        self._host = LiveHost(self.evidence, self._rules, tools_on(self._objects), room)
        room.submit(OPERATOR, c.OpenRoom(room="simulated", policy=policy, limits=LIMITS), self._now_ms)
        self._coming = sorted((a for a in self._schedule.agents if a.arrives), key=lambda a: a.arrives)
        for program in sorted((a for a in self._schedule.agents if not a.arrives), key=lambda a: a.rank):
            agent = self._seat(program, (program.rank,) if self._ordered else ())
            if is_crowded(seed):
                agent.stalled = LATER * (len(self._schedule.agents) - program.rank)
        self._host.quiet(self._now_ms)
        self._host.flush()

    def play(self, steps: Sequence[Step]) -> Evidence:
        """Play the steps, let everything come to rest, and return what the checkers need."""
        turns = self._turns()
        for step in steps:
            self._now_ms += 50
            here = [one for one in self._agents.values() if not one.actor.dead]
            if here:
                agent = here[(step.agent + step.salt) % len(here)]
                agent.stalled = max(0, agent.stalled - 1)
                turns[step.kind](agent, step.salt)
            self._arrivals()
            self._take_back_lost()
            self._die_repairing()
        self._settle()
        return self.evidence

    def _turns(self) -> dict[str, Callable[[LiveAgent, int], None]]:
        """What each kind of step does. Not kept, so that a world that was played is freed without a collector."""
        return {
            "call": self._call,
            "send": self._send,
            "deliver": self._deliver,
            "carry": self._carry,
            "flush": self._flush,
            "reply": self._reply,
            "duplicate": self._duplicate,
            "lose": self._lose,
            "crash": self._crash,
            "doom": self._doom,
            "jump": self._jump,
            "stall": self._stall,
            "rejoin": self._rejoin,
            "snapshot": self._snapshot,
            "pause": self._pause,
            "meddle": self._meddle,
            "break": self._break,
        }

    def _seat(self, program: Program, rank: Rank, parent: str | None = None, born_as: str = "") -> LiveAgent:
        actor = Actor(program, self._objects, self._tally, by_rank=self._by_rank, born_as=born_as)
        agent = self._agents[program.name] = LiveAgent(actor)
        self._known_as[actor.born_as] = program.name
        self.evidence.born_as[program.name] = actor.born_as
        self._let_in(agent, rank, parent)
        return agent

    def _let_in(self, agent: LiveAgent, rank: Rank, parent: str | None) -> None:
        """Who lets an agent in sees to it that it is: at once, whatever else is going on."""
        options: dict[tuple[Rank, str | None], None] = {(rank, parent): None, ((), parent): None, ((), None): None}
        for at, inside in options:
            join = c.Join(agent=agent.name, secret_hash=agent.secret, rank=at, parent=inside)
            if isinstance(self._host.room.submit(HOST, join, self._now_ms), c.Joined):
                break
        self._host.flush()

    def _arrivals(self, *, all_of_them: bool = False) -> None:
        if not self._coming:
            return
        due = [a for a in self._coming if all_of_them or a.arrives <= self._tally.steps]
        for program in due:
            self._seat(program, (program.rank,) if self._ordered else ())
        self._coming = [a for a in self._coming if a not in due]

    def _next(self, agent: LiveAgent) -> Request | None:
        """What goes out over the network; what only who started the agent can do, is done."""
        ask = agent.asks
        match ask.what:
            case "spawn":
                self._spawn(agent, ask)
                agent.answered(Ok())
            case "give up":
                assert ask.child
                lost = self._agents.get(self._known_as.get(ask.child.name, ""))
                if lost and not lost.taken_back:
                    self._gone(lost)
                    return None
                self._known_as.pop(ask.child.name, None)
                agent.answered(Ok())
            case "die":
                self._gone(agent)
            case _:
                return agent.request()
        return None

    def _spawn(self, agent: LiveAgent, ask: Ask) -> None:
        child = ask.child
        assert child
        if child.name not in self._known_as:
            born = 1 + sum(one == child.name for one in self.evidence.born_as.values())
            rank: Rank = (*self._host.room.state.agents[agent.name].rank, ask.step, born) if self._by_rank else ()
            named = child if born == 1 else replace(child, name=f"{child.name}-{born}")
            self._seat(named, rank, agent.name, child.name)

    def _gone(self, agent: LiveAgent) -> None:
        """It is gone, and so are those inside it; who watches over it sees to it that what it did is taken back."""
        if not agent.actor.dead:
            self._lost.append(agent)
            agent.actor.lose()
        for child in agent.actor.children if self._by_rank else ():
            lost = self._agents.get(self._known_as.get(child.name, ""))
            if lost:
                self._gone(lost)

    def _take_back_lost(self) -> None:
        for agent in list(self._lost):
            standing = self._host.room.durable.order.standing(agent.name)
            committed = agent.name in self._host.room.durable.order.committed
            if standing.abandoned or committed:
                agent.taken_back = True
                self._lost.remove(agent)
            elif not self._host.recovering and not any(
                not one.requests for one in (*self._host.running, *self._host.waiting)
            ):
                self._host.begin(self._host.carrier.abandon(agent.name, "it died"))

    def _call(self, agent: LiveAgent, _salt: int) -> None:
        if agent.stalled or self._host.recovering:
            return
        request = self._next(agent)
        if request is None:
            return
        self._host.receive(request)
        self._host.quiet(self._now_ms, doomed=self._doomed is not None)
        self._host.flush()
        for reply in [one for one in self._host.outbox if one.request is request]:
            self._host.outbox.remove(reply)
            self._hear(agent, reply)

    def _hear(self, agent: LiveAgent, reply: Reply) -> None:
        if not agent.awaits(reply):
            return
        lines = self.evidence.history.lines
        refused = isinstance(reply.answer, Refused | Waits | Failed | Heard)
        said = Ack(
            agent.name,
            reply.request.incarnation,
            reply.request.ask.operation,
            reply.answer,
            refused,
            len(lines),
            lines[-1].body if lines else "",
        )
        self.evidence.history.acks.append(said)
        agent.hear(reply)

    def _send(self, agent: LiveAgent, _salt: int) -> None:
        if not agent.stalled:
            request = self._next(agent)
            self._network += [request] if request else []

    def _deliver(self, _agent: LiveAgent, salt: int) -> None:
        if self._network:
            self._host.receive(self._network.pop(salt % len(self._network)))

    def _carry(self, _agent: LiveAgent, salt: int) -> None:
        self._host.carry(salt, self._now_ms)

    def _flush(self, _agent: LiveAgent, _salt: int) -> None:
        self._host.flush()

    def _reply(self, _agent: LiveAgent, salt: int) -> None:
        if self._host.outbox:
            reply = self._host.outbox.pop(salt % len(self._host.outbox))
            self._hear(self._agents[reply.request.ask.agent], reply)

    def _duplicate(self, agent: LiveAgent, salt: int) -> None:
        if salt % 4 and agent.copies:
            copy = agent.copies[salt % len(agent.copies)]
            self._network.append(agent.request() if copy.ask == agent.asks else copy)
        elif self._host.outbox:
            self._host.outbox.append(self._host.outbox[salt % len(self._host.outbox)])

    def _lose(self, _agent: LiveAgent, salt: int) -> None:
        lost: list[Request] | list[Reply] = self._network if salt % 2 else self._host.outbox
        if lost:
            lost.pop(salt % len(lost))

    def _doom(self, _agent: LiveAgent, salt: int) -> None:
        """The host will die in the next repair that is no call's own: it takes back what somebody did who is gone, or
        opens a gate. No client repeats what would finish that.
        """
        self._doomed = salt

    def _die_repairing(self) -> None:
        if self._doomed is not None and self._host.repairs_unasked and not self._host.recovering:
            salt, self._doomed = self._doomed, None
            self._crash(next(iter(self._agents.values())), salt)

    def _crash(self, _agent: LiveAgent, salt: int) -> None:
        self._network.clear()
        if salt % 3 == 0:
            self._host.outbox.clear()
        self._host.crash(self._now_ms, use_snapshot=salt % 2 == 0)
        for agent in self._agents.values():
            agent.copies = [one for one in agent.copies if self._is_answered(one)]

    def _is_answered(self, request: Request) -> bool:
        """Whether the log knows the answer. Other copies do not outlive their connections to a host that is gone."""
        ask = request.ask
        return answered_before(self._host.room.durable, ask.agent, ask.operation) is not None

    def _jump(self, _agent: LiveAgent, salt: int) -> None:
        self._now_ms += -40_000 if salt % 3 == 0 else 30_000 + salt % 60_000
        self._host.room.submit(HOST, c.Tick(), self._now_ms)

    def _stall(self, agent: LiveAgent, salt: int) -> None:
        agent.stalled = 5 + salt % 40

    def _rejoin(self, agent: LiveAgent, _salt: int) -> None:
        """Its client connects anew, between two questions: an older connection is not heard any more."""
        if not agent.unheard and not self._host.is_busy_for(agent.name):
            agent.copies.clear()
            agent.incarnation += 1
            self._let_in(agent, (), None)

    def _snapshot(self, _agent: LiveAgent, _salt: int) -> None:
        self._host.room.save()

    def _pause(self, agent: LiveAgent, _salt: int) -> None:
        paused = self._host.room.state.agents[agent.name].presence is Presence.PAUSED
        change = c.Resume(agent.name) if paused else c.Pause(agent.name)
        self._host.room.submit(OPERATOR, change, self._now_ms)

    def _meddle(self, _agent: LiveAgent, salt: int) -> None:
        """Somebody outside writes, while nothing is under way that writes the same."""
        name = sorted(self._objects.values)[salt % len(self._objects.values)]
        if self._can_fail and not self._host.running and not self._host.recovering:
            self._objects.outside(name, 10_000 + salt % 1_000)
            self.evidence.touched_outside.add(name)

    def _break(self, _agent: LiveAgent, salt: int) -> None:
        """The undo of some call stops working."""
        calls = [one for one in self._host.room.durable.order.calls.values() if one.phase is CallPhase.FINISHED]
        if self._can_fail and calls:
            self._objects.broken.add(calls[salt % len(calls)].id)

    def _settle(self) -> None:
        """Faults end: what is under way arrives, agents come, play to the end and judge what they hear."""
        chance, self._doomed = Chance(len(self.evidence.history.lines)), None
        for agent in list(self._agents.values()):
            agent.stalled = 0
            self._host.room.submit(OPERATOR, c.Resume(agent.name), self._now_ms)
        self._host.flush()
        while self._network:
            self._deliver(next(iter(self._agents.values())), chance.below(1 << 20))
        for _ in range(SETTLE_ROUNDS_MAX):
            self._host.quiet(self._now_ms)
            self._host.flush()
            while self._host.outbox:
                self._reply(next(iter(self._agents.values())), 0)
            before = self._host.room.durable.seq
            busy = [agent for agent in list(self._agents.values()) if self._finish(agent)]
            self._take_back_lost()
            if not busy and not self._lost and self._host.room.durable.seq == before:
                if not self._coming:
                    break
                self._arrivals(all_of_them=True)
        else:
            self.evidence.history.settled = False
        self.evidence.history.settled = self.evidence.history.settled and self._host.room.rebuilt()
        self.evidence.final, self.evidence.sent = dict(self._objects.values), list(self._objects.sent)
        self.evidence.meddled = {n: v for n, v in self._objects.values.items() if v != self._objects.left[n]}

    def _finish(self, agent: LiveAgent) -> bool:
        """Let it go on. Says whether it has anything left to do."""
        if agent.actor.dead:
            return False
        left = agent.actor.has_step or not agent.actor.done or agent.asks.what != "hear"
        told = any(n.agent == agent.name for n in self._host.room.durable.order.notices.values())
        if left or told:
            self._call(agent, 0)
        return left or told
