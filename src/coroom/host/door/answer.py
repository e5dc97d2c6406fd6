"""What the door answers, before anybody writes it as text."""

from dataclasses import dataclass, field
from enum import StrEnum

from coroom.core.codec import Json, to_json
from coroom.core.errors import Refused
from coroom.core.notice import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The reply to one call of an agent: a sentence of the room's own, data for programs, a file's text where one was
    asked for, and the notices that ride on it.
    """

    text: str = ""
    file: str | None = None
    data: dict[str, Json] = field(default_factory=dict)
    refused: Refused | None = None
    notices: tuple[Notice, ...] = ()
    left: int = 0


def data_of(value: object) -> dict[str, Json]:
    """An answer's data: what the room replied, or refused with, for programs."""
    data = to_json(value)
    assert isinstance(data, dict)
    return data


@dataclass(frozen=True, slots=True)
class WishPosted:
    """Nobody has made the tool yet that was wished for; this task asks those for it who make tools."""

    task: str


class Touch(StrEnum):
    """What a tool of an agent's own does to files, as far as its name and arguments tell."""

    READ = "read"
    EDIT = "edit"
    WRITE = "write"
    DELETE = "delete"
    SHELL = "shell"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """One use of an agent's own tool, seen by a hook. `paths` are as the client gave them (absolute or relative to
    `cwd`); the door puts them beneath the agent's root, and ignores those outside it. Of a shell command, `paths` are
    those it probably reads and `writes` those it probably writes.
    """

    touch: Touch
    tool: str = ""
    paths: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    command: str = ""
    cwd: str = ""
