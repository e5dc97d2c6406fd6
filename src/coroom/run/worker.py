"""An agent that a run starts: what it is given, what it is asked, and how it ended."""

import os
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from coroom.core.agent import Role
from coroom.core.quick import dataclass
from coroom.host.seat import Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where an agent works, and what it may ask about the board.

    Attributes:
        seat: its way into the room.
        url: where the room is.
        show: tells the person who watches what it is doing.
        more: waits until there is something for it to do (True) or the board is finished (False).
        done: how many tasks it has finished.
        spend: notes what it has used: input tokens, output tokens, US dollars that its client told, and US dollars that
            its tokens come to by their price as far as its client has told no cost of them yet.
        heard: how many events of its own the room has had.
        left_usd: what may still be spent, None without a bound.
    """

    seat: Seat
    url: str
    show: Callable[[str], None]
    more: Callable[[], Awaitable[bool]]
    done: Callable[[], int]
    spend: Callable[[int, int, float, float], Awaitable[None]]
    heard: Callable[[], int]
    left_usd: Callable[[], float | None] = lambda: None


class Worker(Protocol):
    """An agent that a run starts. One worker is one agent, over as many sessions as it needs."""

    @property
    def name(self) -> str:
        """Its name in the room."""
        ...

    @property
    def client(self) -> str:
        """The word for what it is."""
        ...

    async def work(self, desk: Desk) -> "Work":
        """Work until there is nothing left to do. Cancelled: end what was started, and leave nothing running."""
        ...


class Cause(StrEnum):
    """Whose doing it was that a worker ended without having come to its end."""

    NONE = ""
    AGENT = "agent"
    LIMIT = "limit"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How a worker ended: `error` says what went wrong, empty when nothing did, and `cause` whose doing it was; `logs`
    is where its output is kept.
    """

    seconds: float = 0.0
    error: str = ""
    cause: Cause = Cause.NONE
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    logs: str = ""


def agent_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment that agents get: ours, without what would lead git or Python astray."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "VIRTUAL_ENV", "PYTHONHOME"))}
    return {**kept, **extra}


def role_prompt(agent: str, role: Role = Role.IMPLEMENTER, *, on_live_state: bool = False) -> str:
    """What an agent that a run starts is told first: an evaluator reconciles, all others implement; of tools on live
    state where there are any.
    """
    names = ["reconciler" if role is Role.EVALUATOR else "implementer", *(["live_state"] if on_live_state else [])]
    folder = Path(__file__).parent.parent / "agents" / "roles"
    text = "".join((folder / f"{name}.md").read_text(encoding="utf-8") for name in names)
    return text.replace("{agent}", agent)
