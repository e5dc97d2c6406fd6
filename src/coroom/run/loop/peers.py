"""What an agent of a loop shares with the others beside the branch: what is held, what there is to do, what is new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from coroom.core.claim import Claim
from coroom.core.command import PostTask
from coroom.core.errors import Fault, Refused
from coroom.git.claims import RefClaims
from coroom.ports import Holding
from coroom.run.loop.failing import Failing
from coroom.run.loop.work import Item


@dataclass(frozen=True, slots=True)
class RoomSeat:
    """An agent's way into a room: where it is, and the secret that proves who comes."""

    url: str
    token: str = field(repr=False)


class RoomSilent(Fault):
    """The room does not answer."""


class Peers(Protocol):
    """The others, as one agent meets them. Raises GitFailed or RoomSilent when they cannot be reached."""

    async def held_by_others(self, *also: str) -> Sequence[Claim]:
        """What this agent had better leave alone; refspecs of the shared remote are fetched on the way."""
        ...

    async def claim(self, item: Item, ttl_ms: int) -> Holding | Refused:
        """Hold an item, or be told who does."""
        ...

    async def renew(self, holding: Holding) -> Holding | Refused:
        """Give a sign of life; refused when it is not held any more."""
        ...

    async def give_up(self, item: Item, holding: Holding, why: str) -> None:
        """Let others have it, and tell them what came of it."""
        ...

    async def landed(self, item: Item, commit: str) -> None:
        """The item is done; its claim has ended with the landing."""
        ...

    async def give_up_old(self) -> Sequence[Claim]:
        """End what an earlier process of this agent still holds: that process is gone, and this one begins anew.
        Gives back what is held in this agent's name by another loop, somewhere else.
        """
        ...

    async def tasks(self, failing: Failing, landed: Mapping[str, int]) -> Sequence[PostTask]:
        """What the others have put on a board, beside the loop's own list; the board is told of what fails.

        Args:
            failing: what the tests say of the branch.
            landed: the keys that landings have named, which are not to be opened again.
        """
        ...

    async def news(self) -> str:
        """What was said since the last look, in the words of others."""
        ...


class RefPeers:
    """Others whom one meets by refs in the shared remote alone. Implements `Peers`.

    `claims` are made at the agent's place. One in its name from another place belongs to another loop of that name,
    and is left alone like anybody's.
    """

    def __init__(self, claims: RefClaims, agent: str) -> None:
        self._claims = claims
        self._agent = agent

    async def held_by_others(self, *also: str) -> Sequence[Claim]:
        """See the port."""
        return [claim for claim in await self._claims.live(*also) if not self._claims.owns(claim)]

    async def claim(self, item: Item, ttl_ms: int) -> Holding | Refused:
        """See the port."""
        return await self._claims.claim([item.key], item.title[:200], ttl_ms)

    async def renew(self, holding: Holding) -> Holding | Refused:
        """See the port."""
        return await self._claims.renew(holding)

    async def give_up(self, _item: Item, holding: Holding, _why: str) -> None:
        """See the port; why is in the task's note."""
        await self._claims.release(holding)

    async def landed(self, _item: Item, _commit: str) -> None:
        """See the port."""

    async def give_up_old(self) -> Sequence[Claim]:
        """See the port."""
        named = [claim for claim in await self._claims.live() if claim.holder == self._agent]
        for claim in filter(self._claims.owns, named):
            await self._claims.end(claim.id)
        return [claim for claim in named if not self._claims.owns(claim)]

    async def tasks(self, _failing: Failing, _landed: Mapping[str, int]) -> Sequence[PostTask]:
        """See the port: there is no board beside the list."""
        return ()

    async def news(self) -> str:
        """See the port: nobody says anything here but by notes and landings."""
        return ""
