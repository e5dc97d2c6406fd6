"""The ToolSmith of a room: an agent says what tool it misses, and what passes its trial can be called by all."""

import asyncio
from dataclasses import dataclass

from coroom.core.agent import HOST, Permission
from coroom.core.decide.decision import lacks
from coroom.core.errors import Code, Refused
from coroom.host.calls import RoomCalls
from coroom.host.host import Host
from coroom.host.library import files_of, request_tool, toolbox_of
from coroom.ports import Files
from coroom.tools.registry import Toolbox
from coroom.tools.sandbox import Sandbox
from coroom.tools.smith import Proposer, Smith

REQUESTS_MAX = 100
"""Wishes that one opening of a room hears: each may cost several calls of a model."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The directory that recipes act on, and a place beside it for trials."""

    directory: str
    files: Files
    sandbox: Sandbox
    place: str

    def library(self, host: Host) -> Toolbox:
        """The tools that were made in the room before, at work on it."""
        return toolbox_of(host.state, self.files, self.sandbox)


class Smithy:
    """Hears one wish at a time, so that the same wish of two agents is one tool."""

    def __init__(self, host: Host, calls: RoomCalls, proposer: Proposer, ground: Ground) -> None:
        self._host, self._calls, self._ground = host, calls, ground
        self._smith = Smith(proposer, ground.directory, ground.place, files_of)
        self._one = asyncio.Lock()
        self._heard = 0

    async def request(self, agent: str, wish: str) -> str | Refused:
        """A tool for what the agent wishes; its name, once everybody may call it.

        Refused when the agent may not change anything, when nothing that was proposed passed its trial (with what was
        found), or when the ToolSmith does not answer.
        """
        bad = lacks(self._host.state, agent, Permission.EDIT) or self._out_of_bounds(wish)
        if bad:
            return bad
        async with self._one:
            self._heard += 1
            try:
                name = await request_tool(self._host, self._smith, HOST, wish)
            except Exception as broken:  # noqa: BLE001  whatever a model or a disk says, the room goes on
                why = f"The ToolSmith did not get there: {str(broken)[:300]}."
                return Refused(Code.RED, why, "Do it with the tools there are, or ask again later.")
            if isinstance(name, Refused):
                return name
            made = self._ground.library(self._host).get(name)
            if made and not self._calls.add(made):
                why = f"The room has another tool named {name}."
                return Refused(Code.DUPLICATE, why, "Use that one, or wish for something that differs.")
            return name

    def _out_of_bounds(self, wish: str) -> Refused | None:
        longest = self._host.state.limits.text_chars_max
        if not wish.strip() or len(wish) > longest:
            why = f"A wish is a sentence or a command line of at most {longest} characters."
            return Refused(Code.BAD_INPUT, why, "Say what the tool should do, in arguments.")
        if self._heard >= REQUESTS_MAX:
            return Refused(Code.LIMIT, f"{REQUESTS_MAX} tools were asked for since the room was opened.", "Use those.")
        return None
