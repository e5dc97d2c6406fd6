"""What a gate keeps between its runs: what its tests are, what they said of which tree, whose turn it is, its key."""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from coroom.core.quick import dataclass
from coroom.git.command import Git

VERDICTS_MAX = 5_000
"""Older ones are forgotten, and their trees tested again should they ever come back."""

KEY_FILE = "coroom-gate.key"
OPTION = "coroom-gate="


@dataclass(frozen=True, slots=True)
class Definition:
    """What a tree has to pass: the commands in order, and how long each may take. A verdict is for exactly one."""

    commands: tuple[str, ...]
    timeout_s: float

    @property
    def digest(self) -> str:
        """The same for the same definition."""
        told = json.dumps([*self.commands, self.timeout_s])
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeVerdict:
    """What the tests said of one tree: `summary` is one line, `tail` what explains a failure, `log` where all of it
    is.
    """

    passed: bool
    summary: str
    tail: str = ""
    log: str = ""


class Verdicts:
    """Verdicts by exact tree and definition, in a directory. To lose one costs a test run and nothing else."""

    def __init__(self, directory: Path) -> None:
        """Keep them in `directory`, which is made when the first is."""
        self._directory = directory

    def get(self, tree: str, definition: Definition) -> TreeVerdict | None:
        """What is known of a tree; damaged or missing is not known."""
        try:
            told = json.loads(self._path(tree, definition).read_text(encoding="utf-8"))
            return TreeVerdict(
                passed=bool(told["passed"]), summary=str(told["summary"]), tail=str(told["tail"]), log=str(told["log"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, tree: str, definition: Definition, verdict: TreeVerdict) -> None:
        """Keep a verdict; a reader finds all of it or nothing.

        Raises:
            OSError: it cannot be written.
        """
        path = self._path(tree, definition)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}.new")
        told = {"passed": verdict.passed, "summary": verdict.summary, "tail": verdict.tail, "log": verdict.log}
        fresh.write_text(json.dumps(told), encoding="utf-8")
        fresh.replace(path)
        self._forget_old()

    def drop(self, tree: str, definition: Definition) -> None:
        """Forget what is known of a tree."""
        self._path(tree, definition).unlink(missing_ok=True)

    def _path(self, tree: str, definition: Definition) -> Path:
        return self._directory / f"{tree}-{definition.digest}.json"

    def _forget_old(self) -> None:
        kept = list(os.scandir(self._directory))
        if len(kept) > VERDICTS_MAX:
            for old in sorted(kept, key=lambda entry: entry.stat().st_mtime)[: len(kept) - VERDICTS_MAX // 2]:
                with suppress(FileNotFoundError):
                    os.unlink(old.path)


def made_whole(target: Path, make: Callable[[Path], object]) -> None:
    """Have a directory that `make` fills, all of it or none, also when the process is killed: what a killed one has
    left of it goes. Two must not make one target at once.

    Raises:
        OSError: it cannot be written.
        GitFailed: as `make`.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in target.parent.glob(f".{target.name}.*.making"):
        shutil.rmtree(left, ignore_errors=True)
    making = target.parent / f".{target.name}.{secrets.token_hex(4)}.making"
    make(making)
    making.rename(target)


@contextmanager
def turn(directory: Path) -> Iterator[bool]:
    """Whether this process is the one that runs the gate kept in `directory`, until the block ends or the process dies.

    It saves work and is not what keeps main right: that is the compare-and-swap.

    Raises:
        OSError: the directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(directory / "lock", "a", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def is_running(directory: Path) -> bool:
    """Whether a process runs the gate kept in `directory` right now."""
    if not (directory / "lock").exists():
        return False
    with turn(directory) as mine:
        return not mine


def pass_for(key: str, ref: str, old: str, new: str) -> str:
    """What the hook of a guarded remote wants to hear with a push that moves `ref` from `old` to `new`."""
    told = f"{ref} {old} {new}".encode()
    return f"{OPTION}{hmac.new(key.encode(), told, hashlib.sha256).hexdigest()}"


def key_of(repository: Path) -> str:
    """The key of the gate that guards a bare repository on this machine; empty when none does, or it is not ours to
    read.
    """
    try:
        return (repository / KEY_FILE).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def guard(git: Git, branches: Sequence[str], python: str) -> list[str]:
    """Make a bare repository refuse every push to these branches but the gate's. Returns what was changed.

    Args:
        git: in the bare repository.
        branches: by their short names.
        python: the interpreter that the hook runs with.

    Raises:
        FileExistsError: there is another pre-receive hook, which is left alone.
        OSError: the repository cannot be written.
        GitFailed: it is none.
    """
    place = Path(git.line("rev-parse", "--absolute-git-dir"))
    hook = place / "hooks" / "pre-receive"
    text = HOOK.replace("@PYTHON@", python).replace("@BRANCHES@", repr([f"refs/heads/{name}" for name in branches]))
    if hook.exists() and MARK not in hook.read_text(encoding="utf-8", errors="replace"):
        raise FileExistsError(str(hook))
    changed = []
    if not key_of(place):
        descriptor = os.open(place / KEY_FILE, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
        changed.append(str(place / KEY_FILE))
    git.run("config", "receive.advertisePushOptions", "true")
    hook.parent.mkdir(exist_ok=True)
    fresh = hook.with_name(f"pre-receive.{secrets.token_hex(4)}")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(hook)
    return [*changed, str(hook)]


def unguard(git: Git) -> bool:
    """Take the hook and its key away again; says whether there was one.

    Raises:
        GitFailed: there is no repository.
    """
    place = Path(git.line("rev-parse", "--absolute-git-dir"))
    hook = place / "hooks" / "pre-receive"
    if not hook.exists() or MARK not in hook.read_text(encoding="utf-8", errors="replace"):
        return False
    hook.unlink()
    (place / KEY_FILE).unlink(missing_ok=True)
    return True


MARK = "coroom gate install"

HOOK = f'''#!@PYTHON@
# Made by: {MARK}. These branches move through the gate and in no other way.
import hashlib, hmac, os, sys

GUARDED = @BRANCHES@
with open("{KEY_FILE}", encoding="ascii") as file:
    key = file.read().strip()
count = int(os.environ.get("GIT_PUSH_OPTION_COUNT") or 0)
told = {{os.environ.get(f"GIT_PUSH_OPTION_{{number}}", "") for number in range(count)}}
for line in sys.stdin:
    old, new, ref = line.rstrip("\\n").split(" ", 2)
    if ref not in GUARDED:
        continue
    wanted = "{OPTION}" + hmac.new(key.encode(), f"{{ref}} {{old}} {{new}}".encode(), hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(wanted, one) for one in told):
        branch = ref.removeprefix("refs/heads/")
        sys.exit(
            f"{{branch}} moves through the gate only: coroom land. On a machine that cannot read "
            f"{{os.path.abspath('{KEY_FILE}')}}, leave it to a gate that can (coroom land --no-wait), or "
            "name what is in it in COROOM_GATE_KEY."
        )
'''
