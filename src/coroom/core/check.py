"""What checks say of the program: findings, which are doubts, and verdicts, each on exactly one tree."""

from coroom.core.quick import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A doubt about the program, raised by a check: conflict as data."""

    id: str
    kind: str
    path: str
    line: int
    symbol: str
    message: str
    agents: tuple[str, ...]
    open: bool = True
    raised_seq: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check said of one tree."""

    tree: str
    check: str
    passed: bool
    summary: str
    seq: int
