"""The library of a room's own tools: made again from the log, and grown through the ToolSmith."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from coroom.core import command as c
from coroom.core.errors import Code, Refused
from coroom.core.state import RoomState
from coroom.core.tool import MadeTool
from coroom.host.calls.calls import stray_seen
from coroom.host.host import Host
from coroom.ports import Files
from coroom.tools.recipe import RecipeTool, read_recipe
from coroom.tools.registry import Toolbox
from coroom.tools.sandbox import Sandbox
from coroom.tools.smith import Known, Made, NotMade, Smith
from coroom.workspace.beneath import Root
from coroom.workspace.stage import Stage
from coroom.workspace.tree import FileTree


def library_of(state: RoomState) -> tuple[MadeTool, ...]:
    """The tools that were made in the room, oldest first."""
    return tuple(sorted((made for _, made in state.tools.ordered()), key=lambda made: made.seq))


def toolbox_of(state: RoomState, files: Files, sandbox: Sandbox) -> Toolbox:
    """The library as tools that act on these files. One that strays in use is told of, like any other tool."""
    return Toolbox(RecipeTool(read_recipe(made.definition), files, sandbox, stray_seen) for made in library_of(state))


@contextmanager
def files_of(directory: str) -> Iterator[Files]:
    """The files of a throwaway directory, for trials; what is being put is prepared beside it."""
    with Root(directory) as root:
        yield FileTree(root, Stage.at(f"{directory}.stage"), time.monotonic, durable=False)


async def request_tool(host: Host, smith: Smith, by: str, wish: str) -> str | Refused:
    """Find or make a tool for a wish, in the name of `by`, who must be allowed to make tools.

    Returns:
        The tool's name. Refused when no proposal passed its trial (with what was found), or when `by` may not.
    """
    return await add_judged(host, by, wish, await smith.request(wish, library_of(host.state)))


async def add_judged(host: Host, by: str, wish: str, judged: Made | Known | NotMade) -> str | Refused:
    """Take a tool that passed its trial into the library; the name of the tool that the wish has now."""
    if isinstance(judged, Known):
        return judged.name
    if isinstance(judged, NotMade):
        found = "; ".join(judged.found)[:1_000]
        return Refused(Code.RED, f"No tool was made: {found}.", "Say more exactly what it should read and write.")
    recipe = judged.recipe
    reply = await host.submit(
        by,
        c.AddTool(
            tool=recipe.name,
            request=wish,
            description=recipe.description,
            effect=recipe.effect,
            definition=recipe.definition(),
            trial=f"{judged.trial.calls} calls did what was declared, were undone exactly and repeated",
        ),
    )
    return reply if isinstance(reply, Refused) else recipe.name
