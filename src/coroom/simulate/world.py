"""One run: a schedule played against a model room, model agents and a network that delays, repeats and loses."""

from collections.abc import Callable, Sequence
from functools import cache

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Presence
from coroom.core.errors import Refused
from coroom.core.event import FileAccepted
from coroom.core.limits import Limits
from coroom.core.quick import of_parts
from coroom.simulate.actors import Actor
from coroom.simulate.chance import Chance
from coroom.simulate.history import Ack, History
from coroom.simulate.room import Beginning, ModelRoom, Reply, Request, Rules
from coroom.simulate.steps import Step

LIMITS = Limits(claim_ttl_ms_default=60_000, operations_per_agent_max=64, inbox_notices_max=200)
SETTLE_ROUNDS_MAX = 400
"""Far more than any schedule needs to come to rest; one that needs more is a finding."""


BEGAN_MS = 1_000_000
_ack, _TICK = of_parts(Ack), c.Tick()


def begin(room: ModelRoom, actors: Sequence[Actor]) -> None:
    """Open the room for these agents, with four tasks."""
    room.submit(OPERATOR, c.OpenRoom(room="simulated", policy="open", limits=LIMITS), BEGAN_MS)
    for actor in actors:
        room.submit(HOST, c.Join(agent=actor.name, secret_hash=actor.secret), BEGAN_MS)
    for title in ("dig", "fill", "plant", "water"):
        room.submit(OPERATOR, c.PostTask(title=title), BEGAN_MS)
    room.flush()


@cache
def _begun(agents: int) -> Beginning:
    """A sound room of so many agents in which nothing has happened yet: every sound run begins as it."""
    history = History()
    room = ModelRoom(history, Rules(), checked=True)
    begin(room, [Actor(f"a{number + 1}", history) for number in range(agents)])
    begun = room.so_far()
    assert begun.read_back == begun.state
    assert not history.broken
    return begun


class World:
    """Plays schedules. Everything follows from the steps: no clock, no chance and no input but theirs."""

    def __init__(self, agents: int, rules: Rules | None = None, *, checked: bool = False) -> None:
        self.history = History()
        self._rules = rules or Rules()
        self._room = ModelRoom(self.history, self._rules, checked=checked)
        self._now_ms = BEGAN_MS
        self._network: list[Request] = []
        self._actors = [Actor(f"a{number + 1}", self.history) for number in range(agents)]
        if type(self._rules) is not Rules:
            begin(self._room, self._actors)
        else:
            self._room.begin_as(_begun(agents))

    def play(self, steps: Sequence[Step]) -> History:
        """Play the steps, let everything come to rest, and return what the checkers need."""
        turns, actors = self._turns(), self._actors
        for kind, agent, salt in steps:
            actor = actors[agent % len(actors)]
            if actor.stalled:
                actor.stalled -= 1
            self._now_ms += 50
            turns[kind](actor, salt)
        self._settle()
        return self.history

    def _turns(self) -> dict[str, Callable[[Actor, int], None]]:
        """What each kind of step does. Not kept, so that a world that was played is freed without a collector."""
        return {
            "call": self._call,
            "send": self._send,
            "deliver": self._deliver,
            "flush": self._flush,
            "reply": self._reply,
            "feed": self._feed,
            "time": self._time,
            "duplicate": self._duplicate,
            "lose": self._lose,
            "judge": self._judge,
            "stall": self._stall,
            "jump": self._jump,
            "rejoin": self._rejoin,
            "pause": self._pause,
            "snapshot": self._snapshot,
            "crash": self._crash,
        }

    def _submit(self, by: str, command: c.Command) -> None:
        self._room.submit(by, command, self._now_ms)

    def _call(self, actor: Actor, salt: int) -> None:
        if actor.stalled:
            return
        self._room.receive(actor.act(self._room.seen, salt, self._rules.settle_conflict()), self._now_ms)
        self._room.flush()
        self._hand_over(actor)
        if salt % 2:
            self._room.perform(self._now_ms)
        self._feed(actor, 0)

    def _hand_over(self, actor: Actor) -> None:
        outbox, self._room.outbox = self._room.outbox, []
        for reply in outbox:
            if reply.request.agent == actor.name:
                self._hear(actor, reply)
            else:
                self._room.outbox.append(reply)

    def _hear(self, actor: Actor, reply: Reply) -> None:
        request, answer, notices, head, line = reply
        refused = isinstance(answer, Refused)
        ack = _ack((actor.name, request.incarnation, request.operation, answer, refused, head, line))
        self.history.acks.append(ack)
        actor.hear(request, answer, notices, self._room.seen)

    def _send(self, actor: Actor, salt: int) -> None:
        if not actor.stalled:
            self._network.append(actor.act(self._room.seen, salt, self._rules.settle_conflict()))

    def _deliver(self, _actor: Actor, salt: int) -> None:
        if self._network:
            self._room.receive(self._network.pop(salt % len(self._network)), self._now_ms)

    def _flush(self, _actor: Actor, _salt: int) -> None:
        self._room.flush()

    def _reply(self, _actor: Actor, salt: int) -> None:
        if self._room.outbox:
            reply = self._room.outbox.pop(salt % len(self._room.outbox))
            self._hear(self._named(reply.request.agent), reply)
        self._room.perform(self._now_ms)

    def _named(self, name: str) -> Actor:
        return next(actor for actor in self._actors if actor.name == name)

    def _feed(self, actor: Actor, _salt: int) -> None:
        published, mirror = self._room.published, actor.mirror
        if mirror.cursor < len(published):
            for event in published[mirror.cursor :]:
                assert isinstance(event.body, FileAccepted)
                mirror.hear(event.body.file)
            mirror.cursor = len(published)

    def _time(self, _actor: Actor, salt: int) -> None:
        self._now_ms += 500 + salt % 15_000
        self._submit(HOST, _TICK)

    def _jump(self, _actor: Actor, salt: int) -> None:
        self._now_ms += -40_000 if salt % 3 == 0 else 30_000 + salt % 60_000
        self._submit(HOST, _TICK)

    def _duplicate(self, actor: Actor, salt: int) -> None:
        if salt % 4 and actor.sent:
            self._network.append(actor.sent[salt % len(actor.sent)])
        elif self._room.outbox:
            self._room.outbox.append(self._room.outbox[salt % len(self._room.outbox)])

    def _lose(self, _actor: Actor, salt: int) -> None:
        lost: list[Request] | list[Reply] = self._network if salt % 2 else self._room.outbox
        if lost:
            lost.pop(salt % len(lost))

    def _judge(self, _actor: Actor, salt: int) -> None:
        tree = f"tree{self._room.state.version}"
        self._submit(HOST, c.GiveVerdict(tree=tree, check="tests", passed=salt % 4 > 0, summary="ran", to=HOST))

    def _stall(self, actor: Actor, salt: int) -> None:
        actor.stalled = 5 + salt % 40

    def _rejoin(self, actor: Actor, salt: int) -> None:
        if salt % 2:
            self._submit(HOST, c.Leave(actor.name, "gone"))
        actor.again()
        self._submit(HOST, c.Join(agent=actor.name, secret_hash=actor.secret))
        self._room.flush()

    def _pause(self, actor: Actor, _salt: int) -> None:
        paused = self._room.state.agents[actor.name].presence is Presence.PAUSED
        self._submit(OPERATOR, c.Resume(actor.name) if paused else c.Pause(actor.name))

    def _snapshot(self, _actor: Actor, _salt: int) -> None:
        self._room.save()

    def _crash(self, _actor: Actor, salt: int) -> None:
        self._network.clear()
        if salt % 3 == 0:
            self._room.outbox.clear()
        self._room.crash(self._now_ms, use_snapshot=salt % 2 == 0)

    def _settle(self) -> None:
        """Faults end: what is under way arrives, agents finish what they began and read what they were sent."""
        chance = Chance(len(self.history.lines))
        while self._network:
            self._deliver(self._actors[0], chance.below(1 << 20))
        for actor in self._actors:
            actor.stalled = 0
            self._submit(OPERATOR, c.Resume(actor.name))
        for _ in range(SETTLE_ROUNDS_MAX):
            self._room.flush()
            self._room.perform(self._now_ms)
            self._room.flush()
            busy = [actor for actor in self._actors if self._finish(actor)]
            if not busy:
                break
        else:
            self.history.settled = False
        self._room.flush()
        for actor in self._actors:
            self._feed(actor, 0)
            disk = actor.mirror.disk
            self.history.mirrors[actor.name] = {path: " ".join(sorted(disk[path])) for path in sorted(disk)}
        self.history.settled = self.history.settled and self._room.rebuilt()

    def _finish(self, actor: Actor) -> bool:
        self._hand_over(actor)
        request = actor.last_needs(self._room.seen)
        if request is None:
            return False
        self._room.receive(request, self._now_ms)
        self._room.flush()
        self._hand_over(actor)
        return True
