"""`coroom restore`: a version of a file from the room's history, back on the disk."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

import click

from coroom.cli.history import kept_log, known_versions
from coroom.cli.place import ROOM, WrongCallError, any_repository_at
from coroom.core.file import FileKind
from coroom.workspace.states import content_hash


@click.command()
@click.argument("path")
@click.option("--version", "name", required=True, help="A version's number, or a held edit's id (coroom history PATH).")
@click.option("--to", "target", type=click.Path(path_type=Path), help="Write it there instead of to PATH.")
@click.option("--room", default=ROOM, show_default=True, help="The room's name.")
@click.option("--force", is_flag=True, help="Overwrite a text that the room's history does not have.")
def restore(path: str, name: str, target: Path | None, room: str, force: bool) -> None:
    """Write a version of PATH, as the room accepted or held it, to the file in this checkout or mirror.

    In an agent's mirror the running room takes it in like any other edit. Nothing that is not in the history is
    overwritten.
    """
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
