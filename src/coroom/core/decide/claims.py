"""Claims: granted whole or refused at once, renewed by signs of life, ended by release, time or the operator."""

from coroom.core.agent import HOST, OPERATOR, Permission, Presence
from coroom.core.claim import Blocker, Claim, Claimed, Ending, Mode, blockers_of
from coroom.core.command import ClaimResources, Granted, Ok, Release, TakeOver
from coroom.core.decide.decision import Decision, decided, lacks, notice, refused
from coroom.core.errors import Code, Refused
from coroom.core.event import Body, ClaimEnded, ClaimGranted, ClaimRefused, ClaimsRenewed, TaskReturned
from coroom.core.notice import NoticeKind
from coroom.core.policies import POLICIES
from coroom.core.policy import in_the_way
from coroom.core.quick import maker
from coroom.core.resource import Footprint, Resource, Scheme, covers, overlaps
from coroom.core.state import RoomState, but

_claim_granted, _footprint, _granted = maker(ClaimGranted), maker(Footprint), maker(Granted)
_STRENGTH = {Mode.ANNOUNCED: 0, Mode.SHARED: 1, Mode.EXCLUSIVE: 2}


def claim_resources(state: RoomState, by: str, command: ClaimResources, now_ms: int) -> Decision:
    """Grant all or none. Held already in that mode or a stronger one: renewed, with the same fence."""
    bad = lacks(state, by, Permission.CLAIM) or _bad_claim(state, command)
    if bad:
        return Decision(bad)
    wanted = tuple(dict.fromkeys(command.resources))
    held = state.claims_of(by)
    for mine in held:
        strong_enough = _STRENGTH[mine.mode] >= _STRENGTH[command.mode]
        if strong_enough and all(any(covers(one, want) for one in mine.resources) for want in wanted):
            return Decision(
                Granted(mine.id, mine.fence, now_ms + mine.ttl_ms),
                (ClaimsRenewed(agent=by, claims=(mine.id,), now_ms=now_ms),),
            )
    if len(held) >= state.limits.claims_per_agent_max:
        return refused(Code.LIMIT, f"You hold {len(held)} claims.", "Release what you do not need.")
    barred = in_the_way(POLICIES[state.policy].admit(state, by, _footprint(writes=wanted)))
    if barred and command.mode is Mode.EXCLUSIVE:
        return Decision(barred)
    blockers = blockers_of(wanted, command.mode, by, state.claims_near(wanted), now_ms)
    if blockers:
        return _refuse(by, wanted, command.mode, blockers, now_ms)
    granted = grant(state, by, wanted, command.mode, command.purpose, command.ttl_ms, now_ms)
    return decided((_granted(granted.claim, granted.fence, granted.deadline_ms), (granted,), ()))


def grant(
    state: RoomState,
    agent: str,
    wanted: tuple[Resource, ...],
    mode: Mode,
    purpose: str,
    ttl_ms: int,
    now_ms: int,
) -> ClaimGranted:
    """The event of a claim that nothing stands against, as who calls has found out."""
    ttl_ms = ttl_ms or state.limits.claim_ttl_ms_default
    assert wanted
    assert ttl_ms > 0
    return _claim_granted(
        claim=f"c{state.numbered + 1}",
        agent=agent,
        resources=wanted,
        mode=mode,
        purpose=purpose,
        fence=state.fence + 1,
        ttl_ms=ttl_ms,
        deadline_ms=now_ms + ttl_ms,
    )


def _bad_claim(state: RoomState, command: ClaimResources) -> Refused | None:
    limits = state.limits
    if not command.resources:
        return Refused(
            Code.BAD_INPUT,
            "A claim needs at least one resource.",
            "Name what you will change, like file:src/a.py.",
        )
    if len(command.resources) > limits.claim_resources_max:
        return Refused(
            Code.LIMIT,
            f"{len(command.resources)} resources are more than the {limits.claim_resources_max} one claim may hold.",
            "Claim a dir: or glob: instead.",
        )
    if any(r.scheme is Scheme.TASK for r in command.resources):
        return Refused(Code.BAD_INPUT, "A task is held by taking it.", "Call task with do=next or do=take.")
    if not 0 <= command.ttl_ms <= limits.claim_ttl_ms_max:
        return Refused(
            Code.LIMIT,
            f"A claim lasts 1 ms to {limits.claim_ttl_ms_max // 1000} s.",
            "Leave the time out; every call of yours renews your claims.",
        )
    if len(command.purpose) > limits.title_chars_max:
        return Refused(Code.LIMIT, f"A purpose has at most {limits.title_chars_max} characters.", "Say it in one line.")
    return None


def claimed(
    wanted: tuple[Resource, ...], blockers: tuple[Blocker, ...], now_ms: int, *, purposes: bool = True
) -> Claimed:
    """The refusal that names holder, purpose, expiry, and what is free. A purpose is another agent's words: it is
    left out (`purposes` False) where the room says the sentence on as its own.
    """
    assert blockers
    free = tuple(want for want in wanted if not any(b.wanted == want for b in blockers))
    lines = dict.fromkeys(
        f"{b.held} is held by {b.holder} ({b.mode.value}{f': {b.purpose}' if b.purpose and purposes else ''}) "
        f"for {max(1, (b.until_ms - now_ms) // 1000)} s more unless renewed."
        for b in blockers
    )
    free_text = f" Free of what you asked: {', '.join(map(str, free))}." if free else ""
    return Claimed(
        Code.CLAIMED,
        " ".join(lines) + free_text,
        "Work on something else or claim what is free; you will be told when it is released.",
        blockers,
        free,
    )


def _refuse(by: str, wanted: tuple[Resource, ...], mode: Mode, blockers: tuple[Blocker, ...], now_ms: int) -> Decision:
    holders = tuple(dict.fromkeys(b.holder for b in blockers))
    return Decision(
        claimed(wanted, blockers, now_ms),
        (ClaimRefused(agent=by, resources=wanted, mode=mode, holders=holders),),
    )


def release(state: RoomState, by: str, command: Release, now_ms: int) -> Decision:
    """Give up what the named resources cover; refused when nothing of it is held."""
    bad = lacks(state, by, Permission.CLAIM)
    if bad:
        return Decision(bad)
    ended = []
    for claim in state.claims_of(by):
        given = tuple(r for r in claim.resources if _given_up(r, command.resources))
        if given:
            ended.append(end(claim, given, Ending.RELEASED, by))
    if command.resources and not ended:
        held = ", ".join(str(r) for c in state.claims_of(by) for r in c.resources) or "nothing"
        return refused(
            Code.NOT_YOURS,
            f"You hold none of that; you hold {held}.",
            "Release what you hold, as you claimed it.",
        )
    return Decision(Ok(), (*ended, *freed(state, ended, now_ms)))


def _given_up(held: Resource, named: tuple[Resource, ...]) -> bool:
    if held.scheme is Scheme.TASK:
        return False
    return not named or any(covers(name, held) for name in named)


def take_over(state: RoomState, by: str, command: TakeOver, now_ms: int) -> Decision:
    """End another's claim: with the permission to, or because its holder has left."""
    claim = state.claims.get(command.claim)
    if claim is None:
        return refused(Code.NOT_FOUND, f"No claim '{command.claim}' is held.", "Call sync to see who holds what.")
    holder = state.agents.get(claim.holder)
    gone = claim.holder not in {HOST, OPERATOR} and (holder is None or holder.presence is Presence.LEFT)
    bad = lacks(state, by, Permission.CLAIM if gone else Permission.RELEASE_OTHERS)
    if bad:
        return Decision(bad)
    ended = [end(claim, claim.resources, Ending.TAKEN_OVER, by)]
    told = notice(
        state,
        1,
        NoticeKind.OPERATOR,
        sender=by,
        to=claim.holder,
        text=f"Your claim on {', '.join(map(str, claim.resources))} was ended by {by}. {command.reason}".strip(),
        resources=claim.resources,
    )
    back = task_given_back(state, ended, f"the claim was ended by {by}")
    return Decision(Ok(claim.id), (*ended, *back, told, *freed(state, ended, now_ms, first=2)))


def end(claim: Claim, resources: tuple[Resource, ...], ending: Ending, by: str) -> ClaimEnded:
    """The event of a claim that ends, for some or all of its resources."""
    assert resources
    assert set(resources) <= set(claim.resources)
    return ClaimEnded(claim=claim.id, agent=claim.holder, resources=resources, ending=ending, by=by)


def expired(state: RoomState, now_ms: int) -> tuple[Body, ...]:
    """What time alone has brought about by `now_ms`: ended claims, tasks given back, waiters told."""
    late = state.holdings().late(now_ms)
    if not late:
        return ()
    ended = [end(claim, claim.resources, Ending.EXPIRED, HOST) for claim in late]
    back = task_given_back(state, ended, "the claim ran out without a sign of life")
    told = _told_of_expiry(state, ended)
    return (*ended, *back, *told, *freed(state, ended, now_ms, first=1 + len(told)))


def _told_of_expiry(state: RoomState, ended: list[ClaimEnded]) -> tuple[Body, ...]:
    """One notice for each holder still here: a slow agent must learn that what it holds is no longer its own."""
    told: list[Body] = []
    for holder in dict.fromkeys(e.agent for e in ended):
        lost = tuple(r for e in ended if e.agent == holder for r in e.resources)
        text = (
            f"Your claim on {', '.join(map(str, lost))} ran out, since nothing was heard of you. "
            f"Claim it again before you go on; somebody else may have it by now."
        )
        told.append(
            notice(state, 1 + len(told), NoticeKind.CONFLICT, sender=HOST, to=holder, text=text, resources=lost)
        )
    return tuple(told)


def task_given_back(state: RoomState, ended: list[ClaimEnded], note: str) -> tuple[TaskReturned, ...]:
    """Tasks whose holding claim is among the ended go back to the board."""
    claims = {e.claim for e in ended if any(r.scheme is Scheme.TASK for r in e.resources)}
    held = sorted((t for t in state.tasks.values() if t.claim in claims), key=lambda t: t.posted_seq)
    assert all(t.holder for t in held)
    return tuple(TaskReturned(task=t.id, agent=t.holder or "", note=note) for t in held)


def freed(state: RoomState, ended: list[ClaimEnded], now_ms: int, *, first: int = 1) -> tuple[Body, ...]:
    """Tell those who were refused, first come first, that all they wanted is free now."""
    if not ended or not state.wanted:
        return ()
    given = {e.claim: set(e.resources) for e in ended}
    gone = {e.agent for e in ended if e.ending is Ending.HOLDER_LEFT}
    told: list[Body] = []
    for want in state.wanted:
        met = [r for e in ended for r in e.resources if any(overlaps(r, w) for w in want.resources)]
        if not met or want.agent in gone:
            continue
        left = (_without(c, given[c.id]) if c.id in given else c for c in state.claims_near(want.resources))
        if blockers_of(want.resources, want.mode, want.agent, left, now_ms):
            continue
        told.append(
            notice(
                state,
                first + len(told),
                NoticeKind.FREED,
                sender=HOST,
                to=want.agent,
                text=f"Free now: {', '.join(map(str, want.resources))}. Claim it if you still need it.",
                resources=want.resources,
            )
        )
    return tuple(told)


def _without(claim: Claim, given: set[Resource]) -> Claim:
    return but(claim, resources=tuple(r for r in claim.resources if r not in given))


def past_half(state: RoomState, by: str, now_ms: int) -> tuple[str, ...]:
    """The agent's claims of whose lease half is gone."""
    held = state.claims_of(by)
    return tuple([c.id for c in held if c.deadline_ms - now_ms < c.ttl_ms // 2]) if held else ()


def renewals(state: RoomState, by: str, now_ms: int) -> tuple[ClaimsRenewed, ...]:
    """Renew the agent's claims once half of a lease is gone; nothing otherwise, so that the log stays small."""
    due = past_half(state, by, now_ms)
    return (ClaimsRenewed(agent=by, claims=due, now_ms=now_ms),) if due else ()
