"""What synthetic agents use: counted as they play, and priced so that conditions can be compared."""

from collections.abc import Iterable
from dataclasses import dataclass

from coroom.evaluate.metrics import Used

USD_PER_MILLION = (3.0, 15.0)
"""Input and output tokens of a middling model; synthetic money, for comparing conditions with one another."""


@dataclass(slots=True)
class Usage:
    """What one agent has used, counted as it plays."""

    steps: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    told_tokens: int = 0
    characters: int = 0


def together(usages: Iterable[Usage]) -> Used:
    """What all agents of a trial have used."""
    every = list(usages)
    put, got = sum(u.input_tokens for u in every), sum(u.output_tokens for u in every)
    return Used(
        turns=sum(u.steps for u in every),
        input_tokens=put,
        output_tokens=got,
        told_tokens=sum(u.told_tokens for u in every),
        characters=sum(u.characters for u in every),
        usd=(put * USD_PER_MILLION[0] + got * USD_PER_MILLION[1]) / 1e6,
    )
