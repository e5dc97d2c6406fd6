"""Claims by a room, for a harness that could as well claim by refs (`ports.Claims`)."""

from collections.abc import Sequence

from coroom.agents.room_client import RoomClient, Told
from coroom.core.errors import Code, Refused
from coroom.core.resource import Resource
from coroom.ports import Holding


class RoomClaims:
    """The claims of the agent whose connection it is. Implements `ports.Claims`."""

    def __init__(self, client: RoomClient) -> None:
        self._client = client

    async def claim(self, resources: Sequence[Resource], purpose: str, ttl_ms: int = 0) -> Holding | Refused:
        """See the port."""
        asked = {"resources": [str(one) for one in resources], "mode": "exclusive", "purpose": purpose}
        told = await self._client.call("claim", {**asked, "ttl_s": ttl_ms / 1000} if ttl_ms else asked)
        if told.refused:
            return refused_of(told)
        data = told.data
        return Holding(id=str(data["claim"]), resources=tuple(resources), fence=int(data["fence"]), ttl_ms=ttl_ms)

    async def renew(self, holding: Holding) -> Holding | Refused:
        """See the port. The room renews what is held; where it had ended, what it grants has another fence."""
        again = await self.claim(holding.resources, "", holding.ttl_ms)
        if isinstance(again, Refused):
            return Refused(Code.STALE, again.why, again.next_step)
        if again.fence == holding.fence:
            return again
        await self.release(again)
        return Refused(Code.STALE, "Your claim had run out.", "Claim it again before you go on.")

    async def release(self, holding: Holding) -> Refused | None:
        """See the port. The room releases by name, and only what is this agent's own."""
        told = await self._client.call("release", {"resources": [str(one) for one in holding.resources]})
        return refused_of(told) if told.refused else None


def refused_of(told: Told) -> Refused:
    """A refusal of the room as a value."""
    code = Code(told.code) if told.code in set(Code) else Code.BAD_INPUT
    return Refused(code, told.text, "")
