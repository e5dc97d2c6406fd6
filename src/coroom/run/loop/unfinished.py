"""What sessions had not finished: kept in the shared remote, a ref for each place and item, so that nothing is lost.

Two loops of one name have two places, and so do not write to one ref. What a place kept of an item before stays
reachable from what it keeps of it now.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from coroom.core.resource import Resource, Scheme
from coroom.git.command import Git
from coroom.git.commits import COMMITTER, is_ancestor, read_ref
from coroom.git.workplace import REMOTE

WIP = "refs/coroom/wip/"
"""Below it AGENT-PLACE-ITEM: a place's own name is random, an item's a hash of its key."""

UNSAVED = "refs/coroom/unsaved/"
"""In the harness's repository: what the remote has not taken yet, by item."""

SHOWN_MAX = 5
_JOINED = "coroom: unfinished work, kept on top of what was kept before"


class Unfinished:
    """The unfinished work of one place of `agent`, as its harness's repository `hub` and the remote have it; `place` is
    its `place_name`.
    """

    def __init__(self, hub: Git, remote: str, agent: str, place: str) -> None:
        self._hub = hub
        self._remote = remote
        self._own = f"{WIP}{agent}-{place}"

    def spec(self, item: Resource) -> str:
        """What is fetched to have what anybody has left of an item, and of anything for a role's job, which may be to
        bring such work to its end; a pattern, since there may be nothing.
        """
        which = "*" if item.scheme is Scheme.ROLE else f"*-{_hashed(item)}"
        return f"+{WIP}{which}:{WIP}{which}"

    def save(self, tip: str, item: Resource) -> str:
        """Keep a commit as what is unfinished of the item; where it is. Raises GitFailed when the remote does not take
        it: then the harness's repository has it until `save_again`.
        """
        return self._save(tip, _hashed(item))

    def save_again(self) -> None:
        """Keep what the remote did not take before. Raises GitFailed."""
        listed = self._hub.run("for-each-ref", "--format=%(refname)", UNSAVED)
        for ref in listed.out.decode().splitlines():
            self._save(read_ref(self._hub, ref), ref.removeprefix(UNSAVED))

    def _save(self, tip: str, hashed: str) -> str:
        unsaved, ref = f"{UNSAVED}{hashed}", f"{self._own}-{hashed}"
        before = read_ref(self._hub, unsaved)
        tip = tip if not before or is_ancestor(self._hub, before, tip) else self._joined(tip, before)
        self._hub.run("update-ref", unsaved, tip)
        words = ("--quiet", "--no-write-fetch-head", "--prune", "--no-tags", "--no-auto-gc", self._remote)
        self._hub.run("fetch", *words, f"+{WIP}*-{hashed}:{WIP}*-{hashed}", config=REMOTE)
        old = read_ref(self._hub, ref)
        kept = tip if not old or is_ancestor(self._hub, old, tip) else self._joined(tip, old)
        push = ("push", "--quiet", "--porcelain", "--no-verify", f"--force-with-lease={ref}:{old}", self._remote)
        self._hub.run(*push, f"{kept}:{ref}", config=REMOTE)
        self._hub.run("update-ref", "-d", unsaved)
        return ref

    def of(self, item: Resource, base: str) -> str:
        """What was left of an item when its `spec` was fetched last, in some lines; empty when nothing, or when the
        commit `base` has all of it.
        """
        lines = [line for ref in self._refs(item) for line in self._told(ref, base)]
        return "\n".join(lines[:SHOWN_MAX])

    def drop(self, item: Resource) -> None:
        """Forget what this place has left of an item, which is done. Raises GitFailed."""
        ref = f"{self._own}-{_hashed(item)}"
        old = read_ref(self._hub, ref)
        if old:
            push = ("push", "--quiet", "--porcelain", "--no-verify", f"--force-with-lease={ref}:{old}", self._remote)
            self._hub.run(*push, f":{ref}", config=REMOTE)
            self._hub.run("update-ref", "-d", ref)

    def _refs(self, item: Resource) -> list[str]:
        listed = self._hub.run("for-each-ref", "--sort=-creatordate", "--format=%(refname)", f"{WIP}*-{_hashed(item)}")
        return listed.out.decode("utf-8", "replace").splitlines()

    def _told(self, ref: str, base: str) -> Iterator[str]:
        for tip in self._tips(ref):
            if not is_ancestor(self._hub, tip, base):
                subject = self._hub.line("log", "-1", "--format=%an: %s", tip)
                yield f"{subject}: commit {tip[:12]}: git fetch origin {ref}, then git show {tip[:12]}"

    def _tips(self, ref: str) -> Iterator[str]:
        """What was kept, newest first, without the commits that only hold it together."""
        at = read_ref(self._hub, ref)
        for _ in range(SHOWN_MAX):
            parents, _, subject = self._hub.line("log", "-1", "--format=%P%x00%s", at).partition("\0")
            newest, _, older = parents.partition(" ")
            if subject != _JOINED or not older:
                yield at
                return
            yield newest
            at = older

    def _joined(self, tip: str, old: str) -> str:
        name, _, address = COMMITTER.rstrip(">").partition(" <")
        who = {"user.name": name, "user.email": address}
        return self._hub.run("commit-tree", f"{tip}^{{tree}}", "-p", tip, "-p", old, "-m", _JOINED, config=who).line


def place_name(file: Path) -> str:
    """The random name that is kept in a file, made when there is none; no other process may do so at the same moment.

    Raises:
        OSError: it cannot be kept.
    """
    with suppress(OSError):
        if known := file.read_text(encoding="ascii"):
            return known
    # A full disk leaves an empty file: never a name that others could have, too.
    fresh = file.with_suffix(".new")
    fresh.write_text(secrets.token_hex(4), encoding="ascii")
    fresh.replace(file)
    return file.read_text(encoding="ascii")


def _hashed(item: Resource) -> str:
    return hashlib.sha256(str(item).encode("utf-8", "surrogateescape")).hexdigest()[:12]
