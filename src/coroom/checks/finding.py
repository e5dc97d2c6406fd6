"""What a check finds, and how sure it is."""

from coroom.core.quick import dataclass

BLOCKING_KINDS = frozenset(
    {"parse", "duplicate-definition", "undefined-name", "removed-name-used", "stale-call", "contract-broken"}
    | {"text-conflict", "type-error", "tests-fail"}
)
"""What can be told from names and signatures alone, or was seen by running something."""

BLOCKING_CONFIDENCE = 0.9
"""From this confidence on findings of those kinds hold a landing back, in a room and in a CI job; all else is told."""


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
        return self.kind in BLOCKING_KINDS and self.confidence >= BLOCKING_CONFIDENCE
