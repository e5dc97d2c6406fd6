"""`coroom setup`: make a client know the room, with the change shown first, and undone to the byte."""

from pathlib import Path
from urllib.parse import urlsplit

import click

from coroom.agents.setup import Plan, Refusal, apply, apply_undo, plan, plan_undo
from coroom.agents.setup_clients import CLIENTS
from coroom.cli.place import PORT, WrongCallError


@click.command()
@click.argument("client", type=click.Choice(CLIENTS))
@click.option(
    "--project", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Configure only this project."
)
@click.option("--url", default=f"http://127.0.0.1:{PORT}", show_default=True, help="Where the room is served.")
@click.option("--undo", is_flag=True, help="Take it all away again, to the byte, without asking.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def setup(client: str, project: Path | None, url: str, undo: bool, yes: bool) -> None:
    """Make CLIENT know the room: its MCP server and its hooks. Shows the diff, asks, writes.

    --undo shows the diff and takes away what is ours; what you have changed meanwhile stays.

    What is set up sleeps until an agent is started with `coroom join`: other sessions of the client notice nothing.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise WrongCallError(
            f"'{url}' is no address of a room. Give what coroom up prints, like http://127.0.0.1:{PORT}."
        )
    home = Path.home()
    record = _record(client, project)
    planned = plan_undo(record) if undo else plan(client, home=home, project=project, url=url)
    if isinstance(planned, Refusal):
        raise WrongCallError(planned.why)
    if not planned.changes and not undo:
        click.echo(f"{client} knows the room already.")
        return
    _show(planned)
    # Who says --undo has said it, and nothing of theirs is lost.
    if not (yes or undo or _agreed()):
        click.echo("Nothing was written. --yes writes without asking.", err=True)
        raise SystemExit(1)
    refused = apply_undo(planned, record) if undo else apply(planned, record)
    if refused:
        raise WrongCallError(refused.why)
    click.echo("Undone." if undo else f"Done. Take it away again with: coroom setup {client} --undo")
    for note in planned.notes:
        click.echo(f"Note: {note}")


def _agreed() -> bool:
    """Whether a person says yes; where there is none to ask, nobody does."""
    try:
        return click.confirm("Write this?")
    except click.Abort:
        click.echo(err=True)
        return False


def _show(planned: Plan) -> None:
    for change in planned.changes:
        for line in change.diff().splitlines():
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
            click.secho(line, fg=colour)


def _record(client: str, project: Path | None) -> Path:
    base = project / ".coroom" if project else Path.home() / ".config" / "coroom"
    return base / "setup" / f"{client}.json"
