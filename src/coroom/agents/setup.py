"""Puts a room into the configuration of a client that its user starts, and takes it out again to the byte.

Nothing is written before it could be shown: `plan` and `plan_undo` say what would change, `apply` and `apply_undo`
do it. A record kept beside the room's own data holds every file as it was before.
"""

import base64
import contextlib
import difflib
import hashlib
import json
import os
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coroom.agents import jsonc
from coroom.agents.codex import toml
from coroom.agents.setup_clients import ConfigFile, Entry, Form, wanted

_BYTES_MAX = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """One file: its bytes now and afterwards, None where there is no file; `entries` are those of ours it gains."""

    path: Path
    form: Form
    before: bytes | None
    after: bytes | None
    entries: tuple[Entry, ...] = ()

    def diff(self) -> str:
        """The change as a unified diff."""
        before, after = ((side or b"").decode("utf-8", "replace").splitlines(keepends=True) for side in self._sides())
        old, new = (str(self.path) if side is not None else os.devnull for side in self._sides())
        lines = difflib.unified_diff(before, after, old, new)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    def _sides(self) -> tuple[bytes | None, bytes | None]:
        return self.before, self.after


@dataclass(frozen=True, slots=True)
class Plan:
    """What would change; no changes means that all is there. `notes` are sentences for the user."""

    changes: tuple[ConfigChange, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was or will be changed, and what to do, in a sentence or two."""

    why: str


class _Refused(Exception):
    """Carries the sentence of a refusal to the nearest public function."""


def plan(client: str, *, home: Path, project: Path | None = None, url: str) -> Plan | Refusal:
    """What `client` (one of setup_clients.CLIENTS) lacks to reach the room at `url`.

    It goes into the user's files below `home`, or into those of `project` if one is named. What is there stays; a
    file that cannot be read, or an entry of our name that is not ours, is refused.
    """
    asked = wanted(client, home=home, project=project, url=url)
    try:
        changes = [_gain(file) for file in asked.files]
    except _Refused as refused:
        return Refusal(str(refused))
    return Plan(tuple(change for change in changes if change.before != change.after), asked.notes)


def apply(planned: Plan, record: Path) -> Refusal | None:
    """Do what was planned, and keep in `record` what undoing needs; None when done.

    Refused, with nothing changed, when a file is no longer as it was planned or `record` is there already.
    """
    if record.exists():
        return Refusal(f"This client has been set up already ({record}); undo that first.")
    try:
        _unchanged(planned)
    except _Refused as refused:
        return Refusal(str(refused))
    paths = [record, *(change.path for change in planned.changes)]
    kept = {
        "files": [_recorded(change) for change in planned.changes],
        "folders": sorted({str(folder) for path in paths for folder in _missing_folders(path)}),
    }
    _replace(record, json.dumps(kept, indent=1).encode())
    _write(planned)
    return None


def plan_undo(record: Path) -> Plan | Refusal:
    """What takes the setup kept in `record` away again.

    A file that nobody has touched since goes back to the byte. From one that was changed since only our entries go;
    if one of them was itself changed, that is refused.
    """
    try:
        changes = [_loss(one) for one in json.loads(record.read_bytes())["files"]]
    except FileNotFoundError:
        return Refusal(f"Nothing to undo: there is no record of a setup at {record}.")
    except _Refused as refused:
        return Refusal(str(refused))
    except (ValueError, KeyError, TypeError):
        return Refusal(f"{record} is damaged: take coroom out of the client's configuration by hand, then remove it.")
    return Plan(tuple(change for change in changes if change.before != change.after))


def apply_undo(planned: Plan, record: Path) -> Refusal | None:
    """Do what `plan_undo` planned and forget the record; refused when a file has changed meanwhile."""
    try:
        _unchanged(planned)
    except _Refused as refused:
        return Refusal(str(refused))
    _write(planned)
    folders = json.loads(record.read_bytes())["folders"]
    record.unlink()
    for folder in reversed(folders):
        # One that the user has since put something into stays.
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    return None


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise _Refused(f"{path} cannot be read ({fault.strerror}); nothing was changed.") from None
    if len(content) > _BYTES_MAX:
        raise _Refused(f"{path} is larger than {_BYTES_MAX} bytes; nothing was changed.")
    return content


def _text(path: Path, content: bytes | None) -> tuple[str, str]:
    """The mark at the beginning, and the text."""
    try:
        text = (content or b"").decode("utf-8")
    except UnicodeDecodeError:
        raise _Refused(f"{path} is not UTF-8; nothing was changed.") from None
    return ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)


def _gain(file: ConfigFile) -> ConfigChange:
    before = _read(file.path)
    if file.form is Form.WHOLE:
        after = file.entries[0].value.encode()
        if before not in (None, after):
            raise _Refused(f"{file.path} is there and not ours; move it away first.")
        return ConfigChange(path=file.path, form=file.form, before=before, after=after, entries=file.entries)
    mark, text = _text(file.path, before)
    insert = _insert_json if file.form is Form.JSON else _insert_toml
    try:
        changed, gained = insert(text, file.entries)
    except ValueError as fault:
        raise _Refused(f"{file.path}: {fault}; nothing was changed.") from None
    after = (mark + changed).encode() if gained else before
    return ConfigChange(path=file.path, form=file.form, before=before, after=after, entries=gained)


def _insert_json(text: str, entries: Sequence[Entry]) -> tuple[str, tuple[Entry, ...]]:
    text, gained = text if text.strip() else "{}\n", []
    for entry in entries:
        there = jsonc.find(jsonc.parse(text), entry.path)
        if there is not None and entry.item and isinstance(there.value, list) and entry.value in there.value:
            continue
        if there is not None and not entry.item and (entry.unless_there or there.value == entry.value):
            continue
        text = jsonc.insert(text, entry.path, entry.value, item=entry.item)
        gained.append(entry)
    return text, tuple(gained)


def _toml_block(entry: Entry, newline: str) -> str:
    lines = [f"[{'.'.join(entry.path)}]", *(f"{key} = {toml(value)}" for key, value in entry.value.items())]
    return "".join(line + newline for line in lines)


def _toml_at(text: str, path: Sequence[str]) -> Any:
    value: Any = tomllib.loads(text)
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _insert_toml(text: str, entries: Sequence[Entry]) -> tuple[str, tuple[Entry, ...]]:
    gained = []
    newline = "\r\n" if "\r\n" in text else "\n"
    for entry in entries:
        there = _toml_at(text, entry.path)
        if there == entry.value:
            continue
        if there is not None:
            raise ValueError(f"{'.'.join(entry.path)} is there already")
        gap = ("" if not text or text.endswith("\n") else newline) + (newline if text else "")
        text += gap + _toml_block(entry, newline)
        # A table cannot be added behind one that was closed on its own line.
        if _toml_at(text, entry.path) != entry.value:
            raise ValueError(f"{'.'.join(entry.path)} cannot be added")
        gained.append(entry)
    return text, tuple(gained)


def _recorded(change: ConfigChange) -> dict[str, Any]:
    assert change.after is not None
    return {
        "path": str(change.path),
        "form": change.form.value,
        "before": None if change.before is None else base64.b64encode(change.before).decode(),
        "after_sha256": hashlib.sha256(change.after).hexdigest(),
        "entries": [{"path": entry.path, "value": entry.value, "item": entry.item} for entry in change.entries],
    }


def _loss(kept: dict[str, Any]) -> ConfigChange:
    path, form = Path(kept["path"]), Form(kept["form"])
    before = None if kept["before"] is None else base64.b64decode(kept["before"])
    now = _read(path)
    if now is None or now == before:
        after = now
    elif hashlib.sha256(now).hexdigest() == kept["after_sha256"]:
        after = before
    else:
        entries = [Entry(path=tuple(one["path"]), value=one["value"], item=one["item"]) for one in kept["entries"]]
        after = _without(path, form, now, before, entries)
    return ConfigChange(path=path, form=form, before=now, after=after)


def _without(path: Path, form: Form, now: bytes, before: bytes | None, entries: list[Entry]) -> bytes | None:
    by_hand = "has been changed since; take our entries out by hand"
    if form is Form.WHOLE:
        raise _Refused(f"{path} {by_hand}.")
    mark, text = _text(path, now)
    _, original = _text(path, before)
    try:
        rest = (_remove_json if form is Form.JSON else _remove_toml)(text, original, entries)
    except ValueError as fault:
        raise _Refused(f"{path} {by_hand} ({fault}).") from None
    empty = before is None and rest.strip() in ("", "{}")
    return None if empty else (mark + rest).encode()


def _remove_json(text: str, original: str, entries: list[Entry]) -> str:
    was = jsonc.parse(original if original.strip() else "{}")
    for entry in reversed(entries):
        text = jsonc.remove(text, entry.path, entry.value, item=entry.item)
        depth = len(entry.path) - (0 if entry.item else 1)
        for length in range(depth, 0, -1):
            made = entry.path[:length]
            there = jsonc.find(jsonc.parse(text), made)
            if there is not None and not there.value and jsonc.find(was, made) is None:
                text = jsonc.remove(text, made, there.value, item=False)
    return text


def _remove_toml(text: str, _original: str, entries: list[Entry]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    for entry in reversed(entries):
        there = _toml_at(text, entry.path)
        if there is None:
            continue
        block = _toml_block(entry, newline)
        if there != entry.value or text.count(block) != 1:
            raise ValueError(f"{'.'.join(entry.path)} has been changed")
        head, _, tail = text.partition(block)
        text = head.removesuffix(newline) + tail if head.endswith(newline * 2) else head + tail
        if _toml_at(text, entry.path) is not None:
            raise ValueError(f"{'.'.join(entry.path)} is there twice")
    return text


def _missing_folders(path: Path) -> list[Path]:
    return [folder for folder in path.parents if not folder.exists()]


def _unchanged(planned: Plan) -> None:
    for change in planned.changes:
        if _read(change.path) != change.before:
            raise _Refused(f"{change.path} has changed meanwhile; nothing was changed, try again.")


def _write(planned: Plan) -> None:
    for change in planned.changes:
        if change.after is None:
            change.path.unlink(missing_ok=True)
        else:
            _replace(change.path, change.after)


def _replace(path: Path, content: bytes) -> None:
    """The file gets these bytes at once or not at all; a link to it stays a link, its mode stays as it was."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o600
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
