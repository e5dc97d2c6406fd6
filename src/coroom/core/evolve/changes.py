"""How a subject says what its events change."""

from collections.abc import Callable
from typing import TypeVar, cast

from coroom.core.event import Body, Event
from coroom.core.state import RoomState

_B = TypeVar("_B", bound=Body)
Change = Callable[[RoomState, Event, Body], RoomState]


class Changes(dict[type[object], Change]):
    """One function for each kind of event of a subject; `evolve` puts the subjects together."""

    def on(self, kind: type[_B]) -> Callable[[Callable[[RoomState, Event, _B], RoomState]], None]:
        """The function below says what an event of this kind changes."""

        def register(change: Callable[[RoomState, Event, _B], RoomState]) -> None:
            self[kind] = cast("Change", change)

        return register
