"""One shared repository in both forms: the repository itself, and a bare remote with a clone in front of it."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.git.repositories import git, new_repository, template

from coroom.core.resource import Resource, parse
from coroom.git.claim_record import Record
from coroom.git.command import Git
from coroom.git.shared import OwnRefs, RemoteRefs, SharedRefs

FORMS = ("own", "remote")


@dataclass
class SharedPlace:
    """`store` has the refs; `work` is where commits are made."""

    shared: SharedRefs
    store: Path
    work: Path

    def commit(
        self, files: dict[str, bytes], base: str = "main", message: str = "change", *, without: Sequence[str] = ()
    ) -> str:
        """A commit on top of `base` that no ref has, made beside every checkout."""
        made = b"refs/heads/made"
        changes = [b"D %b\n" % os.fsencode(name) for name in without]
        changes += [b"M 100644 inline %b\ndata %d\n%b\n" % (os.fsencode(n), len(d), d) for n, d in files.items()]
        head = f"committer Ann <ann@example.org> now\ndata <<.\n{message}\n.\nfrom {base}^0\n".encode()
        stream = [b"commit %b\nmark :1\n%b" % (made, head), *changes, b"get-mark :1\n"]
        gone = b"reset %b\nfrom %b\n" % (made, b"0" * 40)
        return git(self.work, "fast-import", "--quiet", "--date-format=now", stdin=b"".join((*stream, gone)))

    def main(self) -> str:
        return git(self.store, "rev-parse", "refs/heads/main")

    def files(self, ref: str = "refs/heads/main") -> list[str]:
        return git(self.store, "ls-tree", "-r", "--name-only", "-z", ref).split("\0")[:-1]

    def refs(self) -> list[str]:
        return git(self.store, "for-each-ref", "--format=%(refname)").split()


class Ending(RemoteRefs):
    """The remote of a place, where right after each look one more of these refs ends."""

    def __init__(self, place: SharedPlace, *ends: str) -> None:
        super().__init__(place.shared.git, str(place.store))
        self._store = place.store
        self.ends = list(ends)

    def read(self, *prefixes: str) -> dict[str, str]:
        found = super().read(*prefixes)
        if self.ends:
            git(self._store, "update-ref", "-d", self.ends.pop(0))
        return found


_stores: dict[tuple[object, ...], Path] = {}


def shared_place(form: str, root: Path, files: dict[str, bytes] | None = None) -> SharedPlace:
    work = new_repository(root / "work", files)
    if form == "own":
        (work / ".git" / "HEAD").write_text(git(work, "rev-parse", "HEAD") + "\n")
        return SharedPlace(OwnRefs(Git(work)), work, work)
    store, key = root / "store.git", tuple(sorted((files or {}).items()))
    if key not in _stores:
        _stores[key] = template() / "store.git"
        git(root, "clone", "--quiet", "--bare", "--template=", "--no-hardlinks", str(work), str(_stores[key]))
    shutil.copytree(_stores[key], store, symlinks=True)
    return SharedPlace(RemoteRefs(Git(work), str(store)), store, work)


def hook(store: Path, name: str, text: str) -> None:
    place = store / "hooks" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)
    place.chmod(0o755)


def parsed(text: str) -> Resource:
    found = parse(text)
    assert isinstance(found, Resource), found
    return found


def held_by(store: Path, ref: str, holder: str, fence: int, nonce: str = "n", claim: str = "c") -> str:
    """Somebody has taken what the ref stands for."""
    record = Record(
        claim=claim, resources=(), holder=holder, purpose="", fence=fence, ttl_ms=600_000, nonce=nonce, at_ms=0
    )
    oid = git(store, "hash-object", "-w", "--stdin", stdin=record.write())
    git(store, "update-ref", ref, oid)
    return oid
