"""Many programs drawn by chance, each judged against a serial replay; and death of the host at every step of each."""

from collections.abc import Callable
from dataclasses import dataclass, field

from coroom.core.errors import Fault
from coroom.simulate.schedule.draw import Shape, drawn
from coroom.simulate.schedule.play import Death, Player, played

FAILURES_MAX = 20
"""After so many failures it is known that something is wrong."""


@dataclass(slots=True)
class Campaign:
    """What came of it: how many plays, with what in them, and those that ended wrong."""

    plays: int = 0
    agents: int = 0
    calls: int = 0
    events: int = 0
    notices: int = 0
    undone: int = 0
    children: int = 0
    arrivals: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, player: Player, name: str) -> None:
        """Judge one play."""
        self.plays += 1
        self.agents += len(player.actors)
        self.calls += player.tally.steps
        self.events += len(player.room.log)
        self.notices += len(player.tally.notices)
        self.children += len(player.actors) - len(player.schedule.agents)
        self.arrivals += sum(agent.arrives > 0 for agent in player.schedule.agents)
        result = player.result()
        counts = result["counts"]
        assert isinstance(counts, dict)
        undone = counts["undone"]
        assert isinstance(undone, int)
        self.undone += undone
        if not result["serializable"] or (player.policy == "preorder" and not player.sent_as_due()):
            self.failures.append(name)


def random_programs(policy: str, seeds: range, deaths: bool, progress: Callable[[int], None]) -> Campaign:  # noqa: FBT001
    """Play the programs of these seeds.

    Args:
        policy: its name.
        seeds: which.
        deaths: whether the host dies, in as many plays of each program, before and after every single step of it.
        progress: called with the number of seeds done.
    """
    found = Campaign()
    shape = Shape(agents_max=4, steps_max=3, crashes=0, sends=12) if deaths else Shape()
    for done, seed in enumerate(seeds, start=1):
        schedule = drawn(seed, shape)
        try:
            first = played(schedule, policy)
            found.add(first, f"seed {seed}")
            for at in range(1, first.room.requests + 1) if deaths else ():
                for after in (False, True):
                    where = f"seed {seed}, death {'after' if after else 'before'} step {at}"
                    found.add(played(schedule, policy, Death(at, after)), where)
        except (Fault, AssertionError) as broken:
            found.failures.append(f"seed {seed}: {broken}")
        if len(found.failures) >= FAILURES_MAX:
            break
        progress(done)
    return found
