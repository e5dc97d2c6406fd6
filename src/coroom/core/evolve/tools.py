"""The library of tools, and strays."""

from coroom.core import event as e
from coroom.core.evolve.calls import strayed
from coroom.core.evolve.changes import Changes
from coroom.core.state import RoomState, but
from coroom.core.tool import MadeTool, Stray

changes = Changes()


@changes.on(e.ToolAdded)
def _tool_added(state: RoomState, event: e.Event, body: e.ToolAdded) -> RoomState:
    made = MadeTool(
        name=body.tool,
        by=body.by,
        request=body.request,
        description=body.description,
        effect=body.effect,
        definition=body.definition,
        trial=body.trial,
        seq=event.seq,
    )
    return but(state, tools=state.tools.put(made.name, made))


@changes.on(e.FootprintStrayed)
def _footprint_strayed(state: RoomState, event: e.Event, body: e.FootprintStrayed) -> RoomState:
    stray = Stray(body.tool, body.call, body.agent, body.observed, body.why, event.seq)
    kept = (*state.strays, stray)[-state.limits.ended_kept_max :]
    return but(state, strays=kept, order=strayed(state.order, body))
