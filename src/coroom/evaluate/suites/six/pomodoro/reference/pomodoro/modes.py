"""The modes and what follows what."""

from dataclasses import dataclass

MODES = ("work", "short", "long")


@dataclass(frozen=True)
class Lengths:
    """How long each is, in seconds."""

    work: int = 1500
    short: int = 300
    long: int = 900
    long_every: int = 4

    def __post_init__(self) -> None:
        if min(self.work, self.short, self.long, self.long_every) < 1:
            message = "lengths are at least 1"
            raise ValueError(message)


def length(lengths: Lengths, mode: str) -> int:
    """Of one mode."""
    if mode not in MODES:
        message = f"no mode: {mode}"
        raise ValueError(message)
    found: int = getattr(lengths, mode)
    return found


def following(mode: str, finished: int, lengths: Lengths) -> str:
    """The next mode."""
    if mode != "work":
        return "work"
    return "long" if finished > 0 and finished % lengths.long_every == 0 else "short"
