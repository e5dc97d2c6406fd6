"""What the built-in agent keeps in mind: old tool results go first, then old turns; the task and the news stay."""

from coroom.agents.models.model import Spoken, Told, ToolResult

CHARS_MAX = 400_000
"""About 100,000 tokens: half of what current models take, and they get worse before they are full."""

RECENT = 6
"""The last messages, which are what the model is working with."""

SMALL_CHARS = 300
"""A result as short as this costs less than the note that replaces it."""

FORGOTTEN = (
    "\n\n[Earlier turns were dropped to save room. Your files hold what you did: see git diff. Call sync, and task "
    "with do=list, to see where things stand.]"
)


def bound(history: list[Told | Spoken], chars_max: int = CHARS_MAX) -> None:
    """Bring the conversation down to half of `chars_max` characters, in place, when it has grown over it.

    By half, because every change at the front makes the provider read all of it anew. The first message and the last
    few stay as they are; calls and results stay in pairs.
    """
    if _size(history) <= chars_max:
        return
    for place in range(1, len(history) - RECENT):
        one = history[place]
        if isinstance(one, Told):
            history[place] = Told(one.text, tuple(_dropped(result) for result in one.results))
        if _size(history) <= chars_max // 2:
            return
    first = history[0]
    assert isinstance(first, Told)
    while _size(history) > chars_max // 2 and len(history) > RECENT + 2:
        del history[1:3]
        if not first.text.endswith(FORGOTTEN):
            first = history[0] = Told(first.text + FORGOTTEN, first.results)


def _dropped(result: ToolResult) -> ToolResult:
    if len(result.text) <= SMALL_CHARS:
        return result
    note = f"[{len(result.text)} characters dropped to save room: {result.about}. Call it again if you need it.]"
    return ToolResult(result.id, result.about, note, result.failed)


def _size(history: list[Told | Spoken]) -> int:
    return sum(_size_of(one) for one in history)


def _size_of(one: Told | Spoken) -> int:
    if isinstance(one, Spoken):
        return len(one.text) + sum(len(str(call.arguments)) for call in one.calls)
    return len(one.text) + sum(len(result.text) for result in one.results)
