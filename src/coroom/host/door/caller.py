"""Who stands at the door: proved by a secret at the guard, carried in the request's scope, never in an argument."""

from collections.abc import MutableMapping
from typing import Any, cast

from coroom.core.agent import OPERATOR
from coroom.core.quick import dataclass
from coroom.host.door.door import Door

_KEY = "coroom.caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """An agent of a room, or its operator, and the door of that room."""

    room: str
    name: str
    door: Door

    @property
    def is_operator(self) -> bool:
        """Whether this is the person who runs the room."""
        return self.name == OPERATOR


def note(scope: MutableMapping[str, Any], caller: Caller) -> None:
    """Write into the request's scope who was proved to call; only the guard does."""
    scope[_KEY] = caller


def caller_of(scope: MutableMapping[str, Any]) -> Caller | None:
    """Who was proved to send the request with this scope; None when nobody was."""
    return cast("Caller | None", scope.get(_KEY))
