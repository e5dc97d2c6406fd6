"""Mirrors: one whole clone for each agent."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.git.repositories import fsck, git, new_repository, picture, write

from coroom.git.mirror import STAGE, MirrorFailed, clear_half_made, make_mirror
from coroom.git.repository import Repository, inspect


def repository_at(directory: Path) -> Repository:
    found = inspect(directory)
    assert isinstance(found, Repository), found
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return repository_at(new_repository(tmp_path / "r", {"a.txt": b"one\n", "src/b.py": b"x = 1\n"}))


def test_a_mirror_is_a_clean_checkout_on_the_agents_own_branch(repository: Repository, tmp_path: Path) -> None:
    before = picture(repository.toplevel)
    stage = make_mirror(repository, tmp_path / "m/ann", "ann")
    mirror = tmp_path / "m/ann"
    assert stage == mirror / STAGE
    assert stage.is_dir()
    assert (mirror / "src/b.py").read_bytes() == b"x = 1\n"
    assert git(mirror, "symbolic-ref", "HEAD") == "refs/heads/coroom/ann"
    assert git(mirror, "rev-parse", "HEAD") == repository.commit
    assert git(mirror, "status", "--porcelain") == ""
    assert picture(repository.toplevel) == before
    fsck(mirror)


def test_a_mirror_commits_under_its_agents_name_and_knows_no_remote(repository: Repository, tmp_path: Path) -> None:
    mirror = tmp_path / "ann"
    make_mirror(repository, mirror, "ann")
    assert git(mirror, "config", "user.name") == "ann"
    assert git(mirror, "config", "user.email") == "ann@coroom.local"
    assert git(mirror, "remote") == ""
    assert git(mirror, "for-each-ref", "refs/remotes") == ""
    assert "url" not in (mirror / ".git/config").read_text()


def test_no_hook_or_setting_of_the_repository_comes_along(repository: Repository, tmp_path: Path) -> None:
    git(repository.toplevel, "config", "credential.helper", "store")
    git(repository.toplevel, "config", "alias.x", "!true")
    hook = repository.common / "hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    make_mirror(repository, tmp_path / "ann", "ann")
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "ann/.git/hooks").exists()
    config = (tmp_path / "ann/.git/config").read_text()
    assert "store" not in config
    assert "alias" not in config


def test_a_mirror_holds_the_bytes_that_git_stores(tmp_path: Path) -> None:
    files = {".gitattributes": b"* text eol=crlf ident\n", "a.txt": b"1\r\n$Id$\r\n", "b.bin": b"\x00\r\n"}
    repository = repository_at(new_repository(tmp_path / "r", files))
    make_mirror(repository, tmp_path / "m", "ann")
    assert (tmp_path / "m/a.txt").read_bytes() == b"1\n$Id$\n"
    assert git(tmp_path / "m", "status", "--porcelain") == ""


def test_a_mirror_begins_at_the_commit_that_is_named(repository: Repository, tmp_path: Path) -> None:
    write(repository.toplevel, {"a.txt": b"two\n"})
    git(repository.toplevel, "commit", "--quiet", "-am", "second")
    make_mirror(repository, tmp_path / "m", "ann", repository.commit)
    assert (tmp_path / "m/a.txt").read_bytes() == b"one\n"


def test_modes_links_and_odd_names_arrive(tmp_path: Path) -> None:
    directory = tmp_path / "r"
    directory.mkdir()
    (directory / "run").touch(0o755)
    (directory / "link").symlink_to("run")
    odd = os.fsdecode(b"caf\xe9")
    repository = repository_at(new_repository(directory, {odd: b"x", "日本/ü": b"y"}))
    make_mirror(repository, tmp_path / "m", "ann")
    assert os.access(tmp_path / "m/run", os.X_OK)
    assert os.readlink(tmp_path / "m/link") == "run"
    assert (tmp_path / "m" / odd).read_bytes() == b"x"
    assert (tmp_path / "m/日本/ü").read_bytes() == b"y"


def test_a_taken_target_is_left_as_it_is(repository: Repository, tmp_path: Path) -> None:
    write(tmp_path / "m", {"mine": b"keep\n"})
    with pytest.raises(MirrorFailed, match="taken"):
        make_mirror(repository, tmp_path / "m", "ann")
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["mine"]


def test_a_place_that_cannot_be_made_is_a_clear_failure(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MirrorFailed, match="no mirror for ann"):
        make_mirror(repository, tmp_path / "file/ann", "ann")


def test_a_mirror_that_fails_leaves_nothing(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(MirrorFailed, match="ann"):
        make_mirror(repository, tmp_path / "m/ann", "ann", "f" * 40)
    assert list((tmp_path / "m").iterdir()) == []


def test_sixteen_mirrors_at_once_all_come_out_whole(repository: Repository, tmp_path: Path) -> None:
    names = [f"a{n}" for n in range(16)]
    makers = [threading.Thread(target=make_mirror, args=(repository, tmp_path / "m" / n, n)) for n in names]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    for name in names:
        assert git(tmp_path / "m" / name, "status", "--porcelain", "--branch") == f"## coroom/{name}"


def test_a_killed_maker_leaves_no_mirror_that_looks_whole(repository: Repository, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from coroom.git import mirror, repository\n"
        "mirror._prepare = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "mirror.make_mirror(repository.inspect(sys.argv[1]), Path(sys.argv[2]), 'ann')\n"
    )
    target = tmp_path / "m/ann"
    done = subprocess.run((sys.executable, "-c", code, str(repository.toplevel), str(target)), check=False)
    assert done.returncode == -signal.SIGKILL
    assert not target.exists()
    assert clear_half_made(tmp_path / "m") == 1
    assert list((tmp_path / "m").iterdir()) == []
    make_mirror(repository, target, "ann")
    assert clear_half_made(tmp_path / "m") == 0
    assert target.exists()
