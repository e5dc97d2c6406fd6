"""What every dialect shares: counting how often the model has spoken, and the reply to be written."""

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from coroom.testing.script import Tool

_SCRIPTED = re.compile(r"call_(\d{3})_\d+")
_LOOKUP = "look_"

PIECES = 3
"""In how many pieces a text or the arguments of a call are streamed."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A call in the client's own terms; `payload` is an object, or a text for a tool of kind `custom`."""

    tool: Tool
    payload: Mapping[str, Any] | str
    call_id: str

    @property
    def arguments(self) -> str:
        """The payload as most wire formats want it."""
        return self.payload if isinstance(self.payload, str) else json.dumps(self.payload)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answers. `refuses` is said in place of an answer; tokens are what it is said to have cost."""

    text: str
    calls: tuple[Placed, ...] = ()
    refuses: str | None = None
    input_tokens: int = 100
    output_tokens: int = 10


class Transcript:
    """Collects what the model was told before its first turn and after each; counts the lookups since."""

    def __init__(self) -> None:
        self._said: list[list[str]] = [[]]
        self._speaking = False
        self.lookups = 0

    def told(self, text: str) -> None:
        """Somebody other than the model said `text`."""
        self._said[-1].append(text)
        self._speaking = False

    def spoke(self, call_ids: Iterable[str] = ()) -> None:
        """The model said something, or called; results may come between the items of one turn."""
        ids = list(call_ids)
        if ids and all(call_id.startswith(_LOOKUP) for call_id in ids):
            self.lookups += 1
            return
        scripted = next((int(match[1]) for match in map(_SCRIPTED.match, ids) if match), None)
        new = not self._speaking if scripted is None else scripted + 1 > len(self._said) - 1
        if new:
            self._said.append([])
            self.lookups = 0
        self._speaking = True

    def said(self) -> tuple[str, ...]:
        """What was collected."""
        return tuple("\n".join(texts) for texts in self._said)


def call_id(turn: int, position: int) -> str:
    """The id of a scripted call, from which its turn can be read again."""
    return f"call_{turn:03d}_{position}"


def lookup_id() -> str:
    """The id of a call that only looks for a tool and is no turn of the script."""
    return _LOOKUP + secrets.token_hex(6)


def flatten(content: Any) -> str:
    """Every text inside a nested message content, one a line."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        inner = [content[key] for key in ("text", "content", "output", "tools") if key in content]
        return "\n".join(flatten(item) for item in inner) if inner else json.dumps(content)
    if isinstance(content, list):
        return "\n".join(flatten(item) for item in content)
    return "" if content is None else str(content)


def pieces(text: str) -> list[str]:
    """A text as it comes in a stream: together they are it."""
    size = -(-len(text) // PIECES) or 1
    return [text[at : at + size] for at in range(0, len(text), size)]


def event(data: Mapping[str, Any] | str, name: str | None = None) -> str:
    """One server-sent event."""
    body = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "") + f"data: {body}\n\n"
