"""`coroom restore`: a version of a file from the room's history, back in the running room or on the disk."""

import os
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from tempfile import NamedTemporaryFile

import click

from coroom.cli.history import kept_log, known_versions
from coroom.cli.operator import asked
from coroom.cli.place import ROOM, Running, WrongCallError, any_repository_at, room_if_running
from coroom.core.file import FileKind
from coroom.workspace.states import content_hash


@click.command()
@click.argument("path")
@click.option("--version", "name", required=True, help="A version's number, or a held edit's id (coroom history PATH).")
@click.option("--to", "target", type=click.Path(path_type=Path), help="Write it to this file, and change no room.")
@click.option("--room", default=ROOM, show_default=True, help="The room's name.")
@click.option("--force", is_flag=True, help="Overwrite a text that the room's history does not have.")
def restore(path: str, name: str, target: Path | None, room: str, force: bool) -> None:
    """Bring back a version of PATH, as the room accepted or held it.

    \b
    coroom history src/a.py                      its versions, and whose
    coroom restore src/a.py --version 12         bring one back
    coroom restore src/a.py --version 12 --to x  look at it elsewhere first

    While the room runs it becomes an accepted edit of yours: it goes onto the agents' disks, and those who have read
    the file are told. Without a running room, and with --to, it is written to the file here, and nothing that is not
    in the history is overwritten unless you say --force.
    """  # noqa: D301  click wants the character itself
    if target is None:
        running = room_if_running(Path.cwd(), room)
        if running:
            _restore_in(running, path, name)
            return
    with kept_log(room) as log:
        versions = known_versions(log, path, room)
        # The latest of that name: a held edit that was written again keeps its id.
        chosen = next((version for version in reversed(versions) if version.name == name), None)
        if chosen is None:
            raise WrongCallError(f"{path} has no version {name}. See: coroom history {path}")
        data = None if chosen.kind is FileKind.ABSENT else log.blob(chosen.blob)
    if data is None or chosen.kind is FileKind.SYMLINK:
        raise WrongCallError(f"In version {name}, {chosen.path} is {chosen.kind.value}; there is no text to restore.")
    place = target or any_repository_at(Path.cwd()).toplevel / path
    _spare_unknown(place, {version.blob for version in versions}, force=force)
    _write(place, data, executable=chosen.executable)
    click.echo(f"{place} is {chosen.path} as of version {name}, by {chosen.by}.")


def _restore_in(running: Running, path: str, name: str) -> None:
    status, told = asked(running, "restore", {"path": path, "version": name})
    if status != HTTPStatus.OK:
        why = told.get("error") if told else f"The room at {running.url} failed (HTTP {status})."
        raise WrongCallError(str(why))
    click.echo(f"{path} is version {name} again in the running room, as an edit of yours; its readers are told.")


def _spare_unknown(place: Path, known: set[str], *, force: bool) -> None:
    if place.is_symlink() or (place.exists() and not place.is_file()):
        raise WrongCallError(f"{place} is no plain file. Name another with --to.")
    if place.exists() and not force and content_hash(place.read_bytes()) not in known:
        raise WrongCallError(f"{place} holds a text that the history does not have. Name another file with --to.")


def _write(place: Path, data: bytes, *, executable: bool) -> None:
    """Replace the file whole, so that a full disk leaves what was there."""
    temporary = ""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        mode = place.stat().st_mode & 0o7777 if place.exists() else (0o755 if executable else 0o644)
        with NamedTemporaryFile(dir=place.parent, prefix=".coroom-", delete=False) as file:
            temporary = file.name
            file.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, place)
    except OSError as fault:
        with suppress(OSError):
            os.unlink(temporary)
        raise WrongCallError(f"{place} cannot be written: {fault.strerror}. Name another file with --to.") from fault
