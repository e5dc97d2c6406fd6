"""`coroom land` and `coroom gate` as a person has them, with whatever a repository may be like."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.commands import Done, Place, place_at, until
from tests.git.repositories import fsck, git, write
from tests.git.shared_places import hook

from coroom.git.locks import Lockable, clear_stale_locks
from coroom.git.sightings import boottime_ms
from coroom.run import landing
from coroom.run.destination import LOCKS_SEEN

TEST = "test -e a.txt && ! test -e bad"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A checkout on a branch of its own, with a bare remote that has main."""
    place = place_at(tmp_path, {"a.txt": b"1\n2\n3\n"})
    git(tmp_path, "clone", "--quiet", "--bare", str(place.repository), str(tmp_path / "up.git"))
    git(place.repository, "remote", "add", "origin", "../up.git")
    git(place.repository, "config", "user.name", "ann")
    git(place.repository, "switch", "--quiet", "--create", "work")
    return place


def coroom(place: Place, *words: str) -> Done:
    return place.call(*words)


def commit(place: Place, files: dict[str, bytes], message: str = "Work") -> str:
    write(place.repository, files)
    git(place.repository, "add", "--all")
    git(place.repository, "commit", "--quiet", "--message", message)
    return git(place.repository, "rev-parse", "HEAD")


def up(place: Place) -> Path:
    return place.root / "up.git"


def on_main(place: Place) -> list[str]:
    return git(up(place), "ls-tree", "-r", "-z", "--name-only", "main").split("\0")[:-1]


@pytest.mark.promise("main:green", "git:sound")
def test_what_is_committed_lands_and_what_is_red_comes_back_with_the_reason(place: Place) -> None:
    tip = commit(place, {"日本 ü/x.txt": b"x\n"}, "Add x")
    done = coroom(place, "land", "--test", TEST, "--task", "issue:7", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["landed"], told["commit"]) == (True, git(up(place), "rev-parse", "main"))
    assert tip in git(up(place), "rev-list", "main").split()
    assert on_main(place) == ["a.txt", "日本 ü/x.txt"]
    assert "Coroom-Task: issue:7" in git(up(place), "log", "-1", "--format=%B", "main")
    again = coroom(place, "land", "--test", TEST)
    assert again.code == 0
    assert "It was there already" in again.out
    commit(place, {"bad": b""}, "Break it")
    red = coroom(place, "land", "--test", f"echo FAILED test_x; {TEST}")
    assert red.code == 1
    assert "Not landed (red)" in red.out
    assert "FAILED test_x" in red.out
    shown = coroom(place, "gate")
    assert shown.code == 0
    assert "Nothing waits" in shown.out
    fsck(up(place))


def test_the_queue_is_shown_and_the_gate_lands_what_waits(place: Place) -> None:
    commit(place, {"x": b"x"}, "Add \x1b[31mx")
    assert coroom(place, "land", "--no-wait").code == 0
    git(place.repository, "switch", "--quiet", "--create", "other", "main")
    commit(place, {"x": b"y"}, "Add another x")
    told = coroom(place, "land", "--no-wait", "--agent", "bob")
    assert "it will not merge with ann's" in told.err
    queue = json.loads(coroom(place, "gate", "--json").out)
    assert [entry["agent"] for entry in queue["waiting"]] == ["ann", "bob"]
    shown = coroom(place, "gate")
    assert "Add another x" in shown.out
    assert "\x1b" not in shown.out
    radar = coroom(place, "gate", "radar")
    assert radar.code == 1
    assert radar.out.endswith(": x\n")
    ran = coroom(place, "gate", "run", "--once", "--runners", "2", "--test", TEST)
    assert ran.code == 0, ran.err
    back = coroom(place, "gate")
    assert "given back (conflict)" in back.out
    assert "x" in on_main(place)


def test_a_reason_stays_until_its_author_has_read_it_though_others_of_that_name_land_from_elsewhere(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(place, {"bad": b""}, "Break it")
    assert coroom(place, "land", "--no-wait").code == 0
    assert coroom(place, "gate", "run", "--once", "--test", TEST).code == 0
    git(place.root, "clone", "--quiet", str(up(place)), "elsewhere/repository")
    second = replace(place, root=place.root / "elsewhere")
    git(second.repository, "config", "user.name", "ann")
    for number in range(3):
        commit(second, {f"y{number}": b""})
        assert coroom(second, "land", "--no-wait").code == 0
    assert "given back (red)" in coroom(place, "gate").out
    # Where it came from may be gone for good: then the newest few stay, and no more.
    monkeypatch.setattr(landing, "RETURNED_MAX", 0)
    commit(second, {"z": b""})
    assert coroom(second, "land", "--no-wait").code == 0
    assert "given back" not in coroom(place, "gate").out


def test_a_claim_ends_with_the_landing_and_a_foreign_one_stops_it(place: Place) -> None:
    commit(place, {"x": b""})
    assert coroom(place, "claim", "issue:7", "--as", "bob").code == 0
    refused = coroom(place, "land", "--test", TEST, "--claim", "issue:7")
    assert refused.code == 2
    assert "Neither ann nor " in refused.err
    assert " holds issue:7. See who does: coroom claims" in refused.err
    named = coroom(place, "land", "--test", TEST, "--claim", "issue:7", "--agent", "ann")
    assert "ann does not hold issue:7. See who does: coroom claims" in named.err
    assert coroom(place, "land", "--test", TEST, "--claim", "issue:7", "--agent", "bob").code == 0
    assert git(up(place), "for-each-ref", "refs/coroom") == ""


def test_what_was_claimed_here_without_a_name_is_landed_under_and_the_author_is_who_this_user_is_everywhere(
    place: Place,
) -> None:
    git(place.repository, "config", "--unset", "user.name")
    (place.home / ".gitconfig").write_text("[user]\n\tname = Ann Lee\n")
    write(place.repository, {"x": b""})
    git(place.repository, "add", "--all")
    git(place.repository, "-c", "user.name=Ann Lee", "commit", "--quiet", "--message=x")
    assert coroom(place, "claim", "issue:7").code == 0
    done = coroom(place, "land", "--test", TEST, "--claim", "issue:7")
    assert done.code == 0, done.err
    assert git(up(place), "log", "-1", "--format=%an", "main") == "Ann Lee"
    assert git(up(place), "for-each-ref", "refs/coroom") == ""


def test_tests_of_a_gate_that_was_killed_are_over_before_its_runner_is_used_again(place: Place) -> None:
    commit(place, {"x": b""})
    pids = place.root / "pids"
    forever = f"echo $$ >> {pids}; while :; do echo > late; sleep 0.1; done"
    killed = place.start("land", "--isolation", "plain", "--test", forever)
    until(lambda: pids.exists() and pids.read_text().endswith("\n"), "the tests run", killed)
    killed.kill()
    killed.communicate()
    done = coroom(place, "land", "--isolation", "plain", "--test", f"! kill -0 $(cat {pids}) && ! test -e late")
    assert done.code == 0, done.out + done.err


def test_without_any_remote_the_repository_itself_is_landed_on(tmp_path: Path) -> None:
    place = place_at(tmp_path, {"a.txt": b"1\n"})
    git(place.repository, "config", "user.name", "ann")
    commit(place, {"x": b""})
    git(place.repository, "update-ref", "refs/heads/main", "main^")
    git(place.repository, "reset", "--quiet", "--hard")
    checked_out = coroom(place, "land", "--test", TEST)
    assert (checked_out.code, "Nothing" in checked_out.out) == (2, False)
    assert "main is checked out in" in checked_out.err
    git(place.repository, "switch", "--quiet", "--create", "work")
    commit(place, {"x": b""})
    done = coroom(place, "land", "--test", TEST)
    assert done.code == 0, done.err
    assert git(place.repository, "ls-tree", "--name-only", "main").split() == ["a.txt", "x"]


@pytest.mark.parametrize("case", ["dirty", "rebase", "no remote of that name", "no branch", "remote gone", "no test"])
def test_what_cannot_be_tried_is_said_with_what_to_do_and_changes_nothing(place: Place, case: str) -> None:
    commit(place, {"x": b""})
    before = git(up(place), "for-each-ref")
    words: list[str] = ["--test", TEST]
    if case == "dirty":
        write(place.repository, {"a.txt": b"changed"})
    elif case == "rebase":
        (place.repository / ".git/rebase-merge").mkdir()
    elif case == "no remote of that name":
        words += ["--remote", "nowhere"]
    elif case == "no branch":
        words += ["--onto", "release"]
    elif case == "remote gone":
        words += ["--remote", str(place.root / "gone.git")]
    else:
        words = []
    done = coroom(place, "land", *words)
    said = {
        "dirty": "has uncommitted changes in a.txt. Commit them",
        "rebase": "A rebase is in progress",
        "no remote of that name": "There is no remote 'nowhere' here (there are: origin). Name one of them.",
        "no branch": "origin has no branch release. Name another with --onto.",
        "remote gone": "gone.git",
        "no test": "Nothing in the repository says how it is tested. Give the command",
    }[case]
    assert said in done.out + done.err
    assert done.code == (1 if case == "remote gone" else 2)
    assert "Traceback" not in done.err
    assert git(up(place), "for-each-ref") == before


def test_a_protected_remote_is_quoted_and_the_change_waits(place: Place) -> None:
    hook(
        up(place), "update", "#!/bin/sh\n[ $1 != refs/heads/main ] || { echo 'GH006: protected branch' >&2; exit 1; }\n"
    )
    commit(place, {"x": b""})
    done = coroom(place, "land", "--test", TEST)
    assert done.code == 1
    assert "GH006: protected branch" in done.out
    assert "The change waits in the queue; coroom land goes on with it" in done.out
    (up(place) / "hooks/update").unlink()
    assert coroom(place, "land", "--test", TEST).code == 0


@pytest.mark.promise("git:sound")
def test_locks_that_a_killed_git_left_go_once_they_were_seen_long_enough(place: Place) -> None:
    commit(place, {"x": b""})
    clone = place.repository / ".git"
    stale = [up(place) / "refs/heads/main.lock", clone / "refs/coroom/had/heads/main.lock"]
    theirs = clone / "index.lock"
    for lock in (*stale, theirs):
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    # Somebody was here a minute ago and has seen them.
    clear_stale_locks([Lockable(up(place)), Lockable(clone)], clone / LOCKS_SEEN, now_ms=lambda: boottime_ms() - 60_000)
    done = coroom(place, "land", "--test", TEST)
    assert done.code == 0, done.err
    assert done.err.count("a killed git left") == 2
    assert not any(lock.exists() for lock in stale)
    assert theirs.exists()


@pytest.mark.parametrize("words", [("land",), ("gate", "run")])
def test_an_empty_command_for_affected_tests_is_an_error_in_words(place: Place, words: tuple[str, ...]) -> None:
    done = coroom(place, *words, "--affected", "")
    assert done.code == 2
    assert "--affected names no command. Write it like --affected 'npx jest" in done.err


def test_submodules_and_lfs_are_carried_as_what_git_has_and_that_is_said(place: Place) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"
    write(place.repository, {".gitattributes": b"*.bin filter=lfs -text\n", "data.bin": pointer})
    module = git(place.repository, "rev-parse", "main")
    git(place.repository, "update-index", "--add", "--cacheinfo", f"160000,{module},sub")
    (place.repository / "sub").mkdir()
    git(place.repository, "add", ".gitattributes", "data.bin")
    git(place.repository, "commit", "--quiet", "--message=lfs")
    done = coroom(place, "land", "--test", TEST)
    assert done.code == 0, done.err
    assert "Submodules stay empty" in done.err
    assert "carried as the pointers" in done.err
    assert git(up(place), "show", "main:data.bin").encode() == pointer.rstrip(b"\n")
    assert git(up(place), "ls-tree", "main", "sub").startswith(f"160000 commit {module}")


def test_a_repository_of_the_other_kind_of_ids_is_landed_on_as_any(tmp_path: Path) -> None:
    place = place_at(tmp_path)
    shutil.rmtree(place.repository)
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "--initial-branch=main", str(place.repository))
    git(place.repository, "config", "user.email", "ann@coroom.local")
    git(place.repository, "config", "user.name", "ann")
    commit(place, {"a.txt": b"1"})
    git(tmp_path, "clone", "--quiet", "--bare", str(place.repository), str(up(place)))
    # By an address, the remote is on this machine all the same.
    git(place.repository, "remote", "add", "origin", up(place).as_uri())
    git(place.repository, "switch", "--quiet", "--create", "work")
    assert coroom(place, "gate", "install", str(up(place))).code == 0
    commit(place, {"x": b""})
    done = coroom(place, "land", "--test", TEST)
    assert done.code == 0, done.out + done.err
    assert on_main(place) == ["a.txt", "x"]


def test_a_guarded_remote_takes_landings_and_nothing_else(place: Place) -> None:
    installed = coroom(place, "gate", "install", "../up.git")
    assert installed.code == 0, installed.err
    commit(place, {"x": b""})
    push = ["git", "push", "origin", "HEAD:main"]
    refused = subprocess.run(
        push, cwd=place.repository, env=place.environment, capture_output=True, text=True, check=False
    )
    assert "main moves through the gate only" in refused.stderr
    assert coroom(place, "land", "--test", TEST).code == 0
    assert coroom(place, "gate", "install", "../up.git", "--undo").out == "The hook is gone.\n"
    assert "is not bare" in coroom(place, "gate", "install", ".").err
