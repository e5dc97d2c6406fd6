"""Landing by itself: each time a task is done, what the room has accepted is tested and landed, for nobody to ask."""

import asyncio

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.errors import Code
from coroom.core.event import Event, TaskDone
from coroom.core.notice import NoticeKind
from coroom.host.door.needs import Lander
from coroom.host.host import Host

REASON_CHARS_MAX = 1_000

AGAIN_S = 1.0
"""When somebody else is landing right now."""


class LandingEach:
    """One landing at a time; tasks that are done while one runs are landed together by the next."""

    def __init__(self, host: Host, lander: Lander) -> None:
        """Begin to listen for tasks that are done."""
        self._host = host
        self._lander = lander
        self._done: list[tuple[str, str]] = []
        self._task: asyncio.Task[None] | None = None
        self._stop_listening = host.listen(self._heard)

    def _heard(self, event: Event) -> None:
        if not isinstance(event.body, TaskDone):
            return
        self._done.append((event.body.task, event.body.agent))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._land())

    async def _land(self) -> None:
        while self._done:
            done, self._done = self._done, []
            answer = await self._lander.land(OPERATOR, _quietly)
            if answer.refused and answer.refused.code is Code.WAIT:
                self._done = [*done, *self._done]
                await asyncio.sleep(AGAIN_S)
            elif answer.refused:
                for task, agent in done:
                    await self._tell(task, agent, answer.refused.why)

    async def _tell(self, task: str, agent: str, why: str) -> None:
        text = f"{task} is done and has not landed: {why[:REASON_CHARS_MAX]}"
        to = agent if agent in self._host.state.agents else OPERATOR
        await self._host.submit(HOST, c.Say(kind=NoticeKind.NOTE, text=text, to=to, about=task))

    async def close(self) -> None:
        """Land nothing more; a landing under way is cut off, which is as safe as a crash."""
        self._stop_listening()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


async def _quietly(_text: str) -> None:
    """Nobody waits for it."""
