"""Verdicts over pairs of which it is known whether they are coupled, counted."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from coroom.host.plans.resolving import Resolved
from coroom.plan.coupling import Pair

RESAMPLES = 2_000
"""Of the bootstrap that gives the intervals."""

TEXTUAL = "textual"
"""Why a pair is coupled: the second does not apply without the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One pair of commits: whether the second needs the first, and what was said of them. `resolved` is what language
    servers were asked for it, `planning_s` the processor time of the plan with theirs, `guessed` the verdict without;
    `why` the data's reasons, None where it gives none; `is_without` whether it was judged over what the second was made
    on without the first, and not over the tree before the first.
    """

    repo: str
    a: str
    b: str
    coupled: bool
    verdict: Pair
    seconds: tuple[float, float]
    resolved: Resolved
    planning_s: float
    guessed: Pair
    why: tuple[str, ...] | None
    is_without: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAlone:
    """The balanced accuracy of one who knew which texts collide and nothing else; of the coupled pairs whose texts do
    not, how many there are, and how many the plan found.
    """

    accuracy: float
    beyond: int
    beyond_found: int


def accuracy_of(judged: Sequence[Judged]) -> tuple[float, float, float]:
    """The balanced accuracy, the share of the coupled that was found and of the independent that was let alone."""
    coupled = [one.verdict.coupled for one in judged if one.coupled]
    apart = [not one.verdict.coupled for one in judged if not one.coupled]
    sensitivity, specificity = sum(coupled) / max(1, len(coupled)), sum(apart) / max(1, len(apart))
    return (sensitivity + specificity) / 2, sensitivity, specificity


def text_alone_of(judged: Sequence[Judged]) -> TextAlone | None:
    """What knowing only the texts would give; None where the data does not say why."""
    if any(one.why is None for one in judged):
        return None
    collide = [TEXTUAL in (one.why or ()) for one in judged]
    found = sum(both for one, both in zip(judged, collide, strict=True) if one.coupled)
    right = sum(not both for one, both in zip(judged, collide, strict=True) if not one.coupled)
    coupled = sum(one.coupled for one in judged)
    beyond = [one for one, both in zip(judged, collide, strict=True) if one.coupled and not both]
    return TextAlone(
        accuracy=(found / max(1, coupled) + right / max(1, len(judged) - coupled)) / 2,
        beyond=len(beyond),
        beyond_found=sum(one.verdict.coupled for one in beyond),
    )


def interval_of(judged: Sequence[Judged]) -> tuple[float, float]:
    """95 % of the balanced accuracy, resampled within each label."""
    chance = random.Random(1)  # noqa: S311 - statistics
    sides = [[one for one in judged if one.coupled is side] for side in (True, False)]
    if not all(sides):
        return 0.0, 1.0
    found = sorted(
        accuracy_of([one for side in sides for one in chance.choices(side, k=len(side))])[0] for _ in range(RESAMPLES)
    )
    return found[RESAMPLES // 40], found[-RESAMPLES // 40]
