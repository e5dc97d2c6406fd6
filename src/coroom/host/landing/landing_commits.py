"""From what a room has accepted to a commit that holds exactly that, and is proven to."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from secrets import token_hex

from coroom.core.errors import Code, Refused
from coroom.core.file import FileKind
from coroom.core.quick import dataclass
from coroom.core.state import Landing as Landed
from coroom.core.state import RoomState
from coroom.git.command import Git
from coroom.git.commits import Built, Change, build, pins, read_ref, remove_ref
from coroom.git.repository import Repository, TreeFile, read_blobs, tree_files
from coroom.host.edits.content import Content, of_bytes
from coroom.host.host import Host
from coroom.host.landing.parts import Work, edited_paths, touched_paths, work_since
from coroom.workspace.states import content_hash

PINS = "refs/coroom/landing"
"""Below it, commits that are being tested are kept from git's garbage collection."""


@dataclass(frozen=True, slots=True)
class Start:
    """What is built on: a commit, the room's version that it holds, and where the branch stands now."""

    base: str
    version: int
    old: str


class NotExactError(Exception):
    """The commit that was built is not the room's files, at the path that it names."""


class LandingCommits:
    """Makes the commits of landings in the room's repository."""

    def __init__(self, host: Host, repository: Repository) -> None:
        self._host = host
        self._repository = repository
        self._git = Git(repository.common)

    def start(self, state: RoomState, branch: str) -> Start | Refused:
        """Where on the branch a landing of this state begins; refused where somebody else has put it."""
        began = state.commit or self._repository.commit
        old = read_ref(self._git, f"refs/heads/{branch}")
        last = _last_landing(state, branch)
        if last and old == last.commit:
            return Start(old, last.version, old)
        if old in {"", began}:
            return Start(began, 0, old)
        why = f"{branch} stands at {old[:12]}, which this room did not put there."
        return Refused(Code.CONFLICT, why, "Land on another branch with --branch, or move that one away.")

    def work(self, state: RoomState, start: Start) -> Work:
        """What has been accepted since, task by task."""
        events = self._host.events(0, state.seq)
        base = self._base(start.base, set(touched_paths(state, start.version)), edited_paths(events))
        return work_since(events, state, base, self._host.blob, start.version)

    def _base(self, commit: str, paths: set[str], edited: set[str]) -> Mapping[str, Content]:
        files = [file for file in tree_files(self._git, commit) if file.path in paths]
        blobs = read_blobs(self._git, [file.oid for file in files])
        contents = ((file.path, _content(file, data)) for file, (_, data) in zip(files, blobs, strict=True))
        return {path: content if path in edited else replace(content, data=None) for path, content in contents}

    def build(self, state: RoomState, start: Start, work: Work) -> Built:
        """Make the commits, pinned, and prove that the last one holds exactly the room's files.

        Raises:
            NotExactError: it does not.
            GitFailed, BadPath, OSError: they cannot be made.
        """
        prefix = f"{PINS}/{state.room}"
        for left in pins(self._git, prefix):
            remove_ref(self._git, left)
        now_s = self._host.clock.now_ms() // 1000
        pin = f"{prefix}/{token_hex(8)}"
        built = build(self._git, start.base, work.parts, room=state.room, pin=pin, now_s=now_s)
        self._verify(start, built, work.changed)
        return built

    def _verify(self, start: Start, built: Built, changed: Mapping[str, Change]) -> None:
        """The tree in git against the room's files, by git's own object names; all else must be as it was."""
        expected = _objects(tree_files(self._git, start.base))
        for path, change in changed.items():
            expected.pop(path, None)
            if change.kind is not FileKind.ABSENT:
                expected[path] = _object(change, self._repository.object_format)
        found = _objects(tree_files(self._git, built.commit))
        for path in sorted(expected.keys() | found.keys()):
            if expected.get(path) != found.get(path):
                raise NotExactError(path)


def _last_landing(state: RoomState, branch: str) -> Landed | None:
    return next((landing for landing in reversed(state.landings) if landing.ref == branch), None)


def _content(file: TreeFile, data: bytes) -> Content:
    if file.symlink:
        return Content(FileKind.SYMLINK, content_hash(data), data=data)
    return of_bytes(data, executable=file.executable)


def _objects(files: Iterable[TreeFile]) -> dict[str, tuple[str, str]]:
    return {file.path: (file.mode, file.oid) for file in files}


def _object(change: Change, object_format: str) -> tuple[str, str]:
    named = hashlib.new(object_format, b"blob %d\0" % len(change.data) + change.data, usedforsecurity=False)
    return change.mode, named.hexdigest()
