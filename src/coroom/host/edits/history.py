"""Every version of a file that the room ever accepted or held, over its renames."""

from collections.abc import Iterable
from difflib import unified_diff

from coroom.core.event import EditHeld, Event, FileAccepted, FilesSeeded, HeldSettled
from coroom.core.file import SHARED_LINE, FileKind, FileVersion
from coroom.core.quick import dataclass
from coroom.host.edits.content import of_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One text of the file. `name` is what it is asked for by: the room's version number, or the id of a held edit.

    `before` is the blob that it was made from; `ending` says of a held edit how it ended, empty while it is open;
    `line` is the agent whose own line it is on, under the policy isolated.
    """

    name: str
    path: str
    by: str
    at_ms: int
    kind: FileKind
    blob: str
    before: str
    executable: bool
    task: str | None = None
    layer: str = ""
    line: str = SHARED_LINE
    renamed_from: str = ""
    held: bool = False
    reason: str = ""
    ending: str = ""


def versions_of(path: str, events: Iterable[Event]) -> list[Version]:
    """The history of what is, or once was, at `path`, oldest first; empty when the room never knew it."""
    kept = list(events)
    ids = {version.file_id for _, version in _file_versions(kept) if version.path == path}
    paths = {path} | {version.path for _, version in _file_versions(kept) if version.file_id in ids}
    endings = {event.body.held: _ending(event.body) for event in kept if isinstance(event.body, HeldSettled)}
    found: list[Version] = []
    for event in kept:
        match event.body:
            case FilesSeeded(files=files):
                found += [_accepted(event, one, "", "repository") for one in files if one.file_id in ids]
            case FileAccepted(file=one, before=before, layer=layer, line=line) if one.file_id in ids:
                found.append(_accepted(event, one, before, layer, line))
            case EditHeld(path=where) as body if where in paths:
                found.append(_held(event, body, endings.get(body.held, "")))
    return found


def _file_versions(events: Iterable[Event]) -> Iterable[tuple[Event, FileVersion]]:
    for event in events:
        match event.body:
            case FilesSeeded(files=files):
                yield from ((event, version) for version in files)
            case FileAccepted(file=version):
                yield event, version


def _accepted(event: Event, one: FileVersion, before: str, layer: str, line: str = SHARED_LINE) -> Version:
    return Version(
        name=str(one.version),
        path=one.path,
        by=one.by,
        at_ms=event.at_ms,
        kind=one.kind,
        blob=one.blob,
        before=before,
        executable=one.executable,
        task=one.task,
        layer=layer,
        line=line,
        renamed_from=one.renamed_from,
    )


def _held(event: Event, body: EditHeld, ending: str) -> Version:
    return Version(
        name=body.held,
        path=body.path,
        by=body.agent,
        at_ms=event.at_ms,
        kind=body.mine_kind,
        blob=body.mine,
        before=body.base,
        executable=body.mine_executable,
        held=True,
        reason=body.reason,
        ending=ending,
    )


def _ending(body: HeldSettled) -> str:
    how = "dropped" if body.dropped else "settled"
    return f"{how} by {body.by}" + (f": {body.note}" if body.note else "")


def difference(version: Version, before: bytes, after: bytes) -> str:
    """What the version changed, as a unified diff; a word on it where it is not text."""
    sides = of_bytes(before), of_bytes(after)
    if version.kind is FileKind.BINARY or any(side.kind is not FileKind.TEXT for side in sides):
        return f"binary: {len(before)} bytes before, {len(after)} bytes after\n"
    lines = unified_diff(
        sides[0].text.splitlines(keepends=True),
        sides[1].text.splitlines(keepends=True),
        version.renamed_from or version.path,
        version.path,
    )
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
