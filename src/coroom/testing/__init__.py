"""What tests of a room need, shipped for the tests of others: a scripted model server and a pretended room.

- a model provider without a model (docs/testing.md): `script` (what it says), `scripts_file`, `model_server` with
  `rate`, `toolbox` (what clients call their tools) and the `dialects` of providers
- a room without a host: `pretend_room`; a room with a morning's work in it: `sample_room`
- the rest of the world: `loopback`, `browser`, `postgres_server`, `kubernetes_api` over `kubernetes_objects` and
  `kubernetes_patches`
"""

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
