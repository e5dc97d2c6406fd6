"""The checks that come with Coroom."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from coroom.checks.behaviour.concerns import concerns
from coroom.checks.behaviour.constants import constants
from coroom.checks.behaviour.doubled import doubled
from coroom.checks.behaviour.families import families
from coroom.checks.behaviour.holdings import holdings
from coroom.checks.behaviour.rules import results
from coroom.checks.dangling import dangling
from coroom.checks.elsewhere import elsewhere
from coroom.checks.enactment.enact import enactments
from coroom.checks.engine import Check
from coroom.checks.finding import Finding
from coroom.checks.rebound import rebound
from coroom.checks.sides import Four
from coroom.checks.spelling import spelling
from coroom.checks.together import consistency
from coroom.checks.wording import wording


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
    return [
        Rule("consistency", fast=True, job=consistency),
        Rule("elsewhere", fast=True, job=elsewhere),
        Rule("results", fast=True, job=results),
        Rule("constants", fast=True, job=constants),
        Rule("wording", fast=True, job=wording),
        Rule("spelling", fast=True, job=spelling),
        Rule("dangling", fast=True, job=dangling),
        Rule("doubled", fast=True, job=doubled),
        Rule("rebound", fast=True, job=rebound),
        Rule("holdings", fast=True, job=holdings),
        Rule("families", fast=True, job=families),
        Rule("concerns", fast=True, job=concerns),
    ]


def enactment() -> Check:
    """The check that acts out what is new, which takes longer than an edit may."""
    return Rule("enactment", fast=False, job=enactments)
