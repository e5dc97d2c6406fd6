"""What the kernel tells of a tree: once, and when it cannot tell any more."""

import errno
import os
import queue
from collections.abc import Callable
from pathlib import Path

import pytest
from inotify_simple import INotify
from tests.workspace.followers import Follower

from coroom.workspace.beneath import Root
from coroom.workspace.hints import Changed, Moved, Rescan, RescanReason
from coroom.workspace.ignore import Ignore
from coroom.workspace.inotify import InotifyWatcher
from coroom.workspace.inotify_instance import Instance


def test_a_save_by_rename_is_one_change_and_its_temporary_name_is_never_told(kernel: Follower) -> None:
    file = kernel.path / "f"
    file.write_text("0")
    kernel.drain()
    for number in range(50):
        (kernel.path / "f.tmp~").write_text(str(number))
        os.replace(kernel.path / "f.tmp~", file)
        assert kernel.drain() == [Changed("f", complete=True)]


def test_a_file_that_is_still_being_written_is_not_told_as_complete(kernel: Follower) -> None:
    with open(kernel.path / "f", "w") as file:
        file.write("half")
        file.flush()
        assert kernel.drain() == [Changed("f", complete=False)]
        file.write("half")
    assert kernel.drain() == [Changed("f", complete=True)]


def test_a_file_deleted_and_made_again_is_one_change(kernel: Follower) -> None:
    (kernel.path / "f").write_text("old")
    kernel.drain()
    (kernel.path / "f").unlink()
    (kernel.path / "f").write_text("new")
    assert kernel.drain() == [Changed("f", complete=True)]


def test_a_renamed_directory_is_one_hint_however_many_files_it_has(kernel: Follower) -> None:
    (kernel.path / "pkg").mkdir()
    for number in range(500):
        (kernel.path / "pkg" / str(number)).touch()
    kernel.drain()
    (kernel.path / "pkg").rename(kernel.path / "pkg2")
    assert kernel.drain() == [Moved("pkg", "pkg2")]


def test_a_directory_that_is_renamed_between_its_opening_and_its_listing_is_listed_all_the_same(
    kernel: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = kernel.root.open_directory

    def open_and_rename(directory: str) -> int:
        fd = opened(directory)
        if directory == "c" and not (kernel.path / "b").exists():
            (kernel.path / "c").rename(kernel.path / "b")
            (kernel.path / "b" / "f").write_text("f")
        return fd

    monkeypatch.setattr(kernel.root, "open_directory", open_and_rename)
    (kernel.path / "c").mkdir()
    kernel.drain()
    assert kernel.files == kernel.truth() == {"b/f": b"f"}


class Interrupted(INotify):  # type: ignore[misc]
    """A kernel that lets an agent act the moment a directory is watched."""

    act: Callable[[], object] = staticmethod(lambda: None)

    def add_watch(self, path: str, mask: int) -> int:
        watch = int(super().add_watch(path, mask))
        self.act()
        return watch


def interrupted(directory: Path) -> tuple[Follower, Interrupted]:
    inotify = Interrupted(nonblocking=True)

    def make(root: Root, ignore: Ignore) -> InotifyWatcher:
        return InotifyWatcher(root, ignore, Instance(inotify).ear())

    return Follower(directory, make), inotify


def test_a_file_that_was_listed_before_its_event_was_read_is_told_as_gone_when_it_goes(tmp_path: Path) -> None:
    made, inotify = interrupted(tmp_path / "tree")
    made.drain()
    (made.path / "d").mkdir()
    inotify.act = (made.path / "d" / "f").touch
    made.follow(made.watcher.drain())
    assert made.files == {"d/f": b""}
    (made.path / "d" / "f").unlink()
    made.drain()
    assert made.files == made.truth() == {}
    made.close()


def test_so_is_a_file_that_was_listed_by_its_directorys_former_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, inotify = interrupted(tmp_path / "tree")

    def rename_and_write() -> None:
        (made.path / "d").rename(made.path / "e")
        (made.path / "e" / "f").touch()
        inotify.act = lambda: None

    made.drain()
    (made.path / "d").mkdir()
    inotify.act = rename_and_write
    made.follow(made.watcher.drain())
    with monkeypatch.context() as two_at_a_time:
        two_at_a_time.setattr("coroom.workspace.inotify_instance._TAKE_MAX", 2)
        hints = made.watcher.drain()
        assert hints == [Moved("d", "e")]
        made.follow(hints)
    assert made.files == {"e/f": b""}
    (made.path / "e" / "f").unlink()
    made.drain()
    assert made.files == made.truth() == {}
    made.close()


def test_a_file_that_the_first_scan_saw_is_told_as_gone_however_soon_it_goes(kernel: Follower) -> None:
    (kernel.path / "f").touch()
    kernel.rescan()
    (kernel.path / "f").unlink()
    kernel.drain()
    assert kernel.files == kernel.truth() == {}


def test_who_listens_is_rung_once_until_all_has_been_drained(kernel: Follower) -> None:
    rung: queue.Queue[str] = queue.Queue()
    assert kernel.watcher.listen(lambda: rung.put("rung"))
    for number in range(3):
        (kernel.path / "f").write_text(str(number))
        rung.get(timeout=60)
        while kernel.files.get("f") != str(number).encode():
            kernel.drain()
    (kernel.path / "g").touch()
    rung.get(timeout=60)


def test_what_waited_before_anybody_listened_rings_at_once(kernel: Follower) -> None:
    (kernel.path / "f").touch()
    assert kernel.watcher.waiting() > 0
    rung: list[str] = []
    kernel.watcher.listen(lambda: rung.append("rung"))
    assert rung == ["rung"]


def instances() -> int:
    """How many inotify instances this process has."""
    links = (f"/proc/self/fd/{descriptor}" for descriptor in os.listdir("/proc/self/fd"))
    return sum(os.path.lexists(link) and os.readlink(link) == "anon_inode:inotify" for link in links)


def test_all_watchers_of_a_process_share_one_instance_and_the_last_gives_it_back(tmp_path: Path) -> None:
    before = instances()
    followers = [Follower(tmp_path / str(number), InotifyWatcher) for number in range(16)]
    assert instances() == max(before, 1)
    for number, follower in enumerate(followers):
        (follower.path / "f").write_text(str(number))
    for number, follower in enumerate(followers):
        assert follower.drain() == [Changed("f", complete=True)]
        assert follower.files == {"f": str(number).encode()}
    for follower in followers:
        follower.close()
    assert instances() == before


def test_two_watchers_of_one_tree_both_hear_and_one_goes_on_when_the_other_ends(tmp_path: Path) -> None:
    first, second = (Follower(tmp_path / "tree", InotifyWatcher) for _ in range(2))
    (first.path / "d").mkdir()
    (first.path / "d" / "f").write_text("one")
    assert first.drain() == second.drain() == [Changed("d/f", complete=False)]
    first.close()
    (second.path / "d" / "f").write_text("two")
    assert second.drain() == [Changed("d/f", complete=True)]
    second.close()


def test_a_watcher_whose_events_nobody_takes_is_told_to_look_at_everything(
    kernel: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.workspace.inotify_instance.WAITING_MAX", 50)
    (kernel.path / "f").touch()
    for _ in range(60):
        os.utime(kernel.path / "f")
        kernel.watcher.waiting()
    assert Rescan(RescanReason.OVERFLOW) in kernel.drain()
    (kernel.path / "f").write_text("heard again")
    assert kernel.drain() == [Changed("f", complete=True)]


def test_an_overflow_is_told_and_watching_goes_on_in_what_was_made_meanwhile(kernel: Follower) -> None:
    with open("/proc/sys/fs/inotify/max_queued_events") as limit:
        most = int(limit.read())
    if most > 100_000:
        pytest.skip("the queue of this kernel is too long to fill in a test")
    file = kernel.path / "f"
    file.touch()
    other = kernel.path / "g"
    other.touch()
    for _ in range(most // 2 + 50):
        os.utime(file)
        os.utime(other)
    (kernel.path / "late" / "deep").mkdir(parents=True)
    (kernel.path / "late" / "deep" / "f").write_text("late")
    told = kernel.drain()
    assert Rescan(RescanReason.OVERFLOW) in told
    assert kernel.files == kernel.truth()
    (kernel.path / "late" / "deep" / "g").write_text("later")
    assert Changed("late/deep/g", complete=True) in kernel.drain()


class FewWatches(INotify):  # type: ignore[misc]
    """A kernel that has three watches to give."""

    given = 0

    def add_watch(self, path: str, mask: int) -> int:
        if self.given >= 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.given += 1
        return int(super().add_watch(path, mask))


def test_running_out_of_watches_is_told_and_nothing_is_silently_unwatched(tmp_path: Path) -> None:
    def make(root: Root, ignore: Ignore) -> InotifyWatcher:
        return InotifyWatcher(root, ignore, Instance(FewWatches(nonblocking=True)).ear())

    made = Follower(tmp_path / "tree", make)
    for number in range(5):
        (made.path / str(number)).mkdir()
        (made.path / str(number) / "f").write_text("x")
    told = made.drain()
    assert Rescan(RescanReason.WATCH_LIMIT) in told
    assert made.files == made.truth()
    made.watcher.close()
    made.begin()
    assert made.watcher.drain() == [Rescan(RescanReason.WATCH_LIMIT)]
    made.close()


def test_ignored_directories_cost_no_watch(kernel: Follower) -> None:
    (kernel.path / ".gitignore").write_text("node_modules/\n")
    kernel.ignore.reload()
    for number in range(50):
        (kernel.path / "node_modules" / str(number)).mkdir(parents=True)
    (kernel.path / "src").mkdir()
    kernel.drain()
    assert isinstance(kernel.watcher, InotifyWatcher)
    assert kernel.watcher.watches == 2
    (kernel.path / "src").rename(kernel.path / "node_modules" / "src")
    kernel.drain()
    assert kernel.watcher.watches == 1
