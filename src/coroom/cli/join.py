"""`coroom join`: give an agent that the user starts a seat in the running room."""

import asyncio
import json
import os
import shlex
import shutil
import signal
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click

from coroom.agents.adapter import AGENT_VARIABLE, TOKEN_VARIABLE, URL_VARIABLE, Launch, model_api
from coroom.cli.crew import isolated
from coroom.cli.operator import asked
from coroom.cli.place import ROOM, Running, WrongCallError, running_room
from coroom.core.agent import JOINABLE, Role
from coroom.launch.isolation import Isolation
from coroom.run.isolating import MODEL_VARIABLES, PROVIDERS, Isolating

ROLES = click.Choice(sorted(role.value for role in JOINABLE))


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--directory", type=click.Path(path_type=Path), default=".", help="The repository (default: here).")
@click.option("--room", default=ROOM, show_default=True, help="The room's name.")
@click.option("--role", type=ROLES, default=Role.IMPLEMENTER.value, show_default=True, help="What it may do.")
@click.option("--client", default="", help="What it is, for the page (default: the command's name).")
@click.option("--isolation", default="plain", show_default=True, help="plain, bubblewrap or container.")
@click.option("--json", "as_document", is_flag=True, help="Print seat and address as one JSON document.")
def join(
    name: str,
    command: tuple[str, ...],
    directory: Path,
    room: str,
    role: str,
    client: str,
    isolation: str,
    as_document: bool,
) -> None:
    """Give the agent NAME a seat in the running room, and start COMMAND there if one is given.

    \b
    coroom join ann -- claude         start Claude Code in ann's mirror, in the room
    coroom join bob                   print what an agent that is already running needs
    eval "$(coroom join bob)"         put it into this shell
    coroom join cyd --isolation bubblewrap -- codex exec "…"    no network but room and model, writes only in its mirror

    The client must know the room: `coroom setup claude` (or codex, opencode, gemini, cursor) once. A name that was here
    before gets its old place, and a fresh token; the old one is void.
    """  # noqa: D301  click wants the character itself
    running = running_room(directory, room)
    _startable(command)
    isolating = _isolating(command, client, isolation)
    told = client or (Path(command[0]).name if command else "")
    seat = admit(running, name, role, told)
    env = {TOKEN_VARIABLE: seat["token"], URL_VARIABLE: running.url, AGENT_VARIABLE: name}
    if as_document:
        click.echo(json.dumps({**seat, "url": running.url}))
        return
    if command and isolating.isolated:
        raise SystemExit(asyncio.run(_isolated(isolating, command, running, seat)))
    if command:
        os.chdir(seat["directory"])
        try:
            os.execvpe(command[0], list(command), {**os.environ, **env})  # noqa: S606  the user's own command
        except OSError as problem:
            why = f"{command[0]} cannot be started: {problem.strerror}."
            raise WrongCallError(f"{why} Check that it is installed, and that you may run it.") from problem
    for variable, value in env.items():
        click.echo(f"export {variable}={shlex.quote(value)}")
    click.echo(f"cd {shlex.quote(seat['directory'])}")
    click.echo(f"{name} has a seat. Any MCP client: {running.url}/mcp with the header", err=True)
    click.echo(f"  Authorization: Bearer ${TOKEN_VARIABLE}", err=True)


def _isolating(command: tuple[str, ...], client: str, asked: str) -> Isolating:
    if not command and asked != Isolation.PLAIN:
        raise WrongCallError("Only what coroom join starts can be isolated: name the command after --.")
    kind = client or (Path(command[0]).name if command else "command")
    try:
        api = model_api(os.environ)
    except ValueError as problem:
        raise WrongCallError(f"{problem}.") from problem
    return isolated(kind if kind in PROVIDERS else "command", api, asked)


async def _isolated(isolating: Isolating, command: tuple[str, ...], running: Running, seat: dict[str, Any]) -> int:
    """Start the command in its isolation and wait for it."""
    directory, name = Path(seat["directory"]), str(seat["agent"])
    room = isolating.room_url(running.url)
    env = {TOKEN_VARIABLE: seat["token"], URL_VARIABLE: room, AGENT_VARIABLE: name}
    kind, model = Path(command[0]).name, isolating.api(None)
    if model and kind in MODEL_VARIABLES:
        env |= dict(zip(MODEL_VARIABLES[kind], (model.base_url, model.key), strict=True))
    for line in isolating.launcher.in_force:
        click.secho(line, err=True, dim=True)
    launch = Launch(argv=command, env=env, cwd=directory)
    home = directory.parent / f"{name}.home"
    environment = {**os.environ, **env}
    async with isolating.process(launch, name, home, running.url, environment) as wrapped:
        process = await asyncio.create_subprocess_exec(*wrapped.argv, cwd=directory, env=dict(wrapped.env))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, process.send_signal, number)
        return await process.wait()


def admit(running: Running, agent: str, role: str, client: str) -> dict[str, Any]:
    """A seat for the agent, from the running room. Raises WrongCallError with the room's reason."""
    status, told = asked(running, "admit", {"agent": agent, "role": role, "client": client})
    if told is None:
        message = f"The room at {running.url} failed (HTTP {status}) and gave no seat. See what coroom up printed."
        raise WrongCallError(message)
    if status != HTTPStatus.OK:
        raise WrongCallError(f"{told.get('why')} {told.get('next')}")
    return told


def _startable(command: tuple[str, ...]) -> None:
    """A program that is not there costs nobody a seat. What is named by a relative path stands in the seat's place."""
    if command and shutil.which(command[0]) is None and (os.sep not in command[0] or os.path.isabs(command[0])):
        raise WrongCallError(f"{command[0]} cannot be started: there is no such program. Check that it is installed.")
