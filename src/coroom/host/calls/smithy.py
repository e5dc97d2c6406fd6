"""The ToolSmith of a room: an agent says what tool it misses, and what passes its trial can be called by all.

Where the operator has named a model, that proposes at once. Else the wish is a task on the board, for an agent in the
role toolsmith: it takes the task and proposes a recipe. Whoever proposes, the recipe is tried before it is a tool.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from coroom.core import command as c
from coroom.core.agent import HOST, PERMISSIONS, Permission, Presence
from coroom.core.decide.decision import lacks
from coroom.core.errors import Code, Refused
from coroom.core.task import Task, TaskState
from coroom.core.tool import LIBRARY
from coroom.host.calls.calls import RoomCalls
from coroom.host.calls.library import add_judged, files_of, library_of, request_tool, toolbox_of
from coroom.host.door.answer import WishPosted
from coroom.host.host import Host
from coroom.ports import Files, Tool
from coroom.tools.recipe import Recipe
from coroom.tools.registry import Toolbox
from coroom.tools.sandbox import Sandbox
from coroom.tools.smith import Proposer, Smith, known_for, wish_of

REQUESTS_MAX = 100
"""Wishes and proposals that one opening of a room hears: each may cost several calls of a model, or a trial."""

_TITLE_CHARS_MAX = 100
_BETWEEN = "\n\n---\n"
"""Ends the wish in a task's description; what comes after it is the room's own word."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """The directory that recipes act on, a place beside it for trials, and what makes a tool the room's own."""

    directory: str
    files: Files
    sandbox: Sandbox
    place: str
    own: Callable[[Tool], Tool]

    def library(self, host: Host) -> Toolbox:
        """The tools that were made in the room before, at work on it."""
        made = toolbox_of(host.state, self.files, self.sandbox)
        return Toolbox(map(self.own, made))


class Smithy:
    """Hears one wish or proposal at a time, so that the same wish of two agents is one tool."""

    def __init__(self, host: Host, calls: RoomCalls, workshop: Workshop, proposer: Proposer | None = None) -> None:
        self._host, self._calls, self._workshop, self._proposer = host, calls, workshop, proposer
        self._smith = Smith(proposer, workshop.directory, workshop.place, files_of)
        self._one = asyncio.Lock()
        self._heard = 0

    async def request(self, agent: str, wish: str) -> str | WishPosted | Refused:
        """A tool for what the agent wishes: its name, once everybody may call it, or the task that asks for it.

        Refused when the agent may not change anything, when nothing that was proposed passed its trial (with what was
        found), when the ToolSmith does not answer, or when nobody here makes tools.
        """
        bad = lacks(self._host.state, agent, Permission.EDIT) or self._out_of_bounds(wish)
        if bad:
            return bad
        async with self._one:
            known = known_for(wish, library_of(self._host.state))
            if known:
                return self._offered(known.name)
            if self._proposer is None:
                return await self._asked(agent, wish)
            self._heard += 1
            return await self._carried(request_tool(self._host, self._smith, HOST, wish))

    async def propose(self, agent: str, task: str, recipe: str) -> str | Refused:
        """Put a recipe through its trial and, when it passes, let everybody call it.

        Args:
            agent: who proposes; it must be allowed to make tools.
            task: the wish that it is for, which ends with it if the agent holds it; empty: nobody asked.
            recipe: the recipe as JSON, or `{"use": NAME}` for a tool of the library that does it.
        """
        state = self._host.state
        asked = state.tasks.get(task)
        bad = lacks(state, agent, Permission.MAKE_TOOLS) or self._out_of_bounds(recipe) or _unfit(agent, task, asked)
        if bad:
            return bad
        async with self._one:
            self._heard += 1
            wish = asked.description.partition(_BETWEEN)[0] if asked else ""
            name = await self._carried(self._judged(agent, wish, recipe))
        if isinstance(name, str) and asked and asked.state is TaskState.TAKEN:
            await self._host.submit(agent, c.FinishTask(summary=f"The tool is {name}.", task=task))
        return name

    async def _judged(self, agent: str, wish: str, recipe: str) -> str | Refused:
        judged = await asyncio.to_thread(self._smith.judge, recipe, library_of(self._host.state))
        return await add_judged(self._host, agent, wish, judged)

    async def _carried(self, making: Awaitable[str | Refused]) -> str | Refused:
        try:
            name = await making
        except Exception as broken:  # noqa: BLE001  whatever a model or a disk says, the room goes on
            why = f"The ToolSmith did not get there: {str(broken)[:300]}."
            return Refused(Code.RED, why, "Do it with the tools there are, or ask again later.")
        return name if isinstance(name, Refused) else self._offered(name)

    def _offered(self, name: str) -> str | Refused:
        made = self._workshop.library(self._host).get(name)
        if made and not self._calls.add(made):
            why = f"The room has another tool named {name}."
            return Refused(Code.DUPLICATE, why, "Use that one, or wish for something that differs.")
        return name

    async def _asked(self, agent: str, wish: str) -> WishPosted | Refused:
        """The wish as a task; the same wish is the same task, whoever has it."""
        name = f"tool-{sha256(wish_of(wish).encode()).hexdigest()[:10]}"
        known = self._host.state.tasks.get(name)
        if known and known.state is TaskState.CANCELLED:
            return Refused(Code.NOT_FOUND, "That was asked for, and shall not be made.", "Use the tools there are.")
        if known:
            return WishPosted(name)
        makers = [
            one
            for one in self._host.state.agents.values()
            if Permission.MAKE_TOOLS in PERMISSIONS[one.role] and one.presence is not Presence.LEFT
        ]
        if not makers:
            return Refused(Code.NOT_FOUND, "Nobody makes tools in this room.", "Use the tools that call do=list shows.")
        asked = c.PostTask(
            title=f"Make a tool: {' '.join(wish.split())[:_TITLE_CHARS_MAX]}",
            description=f"{wish}{_BETWEEN}{_how(name)}",
            touches=(LIBRARY,),
            task=name,
            despite_duplicate=True,
        )
        posted = await self._host.submit(agent, asked)
        return posted if isinstance(posted, Refused) else WishPosted(name)

    def _out_of_bounds(self, said: str) -> Refused | None:
        limits = self._host.state.limits
        longest = limits.description_chars_max - len(_BETWEEN) - len(_how(""))
        if not said.strip() or len(said) > longest:
            why = f"A wish is a sentence or a command line, and a recipe JSON, of at most {longest} characters."
            return Refused(Code.BAD_INPUT, why, "Say in arguments what the tool should do, or how it is made.")
        if self._heard >= REQUESTS_MAX:
            return Refused(Code.LIMIT, f"{REQUESTS_MAX} tools were asked for since the room was opened.", "Use those.")
        return None


def _unfit(agent: str, task: str, asked: Task | None) -> Refused | None:
    if not task:
        return None
    if asked is None or LIBRARY not in asked.touches:
        return Refused(
            Code.NOT_FOUND, f"'{task[:60]}' is no wish for a tool.", "Call task do=next, or leave about out."
        )
    if asked.holder not in {None, agent}:
        return Refused(Code.CLAIMED, f"{asked.holder} has that wish.", "Take another one with task do=next.")
    return None


def _how(task: str) -> str:
    schema = json.dumps(Recipe.model_json_schema(), separators=(",", ":"))
    return (
        f"Propose a recipe with call do=propose about={task} and arguments, JSON of this schema: {schema} "
        "`command` runs with sh in the directory, without network; its arguments are its variables. `reads` and "
        "`writes` are templates like file:notes/{title}.md and name all that it touches. Each of `examples` is "
        "carried out on a copy, undone and repeated; what is found is told to you. A tool that is there already: "
        '{"use": "its name"}.'
    )
