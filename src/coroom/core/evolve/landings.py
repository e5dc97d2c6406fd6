"""Landings kept back."""

from coroom.core import event as e
from coroom.core.evolve.changes import Changes
from coroom.core.state import RoomState, but

changes = Changes()


@changes.on(e.LandingsHeld)
def _landings_held(state: RoomState, _event: e.Event, body: e.LandingsHeld) -> RoomState:
    return but(state, landings_held=body.reason)


@changes.on(e.LandingsReleased)
def _landings_released(state: RoomState, _event: e.Event, _body: e.LandingsReleased) -> RoomState:
    return but(state, landings_held="")
