"""A door that tells nobody anything: for agents that share files and know of no room, as experiments want them."""

from coroom.host.door.answer import Answer, ToolUse
from coroom.host.door.recorder import RecordedDoor


class SilentDoor(RecordedDoor):
    """What agents' hooks report is taken in and recorded as ever; nothing rides back; what was sent stays unread."""

    async def after_tool(self, agent: str, use: ToolUse) -> Answer:
        """See `Door.after_tool`."""
        return self._kept_back(agent, await super().after_tool(agent, use))

    async def on_start(self, agent: str) -> Answer:
        """See `Door.on_start`."""
        return self._kept_back(agent, await super().on_start(agent))

    async def on_stop(self, agent: str) -> Answer:
        """See `Door.on_stop`."""
        return self._kept_back(agent, await super().on_stop(agent))

    def _kept_back(self, agent: str, answer: Answer) -> Answer:
        self.undelivered(agent, answer)
        return Answer()
