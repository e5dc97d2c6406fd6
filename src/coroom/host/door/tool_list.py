"""How the room's tools on live state are shown to those who may call them."""

import json
from collections.abc import Iterable

from coroom.core.codec import Json
from coroom.ports import Tool

LISTED_CHARS_MAX = 20_000
"""Less than a reply may hold, so that a list is never cut in the middle: what is left comes on asking again."""


def shown(tool: Tool) -> dict[str, Json]:
    """One tool: its name, what it does, how a call of it is treated, and the JSON Schema of its arguments."""
    spec = tool.spec
    return {
        "name": spec.name,
        "description": spec.description,
        "effect": spec.effect.value,
        "gated": spec.gated,
        "arguments": json.loads(spec.schema),
    }


def listed(tools: Iterable[Tool], *, after: str = "") -> dict[str, Json]:
    """The tools, or those after the one of this name. `more_after` names the last one when there are more."""
    every = list(tools)
    names = [tool.spec.name for tool in every]
    rest = every[names.index(after) + 1 :] if after in names else every
    page: list[Json] = []
    chars = 0
    for tool in rest:
        one = shown(tool)
        chars += len(json.dumps(one))
        if page and chars > LISTED_CHARS_MAX:
            return {"tools": page, "more_after": rest[len(page) - 1].spec.name}
        page.append(one)
    return {"tools": page}
