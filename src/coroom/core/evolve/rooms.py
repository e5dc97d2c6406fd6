"""The room's own opening and closing."""

from coroom.core import event as e
from coroom.core.evolve.changes import Changes
from coroom.core.state import RoomState, but

changes = Changes()


@changes.on(e.RoomOpened)
def _room_opened(state: RoomState, _event: e.Event, body: e.RoomOpened) -> RoomState:
    return but(
        state,
        room=body.room,
        policy=body.policy,
        limits=body.limits,
        repository=body.repository,
        commit=body.commit,
    )


@changes.on(e.RoomClosed)
def _room_closed(state: RoomState, _event: e.Event, _body: e.RoomClosed) -> RoomState:
    return but(state, closed=True)


@changes.on(e.RoomReopened)
def _room_reopened(state: RoomState, event: e.Event, _body: e.RoomReopened) -> RoomState:
    claims = state.claims
    for claim in state.claims.values():
        claims = claims.put(claim.id, but(claim, deadline_ms=event.at_ms + claim.ttl_ms))
    return but(state, closed=False, claims=claims)
