"""`coroom up`: open a room over a repository and serve it until it is stopped."""

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from coroom.checks.types import CHECKERS
from coroom.cli.place import POLICIES_SAID, PORT, ROOM, WrongCallError, any_repository_at, begin_from, known_policy
from coroom.cli.suite_options import bounds_options, confined_tests, isolation_option, shell_line
from coroom.cli.toolsmith import TOOLSMITH_SAID, proposer_of
from coroom.cli.until import STOPPING
from coroom.core.errors import Fault, Refused
from coroom.git.repository import Repository
from coroom.host.landing.landing import no_branch
from coroom.host.rooms import Room, RoomPlan
from coroom.host.served import Serving, state_directory
from coroom.ports import LogBusy, LogCorrupt
from coroom.run.daemon.app import address, build_app, loopback_socket, serve, unix_socket
from coroom.run.daemon.guard import ServedRoom


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--room", "names", multiple=True, default=(ROOM,), show_default=True, help="Name; repeat for several.")
@click.option("--policy", default="open", show_default=True, help=POLICIES_SAID)
@click.option("--tools", type=click.Path(path_type=Path), help="A file of tools on live state (docs/tools.md).")
@click.option("--toolsmith", default="", help=TOOLSMITH_SAID)
@click.option("--shared", is_flag=True, help="All agents work in this checkout; no mirrors are made.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="On 127.0.0.1; 0 takes a free one."
)
@click.option("--socket", "socket_path", type=click.Path(), help="Serve on this Unix socket instead.")
@click.option("--mirrors", type=click.Path(path_type=Path), help="Where the agents' directories are made.")
@click.option("--branch", default="", help="Where work lands (default: coroom/ROOM).")
@click.option(
    "--test", callback=shell_line, default="", help="The command that must pass before work lands (default: found out)."
)
@isolation_option
@bounds_options
@click.option(
    "--types",
    type=click.Choice(["off", "auto", *CHECKERS]),
    default="off",
    show_default=True,
    help="Ask this type checker before landing about what does not fit together.",
)
@click.option("--land-each", is_flag=True, help="Land by itself whenever a task is done.")
def up(
    directory: Path,
    names: tuple[str, ...],
    policy: str,
    tools: Path | None,
    toolsmith: str,
    shared: bool,
    port: int,
    socket_path: str | None,
    mirrors: Path | None,
    branch: str,
    test: str,
    isolation: str,
    test_reads: tuple[Path, ...],
    test_memory: float | None,
    types: str,
    land_each: bool,
) -> None:
    """Open a room over the repository in DIRECTORY and serve it until Ctrl-C.

    The room is kept in the repository's .git directory: stop it at any time, start it again, and every agent, claim,
    task and held edit is as it was. Agents come in with `coroom join`.
    """
    names = tuple(dict.fromkeys(names))
    if tools and len(names) > 1:
        raise WrongCallError("Two rooms cannot put the same state in order. Give --tools to one room only.")
    repository = any_repository_at(directory)
    if not all(state_directory(repository, name).exists() for name in names):
        begin_from(repository)
    bad = no_branch(repository.git, branch) if branch else None
    if bad:
        raise WrongCallError(str(bad))
    confined = confined_tests(repository, isolation, test_reads, test_memory)
    plans = [
        RoomPlan(
            name=name,
            policy=known_policy(policy),
            mirrors=mirrors.absolute() / name if mirrors else None,
            shared=shared,
            branch=branch,
            test=test,
            confined=confined,
            types=types,
            land_each=land_each,
            tools=tools.absolute() if tools else None,
            toolsmith=proposer_of(toolsmith, tools),
        )
        for name in names
    ]
    listening = _listening(socket_path, port)
    with _told(repository, names):
        asyncio.run(_serve(repository, plans, listening))
    click.echo("The room is closed; coroom up opens it again as it was.", err=True)


@contextlib.contextmanager
def _told(repository: Repository, names: Sequence[str]) -> Iterator[None]:
    """What ends the rooms of these names otherwise than by a signal, in words for the operator."""
    try:
        yield
    except LogBusy as busy:
        raise WrongCallError(str(busy)) from busy
    except LogCorrupt as damaged:
        kept = ", ".join(str(state_directory(repository, name)) for name in names)
        raise click.ClickException(f"{damaged.told()} It is kept in {kept}.") from damaged
    except (Fault, OSError) as fault:
        why = str(fault).removesuffix(".")
        raise click.ClickException(f"{why}. What was stored is kept: mend that, then coroom up again.") from fault


def _listening(socket_path: str | None, port: int) -> socket.socket:
    try:
        if socket_path:
            _remove_dead(socket_path)
            return unix_socket(socket_path)
        return loopback_socket(port)
    except OSError as problem:
        where = socket_path or f"Port {port}"
        message = f"{where} cannot be served: {problem.strerror or problem}. Choose another with --port or --socket."
        raise WrongCallError(message) from problem


def _remove_dead(path: str) -> None:
    """A host that was killed leaves its socket behind, which nobody answers."""
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(os.stat(path).st_mode):
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(path)
                except ConnectionRefusedError:
                    os.unlink(path)


async def _serve(repository: Repository, plans: Sequence[RoomPlan], listening: socket.socket) -> None:
    """Serve until a signal comes. Raises Fault when the log of a room can no longer be written."""
    stop, faults, watching = asyncio.Event(), list[Fault](), list[asyncio.Task[None]]()
    for number in STOPPING:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def watch(room: Room) -> None:
        faults.append(await room.host.failed())
        stop.set()

    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listening.close)
        rooms: dict[str, Room] = {}
        for plan in plans:
            opened = await Room.open(repository, plan)
            if isinstance(opened, Refused):
                raise WrongCallError(str(opened))
            rooms[plan.name] = opened
            stack.push_async_callback(opened.close)
            watching.append(asyncio.create_task(watch(opened)))
            stack.callback(watching[-1].cancel)
        served = {n: ServedRoom(name=n, door=r.door, operator_hash=r.operator_hash) for n, r in rooms.items()}
        app = build_app(served, seats={name: room.admit for name, room in rooms.items()})
        await serve(app, listening, stop, lambda: _announce(rooms, address(listening)))
        if faults:
            raise faults[0]


def _announce(rooms: dict[str, Room], url: str) -> None:
    for name, room in rooms.items():
        inside = url if len(rooms) == 1 else f"{url}/rooms/{name}"
        Serving(os.getpid(), inside).write(room.directory)
        click.echo(f"room '{name}' is open: {inside}/#key={room.operator_token}", err=True)
    click.echo(
        "An agent comes in with:  coroom join NAME -- claude    (or codex, opencode, gemini, any command)", err=True
    )
    for said in dict.fromkeys(room.plan.confined.said for room in rooms.values()):
        click.echo(f"Landing: {said[0].lower()}{said[1:]}", err=True)
    click.echo("Stop with Ctrl-C; nothing is lost.", err=True)
