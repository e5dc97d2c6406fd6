"""What the door needs of the rest of the room: its files, landing, and who makes tools."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from coroom.core import command as c
from coroom.core.errors import Refused
from coroom.host.door.answer import Answer, ToolUse, WishPosted

Beats = Callable[[str], Awaitable[None]]
"""Called now and then while a call takes long, with what it waits for."""


class Workspace(Protocol):
    """What the door needs of the room's files."""

    async def settle(self, agent: str) -> None:
        """Take in whatever the agent's disk holds that the room has not seen."""
        ...

    async def idle(self, agent: str) -> None:
        """The agent's turn is over: take in what its disk holds; none of its tools runs any more."""
        ...

    async def join(self, agent: str) -> list[str] | Refused:
        """Bring the agent's own line, if the policy gives it one, into the shared one; the held edits of that, or why
        something could not even be held.
        """
        ...

    async def before(self, agent: str, use: ToolUse) -> Refused | None:
        """Begin the agent's tool call: nothing is put on its disk until `after`. Refused: it must not run."""
        ...

    async def after(self, agent: str, use: ToolUse) -> None:
        """End the agent's tool call: take in what it wrote, note what it read, then put what waited."""
        ...

    async def read(self, agent: str, path: str) -> str | Refused:
        """The accepted text of a file, as the agent may see it; noted as read."""
        ...

    async def edit(
        self, agent: str, path: str, old: str, new: str, operation: str = ""
    ) -> c.Accepted | c.Held | Refused:
        """Replace `old`, which must occur exactly once (empty: the file is new), by `new`; submitted as `operation`."""
        ...

    async def choose(self, agent: str, held: str, choice: str) -> c.Good | Refused:
        """Settle a held edit: mine, theirs or merged."""
        ...

    async def restore(self, by: str, path: str, name: str) -> c.Accepted | c.Held | Refused:
        """Make the file what it was in the version of that name, as an edit by `by`."""
        ...


class Lander(Protocol):
    """What the door needs of landing."""

    async def land(self, agent: str, heartbeat: Beats) -> Answer:
        """Check the room's tree and move the room's branch to it."""
        ...


class ToolMaker(Protocol):
    """What the door needs of the ToolSmith."""

    async def request(self, agent: str, wish: str) -> str | WishPosted | Refused:
        """The name of a tool for what the agent wishes, the task that asks for one, or why there is none."""
        ...

    async def propose(self, agent: str, task: str, recipe: str) -> str | Refused:
        """The name of the tool that the recipe makes, or what was found of it."""
        ...
