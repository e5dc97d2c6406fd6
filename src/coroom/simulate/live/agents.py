"""The model of an agent that plays a program over the network: it repeats what it asked until it is answered."""

from collections.abc import Generator
from dataclasses import replace

from coroom.core.errors import Code, Refused
from coroom.host.calls.carry import Waits
from coroom.simulate.live.host import Reply, Request
from coroom.simulate.schedule.actor import Actor, Answer, Ask

NOT_NOW = frozenset({Code.PAUSED})
"""The refusals that are no answer: the agent asks again later."""


class LiveAgent:
    """One agent: an actor, and what it has under way. It keeps its memory when it is seated anew."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.name = actor.name
        self.incarnation = 1
        self.stalled = 0
        self.unheard = False
        self.taken_back = False
        self.copies: list[Request] = []
        self._operations = self._copies = 0
        self._work = self._life()
        self._asked = self._numbered(next(self._work))

    @property
    def secret(self) -> str:
        """What this incarnation proves itself with."""
        return f"{self.name}/{self.incarnation}"

    @property
    def asks(self) -> Ask:
        """What it asks now, and again until it is answered."""
        return self._asked

    def request(self) -> Request:
        """What it asks, on its way."""
        self.unheard = True
        self._copies += 1
        made = Request(self.incarnation, self.secret, self._asked, self._copies)
        self.copies.append(made)
        return made

    def awaits(self, reply: Reply) -> bool:
        """Whether this is the answer to what it asks now: others come late, or twice. Who has asked again no longer
        listens where it asked before: that it was refused there says nothing of the copy that is still on its way.
        """
        current = reply.request.incarnation == self.incarnation and reply.request.ask == self._asked
        refused = isinstance(reply.answer, Refused | Waits)
        return current and not self.actor.dead and (not refused or reply.request.copy == self._copies)

    def hear(self, reply: Reply) -> None:
        """The answer that it waits for arrives."""
        if isinstance(reply.answer, Refused) and reply.answer.code in NOT_NOW:
            return
        self.answered(reply.answer)

    def answered(self, answer: Answer) -> None:
        """It goes on to its next question."""
        self.unheard = False
        self._asked = self._numbered(self._work.send(answer))

    def _numbered(self, ask: Ask) -> Ask:
        self._operations += 1
        return replace(ask, operation=f"{self.name}+{self._operations}")

    def _life(self) -> Generator[Ask, Answer, None]:
        actor = self.actor
        while True:
            if actor.has_step:
                yield from actor.take_step()
                continue
            yield from actor.hear()
            if not actor.done and not actor.has_step:
                yield from actor.conclude()
