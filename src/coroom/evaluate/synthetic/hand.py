"""Synthetic agents: what they do is drawn, never thought. They test the room and this harness and prove nothing about
models; whatever shows their figures says *synthetic*.

The parameters are of published figures, where there are any, and named with them.
"""

import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from coroom.evaluate.suite import EvalTask, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a synthetic agent is like. Chances are from 0 to 1, times in seconds, sizes in tokens."""

    step_s: float = 8.0
    """One inference and its tool call: CoAgent's canary takes 32 s for four of them."""

    step_spread: float = 0.5
    """Of the logarithm of a step's time; long tails are what CodeCRDT's runs show (standard deviation 62 s of 82)."""

    lines_a_step: int = 25
    """Lines of code that one step writes."""

    gives_up: float = 0.03
    """At each unit begun: 0.37 over the fifteen files of a ledger, where AgentRoom counted 40 of 131 lone agents."""

    blunders: float = 0.08
    """A unit's first text has a fault that its hidden tests find."""

    finds_own_fault: float = 0.5
    """Its own test shows it the fault, and it mends it."""

    guesses_wrong: float = 0.25
    """Builds on a unit that it cannot see, and assumes another interface."""

    misjudges: float = 0.05
    """Told that what it built on has changed, does nothing: 5 of CoAgent's 100 trials."""

    slips: float = 0.005
    """Leaves out a write on live state: two agents of CoAgent, one after the other, end wrong in 2 of 100 trials."""

    prompt_tokens: int = 1_500
    """What every step reads again."""

    says_tokens: int = 40
    """Of a message to the others."""


MODELS: Mapping[str, Traits] = {
    "synthetic": Traits(),
    "synthetic-perfect": Traits(gives_up=0.0, blunders=0.0, guesses_wrong=0.0, misjudges=0.0, slips=0.0),
    "synthetic-hasty": Traits(step_s=4.0, gives_up=0.08, blunders=0.2, finds_own_fault=0.3, misjudges=0.15, slips=0.02),
}
"""The synthetic agents by name."""

_IMPORT = re.compile(r"^from (\w+)\.(\w+) import ([\w, ]+)$", re.MULTILINE)


class Hand:
    """One agent's luck: everything it draws, from one seed, so that the same trial is the same again."""

    def __init__(self, traits: Traits, seed: str) -> None:
        self.traits = traits
        self._chance = random.Random(seed)  # noqa: S311  a play, not a secret
        self.mistakes = 0
        """How many it has made: nothing that the room could have done went wrong in them."""

    def step_s(self) -> float:
        """The time of one step."""
        spread = self.traits.step_spread
        return self.traits.step_s * math.exp(self._chance.gauss(0, spread) - spread * spread / 2)

    def happens(self, chance: float) -> bool:
        """Whether something of that chance happens."""
        return self._chance.random() < chance

    def errs(self, chance: float) -> bool:
        """Whether it makes a mistake of that chance; counted."""
        wrong = self.happens(chance)
        self.mistakes += wrong
        return wrong

    def blunders(self) -> bool:
        """Whether what it writes has a fault that it does not find."""
        wrong = self.happens(self.traits.blunders) and not self.happens(self.traits.finds_own_fault)
        self.mistakes += wrong
        return wrong

    def one_of(self, units: "list[Unit]") -> Unit:
        """Any of them."""
        return self._chance.choice(units)

    def faulty(self, task: EvalTask, path: str, text: bytes) -> bytes | None:
        """The text with one of the task's mutants in it; None where the file has none."""
        fitting = [mutant for mutant in task.mutants if mutant.path == path]
        if not fitting:
            return None
        mutant = self._chance.choice(fitting)
        return text.decode().replace(mutant.old, mutant.new).encode()


def guessed(text: bytes, module: str) -> bytes | None:
    """The text as somebody writes it who takes a name of `module` to be another; None where it uses none."""
    source = text.decode()
    for found in _IMPORT.finditer(source):
        if found[2] == module:
            name = found[3].split(",")[0].strip()
            return re.sub(rf"\b{name}\b", f"{name}_of", source).encode()
    return None


def steps_of(text: bytes, traits: Traits) -> int:
    """Steps that writing a text takes, with reading and testing."""
    return 2 + math.ceil((text.count(b"\n") + 1) / traits.lines_a_step)


def tokens_of(text: bytes | str) -> int:
    """About four characters a token."""
    return (len(text) + 3) // 4
