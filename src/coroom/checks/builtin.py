"""The checks that come with Coroom."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from coroom.checks.engine import Check
from coroom.checks.finding import Finding
from coroom.checks.sides import Four
from coroom.checks.together import consistency


@dataclass(frozen=True, slots=True)
class Rule:
    """A check that is one function."""

    name: str
    fast: bool
    job: Callable[[Four], Iterable[Finding]]

    def findings(self, four: Four) -> Iterable[Finding]:
        """What the function gives."""
        return self.job(four)


def fast_checks() -> list[Check]:
    """The checks that look at changed files only."""
    return [Rule("consistency", fast=True, job=consistency)]
