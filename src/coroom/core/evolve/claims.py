"""What is held, and who waits for it."""

from coroom.core import event as e
from coroom.core.claim import Claim
from coroom.core.evolve.changes import Changes
from coroom.core.quick import maker
from coroom.core.state import RoomState, Wanted, but

changes = Changes()
_claim = maker(Claim)


@changes.on(e.ClaimGranted)
def _claim_granted(state: RoomState, _event: e.Event, body: e.ClaimGranted) -> RoomState:
    claim = _claim(
        id=body.claim,
        holder=body.agent,
        resources=body.resources,
        mode=body.mode,
        purpose=body.purpose,
        fence=body.fence,
        ttl_ms=body.ttl_ms,
        deadline_ms=body.deadline_ms,
    )
    return but(
        state,
        claims=state.claims.put(claim.id, claim),
        fence=max(state.fence, body.fence),
        numbered=state.numbered + 1,
        wanted=_still_wanted(state.wanted, body) if state.wanted else (),
    )


def _still_wanted(wanted: tuple[Wanted, ...], body: e.ClaimGranted) -> tuple[Wanted, ...]:
    granted = set(body.resources)
    return tuple([want for want in wanted if want.agent != body.agent or not set(want.resources) <= granted])


@changes.on(e.ClaimRefused)
def _claim_refused(state: RoomState, _event: e.Event, body: e.ClaimRefused) -> RoomState:
    want = Wanted(body.agent, body.resources, body.mode)
    if want in state.wanted or not body.agent:
        return state
    return but(state, wanted=(*state.wanted, want)[-state.limits.wanted_max :])


@changes.on(e.ClaimsRenewed)
def _claims_renewed(state: RoomState, _event: e.Event, body: e.ClaimsRenewed) -> RoomState:
    claims = state.claims
    for name in body.claims:
        claim = claims.get(name)
        if claim:
            claims = claims.put(name, but(claim, deadline_ms=body.now_ms + claim.ttl_ms))
    agent = state.agents.get(body.agent)
    agents = state.agents.put(agent.name, but(agent, seen_ms=body.now_ms)) if agent else state.agents
    return but(state, claims=claims, agents=agents)


@changes.on(e.ClaimEnded)
def _claim_ended(state: RoomState, _event: e.Event, body: e.ClaimEnded) -> RoomState:
    claim = state.claims.get(body.claim)
    if claim is None:
        return state
    kept = tuple(r for r in claim.resources if r not in body.resources)
    claims = state.claims.put(claim.id, but(claim, resources=kept)) if kept else state.claims.without(claim.id)
    return but(state, claims=claims)
