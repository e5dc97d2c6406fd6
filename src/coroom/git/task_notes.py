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
        text = "".join(c for c in entry if c == "\n" or c.isprintable())[:ENTRY_CHARS_MAX].strip()
        for _ in range(TRIES):
            try:
                if self._added(note_name(key), f"# {key}: {title}\n", text):
                    return True
            except GitFailed:
                return False
        return False

    def _added(self, name: str, head: str, entry: str) -> bool:
        parent = self._fetch()
        before = ""
        if parent:
            found = self._git.run("rev-parse", "--verify", "--quiet", f"{parent}:{name}", expect=(0, 1, 128))
            before = self._text(found.line) if found.code == 0 else ""
        text = f"{(before or head).rstrip()}\n\n{entry}\n"
        blob = self._git.run("hash-object", "-w", "--stdin", stdin=text.encode("utf-8", "replace")).line
        commit = self._commit(parent, name.rpartition("/")[2], blob)
        words = ("push", "--quiet", "--porcelain", "--no-verify", f"--force-with-lease={_REF}:{parent}", self._remote)
        return self._git.run(*words, f"{commit}:{_REF}", expect=(0, 1), config=REMOTE).code == 0

    def _commit(self, parent: str, leaf: str, blob: str) -> str:
        """A commit that differs from its parent by this one file."""
        above = self._entries(parent, "")
        folder = self._entries(parent, f"{FOLDER}/")
        folder[os.fsencode(leaf)] = b"100644 blob " + blob.encode()
        above[FOLDER.encode()] = b"040000 tree " + self._tree(folder).encode()
        name, _, address = COMMITTER.rstrip(">").partition(" <")
        given = ("-p", parent) if parent else ()
        who = {"user.name": name, "user.email": address}
        return self._git.run("commit-tree", self._tree(above), *given, "-m", f"note: {leaf}", config=who).line

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
