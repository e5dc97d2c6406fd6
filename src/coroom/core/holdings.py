"""Who holds what, where and until when, found without looking at every claim. Derived from the claims, never stored.

A state carries the holdings of the state that it came from; what has changed since is put into them when somebody asks.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from operator import attrgetter

from coroom.core.claim import Claim
from coroom.core.quick import dataclass, maker
from coroom.core.resource import Resource, corner
from coroom.core.table import Table

Ends = tuple[tuple[int, str], ...]
"""Deadlines, each with its claim, the next one first."""

_AGE = attrgetter("fence", "id")


@dataclass(frozen=True, slots=True)
class Holdings:
    """The same claims by their holders, oldest first, and in the order in which they run out."""

    claims: Table[Claim]
    of: Mapping[str, tuple[Claim, ...]]
    ends: Ends

    def any_late(self, now_ms: int) -> bool:
        """Whether a claim has run out by `now_ms`."""
        ends = self.ends
        return bool(ends) and ends[0][0] <= now_ms

    def late(self, now_ms: int) -> list[Claim]:
        """The claims that have run out by `now_ms`, oldest first."""
        if not self.any_late(now_ms):
            return []
        ends = self.ends
        past = [self.claims[name] for _, name in ends[: bisect_left(ends, (now_ms + 1, ""))]]
        past.sort(key=_AGE)
        return past

    @property
    def next_end_ms(self) -> int | None:
        """When the first claim runs out; None when nothing is held."""
        return self.ends[0][0] if self.ends else None


NOTHING_HELD = Holdings(Table(), {}, ())


_holdings = maker(Holdings)


def brought_to(known: Holdings, claims: Table[Claim]) -> Holdings:
    """The holdings of these claims, from those of other ones: that costs what is different."""
    of, ends = dict(known.of), list(known.ends)
    for name in claims.changed(known.claims):
        old, new = known.claims.get(name), claims.get(name)
        if old:
            del ends[bisect_left(ends, (old.deadline_ms, name))]
            of[old.holder] = tuple([one for one in of.get(old.holder, ()) if one is not old])
            if not of[old.holder]:
                del of[old.holder]
        if new:
            insort(ends, (new.deadline_ms, name))
            of[new.holder] = tuple(sorted((*of.get(new.holder, ()), new), key=_AGE))
    return _holdings(claims, of, tuple(ends))


@dataclass(frozen=True, slots=True)
class Places:
    """The same claims by the places in which something of theirs lies."""

    claims: Table[Claim]
    at: Mapping[str, frozenset[str]]

    def near(self, wanted: Iterable[Resource]) -> list[Claim]:
        """Every claim that may overlap what is wanted, and few others, in the order of their names."""
        names = {name for want in wanted for place in _looked_at(want) for name in self.at.get(place, ())}
        return [self.claims[name] for name in sorted(names)]


NOWHERE = Places(Table(), {})


def placed(known: Places, claims: Table[Claim]) -> Places:
    """The places of these claims, from those of other ones: that costs what is different."""
    at = dict(known.at)
    for name in claims.changed(known.claims):
        old, new = known.claims.get(name), claims.get(name)
        if old and new and old.resources == new.resources:
            continue
        for place in _places(old):
            at[place] -= {name}
            if not at[place]:
                del at[place]
        for place in _places(new):
            at[place] = at.get(place, frozenset()) | {name}
    return Places(claims, at)


_ANY_FILE, _MANY_FILES = "files", "many files"


def _places(claim: Claim | None) -> frozenset[str]:
    return frozenset(place for resource in (claim.resources if claim else ()) for place in _lies_at(resource))


def _lies_at(resource: Resource) -> tuple[str, ...]:
    """Where a resource is found: what lies in one file by that file, what spans many among those that do."""
    if not resource.in_files:
        return (corner(resource),)
    path = resource.path
    return (_ANY_FILE, _MANY_FILES if path is None else f"file {path}")


def _looked_at(resource: Resource) -> tuple[str, ...]:
    """Where everything lies that may overlap a resource."""
    if not resource.in_files:
        return (corner(resource),)
    path = resource.path
    return (_ANY_FILE,) if path is None else (_MANY_FILES, f"file {path}")
