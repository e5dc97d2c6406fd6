"""What a function gives changed in a way that no type tells, and the other side newly relies on the old way."""

from collections.abc import Callable, Iterator

from coroom.checks.finding import Finding
from coroom.checks.results_effects import copied, default_changed, done_in_place, filtered, grown, tried_twice
from coroom.checks.results_refusals import guarded, said_otherwise, unready
from coroom.checks.results_values import ordered, scaled, untidied, written
from coroom.checks.sides import Four
from coroom.checks.uses import Said, Use, uses_between

_RULES: tuple[Callable[[Use], Iterator[Said]], ...] = (
    said_otherwise, ordered, scaled, written, copied, done_in_place, filtered, grown, default_changed, guarded,
    tried_twice, unready, untidied,
)  # fmt: skip


def results(four: Four) -> Iterator[Finding]:
    """Findings about new calls of functions that the other side changed."""
    for use in uses_between(four):
        for rule in _RULES if not use.through else (written, scaled):
            for at, said, sure, kind in rule(use):
                yield four.finding(
                    use.side, kind, use.changed.module.path, at.line or use.call.line, use.after.name,
                    said, about=(use.ref,), sure=sure,
                )  # fmt: skip
