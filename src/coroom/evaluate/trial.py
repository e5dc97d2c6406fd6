"""A trial: one task under one condition with so many agents, and what came of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from coroom.core.codec import Json


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TrialKey:
    """What tells one trial from another; equal keys and seeds give equal trials where the agents are synthetic."""

    suite: str
    task: str
    condition: str
    agents: int
    agent: str
    number: int
    seed: int = 0

    @property
    def luck(self) -> str:
        """What synthetic agents draw from: the same under every condition, so that trials are compared pair by pair."""
        return f"{self.seed}/{self.suite}/{self.task}/{self.agent}/{self.number}"

    def __str__(self) -> str:
        return f"{self.suite}/{self.task}/{self.condition}/{self.agents}x{self.agent}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What came of it. `infrastructure` says why it could not be carried out; then nothing else counts.

    Args:
        score: the mean over units of the share of hidden tests that pass.
        units: passed and existing hidden tests by unit.
        abandoned: every agent had gone by its own choice, with time left, while files of the contract were missing or
            as they had been found.
        seconds: until the last agent was done (of the virtual clock where the agents are synthetic).
        metrics: folds over the room's log, by name.
        harness: what the harness itself took, in seconds, by what it was spent on; no part of what came of it.
    """

    key: TrialKey
    score: float = 0.0
    whole: bool = False
    units: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    abandoned: bool = False
    seconds: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    infrastructure: str = ""
    harness: Mapping[str, float] = field(default_factory=dict, compare=False)

    def as_json(self) -> dict[str, Json]:
        """For the results file and `--json`."""
        return {
            "key": asdict(self.key),
            "score": self.score,
            "whole": self.whole,
            "units": {unit: list(counts) for unit, counts in self.units.items()},
            "abandoned": self.abandoned,
            "seconds": round(self.seconds, 3),
            "metrics": {name: round(value, 6) for name, value in self.metrics.items()},
            "infrastructure": self.infrastructure,
            "harness": {name: round(value, 6) for name, value in self.harness.items()},
        }
