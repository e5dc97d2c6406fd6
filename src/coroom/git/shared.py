"""Refs that several clones share: read together, and changed together by compare-and-swap, or not at all."""

import os
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from coroom.core.quick import dataclass
from coroom.git.command import Git, GitFailed, reason_of
from coroom.git.commits import checked_out_at, short
from coroom.git.workplace import REMOTE

NETWORK_TIMEOUT_S = 120.0

FETCHES_MAX = 4
"""Each fails only if something more has ended, or another has fetched it, within the moment since the look before."""

HAD = "refs/coroom/had"
"""Below it, in a repository of one's own, what was fetched whole."""

_GONE = b"couldn't find remote ref"
"""What git says when one of the refs that it is to fetch is not there: then it fetches none."""


@dataclass(frozen=True, slots=True)
class RefChange:
    """What one ref becomes, and where it must stand for that. Empty: no such ref."""

    ref: str
    new: str
    old: str


class Obstacle(StrEnum):
    """Why nothing was published."""

    STALE = "stale"
    REJECTED = "rejected"
    LOCKED = "locked"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Published:
    """Every change is there."""


@dataclass(frozen=True, slots=True)
class NotPublished:
    """No change is there. `refs` are those that stood elsewhere or were rejected; `why` is for a person."""

    obstacle: Obstacle
    why: str
    refs: tuple[str, ...] = ()


class SharedRefs(Protocol):
    """The refs of one shared repository, as somebody with a repository of its own meets them."""

    @property
    def name(self) -> str:
        """What a person calls it."""
        ...

    @property
    def git(self) -> Git:
        """Where objects are made before they are published, and are found once they were fetched."""
        ...

    def read(self, *prefixes: str) -> dict[str, str]:
        """Every ref that is one of the prefixes or lies below one, and the object that it names.

        Raises:
            GitFailed: the repository cannot be reached or read.
        """
        ...

    def fetch(self, refs: Mapping[str, str]) -> Mapping[str, str]:
        """Have what these refs name, with all that belongs to it; gives back, as they were read, those that did not
        turn out to be gone. Of one that was moved since, what it names now is had.

        Raises:
            GitFailed: it cannot be reached, or the disk is full.
        """
        ...

    def publish(self, changes: Sequence[RefChange], options: Sequence[str] = ()) -> Published | NotPublished:
        """Make all changes or none. To ask again for what is there already is the same as to have done it now.

        Args:
            changes: at least one; the new objects are in `git`.
            options: told to the hooks of a remote.

        Raises:
            GitFailed: git cannot be run, or an object is missing.
        """
        ...


class OwnRefs:
    """The repository itself, without any remote."""

    def __init__(self, git: Git) -> None:
        """`git` runs in the repository."""
        self._git = git

    @property
    def name(self) -> str:
        """The directory."""
        return str(self._git.directory)

    @property
    def git(self) -> Git:
        """The repository itself."""
        return self._git

    def read(self, *prefixes: str) -> dict[str, str]:
        """As `SharedRefs.read`."""
        listed = self._git.run("for-each-ref", "--format=%(objectname) %(refname)", *prefixes).out
        return dict(line.split(" ", 1)[::-1] for line in os.fsdecode(listed).splitlines())

    def fetch(self, refs: Mapping[str, str]) -> Mapping[str, str]:
        """As `SharedRefs.fetch`. Everything is here already, also of what is gone meanwhile."""
        return refs

    def publish(self, changes: Sequence[RefChange], options: Sequence[str] = ()) -> Published | NotPublished:  # noqa: ARG002
        """As `SharedRefs.publish`. A branch that is checked out somewhere is never moved."""
        for change in changes:
            where = checked_out_at(self._git, change.ref) if change.new else ""
            if where:
                why = f"{short(change.ref)} is checked out in {where}, and no branch is moved under a checkout"
                return NotPublished(Obstacle.REJECTED, why, (change.ref,))
        arguments = ("update-ref", "--stdin", "-z", "--no-deref", "-m", "coroom: landed")
        done = self._git.run(*arguments, stdin=_transaction(changes), expect=(0, 1, 128))
        elsewhere = not_there(changes, self.read(*(change.ref for change in changes)))
        if not elsewhere:
            return Published()
        obstacle = _obstacle(os.fsdecode(done.err))
        if obstacle:
            return NotPublished(obstacle, reason_of(done.err), elsewhere)
        raise GitFailed(arguments, done.code, reason_of(done.err))


def _transaction(changes: Sequence[RefChange]) -> bytes:
    lines = ["start"]
    for change in changes:
        if not change.new:
            lines.append(f"delete {change.ref}\0{change.old}")
        elif change.old:
            lines.append(f"update {change.ref}\0{change.new}\0{change.old}")
        else:
            lines.append(f"create {change.ref}\0{change.new}")
    return os.fsencode("\0".join([*lines, "prepare", "commit", ""]))


class RemoteRefs:
    """A repository that is pushed to and fetched from."""

    def __init__(self, git: Git, url: str, name: str = "") -> None:
        """`git` runs in a repository of one's own; `url` is anything that git can push to."""
        self._git = git
        self._url = url
        self._name = name or url
        self._had = self._kept()

    @property
    def name(self) -> str:
        """The name that it was given, or the address."""
        return self._name

    @property
    def git(self) -> Git:
        """The repository of one's own."""
        return self._git

    def read(self, *prefixes: str) -> dict[str, str]:
        """As `SharedRefs.read`."""
        patterns = [pattern for prefix in prefixes for pattern in (prefix, f"{prefix}/*")]
        listed = self._network("ls-remote", "--refs", "--", self._url, *patterns).out
        found = (line.split("\t", 1)[::-1] for line in os.fsdecode(listed).splitlines())
        below = tuple(f"{prefix}/" for prefix in prefixes)
        refs = {ref: oid for ref, oid in found if ref in prefixes or ref.startswith(below)}
        self._let_go(below, refs)
        return refs

    def fetch(self, refs: Mapping[str, str]) -> Mapping[str, str]:
        """As `SharedRefs.fetch`. What is had is kept by a ref of one's own, which git makes only when nothing is
        missing: that an object is there does not say that all it needs is, since a fetch may have been killed.
        """
        left = refs
        tries_left = FETCHES_MAX
        while failed := self._fetch_all(left):
            tries_left -= 1
            if not tries_left:
                raise failed
            there = self.read(*left)
            left = {ref: oid for ref, oid in left.items() if ref in there}
        return left

    def _fetch_all(self, refs: Mapping[str, str]) -> GitFailed | None:
        """Have all of them. A failure that comes back is one of the moment: one of them is gone, or another process of
        this clone has fetched at the same moment.
        """
        wanted = [ref for ref, oid in refs.items() if self._had.get(ref) != oid]
        if not wanted:
            return None
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules")
        arguments = ("fetch", *options, "--", self._url, *(f"+{ref}:{_had_as(ref)}" for ref in wanted))
        done = self._network(*arguments, expect=(0, 1, 128))
        self._had = self._kept()
        if not done.code:
            return None
        failed = GitFailed(arguments, done.code, reason_of(done.err), self._git.directory)
        # Not in the reason alone: a remote of old has the last word with how it took the end.
        if _GONE in done.err or _obstacle(os.fsdecode(done.err)) is Obstacle.STALE:
            return failed
        raise failed

    def _kept(self) -> dict[str, str]:
        listed = self._git.run("for-each-ref", "--format=%(objectname) %(refname)", HAD).out
        found = (line.split(" ", 1) for line in os.fsdecode(listed).splitlines())
        return {"refs" + ref.removeprefix(HAD): oid for oid, ref in found}

    def _let_go(self, prefixes: tuple[str, ...], refs: Mapping[str, str]) -> None:
        """Keep nothing any more that is gone over there."""
        gone = [ref for ref in self._had if (ref in prefixes or ref.startswith(prefixes)) and ref not in refs]
        if gone:
            lines = "".join(f"delete {_had_as(ref)}\n" for ref in gone)
            done = self._git.run("update-ref", "--stdin", stdin=os.fsencode(lines), expect=(0, 1, 128))
            left = {ref: oid for ref, oid in self._had.items() if ref not in gone}
            self._had = self._kept() if done.code else left

    def publish(self, changes: Sequence[RefChange], options: Sequence[str] = ()) -> Published | NotPublished:
        """As `SharedRefs.publish`, by one atomic push with a lease on every ref and never by force."""
        leases = [f"--force-with-lease={change.ref}:{change.old}" for change in changes]
        told = [f"--push-option={option}" for option in options]
        specs = [f"{change.new}:{change.ref}" for change in changes]
        arguments = ("push", "--atomic", "--porcelain", "--no-verify", *told, *leases, "--", self._url, *specs)
        try:
            done = self._network(*arguments, expect=range(256))
            said = os.fsdecode(done.out + done.err)
        except GitFailed as failed:
            done, said = None, failed.why
        try:
            elsewhere = not_there(changes, self.read(*(change.ref for change in changes)))
        except GitFailed as failed:
            return NotPublished(Obstacle.UNREACHABLE, f"{self._name} cannot be reached: {failed.why}")
        if not elsewhere:
            return Published()
        if done is not None and done.code == 0:
            return NotPublished(Obstacle.STALE, f"{short(elsewhere[0])} was moved at the same moment", elsewhere)
        return _not_pushed(said, elsewhere, self._name)

    def _network(self, *arguments: str, expect: Iterable[int] = (0,)) -> "_Done":
        done = self._git.run(*arguments, expect=tuple(expect), config=REMOTE, timeout_s=NETWORK_TIMEOUT_S)
        return _Done(done.code, done.out, done.err)


def _had_as(ref: str) -> str:
    return HAD + ref.removeprefix("refs")


@dataclass(frozen=True, slots=True)
class _Done:
    code: int
    out: bytes
    err: bytes


def not_there(changes: Sequence[RefChange], refs: Mapping[str, str]) -> tuple[str, ...]:
    """The refs that do not stand where the changes want them."""
    return tuple(change.ref for change in changes if refs.get(change.ref, "") != change.new)


def _not_pushed(said: str, elsewhere: tuple[str, ...], name: str) -> NotPublished:
    """What the report of a push that changed nothing means: machine-readable lines first, then what the remote said."""
    rejected = [line.split("\t") for line in said.splitlines() if line.startswith("!\t")]
    reasons = {parts[1].rpartition(":")[2]: parts[2] for parts in rejected if len(parts) == 3}
    stale = tuple(ref for ref, reason in reasons.items() if "stale info" in reason)
    if stale:
        return NotPublished(Obstacle.STALE, f"{', '.join(map(short, stale))} stood elsewhere", stale)
    told = told_by(said.encode("utf-8", "surrogateescape"))
    obstacle = _obstacle(told)
    if obstacle:
        return NotPublished(obstacle, f"{name} could not do it: {told[:300]}", elsewhere)
    refused = {ref: reason for ref, reason in reasons.items() if "atomic" not in reason}
    if refused:
        ref, reason = next(iter(refused.items()))
        why = f"{name} refuses {short(ref)}: {reason.removeprefix('[remote rejected] ').strip('()')}"
        return NotPublished(Obstacle.REJECTED, f"{why}. {told[:500]}".strip(), tuple(refused))
    return NotPublished(Obstacle.UNREACHABLE, f"{name} cannot be pushed to: {reason_of(said.encode())}", elsewhere)


_SAID = {
    Obstacle.LOCKED: ("File exists", "unable to lock", "could not lock"),
    Obstacle.STALE: (
        "but expected",
        "reference already exists",
        "reference is missing",
        "unable to resolve reference",
        "incorrect old value",
    ),
}


def is_locked(said: str) -> bool:
    """Whether git says that it has met a lock: somebody works there, or a killed git has left it."""
    return _obstacle(said) is Obstacle.LOCKED


def told_by(err: bytes) -> str:
    """What a remote has said about a push, in one line."""
    lines = (line.removeprefix("remote:").strip() for line in os.fsdecode(err).splitlines() if line[:7] == "remote:")
    return " ".join(filter(None, lines))


def _obstacle(said: str) -> Obstacle | None:
    """What git means when it could not change refs in its own repository."""
    return next((obstacle for obstacle, words in _SAID.items() if any(word in said for word in words)), None)
