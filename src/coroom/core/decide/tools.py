"""The library of tools: what may join it, and what is known of a tool that was caught."""

from coroom.core.agent import HOST, Permission
from coroom.core.command import AddTool, NoteStray, Ok
from coroom.core.decide.decision import Decision, lacks, refused
from coroom.core.decide.reorder import settled
from coroom.core.errors import Code
from coroom.core.event import FootprintStrayed, ToolAdded
from coroom.core.state import RoomState


def add_tool(state: RoomState, by: str, command: AddTool, _now_ms: int) -> Decision:
    """Take a tool in under a name of its own, or the same tool again, which changes nothing."""
    bad = lacks(state, by, Permission.MAKE_TOOLS)
    if bad:
        return Decision(bad)
    known = state.tools.get(command.tool)
    if known and known.definition == command.definition:
        return Decision(Ok(command.tool))
    if known:
        why = f"There is another tool named {command.tool}."
        return refused(Code.DUPLICATE, why, "Give this one a name that says how it differs.")
    limits = state.limits
    if len(state.tools) >= limits.tools_max:
        return refused(Code.LIMIT, f"The library holds {limits.tools_max} tools.", "Use one of them.")
    texts = (command.definition, command.description, command.request, command.trial)
    too_long = len(command.tool) > limits.name_chars_max or any(len(t) > limits.description_chars_max for t in texts)
    if too_long or not command.tool:
        return refused(Code.LIMIT, "The tool's name or definition is too long, or it has no name.", "Make it smaller.")
    added = ToolAdded(
        tool=command.tool,
        by=by,
        request=command.request,
        description=command.description,
        effect=command.effect,
        definition=command.definition,
        trial=command.trial,
    )
    return Decision(Ok(command.tool), (added,))


def note_stray(state: RoomState, by: str, command: NoteStray, now_ms: int) -> Decision:
    """Store what the probe saw, and tell whoever rests on it. Only the host watches; a call is caught once."""
    if by != HOST:
        return refused(Code.FORBIDDEN, "Only the room says what a call touched.", "Tell the operator what you saw.")
    if any(stray.call == command.call for stray in state.strays):
        return Decision(Ok(command.call))
    strayed = FootprintStrayed(
        tool=command.tool,
        call=command.call,
        agent=command.agent,
        observed=command.observed,
        why=command.why[: state.limits.text_chars_max],
        values=command.values,
    )
    return settled(state, by, now_ms, (strayed,), Ok(command.call))
