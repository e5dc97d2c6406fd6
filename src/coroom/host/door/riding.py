"""What rides on answers: each carries what its agent has not read, until it comes back in a way that proves it has."""

from dataclasses import replace

from coroom.core import command as c
from coroom.core.agent import EVERYONE, HOST
from coroom.core.codec import Json
from coroom.core.errors import Code, Refused
from coroom.core.notice import NoticeKind
from coroom.core.room import answered_before
from coroom.host.door.answer import Answer, data_of
from coroom.host.door.delivery import RIDE_CHARS_MAX, SYNC_CHARS_MAX, Cursors, choose
from coroom.host.host import Host

CONTRACTS_TOLD_MAX = 20
"""The newest of what others settled before an agent came, told to it at its start."""


class Riding:
    """The answers of a room, with the notices that ride on them. One for all its agents: it knows what each of them was
    handed, and who has been introduced.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._cursors = Cursors()
        self._introduced: set[str] = set()

    async def arrive(self, agent: str, operation: str = "", cursor: int = 0) -> None:
        """The agent calls again, which proves some of what it was handed as read. `cursor` is as of
        `Cursors.acknowledged`.
        """
        seen = self._cursors.acknowledged(agent, cursor)
        # Who asks for an operation again has not got the reply to it.
        if seen and not answered_before(self._host.state, agent, operation):
            await self._host.submit(agent, c.MarkRead(seen))

    def answer(
        self,
        agent: str,
        text: str,
        data: dict[str, Json],
        *,
        chars_max: int = RIDE_CHARS_MAX,
        file: str | None = None,
    ) -> Answer:
        """What was asked for, with as many unread notices as fit into `chars_max`."""
        delivery = choose(self._host.state, agent, chars_max, asked=chars_max > RIDE_CHARS_MAX)
        self._cursors.hand(agent, delivery)
        return Answer(text=text, data=data, file=file, notices=delivery.notices, left=delivery.left)

    def refusal(self, agent: str, refused: Refused) -> Answer:
        """Why not, with unread notices; those of the order that may still change wait, unless it is for their sake."""
        asked = refused.code in {Code.JUDGE, Code.RESTARTED, Code.STALE}
        delivery = choose(self._host.state, agent, RIDE_CHARS_MAX, asked=asked)
        self._cursors.hand(agent, delivery)
        return Answer(refused=refused, data=data_of(refused), notices=delivery.notices, left=delivery.left)

    def replied(self, agent: str, reply: c.Good | Refused, text: str) -> Answer:
        """The room's reply to a command: why not, or `text` with the reply as data."""
        return self.refusal(agent, reply) if isinstance(reply, Refused) else self.answer(agent, text, data_of(reply))

    def news(self, agent: str, data: dict[str, Json]) -> Answer:
        """The answer to a sync: it tells the cursor of what it carries, and is an introduction if there was none."""
        delivery = choose(self._host.state, agent, SYNC_CHARS_MAX)
        self._cursors.hand(agent, delivery, tells_cursor=True)
        if delivery.notices:
            data["cursor"] = delivery.cursor
        answer = Answer(data=data, notices=delivery.notices, left=delivery.left)
        return answer if agent in self._introduced else self.introduce(agent, answer)

    def introduce(self, agent: str, answer: Answer) -> Answer:
        """The answer with the contracts that were said before the agent came, which no inbox of its own has held."""
        state = self._host.state
        me = state.agents.get(agent)
        if me is None:
            return answer
        self._introduced.add(agent)
        settled = [
            n
            for n in state.notices
            if n.kind is NoticeKind.CONTRACT and n.seq < me.joined_seq and n.to == EVERYONE and n.sender != agent
        ]
        known = {n.id for n in state.inbox(agent)}
        earlier = tuple(n for n in settled[-CONTRACTS_TOLD_MAX:] if n.id not in known)
        return replace(answer, notices=(*answer.notices, *earlier))

    async def handed(self, agent: str, answer: Answer) -> Answer:
        """See `Door.handed`."""
        of_order = {n.id for n in answer.notices if n.id in self._host.state.order.notices}
        if not of_order:
            return answer
        await self._host.submit(HOST, c.HandNotices(agent, tuple(sorted(of_order))))
        still = self._host.state.order.notices
        return replace(answer, notices=tuple(n for n in answer.notices if n.id not in of_order or n.id in still))

    def undelivered(self, agent: str, answer: Answer) -> None:
        """See `Door.undelivered`."""
        self._cursors.take_back(agent, tuple(n.id for n in answer.notices))
        unread = {n.id for n in self._host.state.inbox(agent)}
        if any(n.id not in unread for n in answer.notices):
            self._introduced.discard(agent)

    def forget(self, agent: str) -> None:
        """The agent begins anew: what it was handed last may never have been read, nor its introduction."""
        self._cursors.forget(agent)
        self._introduced.discard(agent)
