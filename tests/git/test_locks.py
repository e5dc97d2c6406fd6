"""Locks that a killed git left behind: known by how long they were seen, whatever times they bear."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from tests.claims.claimants import HandClock
from tests.git.repositories import new_repository

from coroom.git.locks import Lockable, clear_stale_locks

pytestmark = pytest.mark.promise("git:sound")

YEARS_S = 10 * 365 * 86_400


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "work") / ".git"


def lock(directory: Path, name: str = "refs/heads/main.lock") -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def look(directory: Path, clock: HandClock, *, ours_only: bool = False) -> list[Path]:
    seen = directory.parent / "seen.json"
    return clear_stale_locks([Lockable(directory, ours_only=ours_only)], seen, now_ms=clock.now_ms)


@pytest.mark.parametrize("set_by_s", [-YEARS_S, 0, YEARS_S])
def test_a_lock_goes_once_it_was_seen_for_ten_seconds_whatever_time_it_bears(directory: Path, set_by_s: int) -> None:
    clock, path = HandClock(), lock(directory)
    os.utime(path, (time.time() + set_by_s, time.time() + set_by_s))
    assert look(directory, clock) == []
    clock.ms += 9_999
    assert look(directory, clock) == []
    assert path.exists()
    clock.ms += 1
    assert look(directory, clock) == [path]
    assert not path.exists()


def test_a_lock_that_was_made_anew_under_the_same_name_is_young_again(directory: Path) -> None:
    clock, path = HandClock(), lock(directory)
    look(directory, clock)
    clock.ms += 60_000
    path.unlink()
    lock(directory)
    assert look(directory, clock) == []
    clock.ms += 10_000
    assert look(directory, clock) == [path]


def test_a_lock_is_left_alone_as_long_as_a_git_works_in_that_repository(directory: Path) -> None:
    clock, path = HandClock(), lock(directory)
    look(directory, clock)
    clock.ms += 60_000
    words = ("git", "cat-file", "--batch-check")
    work = subprocess.Popen(words, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert work.stdin
    assert work.stdout
    try:
        # It is at work once it has answered.
        work.stdin.write(b"HEAD\n")
        work.stdin.flush()
        assert b" commit " in work.stdout.readline()
        assert look(directory, clock) == []
        assert path.exists()
    finally:
        work.communicate()
    assert look(directory, clock) == [path]


def test_two_that_note_what_they_see_in_one_file_do_not_make_each_other_forget(directory: Path) -> None:
    clock, theirs = HandClock(), lock(directory)
    ours = lock(directory, "refs/coroom/had/heads/main.lock")
    look(directory, clock)
    clock.ms += 6_000
    assert look(directory, clock, ours_only=True) == []
    clock.ms += 4_000
    assert sorted(look(directory, clock)) == sorted([theirs, ours])


def test_nothing_is_written_where_nothing_is_locked(directory: Path) -> None:
    assert look(directory, HandClock()) == []
    assert not (directory.parent / "seen.json").exists()


def test_in_a_place_of_ones_own_a_lock_that_was_just_found_goes_at_once(directory: Path) -> None:
    path = lock(directory, "packed-refs.lock")
    seen = directory.parent / "seen.json"
    assert clear_stale_locks([Lockable(directory)], seen, older_than_s=0) == [path]
