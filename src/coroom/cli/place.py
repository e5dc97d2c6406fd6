"""What most commands begin with: the repository they stand in, and the room that is running over it."""

from pathlib import Path

import click

from coroom.core.errors import Refused
from coroom.core.policies import policy_named
from coroom.core.quick import dataclass
from coroom.git.repository import NotUsable, Problem, Repository, inspect
from coroom.host.served import Serving, state_directory

PORT = 7333
"""Where a room is served unless told otherwise: agents' configurations name it, so it stays the same."""

ROOM = "main"
"""The name of a repository's room, unless several are wanted."""


POLICIES_SAID = "open, serial or isolated; for tools on live state also preorder, locking or optimistic."


class WrongCallError(click.ClickException):
    """The call or its input is wrong: one line on standard error, exit code 2 (docs/contracts)."""

    exit_code = 2


def repository_at(directory: Path) -> Repository:
    """The repository of a directory, usable for a room.

    Raises:
        WrongCallError: it is none, or not in a state to begin from.
    """
    found = any_repository_at(directory)
    begin_from(found)
    return found


def begin_from(repository: Repository) -> None:
    """Say what a room will not do as somebody may expect in this repository.

    Raises:
        WrongCallError: it is not in a state to begin from.
    """
    if repository.unfit:
        raise WrongCallError(f"{repository.unfit.why} {repository.unfit.next_step}")
    for warning in repository.warnings:
        click.secho(f"note: {warning.why}", err=True, dim=True)


def any_repository_at(directory: Path) -> Repository:
    """As `repository_at`, for commands that do not mind what state the checkout is in."""
    found = inspect(directory, strict=False)
    if isinstance(found, NotUsable):
        raise WrongCallError(f"{found.why} {found.next_step}")
    return found


def known_policy(name: str) -> str:
    """The name of a policy, checked before anything is made.

    Raises:
        WrongCallError: there is no such policy.
    """
    found = policy_named(name)
    if isinstance(found, Refused):
        raise WrongCallError(str(found))
    return name


@dataclass(frozen=True, slots=True)
class Running:
    """A room that is being served now."""

    url: str
    operator_token: str


def running_room(directory: Path, room: str) -> Running:
    """The running room of that name over the repository of `directory`.

    Raises:
        WrongCallError: there is no repository, or no room is running.
    """
    running = room_if_running(directory, room)
    if running is None:
        raise WrongCallError(f"No room '{room}' is running here. Start it with: coroom up")
    return running


def room_if_running(directory: Path, room: str) -> Running | None:
    """As `running_room`; None when no room of that name is running.

    Raises:
        WrongCallError: there is no repository.
    """
    kept = state_directory(any_repository_at(directory), room)
    serving = Serving.read(kept)
    return Running(serving.url, (kept / "operator.token").read_text(encoding="ascii").strip()) if serving else None


__all__ = [
    "POLICIES_SAID",
    "ROOM",
    "Problem",
    "Running",
    "WrongCallError",
    "any_repository_at",
    "known_policy",
    "repository_at",
    "room_if_running",
    "running_room",
]
