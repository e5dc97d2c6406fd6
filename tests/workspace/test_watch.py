"""Whatever watches a tree, who follows its hints holds what is on the disk."""

import errno
import os
import random
import shutil
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from inotify_simple import INotify
from tests.workspace.followers import MAKERS, Follower

from coroom.workspace.beneath import Root
from coroom.workspace.hints import Changed, Gone, Moved, Rescan, RescanReason
from coroom.workspace.ignore import Ignore
from coroom.workspace.inotify import InotifyWatcher
from coroom.workspace.watch import ScanningWatcher, open_watcher


def test_nothing_is_told_while_nothing_happens(follower: Follower) -> None:
    assert follower.drain() == []


def test_what_was_there_before_is_not_told(tmp_path: Path) -> None:
    for number, make in enumerate(MAKERS):
        made = Follower(tmp_path / str(number), make)
        (made.path / "f").touch()
        made.watcher.close()
        made.begin()
        assert made.drain() == []
        made.close()


def test_a_write_a_mode_a_link_a_deletion_and_a_rename_are_followed(follower: Follower) -> None:
    base = follower.path
    for name in ("write", "mode", "delete", "rename", "over"):
        (base / name).write_text(name)
    (base / "d").mkdir()
    follower.drain()
    assert follower.files == follower.truth()
    (base / "write").write_text("written")
    (base / "mode").chmod(0o700)
    (base / "delete").unlink()
    (base / "rename").rename(base / "d" / "renamed")
    (base / "link").symlink_to("../outside")
    told = follower.drain()
    assert follower.files == follower.truth()
    assert Changed("write", complete=True) in told
    assert "mode" in {hint.path for hint in told if isinstance(hint, Changed)}
    assert Gone("delete") in told
    assert Moved("rename", "d/renamed") in told
    assert follower.drain() == []


def test_a_burst_loses_nothing(follower: Follower) -> None:
    for number in range(2_000):
        (follower.path / str(number)).write_text(str(number))
    follower.drain()
    assert len(follower.files) == 2_000
    assert follower.files == follower.truth()


def test_files_in_directories_made_the_moment_before_are_not_missed(follower: Follower) -> None:
    for number in range(300):
        deep = follower.path / f"p{number}" / "q" / "r"
        deep.mkdir(parents=True)
        (deep / "f").write_text(str(number))
        if number % 7 == 0:
            follower.drain()
    follower.drain()
    assert len(follower.files) == 300
    assert follower.files == follower.truth()


def test_a_renamed_directory_takes_its_files_along_and_is_still_watched(follower: Follower) -> None:
    base = follower.path
    (base / "pkg" / "sub").mkdir(parents=True)
    for number in range(200):
        (base / "pkg" / "sub" / str(number)).write_text(str(number))
    follower.drain()
    (base / "pkg").rename(base / "pkg2")
    follower.drain()
    assert follower.files == follower.truth()
    (base / "pkg2" / "sub" / "7").write_text("seven")
    (base / "pkg2" / "sub" / "new").mkdir()
    (base / "pkg2" / "sub" / "new" / "f").write_text("new")
    follower.drain()
    assert follower.files == follower.truth()


def test_what_leaves_or_enters_the_tree_is_gone_or_new(follower: Follower, tmp_path: Path) -> None:
    base, outside = follower.path, tmp_path / "outside"
    outside.mkdir()
    (base / "d").mkdir()
    (base / "d" / "f").write_text("d/f")
    (base / "file").write_text("file")
    follower.drain()
    (base / "d").rename(outside / "d")
    (base / "file").rename(outside / "file")
    (base / "file").write_text("another")
    (base / "d").mkdir()
    (base / "d" / "g").write_text("d/g")
    follower.drain()
    assert follower.files == follower.truth() == {"file": b"another", "d/g": b"d/g"}
    (outside / "d").rename(base / "back")
    (outside / "d2").mkdir()
    follower.drain()
    assert follower.files == follower.truth()
    (base / "back" / "f").write_text("written again")
    (base / "d" / "g").write_text("and again")
    follower.drain()
    assert follower.files == follower.truth()


def test_a_file_that_becomes_a_directory_and_back_is_followed(follower: Follower) -> None:
    thing = follower.path / "thing"
    thing.write_text("file")
    follower.drain()
    thing.unlink()
    thing.mkdir()
    (thing / "below").write_text("x")
    follower.drain()
    assert follower.files == {"thing/below": b"x"}
    shutil.rmtree(thing)
    thing.write_text("file again")
    follower.drain()
    assert follower.files == {"thing": b"file again"}


def test_ignored_paths_are_not_told_until_the_rules_change(follower: Follower) -> None:
    base = follower.path
    (base / ".gitignore").write_text("out/\n*.o\n")
    follower.drain()
    follower.ignore.reload()
    follower.watcher.refresh()
    (base / "out" / "deep").mkdir(parents=True)
    (base / "out" / "deep" / "f").write_text("x")
    (base / "x.o").write_text("x")
    (base / ".git").mkdir()
    (base / ".git" / "index.lock").touch()
    assert follower.drain() == []
    (base / "x.o").rename(base / "x.c")
    follower.drain()
    assert follower.files == follower.truth()
    (base / "x.c").rename(base / "y.o")
    follower.drain()
    assert follower.files == follower.truth()
    (base / ".gitignore").write_text("*.o\n")
    follower.ignore.reload()
    follower.watcher.refresh()
    follower.rescan()
    follower.drain()
    (base / "out" / "deep" / "g").write_text("x")
    follower.drain()
    assert set(follower.files) == {".gitignore", "out/deep/f", "out/deep/g"}


def test_a_link_to_a_directory_is_told_as_a_link_and_never_entered(follower: Follower, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (follower.path / "link").symlink_to(outside)
    follower.drain()
    (outside / "f").write_text("x")
    assert follower.drain() == []
    assert set(follower.files) == {"link"}


NAMES = ["a", "b", "c", "a/a", "a/b", "b/a", "b/c", "a/b/c", "c/d/e"]


def change_something(base: Path, choose: random.Random) -> None:
    path, other = (base / choose.choice(NAMES) for _ in range(2))
    with suppress(OSError):
        match choose.randrange(6):
            case 0:
                path.mkdir(parents=True)
            case 1 | 2:
                path.write_text(str(choose.random()))
            case 3:
                path.rename(other)
            case 4:
                path.unlink()
            case _:
                shutil.rmtree(path)


# Seeds from 16 on are those with which earlier versions lost a change or kept a file that was gone.


@pytest.mark.parametrize("seed", [*range(6), 16, 75, 112, 137, 344, 348, 470])
def test_after_any_random_walk_of_changes_the_follower_holds_the_truth(follower: Follower, seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(150):
        change_something(follower.path, choose)
        if choose.random() < 0.15:
            follower.drain()
    follower.drain()
    assert follower.files == follower.truth()


@pytest.mark.parametrize("seed", range(3))
def test_changes_made_while_hints_are_followed_are_not_missed(follower: Follower, seed: int) -> None:
    def work() -> None:
        choose = random.Random(seed)
        for _ in range(600):
            change_something(follower.path, choose)

    agent = threading.Thread(target=work)
    agent.start()
    while agent.is_alive():
        follower.drain()
    agent.join()
    follower.drain()
    assert follower.files == follower.truth()


# With the later seeds, earlier versions lost a change or kept a file that was gone.
@pytest.mark.parametrize("seed", [*range(6), 60, 373, 1191])
def test_changes_between_any_two_steps_of_watcher_and_follower_are_not_missed(follower: Follower, seed: int) -> None:
    choose = random.Random(seed)
    left = 150

    def work() -> None:
        nonlocal left
        while left and choose.random() < 0.6:
            left -= 1
            change_something(follower.path, choose)

    follower.root.meanwhile = work
    while left:
        work()
        follower.drain()
    follower.drain()
    assert follower.files == follower.truth()


def test_what_moved_with_its_directory_before_it_was_looked_at_is_found_by_its_new_name(follower: Follower) -> None:
    (follower.path / "c" / "d").mkdir(parents=True)
    follower.drain()
    (follower.path / "c" / "d" / "e").write_text("e")
    told = follower.watcher.drain()
    (follower.path / "c").rename(follower.path / "b")
    follower.follow(told)
    follower.drain()
    assert follower.files == follower.truth() == {"b/d/e": b"e"}


def test_losing_the_root_is_told(kernel: Follower, tmp_path: Path) -> None:
    kernel.path.rename(tmp_path / "elsewhere")
    assert kernel.watcher.drain() == [Rescan(RescanReason.ROOT_LOST)]


def test_the_best_watcher_of_this_system_is_opened(tmp_path: Path) -> None:
    with Root(str(tmp_path)) as root:
        watcher = open_watcher(root, Ignore.load(root))
        assert isinstance(watcher, InotifyWatcher if sys.platform.startswith("linux") else ScanningWatcher)
        watcher.close()


def test_without_an_inotify_instance_the_workspace_is_scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> INotify:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("coroom.workspace.inotify_instance.INotify", refuse)
    with Root(str(tmp_path)) as root:
        assert isinstance(open_watcher(root, Ignore.load(root)), ScanningWatcher)
