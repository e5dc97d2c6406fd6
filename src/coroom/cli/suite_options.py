"""Options that say what the tests of a landing run in: agents' code, which their author has not read either."""

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from coroom.cli.place import WrongCallError
from coroom.core.errors import Refused
from coroom.git.repository import Repository
from coroom.host.confined import Confined, confined
from coroom.launch.isolation import Bounds

GIB = 1 << 30
EXAMPLE = "npx jest --findRelatedTests {paths}"


def isolation_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option that names the isolation."""
    said = "What the tests run in: plain, bubblewrap or container (default: bubblewrap where it works)."
    return click.option("--isolation", default="", help=said)(command)


def shell_line(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """A command as it was given, which the shell can read: that is better known before agents have worked for hours."""
    if not value:
        return value
    told = subprocess.run(("/bin/sh", "-n", "-c", value), capture_output=True, check=False)
    if told.returncode:
        why = told.stderr.decode(errors="replace").strip().splitlines()[-1].removeprefix("/bin/sh: ")
        raise WrongCallError(f"--{parameter.name} is no command for the shell: {why}. Check its quotes.")
    return value


def affected_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option that names a command for the tests that a change affects; empty when it is not given."""
    said = "A command to run first, on what has changed: 'CMD {paths}'."
    return click.option("--affected", callback=_affected, help=said)(command)


def _affected(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    if value is not None and not value.strip():
        raise WrongCallError(f"--affected names no command. Write it like --affected '{EXAMPLE}', or leave it out.")
    return value or ""


def bounds_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What the tests may see beside the tree, and use up."""
    directory = click.Path(path_type=Path, exists=True)
    reads = click.option(
        "--test-reads", multiple=True, type=directory, help="What else isolated tests may read. Repeat."
    )
    memory = click.option(
        "--test-memory",
        type=click.FloatRange(0.0625, 4_096),
        help=f"GiB that one run of the tests may take (default: {Bounds().memory_bytes / GIB:g}).",
    )
    return reads(memory(command))


def bounds_of(test_memory: float | None) -> Bounds:
    """The bounds that were asked for, or the usual."""
    return Bounds(memory_bytes=int(test_memory * GIB)) if test_memory else Bounds()


def confined_tests(
    repository: Repository, isolation: str, test_reads: Iterable[Path], test_memory: float | None
) -> Confined:
    """What a room's tests run in.

    Raises:
        WrongCallError: what was asked for cannot be had here.
    """
    found = confined(isolation, bounds_of(test_memory), repository.toplevel, test_reads)
    if isinstance(found, Refused):
        raise WrongCallError(str(found))
    return found
