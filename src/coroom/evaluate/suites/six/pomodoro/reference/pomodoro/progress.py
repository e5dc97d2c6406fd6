"""How far it is."""

import math

from pomodoro.modes import Lengths, length


def fraction(mode: str, left: float, lengths: Lengths) -> float:
    """From 0 to 1."""
    return min(max(1 - left / length(lengths, mode), 0.0), 1.0)


def clock(seconds: float) -> str:
    """As a clock shows it."""
    minutes, rest = divmod(max(math.ceil(seconds), 0), 60)
    return f"{minutes:02d}:{rest:02d}"


def dots(finished: int, lengths: Lengths) -> str:
    """One for each work period until the long break."""
    every = lengths.long_every
    done = finished % every
    if finished and not done:
        done = every
    return "●" * done + "○" * (every - done)
