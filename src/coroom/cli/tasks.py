"""The tasks that a call names, and what of their file nobody reads."""

import click

from coroom.cli.place import WrongCallError
from coroom.core.command import PostTask
from coroom.host.door.clean import cleaned
from coroom.run.board import BoardError, keys_unread, tasks_from


def tasks_given(given: str | None) -> list[PostTask]:
    """The tasks of a call, none where it names none. Keys that nobody reads are told on standard error.

    Raises:
        WrongCallError: they cannot be read.
    """
    if not given:
        return []
    try:
        found = tasks_from(given)
        tell_unread(given)
    except BoardError as problem:
        raise WrongCallError(f"{problem}.") from problem
    return found


def tell_unread(given: str) -> None:
    """Say on standard error which keys of the tasks' file nobody reads.

    Raises:
        BoardError: it cannot be read.
    """
    unread = keys_unread(given)
    if unread:
        click.secho(f"note: {cleaned(unread)}", err=True, dim=True)
