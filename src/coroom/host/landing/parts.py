"""What the room has accepted, as commits: one part for each task, each with its own edits as far as they come apart."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from coroom.core.agent import HOST, OPERATOR
from coroom.core.errors import Fault
from coroom.core.event import Event, FileAccepted, FilesSeeded
from coroom.core.file import SHARED_LINE, FileKind, FileVersion
from coroom.core.state import RoomState
from coroom.core.task import TaskState
from coroom.git.commits import Change, Part
from coroom.host.edits.content import ABSENT, Content, of_bytes, of_version
from coroom.workspace.merge import merge

Key = tuple[str, str]
"""Whose work an edit is: ("task", id) or, without a task, ("agent", name)."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """One accepted change of a path, or several in a row by the same part: `number` is its last place on the path."""

    owner: Key
    after: Content
    by: str
    at_ms: int
    version: int


@dataclass(slots=True)
class _Path:
    """One path while the parts are made: what the commits so far have there, and which edits that holds."""

    path: str
    accepted: list[Content]
    edits: list[_Edit] = field(default_factory=list)
    line: Content = ABSENT
    held: set[int] = field(default_factory=set)

    def replay(self, owner: Key, texts: "_Texts") -> set[Key]:
        """Put the owner's edits on the line. Returns whose lines had to come along."""
        carried: set[Key] = set()
        for number, edit in enumerate(self.edits, start=1):
            if edit.owner != owner or number in self.held:
                continue
            merged = _applied(self.accepted[number - 1], self.line, edit.after, self.path, texts)
            if merged is None:
                last = max(number, *self.held) if self.held else number
                fresh = set(range(1, last + 1)) - self.held
                carried |= {self.edits[n - 1].owner for n in fresh} - {owner}
                self.held |= fresh
                self.line = self.accepted[last]
            else:
                self.held.add(number)
                self.line = merged
                carried |= self._settle(owner)
        return carried

    def _settle(self, owner: Key) -> set[Key]:
        """Where the line holds the first edits and no other, it is the text that was accepted there."""
        last = len(self.held)
        if max(self.held) != last or self.line == self.accepted[last]:
            return set()
        self.line = self.accepted[last]
        return {edit.owner for edit in self.edits[:last]} - {owner}


class _Texts:
    """Contents by hash: from the commit, from the room's log, or made here."""

    def __init__(self, stored: Callable[[str], bytes | None]) -> None:
        self._stored = stored
        self._known: dict[str, bytes] = {}

    def keep(self, content: Content) -> Content:
        if content.data is not None:
            self._known[content.blob] = content.data
        return content

    def data(self, content: Content) -> bytes:
        known = self._known.get(content.blob)
        if known is None:
            known = self._stored(content.blob)
        if known is None:
            raise Fault(f"the room has no content {content.blob[:12]}")
        return known


def _applied(before: Content, line: Content, after: Content, path: str, texts: _Texts) -> Content | None:
    """The change from `before` to `after` on `line`; None when it does not come apart from other changes."""
    if line == before:
        return after
    if line == after:
        return line
    if {before.kind, line.kind, after.kind} != {FileKind.TEXT}:
        return None
    merged = merge(texts.data(before), texts.data(line), texts.data(after), path, doubts=False)
    if merged.status == "held":
        return None
    executable = after.executable if after.executable != before.executable else line.executable
    return texts.keep(of_bytes(merged.text, executable=executable))


@dataclass(frozen=True, slots=True)
class Work:
    """All that is to be landed: the parts in order, what every changed path is at the end, and the finished tasks."""

    parts: tuple[Part, ...]
    changed: Mapping[str, Change]
    tasks: tuple[str, ...]


def work_since(
    events: Iterable[Event],
    state: RoomState,
    base: Mapping[str, Content],
    stored: Callable[[str], bytes | None],
    after_version: int = 0,
) -> Work:
    """The accepted edits after a version as parts: finished tasks in the order they were finished, then what is under
    way, then work without a task.

    Promises: the changes of the parts, put on the base in order, give exactly the room's accepted files, byte for
    byte. Each part holds the edits of its own task; where a later edit cannot be told apart from an earlier one of
    another task, the part carries the text as it was accepted and names that task in `also`.

    Args:
        events: the room's log, in order, up to the version of `state`.
        state: the room.
        base: the files of the commit that is built on, for every path in `touched_paths`; with their data for every
            path in `edited_paths`.
        stored: content by hash.
        after_version: the version at which `base` was landed; 0 for the commit the room began with.

    Raises:
        Fault: the room does not have a content that its log names.
    """
    texts = _Texts(stored)
    paths = _paths(events, base, texts, after_version, state.version)
    order = _order(state, paths.values())
    parts: list[Part] = []
    carried_for: set[Key] = set()
    for owner in order:
        changes: dict[str, Change] = {}
        also: set[Key] = set()
        for path in paths.values():
            if not any(edit.owner == owner for edit in path.edits):
                continue
            before = path.line
            carried = path.replay(owner, texts)
            if path.line != before:
                also |= carried
                changes[path.path] = _change(path.line, texts)
        if changes or owner in carried_for:
            parts.append(_part(state, owner, changes, tuple(sorted(name for _, name in also)), paths.values()))
        carried_for |= also
    changed = {p.path: _change(p.accepted[-1], texts) for p in paths.values() if p.accepted[-1] != p.accepted[0]}
    return Work(tuple(_restated(parts, paths, texts)), changed, _tasks(state))


def _restated(parts: list[Part], paths: Mapping[str, _Path], texts: _Texts) -> list[Part]:
    """A file in one part and a directory of its name in another push each other out of git's tree, in an order that
    the room never saw; the last part says once more how such paths end.
    """
    edited = {path for path, found in paths.items() if found.edits}
    ends = {
        path: _change(paths[path].accepted[-1], texts) for inner, outer in nested(edited) for path in (inner, outer)
    }
    if not parts or not ends:
        return parts
    return [*parts[:-1], replace(parts[-1], changes={**parts[-1].changes, **ends})]


def nested(paths: AbstractSet[str]) -> list[tuple[str, str]]:
    """The pairs of which the second is a directory that the first lies in."""
    found = []
    for path in sorted(paths):
        at = path.find("/")
        while at >= 0:
            if path[:at] in paths:
                found.append((path, path[:at]))
            at = path.find("/", at + 1)
    return found


def touched_paths(state: RoomState, after_version: int = 0) -> list[str]:
    """The paths whose accepted version is later than `after_version`."""
    return [path for path, version in state.files().items() if version.version > after_version]


def edited_paths(events: Iterable[Event]) -> set[str]:
    """The paths that somebody has changed, as against those the room only took from the repository."""
    return {
        event.body.file.path
        for event in events
        if isinstance(event.body, FileAccepted) and event.body.line == SHARED_LINE
    }


def _paths(
    events: Iterable[Event], base: Mapping[str, Content], texts: _Texts, after_version: int, version: int
) -> dict[str, _Path]:
    paths: dict[str, _Path] = {}
    for event in events:
        for file in _versions(event):
            if not after_version < file.version <= version:
                continue
            path = paths.get(file.path)
            if path is None:
                first = texts.keep(base.get(file.path, ABSENT))
                path = paths[file.path] = _Path(file.path, [first], line=first)
            _append(path, file, event.at_ms)
    return paths


def _versions(event: Event) -> tuple[FileVersion, ...]:
    if isinstance(event.body, FilesSeeded):
        return event.body.files
    if isinstance(event.body, FileAccepted) and event.body.line == SHARED_LINE:
        return (event.body.file,)
    return ()


def _append(path: _Path, file: FileVersion, at_ms: int) -> None:
    owner = ("task", file.task) if file.task else ("agent", file.by)
    after = of_version(file)
    if after == path.accepted[-1]:
        return
    edit = _Edit(owner, after, file.by, at_ms, file.version)
    if path.edits and path.edits[-1].owner == owner:
        path.edits[-1], path.accepted[-1] = edit, after
    else:
        path.edits.append(edit)
        path.accepted.append(after)


def _order(state: RoomState, paths: Iterable[_Path]) -> list[Key]:
    latest: dict[Key, int] = {}
    for path in paths:
        for edit in path.edits:
            latest[edit.owner] = max(latest.get(edit.owner, 0), edit.version)

    def place(owner: Key) -> tuple[int, int]:
        task = state.tasks.get(owner[1]) if owner[0] == "task" else None
        if task and task.state is TaskState.DONE:
            return 0, task.done_seq
        return (1 if task else 2), latest[owner]

    return sorted(latest, key=place)


def _change(content: Content, texts: _Texts) -> Change:
    if content.kind is FileKind.ABSENT:
        return Change(FileKind.ABSENT)
    return Change(content.kind, texts.data(content), content.executable)


def _part(
    state: RoomState, owner: Key, changes: dict[str, Change], also: tuple[str, ...], paths: Iterable[_Path]
) -> Part:
    last = max((e for path in paths for e in path.edits if e.owner == owner), key=lambda edit: edit.version)
    task = state.tasks.get(owner[1]) if owner[0] == "task" else None
    title, summary = f"Work of {_called(owner[1])}", ""
    if task:
        title = task.title if task.state is TaskState.DONE else f"Under way: {task.title}"
        summary = task.summary
    if not changes:
        summary = f"{summary}\n\nIts lines are in an earlier commit, which names it.".strip()
    return Part(
        task=task.id if task else "",
        agent=(task.holder if task else None) or last.by,
        title=title,
        summary=summary,
        changes=changes,
        also=also,
        at_s=last.at_ms // 1000,
    )


def _called(name: str) -> str:
    return {HOST: "the room", OPERATOR: "the operator"}.get(name, name)


def _tasks(state: RoomState) -> tuple[str, ...]:
    """The finished tasks in the order they were finished."""
    done = sorted((t for t in state.tasks.values() if t.state is TaskState.DONE), key=lambda t: t.done_seq)
    return tuple(task.id for task in done)
