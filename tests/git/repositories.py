"""Real repositories for tests, made by git alone and not by the code under test."""

import atexit
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
    "LC_ALL": "C",
}


def git(directory: Path, *arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(
        ("git", *arguments), cwd=directory, env=ENVIRONMENT, input=stdin, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return os.fsdecode(done.stdout).strip("\n")


def write(directory: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


COPIED_BYTES_MAX = 1 << 18
"""A repository with more is made where it is wanted, since copying it is no cheaper."""

_made: dict[tuple[object, ...], Path] = {}


def new_repository(directory: Path, files: dict[str, bytes] | None = None, *, object_format: str = "sha1") -> Path:
    """A repository with one commit. Git makes each kind once for a test process; the others are copies of it."""
    content = files if files is not None else {"a.txt": b"one\ntwo\nthree\n"}
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()) or len(content) + sum(map(len, content.values())) > COPIED_BYTES_MAX:
        return _committed(directory, content, object_format)
    key = (object_format, *sorted(content.items()))
    if key not in _made:
        _made[key] = _committed(template(), content, object_format)
        for sample in (_made[key] / ".git" / "hooks").iterdir():
            sample.unlink()
    shutil.copytree(_made[key], directory, symlinks=True, dirs_exist_ok=True)
    return directory


def template() -> Path:
    """An empty directory for something that tests copy; it goes with this process."""
    place = Path(mkdtemp(prefix="coroom-template-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def _committed(directory: Path, files: dict[str, bytes], object_format: str) -> Path:
    git(directory, "init", "--quiet", "--initial-branch=main", f"--object-format={object_format}")
    write(directory, files)
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message=first")
    return directory


def fsck(directory: Path) -> None:
    git(directory, "fsck", "--strict", "--no-dangling")


def picture(directory: Path) -> dict[str, object]:
    """Everything a user could notice of a checkout: files, index, HEAD and every branch but the room's."""
    refs = git(directory, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    files = {
        str(p.relative_to(directory)): (p.read_bytes() if not p.is_symlink() else os.fsencode(p.readlink()))
        for p in directory.rglob("*")
        if ".git" not in p.relative_to(directory).parts and (p.is_file() or p.is_symlink())
    }
    return {
        "head": (directory / ".git/HEAD").read_bytes(),
        "index": (directory / ".git/index").read_bytes(),
        "config": (directory / ".git/config").read_bytes(),
        "refs": [ref for ref in refs if "coroom" not in ref],
        "files": files,
    }
