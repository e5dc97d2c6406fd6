"""Build commits beside every checkout, and move a ref to them in one step that either happens or does not."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from coroom.core.file import FileKind
from coroom.git.command import Git, GitFailed, reason_of
from coroom.git.mirror import email_of

COMMITTER = "Coroom <coroom@coroom.local>"
SUBJECT_CHARS_MAX = 100

_MODES = {FileKind.TEXT: "100644", FileKind.BINARY: "100644", FileKind.SYMLINK: "120000"}


@dataclass(frozen=True, slots=True)
class Change:
    """What a path becomes: bytes (the text of a link for a symlink), or nothing when it is absent."""

    kind: FileKind
    data: bytes = b""
    executable: bool = False

    @property
    def mode(self) -> str:
        """The mode that git gives it; empty for an absent one."""
        executable = self.executable and self.kind in {FileKind.TEXT, FileKind.BINARY}
        return "100755" if executable else _MODES.get(self.kind, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One commit to be: what one task changed. `also` names the tasks or agents whose lines it had to carry,
    since they could not be told apart.
    """

    task: str
    agent: str
    title: str
    summary: str = ""
    changes: Mapping[str, Change] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    at_s: int = 0


@dataclass(frozen=True, slots=True)
class Built:
    """The commits in order and the tree of the last. They are reachable from `pin` until it is removed."""

    commits: tuple[str, ...]
    tree: str
    pin: str

    @property
    def commit(self) -> str:
        """The last commit."""
        return self.commits[-1]


class BadPath(ValueError):
    """A path that no repository may hold."""


def build(git: Git, base: str, parts: Iterable[Part], *, room: str, pin: str, now_s: int) -> Built:
    """Write one commit for each part, the first on `base`. No checkout, index or branch is touched.

    Args:
        git: the repository.
        base: the commit to build on.
        parts: at least one; each change replaces whatever is at its path.
        room: named in the trailers.
        pin: a ref of the room's own below `refs/coroom/`, which keeps the commits from being collected.
        now_s: the committer's time in seconds since the epoch.

    Raises:
        BadPath: a path is absolute, climbs, or lies in a git directory.
        GitFailed: there is no such base, the disk is full, or git could not do it; no ref has moved.
    """
    listed = list(parts)
    stream = b"".join(_stream(base, listed, room, pin, now_s))
    arguments = ("fast-import", "--quiet", "--done", "--force", "--date-format=raw")
    done = git.run(*arguments, stdin=stream)
    commits = tuple(done.out.decode().split())
    if len(commits) != len(listed):
        raise GitFailed(arguments, 0, f"{len(listed)} commits asked for, {len(commits)} made")
    return Built(commits, git.line("rev-parse", f"{commits[-1]}^{{tree}}"), pin)


def _stream(base: str, parts: list[Part], room: str, pin: str, now_s: int) -> Iterator[bytes]:
    yield b"feature done\nfeature get-mark\n"
    for number, part in enumerate(parts, start=1):
        message = message_of(part, room)
        yield f"commit {pin}\nmark :{number}\n".encode()
        author = f"{one_line(part.agent)} <{one_line(email_of(part.agent))}>"
        yield f"author {author} {part.at_s or now_s} +0000\n".encode()
        yield f"committer {COMMITTER} {now_s} +0000\n".encode()
        yield b"data %d\n%b\n" % (len(message), message)
        yield f"from {base if number == 1 else f':{number - 1}'}\n".encode()
        yield from _changed(part.changes)
        yield f"\nget-mark :{number}\n".encode()
    yield b"done\n"


def _changed(changes: Mapping[str, Change]) -> Iterator[bytes]:
    """Deletions first: a file may give way to a directory of its name, or a directory to a file."""
    for path in sorted(changes):
        if changes[path].kind is FileKind.ABSENT:
            yield b"D %b\n" % _quoted(path)
    for path, change in sorted(changes.items()):
        if change.kind is not FileKind.ABSENT:
            yield b"M %b inline %b\n" % (change.mode.encode(), _quoted(path))
            yield b"data %d\n%b\n" % (len(change.data), change.data)


def _quoted(path: str) -> bytes:
    parts = path.split("/")
    if "\0" in path or any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts):
        raise BadPath(f"no repository may hold {path!r}")
    raw = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"%b"' % raw


def message_of(part: Part, room: str) -> bytes:
    """The commit message: title, summary, and trailers that name the task, the agent and the room."""
    title = one_line(part.title) or f"Work of {part.agent}"
    subject = title if len(title) <= SUBJECT_CHARS_MAX else title[: SUBJECT_CHARS_MAX - 1] + "…"
    trailers = [("Coroom-Task", part.task)] if part.task else []
    trailers += [("Coroom-Agent", part.agent), ("Coroom-Room", room)]
    trailers += [("Coroom-Also", name) for name in part.also]
    body = "\n".join(line.rstrip() for line in _plain(part.summary).strip().splitlines())
    paragraphs = [subject, *([body] if body else []), "\n".join(f"{k}: {one_line(v)}" for k, v in trailers)]
    return ("\n\n".join(paragraphs) + "\n").encode()


def _plain(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode()
    return "".join(c for c in clean if c in "\n\t" or c.isprintable())


def one_line(text: str) -> str:
    """Text as one line that can stand in a commit's header or trailer: printable, without angle brackets."""
    return " ".join(_plain(text).split()).replace("<", "(").replace(">", ")")


@dataclass(frozen=True, slots=True)
class Moved:
    """The ref stands where it should."""

    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class NotMoved:
    """The ref was left where it is (`actual`; empty: it does not exist), and why."""

    ref: str
    actual: str
    why: str


def read_ref(git: Git, ref: str) -> str:
    """The object that a full ref names; empty when there is no such ref."""
    found = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", ref, expect=(0, 1, 128))
    return found.line if found.code == 0 else ""


def good_branch(git: Git, branch: str) -> bool:
    """Whether git takes `branch` for the name of one, and for nothing else: HEAD and @ are where a checkout stands, and
    what begins with refs/ is whole as it is.
    """
    if branch in {"HEAD", "@"} or branch.startswith(("-", "refs/")) or any(ord(c) < 33 for c in branch):
        return False
    return git.run("check-ref-format", f"refs/heads/{branch}", expect=(0, 1)).code == 0


def move_ref(git: Git, ref: str, new: str, old: str) -> Moved | NotMoved:
    """Move `ref` from `old` to `new`, or create it when `old` is empty: compare-and-swap, durable, one winner.

    A branch that is checked out somewhere is never moved: the checkout would then look as if its user had taken
    the landed work back. A ref that stands at `new` already counts as moved.

    Raises:
        GitFailed: git could not do it for a reason that is not the ref's position (disk, lock, missing object).
    """
    where = checked_out_at(git, ref)
    if where:
        return NotMoved(ref, read_ref(git, ref), f"{short(ref)} is checked out in {where}")
    done = git.run("update-ref", "--no-deref", "-m", "coroom: landed", ref, new, old, expect=(0, 1, 128))
    actual = read_ref(git, ref)
    if done.code == 0 or actual == new:
        return Moved(ref, new)
    if actual != old:
        return NotMoved(ref, actual, f"{short(ref)} {f'stands at {actual[:12]}' if actual else 'does not exist'}")
    if b"exists" in done.err:
        return NotMoved(ref, actual, f"git cannot lock {short(ref)}: {reason_of(done.err)}")
    raise GitFailed(("update-ref", ref), done.code, reason_of(done.err))


def remove_ref(git: Git, ref: str) -> None:
    """Remove a ref of the room's own, if it is there."""
    git.run("update-ref", "-d", "--no-deref", ref)


def pins(git: Git, prefix: str) -> list[str]:
    """The refs below `prefix`."""
    return git.run("for-each-ref", "--format=%(refname)", prefix).out.decode().split()


def short(ref: str) -> str:
    """A branch by the name people know it by."""
    return ref.removeprefix("refs/heads/")


def in_the_way(git: Git, branch: str) -> str:
    """The branch that keeps `branch` from being made, since one is a directory of the other; empty when none does."""
    parts = branch.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts))]
    found = git.run("for-each-ref", "--count=1", "--format=%(refname)", f"refs/heads/{branch}/").line
    return next((name for name in above if read_ref(git, f"refs/heads/{name}")), short(found))


def checked_out_at(git: Git, ref: str) -> str:
    """The work tree that has this branch checked out; empty when none has."""
    listed = git.run("worktree", "list", "--porcelain", "-z").out
    place = ""
    for line in os.fsdecode(listed).split("\0"):
        if line.startswith("worktree "):
            place = line.removeprefix("worktree ")
        elif line == f"branch {ref}":
            return place
    return ""


def is_ancestor(git: Git, older: str, newer: str) -> bool:
    """Whether `newer` contains `older`."""
    return git.run("merge-base", "--is-ancestor", older, newer, expect=(0, 1, 128)).code == 0


def not_in(git: Git, commits: Sequence[str], newer: str) -> list[str]:
    """Those of the commits that `newer` does not contain."""
    beyond = git.run("rev-list", "--max-count=1", *commits, f"^{newer}", "--", expect=(0, 128))
    if beyond.code == 0 and not beyond.out:
        return []
    # Where clocks went wrong, git may list what is in it all the same.
    return [commit for commit in commits if not is_ancestor(git, commit, newer)]


def export_tree(git: Git, commit: str, directory: os.PathLike[str], index: os.PathLike[str]) -> None:
    """Write the files of a commit into an empty directory, as a fresh checkout has them, by an index of its own.

    Raises:
        GitFailed: no such commit, the disk is full, or a path in it is not safe on a disk.
    """
    place = {
        "GIT_DIR": git.line("rev-parse", "--absolute-git-dir"),
        "GIT_WORK_TREE": os.fspath(directory),
        "GIT_INDEX_FILE": os.fspath(index),
    }
    Git(directory, place).run("read-tree", "--reset", "-u", commit)
