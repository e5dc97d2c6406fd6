"""Task notes: what was tried and what failed, for people and for the next session; never a lock.

They are Markdown files in `current_tasks/` on a branch of their own, so that main's history is the work's and not the
coordination's. A note is only ever added to, on top of what is there now, whoever wrote that: two who add at once both
stand in the file, and what a person edited by hand stays as it was edited.
"""

import os
import re
from collections.abc import Mapping

from coroom.core.resource import Resource
from coroom.git.claim_record import PREFIX, claim_ref
from coroom.git.command import Git, GitFailed
from coroom.git.commits import COMMITTER
from coroom.git.workplace import REMOTE

BRANCH = "coroom/notes"
FOLDER = "current_tasks"

ENTRY_CHARS_MAX = 4_000
"""A note is a note; the log has the rest."""

FILE_BYTES_MAX = 256 * 1024
TRIES = 6

_REF = f"refs/heads/{BRANCH}"
_SEEN = "refs/coroom/seen-notes"

SPEC = f"+{_REF}*:{_SEEN}*"
"""What a clone fetches to have the notes; a pattern, since there may be none yet."""


def note_name(key: Resource) -> str:
    """The file of a task's notes."""
    return f"{FOLDER}/{re.sub('%[0-9A-F]{2}', '-', claim_ref(key).removeprefix(PREFIX))}.md"


class TaskNotes:
    """The notes of a shared remote, as one clone meets them."""

    def __init__(self, git: Git, remote: str = "origin") -> None:
        self._git = git
        self._remote = remote

    def read(self) -> Mapping[str, str]:
        """Every note by its file name. Raises GitFailed when the remote does not answer."""
        head = self._fetch()
        return self._listed(head) if head else {}

    def of(self, key: Resource) -> str:
        """The note of one task as it was when `SPEC` was fetched last; empty when there is none."""
        head = self._head()
        found = self._git.run("cat-file", "blob", f"{head}:{note_name(key)}", expect=(0, 128)) if head else None
        return found.out[:FILE_BYTES_MAX].decode("utf-8", "replace") if found else ""

    def _listed(self, head: str) -> Mapping[str, str]:
        listed = self._git.run("ls-tree", "-z", head, f"{FOLDER}/").out.split(b"\0")
        notes = {}
        for line in filter(None, listed):
            facts, _, name = line.partition(b"\t")
            _, kind, oid = facts.decode().split()
            if kind == "blob":
                notes[os.fsdecode(name)] = self._text(oid)
        return notes

    def add(self, key: Resource, title: str, entry: str) -> bool:
        """Add an entry below what is there. False: it could not be brought to the remote, which loses only the note.

        Args:
            key: the task.
            title: heads the file when it is new.
            entry: a paragraph or some; control characters are taken out.
        """
        return self._brought({note_name(key): (f"# {key}: {title}\n", _clean(entry))}, only_new=False)

    def open(self, titles: Mapping[Resource, str], entry: str) -> bool:
        """Begin the notes of those of some tasks that have none, each with this entry; as `add`."""
        text = _clean(entry)
        return self._brought({note_name(key): (f"# {key}: {titles[key]}\n", text) for key in titles}, only_new=True)

    def _brought(self, entries: Mapping[str, tuple[str, str]], *, only_new: bool) -> bool:
        """Add entries, by the file's name its head and the text, in one step."""
        for _ in range(TRIES):
            try:
                if self._added(entries, only_new=only_new):
                    return True
            except GitFailed:
                return False
        return False

    def _added(self, entries: Mapping[str, tuple[str, str]], *, only_new: bool) -> bool:
        parent = self._fetch()
        blobs = {}
        for name, (head, entry) in entries.items():
            before = self._before(parent, name)
            if not (before and only_new):
                text = f"{(before or head).rstrip()}\n\n{entry}\n".encode("utf-8", "replace")
                blobs[name.rpartition("/")[2]] = self._git.run("hash-object", "-w", "--stdin", stdin=text).line
        if not blobs:
            return True
        commit = self._commit(parent, blobs)
        words = ("push", "--quiet", "--porcelain", "--no-verify", f"--force-with-lease={_REF}:{parent}", self._remote)
        return self._git.run(*words, f"{commit}:{_REF}", expect=(0, 1), config=REMOTE).code == 0

    def _before(self, parent: str, name: str) -> str:
        if not parent:
            return ""
        found = self._git.run("rev-parse", "--verify", "--quiet", f"{parent}:{name}", expect=(0, 1, 128))
        return self._text(found.line) if found.code == 0 else ""

    def _commit(self, parent: str, blobs: Mapping[str, str]) -> str:
        """A commit that differs from its parent by these files."""
        above = self._entries(parent, "")
        folder = self._entries(parent, f"{FOLDER}/")
        folder |= {os.fsencode(leaf): b"100644 blob " + blob.encode() for leaf, blob in blobs.items()}
        above[FOLDER.encode()] = b"040000 tree " + self._tree(folder).encode()
        name, _, address = COMMITTER.rstrip(">").partition(" <")
        given = ("-p", parent) if parent else ()
        said = f"note: {next(iter(blobs))}" if len(blobs) == 1 else f"notes of {len(blobs)} tasks"
        who = {"user.name": name, "user.email": address}
        return self._git.run("commit-tree", self._tree(above), *given, "-m", said, config=who).line

    def _entries(self, commit: str, place: str) -> dict[bytes, bytes]:
        if not commit:
            return {}
        listed = self._git.run("ls-tree", "-z", commit, *((place,) if place else ())).out.split(b"\0")
        pairs = (line.partition(b"\t") for line in listed if line)
        return {name.rpartition(b"/")[2]: facts for facts, _, name in pairs}

    def _tree(self, entries: Mapping[bytes, bytes]) -> str:
        lines = b"".join(facts + b"\t" + name + b"\0" for name, facts in sorted(entries.items()))
        return self._git.run("mktree", "-z", stdin=lines).line

    def _fetch(self) -> str:
        """The branch's commit in the remote; empty when there is no such branch."""
        words = ("fetch", "--quiet", "--no-write-fetch-head", "--prune", "--no-tags", "--no-auto-gc", self._remote)
        self._git.run(*words, SPEC, config=REMOTE)
        return self._head()

    def _head(self) -> str:
        return self._git.run("rev-parse", "--verify", "--quiet", _SEEN, expect=(0, 1)).line

    def _text(self, oid: str) -> str:
        return self._git.run("cat-file", "blob", oid, out_bytes_max=FILE_BYTES_MAX).out.decode("utf-8", "replace")


def _clean(entry: str) -> str:
    return "".join(c for c in entry if c == "\n" or c.isprintable())[:ENTRY_CHARS_MAX].strip()
