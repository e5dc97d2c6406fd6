"""What a function gives changed in a way that no type tells, and the other side newly relies on the old way."""

from collections.abc import Callable, Iterable, Iterator

from coroom.checks.behaviour.amounts import filtered, grown, joined_more
from coroom.checks.behaviour.copies import copied, done_in_place
from coroom.checks.behaviour.defaults import default_changed
from coroom.checks.behaviour.order import goes_by_place, ordered
from coroom.checks.behaviour.refusals import guarded, unready
from coroom.checks.behaviour.retries import tried_twice
from coroom.checks.behaviour.scale import scaled
from coroom.checks.behaviour.signals import kept_quiet, nothing_otherwise, said_otherwise
from coroom.checks.behaviour.texts import untidied, written
from coroom.checks.behaviour.uses import Said, Use, changed_functions, returned_by, uses_between
from coroom.checks.behaviour.zoned import zoned
from coroom.checks.finding import Finding
from coroom.checks.sides import Four, Side
from coroom.syntax import Function, shown, walk

_RULES: tuple[Callable[[Use], Iterator[Said]], ...] = (
    said_otherwise, ordered, scaled, zoned, written, copied, done_in_place, filtered, grown, default_changed, guarded,
    joined_more, kept_quiet, nothing_otherwise, tried_twice, unready, untidied,
)  # fmt: skip


def results(four: Four) -> Iterator[Finding]:
    """Findings about new calls of functions that the other side changed, or that read what it keeps otherwise now."""
    for side in four.sides:
        yield from _kept_the_other_way_round(four, side)
    for use in uses_between(four):
        for rule in _RULES if not use.through else (written, scaled, zoned):
            for at, said, sure, kind in rule(use):
                yield four.finding(
                    use.side, kind, use.changed.module.path, at.line or use.call.line, use.after.name,
                    said, about=(use.ref,), sure=sure,
                )  # fmt: skip


def _kept_the_other_way_round(four: Four, side: Side) -> Iterator[Finding]:
    """A collection to whose other end things are put now, given by an unchanged function and used by place."""
    turned = {
        (before.path, name): after
        for before, after in changed_functions(side.other).values()
        for name in _put_first(after) - _put_first(before)
    }
    for walked in four.walked(side) if turned else ():
        new = {each.key for each in walked.changed.new_terms()}
        for call, ref in walked.both.calls:
            function = walked.both.reading.function_at(ref) if call.key in new else None
            kept = _gives(function, turned.keys()) if function is not None else None
            if function is None or kept is None:
                continue
            at = goes_by_place(Use(side, walked.changed, call, ref, function, function))
            if at is not None:
                name = turned[kept].qualname
                said = f"{name}() puts things at the other end of {kept[1]} now, and {shown(at)} goes by their places"
                yield four.finding(
                    side, "order-changed", walked.changed.module.path, at.line or call.line, function.name, said,
                    about=(f"{kept[0]}#{name}",), sure=0.86,
                )  # fmt: skip
                return


def _gives(function: Function, kept: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Which of these collections, by file and name, a function's result is made of."""
    given = {part.text for each in returned_by(function) for part in walk(each)}
    return next((at for at in kept if at[0] == function.path and at[1] in given), None)


def _put_first(function: Function) -> frozenset[str]:
    """The attributes and names at whose beginning a function puts something."""
    found = set()
    for each in walk(function.body):
        if each.kind == "call" and each.parts[0].kind == "member":
            at_zero = each.parts[0].text == "insert" and len(each.parts) == 3 and each.parts[1].text == "0"
            if at_zero or each.parts[0].text in {"appendleft", "unshift"}:
                found.add(each.parts[0].parts[0].text)
    return frozenset(found)
