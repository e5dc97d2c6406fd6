"""Who holds what and until when, found without looking at every claim. Derived from the claims, never stored.

A state carries the holdings of the state that it came from; what has changed since is put into them when somebody asks.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

from coroom.core.claim import Claim
from coroom.core.quick import quick
from coroom.core.table import Table

Ends = tuple[tuple[int, str], ...]
"""Deadlines, each with its claim, the next one first."""

_AGE = attrgetter("fence", "id")


@quick
@dataclass(frozen=True, slots=True)
class Holdings:
    """The same claims by their holders, oldest first, and in the order in which they run out."""

    claims: Table[Claim]
    of: Mapping[str, tuple[Claim, ...]]
    ends: Ends

    def late(self, now_ms: int) -> list[Claim]:
        """The claims that have run out by `now_ms`, oldest first."""
        ends = self.ends
        if not ends or ends[0][0] > now_ms:
            return []
        past = [self.claims[name] for _, name in ends[: bisect_left(ends, (now_ms + 1, ""))]]
        past.sort(key=_AGE)
        return past

    @property
    def next_end_ms(self) -> int | None:
        """When the first claim runs out; None when nothing is held."""
        return self.ends[0][0] if self.ends else None


NOTHING_HELD = Holdings(Table(), {}, ())


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
    return Holdings(claims, of, tuple(ends))
