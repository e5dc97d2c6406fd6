"""Seeds in, verdicts out: what the command line, the tests and a curious developer call."""

import gc
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from coroom.processes.pool import processes
from coroom.processes.uncollected import uncollected
from coroom.simulate.checkers import Violation, check
from coroom.simulate.history import History
from coroom.simulate.live.checkers import check_live
from coroom.simulate.live.mutants import LIVE_MUTANTS
from coroom.simulate.live.steps import TURNS
from coroom.simulate.live.world import LiveWorld
from coroom.simulate.mutants import MUTANTS
from coroom.simulate.room import Rules
from coroom.simulate.shrink import shrink
from coroom.simulate.steps import Step, schedule
from coroom.simulate.world import World

OPEN = "open"
"""The policy under which the room of files, claims and tasks is played."""

LIVE = ("preorder", "locking", "optimistic", "serial")
"""The policies under which calls on live state are played."""

STEPS = 200
AGENTS = 3
SEEDS_WORTH_PROCESSES = 200
"""One core plays these in about two seconds, of which starting processes would save nothing."""

CHECKED_EVERY = 10
"""Of so many seeds one has every state of it checked."""

SEEDS_A_TURN = 50
"""How many seeds a process is given at a time: so many that handing them over costs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one seed. `log_hash` is the same for the same seed on every machine and version of Python; empty
    where many seeds are played and nobody asks for it.
    """

    seed: int
    steps: int
    agents: int
    mutant: str
    events: int
    log_hash: str
    violations: tuple[Violation, ...]
    policy: str = OPEN

    @property
    def replay(self) -> str:
        """The one line that plays this seed again."""
        mutant = f" --mutant {self.mutant}" if self.mutant else ""
        policy = f" --policy {self.policy}" if self.policy != OPEN else ""
        return f"coroom simulate --seed {self.seed} --steps {self.steps} --agents {self.agents}{policy}{mutant}"


def rules_of(mutant: str) -> Rules:
    """The rules of a mutant; the sound ones for no name. Raises KeyError for an unknown name."""
    return MUTANTS[mutant]() if mutant else Rules()


def play(steps: Sequence[Step], agents: int = AGENTS, mutant: str = "", *, checked: bool = False) -> History:
    """Play a schedule; `checked`, the state is looked at after every decision (coroom.core.invariants)."""
    return World(agents, rules_of(mutant), checked=checked).play(steps)


def judged(
    steps: Sequence[Step], agents: int = AGENTS, mutant: str = "", *, checked: bool = False
) -> tuple[History, tuple[Violation, ...]]:
    """Play a schedule and check every promise. That the core raises is a violation like any other."""
    try:
        history = play(steps, agents, mutant, checked=checked)
    except Exception as fault:  # noqa: BLE001  whatever it is, it must not happen
        return History(), (Violation("core:total", f"the core raised {fault!r}"),)
    return history, tuple(check(history))


def judged_live(
    seed: int, steps: Sequence[Step], agents: int, policy: str, mutant: str = ""
) -> tuple[History, tuple[Violation, ...]]:
    """Play a schedule on live state, with the programs of the seed, and check every promise."""
    rules = LIVE_MUTANTS[mutant]() if mutant else None
    try:
        evidence = LiveWorld(seed, policy, agents, rules).play(steps)
        return evidence.history, tuple(check_live(evidence))
    except Exception as fault:  # noqa: BLE001  whatever it is, it must not happen
        return History(), (Violation("core:total", f"the core or an agent raised {fault!r}"),)


def simulate(
    seed: int,
    *,
    steps: int = STEPS,
    agents: int = AGENTS,
    mutant: str = "",
    policy: str = OPEN,
    hashed: bool = True,
) -> Outcome:
    """Play the schedule of a seed and check every promise: under `open` with files, claims and tasks, under the other
    policies with calls on live state. Only when `hashed` is the hash of its log worked out.
    """
    # A run makes garbage without circles; looking for them would take a sixth of the time.
    with uncollected():
        return _outcome(seed, steps, agents, mutant, policy, hashed=hashed)


def _outcome(seed: int, steps: int, agents: int, mutant: str, policy: str, *, hashed: bool) -> Outcome:
    if policy == OPEN:
        history, violations = judged(schedule(seed, steps, agents), agents, mutant, checked=_checked(seed, mutant))
    else:
        history, violations = judged_live(seed, schedule(seed, steps, agents, TURNS), agents, policy, mutant)
    return Outcome(
        seed=seed,
        steps=steps,
        agents=agents,
        mutant=mutant,
        events=len(history.lines),
        log_hash=log_hash(history) if hashed else "",
        violations=violations,
        policy=policy,
    )


def simulate_all(
    seeds: range, *, steps: int = STEPS, agents: int = AGENTS, mutant: str = "", policy: str = OPEN, jobs: int = 0
) -> Iterator[Outcome]:
    """Play many seeds and give their outcomes in the order of the seeds, each as soon as those before it are there.

    Args:
        seeds: which.
        steps: how many steps each schedule has.
        agents: how many agents work in each room.
        mutant: the rules of the rooms, sound ones for no name.
        policy: `open` for files, claims and tasks, another for calls on live state.
        jobs: in how many processes; 0 for one on each core when there are seeds enough for that to be faster.
    """
    one = partial(simulate, steps=steps, agents=agents, mutant=mutant, policy=policy, hashed=len(seeds) == 1)
    jobs = jobs or ((os.cpu_count() or 1) if len(seeds) >= SEEDS_WORTH_PROCESSES else 1)
    if jobs == 1:
        # What a run has left must be gone before the collector is back: that is after the last.
        with uncollected():
            yield from map(one, seeds)
        return
    with processes(jobs, gc.disable) as pool:
        yield from pool.map(one, seeds, chunksize=SEEDS_A_TURN)


def _checked(seed: int, mutant: str) -> bool:
    """Whether every state of this seed is looked at: of one in ten, since it takes longer than all the rest of a run.
    A mutant is caught from outside, as a fault would be that nobody has thought of.
    """
    return not mutant and seed % CHECKED_EVERY == 0


def log_hash(history: History) -> str:
    """The hash of the whole log."""
    text = "\n".join([f"{seq} {at_ms} {by} {kind} {body}" for seq, at_ms, by, kind, body in history.lines])
    return sha256(text.encode()).hexdigest()


def shortest(outcome: Outcome) -> tuple[Step, ...]:
    """The steps of a failing seed without those that do not matter to its first violation."""
    promise = outcome.violations[0].promise

    def fails(steps: Sequence[Step]) -> bool:
        if outcome.policy != OPEN:
            _, seen = judged_live(outcome.seed, steps, outcome.agents, outcome.policy, outcome.mutant)
            return any(violation.promise == promise for violation in seen)
        _, found = judged(steps, outcome.agents, outcome.mutant, checked=_checked(outcome.seed, outcome.mutant))
        return any(violation.promise == promise for violation in found)

    if outcome.policy != OPEN:
        return shrink(schedule(outcome.seed, outcome.steps, outcome.agents, TURNS), fails)
    return shrink(schedule(outcome.seed, outcome.steps, outcome.agents), fails)
