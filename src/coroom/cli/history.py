"""`coroom history`: every version of a file that the room ever accepted or held."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from coroom.cli.place import ROOM, WrongCallError, any_repository_at
from coroom.core.file import FileKind
from coroom.host.door.clean import one_line, revealed
from coroom.host.edits.history import Version, difference, versions_of
from coroom.host.host import read_events
from coroom.host.served import state_directory
from coroom.log.sqlite import SqliteLog
from coroom.ports import LogCorrupt


@click.command()
@click.argument("path")
@click.option("--room", default=ROOM, show_default=True, help="The room's name.")
@click.option("--diff", "with_diffs", is_flag=True, help="Show what each version changed.")
@click.option("--json", "as_document", is_flag=True, help="Print one JSON document.")
def history(path: str, room: str, with_diffs: bool, as_document: bool) -> None:
    """Show every version of PATH that the room accepted or held: who, when, in which task, and how it ended.

    Follows renames. PATH is relative to the repository. Works while the room runs.
    """
    with kept_log(room) as log:
        found = known_versions(log, path, room)
        diffs = [difference(v, _blob(log, v.before), _blob(log, v.blob)) if with_diffs else "" for v in found]
    if as_document:
        click.echo(json.dumps({"path": path, "versions": [_document(v, d) for v, d in zip(found, diffs, strict=True)]}))
        return
    for version, diff in zip(found, diffs, strict=True):
        click.echo(_line(version))
        if diff:
            click.echo(revealed(diff), nl=False)


@contextmanager
def kept_log(room: str) -> Iterator[SqliteLog]:
    """The log of a room over the repository that is stood in, open for reading.

    Raises:
        WrongCallError: there is no such room, or its log is damaged.
    """
    path = state_directory(any_repository_at(Path.cwd()), room) / "room.sqlite3"
    if not path.exists():
        raise WrongCallError(f"There is no room '{room}' here yet. Start it with: coroom up")
    try:
        log = SqliteLog.reader(path)
    except LogCorrupt as fault:
        raise WrongCallError(str(fault)) from fault
    try:
        yield log
    finally:
        log.close()


def known_versions(log: SqliteLog, path: str, room: str) -> list[Version]:
    """The versions of a path.

    Raises:
        WrongCallError: the room never knew it.
    """
    found = versions_of(path, read_events(log, 0))
    if not found:
        raise WrongCallError(f"The room '{room}' never had a file {path}. Give its path from the repository's top.")
    return found


def _blob(log: SqliteLog, blob: str) -> bytes:
    return (log.blob(blob) or b"") if blob else b""


def _line(version: Version) -> str:
    when = datetime.fromtimestamp(version.at_ms / 1_000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    told = ["deleted" if version.kind is FileKind.ABSENT else version.layer]
    if version.held:
        told = [f"held: {one_line(version.reason, 120)}", one_line(version.ending, 120) or "open"]
    if version.renamed_from:
        told.append(f"renamed from {version.renamed_from}")
    if version.line:
        told.append(f"on {version.line}'s own line")
    task = f" {version.task}" if version.task else ""
    return f"{version.name:>6}  {when}  {version.by}{task}  {version.path}  ({'; '.join(filter(None, told))})"


def _document(version: Version, diff: str) -> dict[str, object]:
    fields = (
        "name",
        "path",
        "by",
        "at_ms",
        "task",
        "layer",
        "line",
        "renamed_from",
        "held",
        "reason",
        "ending",
        "blob",
    )
    return {name: getattr(version, name) for name in fields} | {"kind": version.kind.value, "diff": diff}
