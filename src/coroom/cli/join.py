"""`coroom join`: give an agent that the user starts a seat in the running room."""

import json
import os
import shlex
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import click

from coroom.agents.adapter import AGENT_VARIABLE, TOKEN_VARIABLE, URL_VARIABLE
from coroom.cli.place import ROOM, Running, WrongCallError, running_room


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--directory", type=click.Path(path_type=Path), default=".", help="The repository (default: here).")
@click.option("--room", default=ROOM, show_default=True, help="The room's name.")
@click.option("--role", default="implementer", show_default=True, help="implementer, evaluator, integrator, …")
@click.option("--client", default="", help="What it is, for the page (default: the command's name).")
@click.option("--json", "as_document", is_flag=True, help="Print seat and address as one JSON document.")
def join(
    name: str, command: tuple[str, ...], directory: Path, room: str, role: str, client: str, as_document: bool
) -> None:
    """Give the agent NAME a seat in the running room, and start COMMAND there if one is given.

    \b
    coroom join ann -- claude         start Claude Code in ann's mirror, in the room
    coroom join bob                   print what an agent that is already running needs
    eval "$(coroom join bob)"         put it into this shell

    The client must know the room: `coroom setup claude` (or codex, opencode, gemini, cursor) once. A name that was here
    before gets its old place, and a fresh token; the old one is void.
    """  # noqa: D301  click wants the character itself
    running = running_room(directory, room)
    told = client or (Path(command[0]).name if command else "")
    seat = admit(running, name, role, told)
    env = {TOKEN_VARIABLE: seat["token"], URL_VARIABLE: running.url, AGENT_VARIABLE: name}
    if as_document:
        click.echo(json.dumps({**seat, "url": running.url}))
        return
    if command:
        os.chdir(seat["directory"])
        try:
            os.execvpe(command[0], list(command), {**os.environ, **env})  # noqa: S606  the user's own command
        except OSError as problem:
            raise WrongCallError(f"{command[0]} cannot be started: {problem}. Check that it is installed.") from problem
    for variable, value in env.items():
        click.echo(f"export {variable}={shlex.quote(value)}")
    click.echo(f"cd {shlex.quote(seat['directory'])}")
    click.echo(f"{name} has a seat. Any MCP client: {running.url}/mcp with the header", err=True)
    click.echo(f"  Authorization: Bearer ${TOKEN_VARIABLE}", err=True)


def admit(running: Running, agent: str, role: str, client: str) -> dict[str, Any]:
    """A seat for the agent, from the running room. Raises WrongCallError with the room's reason."""
    body = json.dumps({"agent": agent, "role": role, "client": client}).encode()
    headers = {"Content-Type": "application/json", "X-Coroom-Operator": running.operator_token}
    request = urllib.request.Request(f"{running.url}/operator/admit", body, headers)  # noqa: S310  our own host
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            seat = json.load(response)
    except urllib.error.HTTPError as refused:
        told = json.load(refused)
        raise WrongCallError(f"{told.get('why')} {told.get('next')}") from refused
    except OSError as problem:
        message = f"The room at {running.url} does not answer: {problem}. Start it again with coroom up."
        raise WrongCallError(message) from problem
    assert isinstance(seat, dict)
    return seat
