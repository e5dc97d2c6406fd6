"""Say what checks found, and whether a tree passed."""

from coroom.core.agent import EVERYONE
from coroom.core.quick import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseFinding:
    """A check doubts the program; both authors are told."""

    check: str
    path: str
    at_line: int
    symbol: str
    message: str
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CloseFinding:
    """The check passes now."""

    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveVerdict:
    """Checks ran on exactly this tree; everyone named is told."""

    tree: str
    check: str
    passed: bool
    summary: str
    to: str = EVERYONE
