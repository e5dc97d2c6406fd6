"""The one file that runs git."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.git.repositories import git, new_repository

from coroom.core.errors import Fault
from coroom.git import command
from coroom.git.command import Git, GitFailed, GitMissing


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "r")


def test_bytes_go_in_and_come_out_as_they_are(repository: Path) -> None:
    data = bytes(range(256)) * 1_000
    oid = Git(repository).run("hash-object", "-w", "--stdin", stdin=data).line
    assert Git(repository).run("cat-file", "blob", oid).out == data


def test_more_than_the_pipes_hold_goes_in_and_comes_out_at_once(repository: Path) -> None:
    data = b"x" * 4_000
    oid = Git(repository).run("hash-object", "-w", "--stdin", stdin=data).line
    out = Git(repository).run("cat-file", "--batch", "--buffer", stdin=f"{oid}\n".encode() * 5_000).out
    assert out == f"{oid} blob 4000\n".encode().join([b"", *[data + b"\n"] * 5_000])


def test_what_git_does_not_read_stops_nothing(repository: Path) -> None:
    assert Git(repository).run("version", stdin=b"x" * 1_000_000).line.startswith("git version")


def test_an_unexpected_exit_is_a_fault_that_names_command_code_and_reason(repository: Path) -> None:
    with pytest.raises(GitFailed) as caught:
        Git(repository).run("rev-parse", "--verify", "nothing")
    assert isinstance(caught.value, Fault)
    assert caught.value.argv == ("rev-parse", "--verify", "nothing")
    assert caught.value.code == 128
    assert caught.value.why == "fatal: Needed a single revision"


def test_an_expected_exit_code_is_a_value(repository: Path) -> None:
    assert Git(repository).run("rev-parse", "--verify", "--quiet", "nothing", expect=(0, 1)).code == 1


def test_a_missing_git_is_told_from_a_failing_one(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(GitMissing):
        Git(repository).run("version")
    with pytest.raises(GitFailed):
        Git(repository / "nowhere").run("version")


def _slow(directory: Path) -> dict[str, str]:
    """An alias that hangs, with a child of its own."""
    return {"alias.hang": f"!echo $$ > {directory}/pid; sleep 600"}


def test_a_git_that_hangs_is_killed_with_all_its_children(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="out of time"):
        Git(repository).run("hang", config=_slow(tmp_path), timeout_s=1)
    assert not _running(int((tmp_path / "pid").read_text()))


def _running(pid: int) -> bool:
    """Whether it still runs after the moment that the kernel takes to end it."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        if state == "Z":
            return False
        time.sleep(0.01)
    return True


def test_a_git_that_has_ended_and_left_a_child_with_its_pipes_is_not_waited_for(repository: Path) -> None:
    with pytest.raises(GitFailed, match=r"out of time after 0\.2 s"):
        Git(repository).run("-c", "alias.x=!sleep 1000 &", "x", timeout_s=0.2)


@pytest.mark.parametrize("writes", ["yes >&2", "setsid yes >&2 &"])
def test_a_git_that_complains_for_ever_is_out_of_time_too(
    writes: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "CLOSED_WITHIN_S", 0.1)
    with pytest.raises(GitFailed, match=r"out of time after 0\.2 s"):
        Git(repository).run("-c", f"alias.x=!{writes}", "x", timeout_s=0.2)


def test_output_beyond_the_bound_ends_the_command(repository: Path) -> None:
    oid = Git(repository).run("hash-object", "-w", "--stdin", stdin=b"x" * 300_000).line
    with pytest.raises(GitFailed, match="more than 1000 bytes"):
        Git(repository).run("cat-file", "blob", oid, out_bytes_max=1_000)


def test_hooks_and_monitors_of_the_repository_do_not_run(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for name in ("reference-transaction", "post-index-change"):
        hook = repository / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
        hook.chmod(0o755)
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {trap}\n")
    monitor.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(monitor))
    head = Git(repository).line("rev-parse", "HEAD")
    Git(repository).run("update-ref", "refs/heads/other", head)
    Git(repository).run("status", "--porcelain")
    assert not trap.exists()
    git(repository, "update-ref", "refs/heads/another", head)
    assert trap.exists(), "the trap must work, or this test proves nothing"


def test_gits_variables_of_the_caller_do_not_lead_elsewhere(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_repository(tmp_path / "other", {"b.txt": b"other\n"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    assert Git(repository).line("ls-files") == "a.txt"


def test_no_network_protocol_is_spoken(repository: Path) -> None:
    with pytest.raises(GitFailed, match="transport 'git' not allowed"):
        Git(repository).run("ls-remote", "git://127.0.0.1:1/x")


def test_places_that_the_user_trusts_stay_trusted(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "r")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text(f"[safe]\n\tdirectory = {repository}\n")
    code = "from coroom.git.command import environment; print(sorted(environment({}).items()))"
    shown = subprocess.run(
        (sys.executable, "-c", code),
        env={**os.environ, "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"'{repository}'" in shown
    assert "safe.directory" in shown
