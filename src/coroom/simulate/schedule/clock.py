"""Playing a schedule in virtual time: each step is thought about for a while before it is taken, waits cost time, and a
notice that comes while its agent thinks has to be thought about on top.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from coroom.core.errors import Fault
from coroom.core.event import AgentRestarted
from coroom.core.ordering.gate import unripe
from coroom.core.policies import POLICIES
from coroom.simulate.schedule.actor import Actor
from coroom.simulate.schedule.play import Player
from coroom.simulate.schedule.script import Schedule

THINKING = 1.0
"""The unit of virtual time: one inference, whatever it takes."""

TURNS_MAX = 20_000
_SOON = 1e-6


@dataclass(frozen=True, slots=True)
class Run:
    """What a play took. `deadlocks` are circles of waiting that were broken. `inferences` are all steps and judgements
    thought about; alone they would be `alone`.
    """

    right: bool
    makespan: float
    inferences: float
    alone: float
    notices: int
    undone: int
    waited: int
    deadlocks: int
    aborted: int


class TimedPlayer(Player):
    """The agents think side by side; who is ready first acts first."""

    def __init__(self, schedule: Schedule, policy: str, careless: Callable[[], bool] | None = None) -> None:
        super().__init__(schedule, policy)
        self.now = 0.0
        self.inferences = 0.0
        for actor in self.actors.values():
            actor.careless = careless
            actor.unasked = lambda name=actor.name: self._ripe(name)

    def _ripe(self, agent: str) -> bool:
        """Whether nothing that it would hear is still about to change, as replies tell it."""
        return not unripe(self.room.state.order, self.room.state.agents, agent)

    def timed(self) -> Run:
        """Play it to the end."""
        ready = [(THINKING, number, name) for number, name in enumerate(self.actors)]
        began = dict.fromkeys(self.actors, 0)
        self.inferences = THINKING * len(ready)
        heapq.heapify(ready)
        blocked: list[tuple[int, str]] = []
        for _ in range(TURNS_MAX):
            if not ready:
                break
            self.now, number, name = heapq.heappop(ready)
            spent = self._ready(self.actors[name], began[name])
            if spent is None:
                # It stays ready, and tries again as soon as somebody has moved.
                blocked.append((number, name))
                continue
            self.inferences += spent
            began[name] = self.room.state.seq
            if self._has_more(self.actors[name]):
                heapq.heappush(ready, (self.now + spent, number, name))
            for waiting, other in blocked:
                heapq.heappush(ready, (self.now + _SOON, waiting, other))
            blocked = []
            known = {other for _, _, other in ready}
            for other, actor in self.actors.items():
                if other not in known and self._has_more(actor):
                    began[other] = self.room.state.seq
                    self.inferences += THINKING
                    heapq.heappush(ready, (self.now + THINKING, len(began), other))
        if any(actor.has_step for actor in self.actors.values()):
            raise Fault(f"{self.schedule.id}: no end under {self.policy}")
        return self._run()

    def _has_more(self, actor: Actor) -> bool:
        if actor.dead:
            return False
        if actor.has_step:
            return True
        # Whoever is done hears once nobody below can change it again: one judgement instead of several.
        if not self.open_notices(actor):
            return not actor.done
        return self._ripe(actor.name)

    def _ready(self, actor: Actor, began: int) -> float | None:
        """One turn. Returns what is to be thought about next, or None when it could not act."""
        ripe, told = self._ripe(actor.name), self.open_notices(actor)
        if told and not ripe and not actor.has_step:
            return None
        late = [n for n in told if ripe and self._told_at(n.id) > began]
        before = self.tally.repaired
        restarts = self.tally.aborted
        if late or not actor.has_step:
            self.drive(actor.hear())
            self._after(actor)
            return THINKING * max(self.tally.repaired - before, int(actor.has_step))
        moved = self._turn(actor)
        if not moved or (not actor.has_step and not actor.done and not actor.dead):
            return None
        if self.tally.aborted > restarts:
            return THINKING
        return THINKING * (self.tally.repaired - before + int(actor.has_step))

    def _after(self, actor: Actor) -> None:
        if not actor.has_step and not self.open_notices(actor):
            self.drive(actor.conclude())

    def _told_at(self, notice: str) -> int:
        return self.room.state.letters[notice].seq if notice in self.room.state.letters else 0

    def _run(self) -> Run:
        result = self.result()
        counts = result["counts"]
        assert isinstance(counts, dict)
        alone = THINKING * sum(len(agent.steps) for agent in self.schedule.agents)
        undone, waited, aborted = counts["undone"], counts["waited"], counts["aborted"]
        assert isinstance(undone, int)
        assert isinstance(waited, int)
        assert isinstance(aborted, int)
        return Run(
            right=bool(result["serializable"]) and not (POLICIES[self.policy].ordered and self.room.state.order.calls),
            makespan=self.now,
            inferences=self.inferences,
            alone=alone,
            notices=len(self.tally.notices),
            undone=undone,
            waited=waited,
            # Nobody else begins again there but who is in a circle of waiting.
            deadlocks=sum(isinstance(e.body, AgentRestarted) for e in self.room.log if self.policy == "locking"),
            aborted=aborted,
        )
