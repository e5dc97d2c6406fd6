"""What checks say of the program: findings and verdicts."""

from typing import ClassVar

from coroom.core.quick import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRaised:
    """A check doubts the program."""

    kind: ClassVar[str] = "finding-raised"
    finding: str
    check: str
    path: str
    at_line: int
    symbol: str
    message: str
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingClosed:
    """The check that raised it passes now."""

    kind: ClassVar[str] = "finding-closed"
    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictGiven:
    """Checks ran on exactly this tree."""

    kind: ClassVar[str] = "verdict-given"
    tree: str
    check: str
    passed: bool
    summary: str
