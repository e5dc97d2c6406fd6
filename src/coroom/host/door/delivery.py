"""Which unread notices ride on a reply, and when they count as read."""

from collections import Counter
from collections.abc import Iterable

from coroom.core.notice import URGENT, Notice, NoticeKind
from coroom.core.ordering.gate import unripe
from coroom.core.quick import dataclass
from coroom.core.resource import overlaps
from coroom.core.state import RoomState
from coroom.host.door.receipt import RECEIPT, Batch

RIDE_CHARS_MAX = 1_600
"""About 400 tokens on any reply that the agent did not ask for."""

SYNC_CHARS_MAX = 8_000
"""About 2,000 tokens on a sync, which the agent asked for."""

TELLINGS_MAX = 3
"""How often a notice is told to a client that comes by a new connection each time: then it counts as read. A network
that loses three replies in a row would tell nobody anything."""

STREAMED_TELLINGS_MAX = 2
"""The same for the news on a sync, to a client that never gives a cursor back: most of these have read it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The notices that a reply carries, most relevant first, and how many wait for the next one."""

    notices: tuple[Notice, ...]
    left: int

    @property
    def cursor(self) -> int:
        """How far a reader of this has come: the newest that it was told of."""
        return max((notice.seq for notice in self.notices), default=0)


def choose(state: RoomState, agent: str, chars_max: int, *, asked: bool = True) -> Delivery:
    """The unread notices that fit into `chars_max`: urgent ones first, then those on what the agent holds. Unless it
    has `asked` for news, those of the order wait that may still change.
    """
    inbox = state.inbox(agent)
    if not inbox:
        return Delivery((), 0)
    later = unripe(state.order, state.agents, agent) if state.order.notices and not asked else frozenset()
    unread = [n for n in inbox if n.id not in later]
    held = [r for claim in state.claims_of(agent) for r in claim.resources]

    def weight(notice: Notice) -> tuple[int, int]:
        touches_mine = any(overlaps(r, h) for r in notice.resources for h in held)
        if notice.kind in URGENT:
            return 0, notice.seq
        if touches_mine or notice.kind is NoticeKind.OBSERVED:
            return 1, notice.seq
        return (2 if notice.to == agent else 3), notice.seq

    chosen: list[Notice] = []
    room = chars_max
    for notice in sorted(unread, key=weight):
        room -= len(notice.text) + 60
        if chosen and room < 0:
            break
        chosen.append(notice)
    return Delivery(tuple(chosen), len(unread) - len(chosen))


class Cursors:
    """What each agent was handed and has not yet acknowledged.

    A reply can be lost on its way, so a notice counts as read when its agent comes back in a way that proves it:

    - after a plain reply, by another call, made after the reply had left; where the reply left its connection open, by
      that connection, since whoever lost a reply to a cut comes back by another
    - after a `sync`, which is answered by a stream, by the cursor that its reply told, or a newer one; an older one
      proves that the reply was lost, and an agent that gives none is told once more

    Delivery is at least once, in order, and survives a restart of either side (promise notice:delivered).
    """

    def __init__(self) -> None:
        self._handed: dict[str, list[Batch]] = {}
        self._unproved: dict[str, Counter[str]] = {}

    def hand(self, agent: str, delivery: Delivery, *, tells_cursor: bool = False) -> None:
        """Remember what the reply under way carries, and whether it tells its reader the delivery's cursor."""
        if delivery.notices:
            batch = Batch(tuple(n.id for n in delivery.notices), delivery.cursor if tells_cursor else 0)
            self._handed.setdefault(agent, []).append(batch)
            receipt = RECEIPT.get()
            if receipt:
                receipt.holds(batch)

    def acknowledged(self, agent: str, cursor: int = 0) -> tuple[str, ...]:
        """What the agent has seen, now that it calls again; asked once for each call. `cursor` is the newest that it
        has been told by a sync, where it says so; else what the receipt of the call says.
        """
        batches = self._handed.pop(agent, [])
        left = [batch for batch in batches if batch.under_way]
        if left:
            self._handed[agent] = left
        receipt = RECEIPT.get()
        connection = receipt.connection if receipt else ""
        cursor = cursor or (receipt.cursor if receipt else 0)
        seen: dict[str, None] = {}
        for batch in batches:
            if batch.under_way or (cursor and batch.cursor > cursor):
                continue
            kept = connection in ("", batch.connection) or not batch.connection
            proved = cursor > 0 if batch.streamed else kept
            seen |= dict.fromkeys(batch.notices if proved else self._told_often(agent, batch))
        self._counted_out(agent, seen)
        return tuple(seen)

    def _told_often(self, agent: str, batch: Batch) -> list[str]:
        """Those of the notices that were told so often without a proof that their client just gives none."""
        told = self._unproved.setdefault(agent, Counter())
        told.update(batch.notices)
        most = STREAMED_TELLINGS_MAX if batch.streamed else TELLINGS_MAX
        return [notice for notice in batch.notices if told[notice] >= most]

    def _counted_out(self, agent: str, seen: Iterable[str]) -> None:
        told = self._unproved.get(agent)
        if told is not None:
            for notice in seen:
                told.pop(notice, None)
            if not told:
                del self._unproved[agent]

    def forget(self, agent: str) -> None:
        """Whatever the agent was handed may never have been read."""
        self._handed.pop(agent, None)
        self._unproved.pop(agent, None)

    def take_back(self, agent: str, notices: tuple[str, ...]) -> None:
        """A reply that carried these was lost: the agent has not been handed them after all."""
        for batch in self._handed.get(agent, ()):
            batch.notices = tuple(n for n in batch.notices if n not in notices)
