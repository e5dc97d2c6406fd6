"""What a check finds, and how sure it is."""

from dataclasses import dataclass

BLOCKS = 0.8
"""What is at least this sure holds a landing back; what is less sure is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that holds on both sides alone and not in what they became together.

    `line` counts from 1 in the merged text. `ours` and `theirs` are places (`path:line`) of the two actions that do not
    fit. `confidence` is how often such a finding is right, from 0 to 1.
    """

    kind: str
    path: str
    line: int
    symbol: str
    message: str
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    confidence: float = 0.9

    @property
    def blocks(self) -> bool:
        """Whether it is sure enough to hold a landing back."""
        return self.confidence >= BLOCKS
