"""The port between the built-in agent and a model: what was said so far in, the model's next words out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is offered it; `schema` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants `tool` called. `wrong` says why its arguments could not be read, empty when they could."""

    id: str
    tool: str
    arguments: Mapping[str, Any]
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call came to. `about` says in a few words what was called, for when the text is dropped."""

    id: str
    about: str
    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What the model is told: the results of its calls, then words."""

    text: str = ""
    results: tuple[ToolResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What the model said. `raw` is the provider's own form of it, handed back as it came; `cut` that it was cut off
    by the length of an answer.
    """

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    cut: bool = False
    raw: object = field(default=None, repr=False, compare=False)


History = Sequence[Told | Spoken]


class ModelError(Exception):
    """The model did not answer, or refused to, and asking again at once would not help: what it said, without any
    key.
    """


class Model(Protocol):
    """A model that calls tools."""

    async def answer(self, system: str, history: History, tools: Sequence[ToolSpec]) -> Spoken:
        """The model's next words.

        Raises:
            ModelError: it did not answer.
        """
        ...

    async def close(self) -> None:
        """Let its connections go."""
        ...
