"""What tests of a room need, shipped for the tests of others: a scripted model server and a pretended room."""

from coroom.testing.loopback import Loopback
from coroom.testing.model_server import ModelServer, Received
from coroom.testing.pretend_room import Called, Hooked, PretendRoom
from coroom.testing.rate import Rate
from coroom.testing.script import ApiError, Call, Outcome, Script, Turn

__all__ = [
    "ApiError",
    "Call",
    "Called",
    "Hooked",
    "Loopback",
    "ModelServer",
    "Outcome",
    "PretendRoom",
    "Rate",
    "Received",
    "Script",
    "Turn",
]
