"""Claims without a server: refs in a shared remote, moved by compare-and-swap (`ports.Claims`).

A claim is one blob that nobody else has, pushed to one ref for each resource in one atomic push, each under a lease on
what was there before. Three traps make such a lock no lock at all, silently: pushing an object that the ref has already
(git says yes before it looks at the lease), `+` or `--force` (they defeat the lease), and no lease at all (a descendant
goes through as a fast-forward). This file does none of them (docs/claims-by-ref.md).
"""

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from coroom.core.claim import Blocker, Claim, Mode, blockers_of
from coroom.core.decide.claims import claimed
from coroom.core.errors import Code, Refused
from coroom.core.limits import Limits
from coroom.core.quick import dataclass
from coroom.core.resource import Resource, Scheme, covers, overlaps
from coroom.git.claim_record import PREFIX, Record, Seen, claim_ref, read_record
from coroom.git.command import Done, Git, GitFailed, reason_of
from coroom.git.shared import is_locked, told_by
from coroom.git.sightings import Sightings, boottime_ms
from coroom.git.workplace import REMOTE
from coroom.ports import Holding

TTL_MS = 600_000
"""Ten minutes: claims in the measured project were held 17 minutes in the median, so no fixed time fits; whoever holds
one gives a sign of life, and a fleet that died is passed after ten minutes."""

TRIES = 4
"""Of a push that lost a race for reasons that may be gone: a claim that ended meanwhile, or one that met it midway."""

ELSE = "Work on something else, or claim what is free."
"""There is nobody here who could tell a claimant later that it is free."""

_REFUSED = ("declined", "hook", "prohibited", "deny", "unpacker")
"""What a remote says that would not or could not take a push; all else is a ref that stood elsewhere."""

NOBODY = ""
"""As whom the way is asked for, once one's own claims are left out: no holder has an empty name."""

_SEEN = "refs/coroom/seen/"
_EXACT = frozenset({Scheme.TASK, Scheme.REF, Scheme.KEY, Scheme.TEST, Scheme.ISSUE, Scheme.ROLE})
"""Names that meet only their equals, which the ref's own name tells apart."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """How a push ended: `lost` when a ref was elsewhere, `why` what the remote says. `locked`: with that, which lock of
    the remote's was met; another's push for a moment, or one that a killed git has left.
    """

    ok: bool
    lost: bool = False
    why: str = ""
    locked: str = ""


class RefClaims:
    """The claims of one holder. Implements `ports.Claims`; git runs in threads, so that the loop goes on."""

    def __init__(
        self,
        git: Git,
        holder: str,
        remote: str = "origin",
        *,
        place: str = "",
        seen: Path | None = None,
        now_ms: Callable[[], int] = boottime_ms,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """Claim from the clone of `git`.

        Args:
            git: a clone of the shared repository, which no other process uses at the same moment.
            holder: who claims; the same name in another process counts as the same holder, unless it has another place.
            remote: a name or an address.
            place: where this holder works, a word without "-" that its claims' ids begin with; claims of the same
                name from other places are then others' claims.
            seen: the file in which is kept how long claims were seen; by default in the clone.
            now_ms: a clock that only grows, for leases.
            wall_ms: the time of day, for people, and so that fences grow over claims that are gone.
            pause: how to wait, in seconds, before a push is tried again.
        """
        self._git = git
        self._holder = holder
        self._prefix = f"{place}-" if place else ""
        self._remote = remote
        self._now_ms = now_ms
        self._wall_ms = wall_ms
        self._pause = pause
        kept = seen or Path(git.line("rev-parse", "--absolute-git-dir")) / "coroom" / "claims-seen.json"
        self._sightings = Sightings(kept, now_ms)
        self.rejected = 0
        """Pushes that found another's value where they expected none: those who lose a race, and nobody else."""

    async def claim(self, resources: Sequence[Resource], purpose: str, ttl_ms: int = 0) -> Holding | Refused:
        """See the port."""
        return await asyncio.to_thread(self._claim, tuple(dict.fromkeys(resources)), purpose, ttl_ms or TTL_MS)

    async def renew(self, holding: Holding) -> Holding | Refused:
        """See the port."""
        return await asyncio.to_thread(self._renew, holding)

    async def release(self, holding: Holding) -> Refused | None:
        """See the port."""
        return await asyncio.to_thread(self._release, holding)

    async def live(self, *also: str) -> Sequence[Claim]:
        """The claims that are held now, by anybody; `also` are refspecs that are fetched in the same round trip.

        Raises:
            GitFailed: the remote does not answer.
        """
        return await asyncio.to_thread(lambda: self._live(self._look(*also).values()))

    def owns(self, claim: Claim) -> bool:
        """Whether a claim is this holder's own, made at this place."""
        return self._own(claim.holder, claim.id)

    async def end(self, claim: str, resources: Sequence[Resource] = ()) -> Refused | None:
        """End a claim, whoever holds it: for the person who runs the agents. Its holder is refused from then on."""
        return await asyncio.to_thread(self._end, claim, resources)

    async def leases(self, holding: Holding) -> Mapping[str, str] | Refused:
        """The ref of each resource with the object it points to, for a push that releases them with what it lands:
        `--force-with-lease=REF:OID` and `:REF` for each of them, atomic, go through only while it is still held.
        """
        return await asyncio.to_thread(self._leases, holding)

    def _claim(self, wanted: tuple[Resource, ...], purpose: str, ttl_ms: int) -> Holding | Refused:
        bad = _bad(wanted, purpose, ttl_ms)
        if bad:
            return bad
        claim = f"{self._prefix}{secrets.token_hex(8)}"
        # Most claims meet nobody: where names alone say whether they meet, the first push is made blind.
        exact = all(one.scheme in _EXACT for one in wanted)
        pushed = Pushed(ok=False)
        for turn in range(TRIES):
            over: list[Seen] = []
            if turn or not exact:
                seen = self._look()
                mine = self._mine(seen, wanted)
                if mine:
                    return self._renewed(mine)
                blocked = self._blocked(wanted, seen)
                if blocked:
                    return blocked
                over = self._taken_over(wanted, seen)
            fence = max([self._wall_ms(), *(one.record.fence + 1 for one in over)])
            record = self._record(claim, wanted, purpose, fence, ttl_ms)
            pushed = self._put(record, {one.ref: one.oid for one in over})
            if pushed.why:
                return _not_taken(pushed)
            if pushed.ok and (exact or self._alone(record)):
                return _holding(record)
            self._pause(random.uniform(0.01, 0.05) * (turn + 1))  # noqa: S311  who waits how long is no secret
        return self._lost(wanted, pushed)

    def _lost(self, wanted: tuple[Resource, ...], pushed: Pushed) -> Refused:
        refused = self._blocked(wanted, self._look())
        if not refused and pushed.locked:
            why = f"The remote is locked there: {pushed.locked}."
            return Refused(Code.WAIT, why, "Ask again; a lock that stays was left by a killed git: remove it there.")
        return refused or Refused(Code.CLAIMED, "Others claimed the same at the same moment.", "Ask again.")

    def _record(self, claim: str, resources: tuple[Resource, ...], purpose: str, fence: int, ttl_ms: int) -> Record:
        return Record(
            claim=claim,
            resources=resources,
            holder=self._holder,
            purpose=purpose,
            fence=fence,
            ttl_ms=ttl_ms,
            nonce=secrets.token_hex(16),
            at_ms=self._wall_ms(),
        )

    def _mine(self, seen: Mapping[str, Seen], wanted: tuple[Resource, ...]) -> list[Seen]:
        """The refs of a claim of this holder's own that has all of it, if there is one."""
        for one in seen.values():
            held = one.record.resources
            if self._own(one.record.holder, one.record.claim) and all(
                any(covers(have, want) for have in held) for want in wanted
            ):
                whole = [other for other in seen.values() if other.oid == one.oid]
                if {other.ref for other in whole} == {claim_ref(have) for have in held}:
                    return whole
        return []

    def _own(self, holder: str, claim: str) -> bool:
        return holder == self._holder and claim.startswith(self._prefix)

    def _blockers(self, wanted: tuple[Resource, ...], seen: Iterable[Seen], now_ms: int) -> tuple[Blocker, ...]:
        others = self._live(one for one in seen if not self._own(one.record.holder, one.record.claim))
        return blockers_of(wanted, Mode.EXCLUSIVE, NOBODY, others, now_ms)

    def _renewed(self, mine: list[Seen]) -> Holding | Refused:
        known = mine[0].record
        record = replace(known, nonce=secrets.token_hex(16), at_ms=self._wall_ms())
        pushed = self._put(record, {one.ref: one.oid for one in mine})
        if pushed.ok:
            return _holding(record)
        return _not_taken(pushed) if pushed.why else _gone(known.resources)

    def _blocked(self, wanted: tuple[Resource, ...], seen: Mapping[str, Seen]) -> Refused | None:
        now = self._now_ms()
        found = self._blockers(wanted, seen.values(), now)
        if found:
            return replace(claimed(wanted, found, now), next_step=ELSE)
        for want in wanted:
            there = seen.get(claim_ref(want))
            if there and want not in there.record.resources and self._left_ms(there) > 0:
                return Refused(Code.CLAIMED, f"{want} is held by {there.record.holder}: {there.record.purpose}.", ELSE)
        return None

    def _taken_over(self, wanted: tuple[Resource, ...], seen: Mapping[str, Seen]) -> list[Seen]:
        """What a claim of these replaces: this holder's own refs of that name, and whole claims that have run out and
        meet it, since their holders could still renew what is left of them.
        """
        names = {claim_ref(one) for one in wanted}
        met = {
            one.oid
            for one in seen.values()
            if self._left_ms(one) <= 0
            and (one.ref in names or any(overlaps(want, held) for want in wanted for held in one.record.resources))
        }
        return [one for one in seen.values() if one.oid in met or one.ref in names]

    def _left_ms(self, seen: Seen) -> int:
        return self._sightings.left_ms(seen.ref, seen.record.ttl_ms)

    def _alone(self, record: Record) -> bool:
        """Whether no claim overlaps with the one just pushed; else it is taken back.

        Each of two that meet pushes before it looks, so that at least the later one sees the other: never two winners.
        """
        seen = self._look()
        if not self._blockers(record.resources, seen.values(), self._now_ms()):
            return True
        mine = {ref: one.oid for ref, one in seen.items() if one.record.nonce == record.nonce}
        self._push({ref: ("", oid) for ref, oid in mine.items()})
        return False

    def _renew(self, holding: Holding) -> Holding | Refused:
        mine = self._held(holding)
        return self._renewed(mine) if mine else _gone(holding.resources)

    def _held(self, holding: Holding) -> list[Seen]:
        """The refs of a holding, or nothing when one of them is not its own any more."""
        seen = self._look()
        mine = [one for one in seen.values() if self._is(one, holding)]
        return mine if {one.ref for one in mine} >= {claim_ref(r) for r in holding.resources} else []

    def _is(self, seen: Seen, holding: Holding) -> bool:
        record = seen.record
        return (record.claim, record.fence, record.holder) == (holding.id, holding.fence, self._holder)

    def _release(self, holding: Holding) -> Refused | None:
        seen = [one for one in self._look().values() if self._is(one, holding)]
        if not seen:
            return _gone(holding.resources)
        pushed = self._push({one.ref: ("", one.oid) for one in seen})
        if pushed.ok:
            return None
        return _not_taken(pushed) if pushed.why else _gone(holding.resources)

    def _end(self, claim: str, resources: Sequence[Resource]) -> Refused | None:
        refs = {claim_ref(one) for one in resources}
        seen = [s for s in self._look().values() if s.record.claim == claim or s.ref in refs]
        if not seen:
            named = claim or ", ".join(map(str, resources))
            return Refused(Code.NOT_FOUND, f"No claim '{named}' is held.", "See who holds what: coroom claims")
        pushed = self._push({one.ref: ("", one.oid) for one in seen})
        if pushed.ok:
            return None
        return _not_taken(pushed) if pushed.why else Refused(Code.STALE, "It was renewed just now.", "Try again.")

    def _leases(self, holding: Holding) -> Mapping[str, str] | Refused:
        mine = self._held(holding)
        return {one.ref: one.oid for one in mine} if mine else _gone(holding.resources)

    def _live(self, seen: Iterable[Seen]) -> list[Claim]:
        now = self._now_ms()
        by_claim: dict[str, Claim] = {}
        for one in seen:
            left = self._left_ms(one)
            if left > 0:
                by_claim.setdefault(one.record.claim, one.claim(now, left))
        return sorted(by_claim.values(), key=lambda claim: (claim.fence, claim.id))

    def _look(self, *also: str) -> dict[str, Seen]:
        """What stands in the remote now. Raises GitFailed when it does not answer."""
        spec = f"+{PREFIX}*:{_SEEN}*"
        arguments = ("fetch", "--quiet", "--no-write-fetch-head", "--prune", "--no-tags", "--no-auto-gc", self._remote)
        self._git.run(*arguments, spec, *also, config=REMOTE)
        form = "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(raw:size)%00%(raw)"
        seen = dict(_listed(self._git.run("for-each-ref", form, _SEEN).out))
        self._sightings.look({ref: one.oid for ref, one in seen.items()})
        return seen

    def _put(self, record: Record, over: Mapping[str, str]) -> Pushed:
        """Point the refs of the record's resources at it; `over` are those that are there, and what they point to.
        Other refs among them go away with the same push.
        """
        oid = self._git.run("hash-object", "-w", "--stdin", stdin=record.write()).line
        own = {claim_ref(one) for one in record.resources}
        return self._push({ref: (oid if ref in own else "", over.get(ref, "")) for ref in own | over.keys()}, record)

    def _push(self, moves: Mapping[str, tuple[str, str]], record: Record | None = None) -> Pushed:
        """Move each ref from its old value to the new one, or none of them; empty: there is no such ref."""
        leases = [f"--force-with-lease={ref}:{old}" for ref, (_, old) in moves.items()]
        specs = [f"{new}:{ref}" for ref, (new, _) in moves.items()]
        arguments = ("push", "--quiet", "--porcelain", "--no-verify", "--atomic", *leases, self._remote, *specs)
        try:
            done = self._git.run(*arguments, expect=(0, 1, 128), config=REMOTE)
        except GitFailed:
            # Killed on its way: what the remote has says whether it got there.
            return Pushed(ok=record is not None and self._arrived(record))
        if done.code == 0:
            return Pushed(ok=True)
        pushed = _why(done)
        self.rejected += pushed.lost
        return pushed

    def _arrived(self, record: Record) -> bool:
        held = [one for one in self._look().values() if one.record.nonce == record.nonce]
        return len(held) == len(record.resources)


def _holding(record: Record) -> Holding:
    return Holding(id=record.claim, resources=record.resources, fence=record.fence, ttl_ms=record.ttl_ms)


def _bad(wanted: tuple[Resource, ...], purpose: str, ttl_ms: int) -> Refused | None:
    limits = Limits()
    if not wanted:
        return Refused(Code.BAD_INPUT, "A claim needs at least one resource.", "Name one, like issue:17.")
    if len(wanted) > limits.claim_resources_max:
        why = f"{len(wanted)} resources are more than the {limits.claim_resources_max} one claim may hold."
        return Refused(Code.LIMIT, why, "Claim a dir: or glob: instead.")
    if not 0 < ttl_ms <= limits.claim_ttl_ms_max:
        return Refused(Code.LIMIT, f"A claim lasts 1 ms to {limits.claim_ttl_ms_max // 1000} s.", "Renew it instead.")
    if len(purpose) > limits.title_chars_max or any(not c.isprintable() for c in purpose):
        why = f"A purpose is one line of at most {limits.title_chars_max} characters."
        return Refused(Code.BAD_INPUT, why, "Say it in one line.")
    return None


def _gone(resources: tuple[Resource, ...]) -> Refused:
    names = ", ".join(map(str, resources))
    why = f"Your claim on {names} has ended: it ran out or was ended, and may be another's."
    return Refused(Code.STALE, why, "Claim it again before you go on.")


def _not_taken(pushed: Pushed) -> Refused:
    return Refused(
        Code.FORBIDDEN,
        f"The remote does not take the claim: {pushed.why}.",
        f"Check that it is reachable and lets you push to {PREFIX}*.",
    )


def _why(done: Done) -> Pushed:
    """What stood in the way, read off the lines that are made for programs; the rest is prose."""
    reasons = [line.split(b"\t")[2].decode("utf-8", "replace") for line in done.out.splitlines() if line[:2] == b"!\t"]
    if not reasons:
        return Pushed(ok=False, why=reason_of(done.err))
    told = told_by(done.err)
    refused = [one for one in reasons if any(word in one for word in _REFUSED)]
    if refused:
        return Pushed(ok=False, why=f"{refused[0]} {told or reason_of(done.err)}"[:500])
    return Pushed(ok=False, lost=True, locked=told[:300] if is_locked(told) else "")


def _listed(out: bytes) -> Iterable[tuple[str, Seen]]:
    at = 0
    while at < len(out):
        ref, oid, kind, size, rest = out[at:].split(b"\0", 4)
        data = rest[: int(size)]
        at = len(out) - len(rest) + int(size) + 1
        name = PREFIX + ref.decode("utf-8", "replace").removeprefix(_SEEN)
        yield name, Seen(name, oid.decode(), read_record(name, oid.decode(), data if kind == b"blob" else b""))
