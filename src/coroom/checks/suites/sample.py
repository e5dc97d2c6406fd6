"""Which tests an agent runs when it must not run all: what failed, what it touched, and a share of its own of the rest.

The shares of agents are disjoint slices of one order that nobody can choose, so that all of them together leave nothing
out, and each sees its own regressions exactly while an epoch lasts. For speed only: what lands has passed everything.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

UNKNOWN_S = 0.05
"""What a test is taken to last when none was ever measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which slice of the tests is whose: the agent's number from 0, of how many, which part of all each takes (0 to
    1), and the epoch, which deals anew.
    """

    agent: int
    agents: int
    part: float
    epoch: str

    def holds(self, test: str) -> bool:
        """Whether a test is in the slice. It does not depend on what other tests there are."""
        begins = (self.agent % self.agents) / self.agents
        return (place_of(test, self.epoch) - begins) % 1.0 < self.part


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What to run, the most telling first, and how many of it are there for which reason. `left_out` did not fit into
    the time; `seconds` is what the rest should take.
    """

    tests: tuple[str, ...]
    failed: int
    affected: int
    shard: int
    left_out: int
    seconds: float


def place_of(test: str, epoch: str) -> float:
    """Where in an epoch's order a test stands: from 0 up to 1, spread evenly."""
    digest = hashlib.blake2b(f"{epoch}\0{test}".encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def sample(
    tests: Sequence[str],
    share: Share,
    *,
    failed: Collection[str] = (),
    affected: Collection[str] = (),
    seconds: Mapping[str, float] | None = None,
    cap_s: float = float("inf"),
) -> Sample:
    """Choose from a list of test ids of whatever kind.

    Args:
        tests: all there are, in the order they run in.
        share: whose slice.
        failed: those that failed last.
        affected: those that the agent's changes may have broken.
        seconds: what each took when it was last measured.
        cap_s: no more than this together by those measures; what failed last always runs.

    Returns:
        The sample; each test is in it once, for the first reason that holds.
    """
    measured = seconds or {}
    usual = fmean(measured.values()) if measured else UNKNOWN_S
    was_red, touched = set(failed), set(affected)
    first = [test for test in tests if test in was_red]
    second = [test for test in tests if test in touched and test not in was_red]
    third = [test for test in tests if share.holds(test) and test not in was_red and test not in touched]
    third.sort(key=lambda test: (place_of(test, share.epoch) - share.agent / share.agents) % 1.0)
    spent = sum(measured.get(test, usual) for test in first)
    kept: list[list[str]] = []
    for group in (second, third):
        fits, spent = _fitting(group, measured, usual, cap_s, spent)
        kept.append(fits)
    return Sample(
        tests=(*first, *kept[0], *kept[1]),
        failed=len(first),
        affected=len(kept[0]),
        shard=len(kept[1]),
        left_out=len(second) + len(third) - len(kept[0]) - len(kept[1]),
        seconds=spent,
    )


def _fitting(
    tests: Iterable[str], measured: Mapping[str, float], usual: float, cap_s: float, spent: float
) -> tuple[list[str], float]:
    kept = []
    for test in tests:
        lasts = measured.get(test, usual)
        if spent + lasts <= cap_s:
            kept.append(test)
            spent += lasts
    return kept, spent
