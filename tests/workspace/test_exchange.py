import errno
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from coroom.workspace import syscalls
from coroom.workspace.beneath import KernelResolver, Resolver, Root, WalkingResolver
from coroom.workspace.exchange import Exchange, Expected, Link, PutDone, PutReason, PutRefused
from coroom.workspace.keeper import writer_open
from coroom.workspace.stage import Note, Stage
from coroom.workspace.states import Kind, Signature, content_hash
from coroom.workspace.swap import KernelSwap, PortableSwap, Swap, best_swap

WRITES = int(os.environ.get("COROOM_BRIDGE_WRITES", "1000"))
STAGE = ".git/coroom/stage"
SWAPS: list[type[Swap]] = [KernelSwap, PortableSwap]


class Interfering:
    """A swap before or after which an agent does something: the moment that no schedule can be made to hit."""

    def __init__(self, swap: Swap) -> None:
        self._swap = swap
        self.before: Callable[[], object] = lambda: None
        self.after: Callable[[], object] = lambda: None

    def exchange(self, stage_fd: int, staged: str, parent_fd: int, leaf: str) -> None:
        self.before()
        self._swap.exchange(stage_fd, staged, parent_fd, leaf)
        self.after()

    def no_replace(self, from_fd: int, name: str, to_fd: int, leaf: str) -> None:
        self.before()
        self._swap.no_replace(from_fd, name, to_fd, leaf)
        self.after()


class Mirror:
    def __init__(
        self,
        directory: Path,
        swap: Swap,
        *,
        durable: bool = False,
        bytes_max: int = 1 << 20,
        resolver: Resolver | None = None,
    ) -> None:
        directory.mkdir(exist_ok=True)
        self.path = directory
        self.root = Root(str(directory), resolver=resolver)
        self.stage = Stage.inside(self.root, STAGE)
        self.swap = Interfering(swap)
        self.exchange = Exchange(
            self.root, self.stage, swap=self.swap, durable=durable, bytes_max=bytes_max, keep_seconds=30.0
        )

    def restart(self) -> Exchange:
        self.exchange = Exchange(self.root, self.stage, swap=self.swap)
        return self.exchange

    def staged(self) -> list[str]:
        return sorted(os.listdir(self.path / STAGE))

    def close(self) -> None:
        self.stage.close()
        self.root.close()


@pytest.fixture(params=SWAPS, ids=["kernel", "portable"])
def mirror(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mirror]:
    made = Mirror(tmp_path / "mirror", request.param())
    yield made
    made.close()


def expect(data: bytes) -> Expected:
    return Expected(content_hash(data))


def done(answer: PutDone | PutRefused) -> PutDone:
    assert isinstance(answer, PutDone), answer
    return answer


def refused(answer: PutDone | PutRefused) -> PutRefused:
    assert isinstance(answer, PutRefused), answer
    return answer


def test_the_strongest_swap_is_found_by_trying(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    assert isinstance(best_swap(fd), KernelSwap)
    os.close(fd)
    assert os.listdir(tmp_path) == []


def test_a_put_replaces_what_was_expected_and_says_what_is_now_there(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")
    answer = done(mirror.exchange.put("f", b"new", expected=expect(b"old"), now=0))
    assert file.read_bytes() == b"new"
    assert answer.signature == Signature.of(file.lstat())
    assert (answer.displaced, answer.pending, answer.broke_link) == (None, False, False)


def test_a_put_carries_mode_owner_and_attributes_over(mirror: Mirror) -> None:
    file = mirror.path / "run.sh"
    file.write_bytes(b"old")
    file.chmod(0o750)
    try:
        os.setxattr(file, "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    if os.getuid() == 0:
        os.chown(file, 1234, 2345)
    before = file.stat()
    done(mirror.exchange.put("run.sh", b"new", expected=expect(b"old"), now=0))
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(file, "user.note") == b"kept"


def test_the_executable_bit_follows_the_put_only_when_asked(mirror: Mirror) -> None:
    file = mirror.path / "f"
    done(mirror.exchange.put("f", b"1", expected=None, executable=True, now=0))
    assert file.stat().st_mode & 0o111
    done(mirror.exchange.put("f", b"2", expected=expect(b"1"), now=0))
    assert file.stat().st_mode & 0o111
    done(mirror.exchange.put("f", b"3", expected=expect(b"2"), executable=False, now=0))
    assert not file.stat().st_mode & 0o111


def test_a_mode_changed_at_the_moment_of_the_put_survives_it(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")
    mirror.swap.before = lambda: file.chmod(0o700)
    done(mirror.exchange.put("f", b"new", expected=expect(b"old"), now=0))
    assert file.stat().st_mode & 0o777 == 0o700


def test_a_new_file_is_put_with_its_directories_and_leaves_nothing_in_the_stage(mirror: Mirror) -> None:
    answer = done(mirror.exchange.put("a/b/f", b"new", expected=None, now=0))
    assert (mirror.path / "a/b/f").read_bytes() == b"new"
    assert answer.signature == Signature.of((mirror.path / "a/b/f").lstat())
    assert mirror.staged() == []


def test_a_new_file_never_replaces_one_that_is_there(mirror: Mirror) -> None:
    file = mirror.path / "f"
    mirror.swap.before = lambda: file.write_bytes(b"agent")
    answer = refused(mirror.exchange.put("f", b"room", expected=None, now=0))
    assert answer.reason is PutReason.CHANGED
    assert answer.found is not None
    assert answer.found.data == b"agent"
    assert file.read_bytes() == b"agent"
    assert mirror.staged() == []


def test_nothing_is_put_over_what_was_not_expected(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"agent")
    answer = refused(mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0))
    assert answer.reason is PutReason.CHANGED
    assert answer.found is not None
    assert answer.found.data == b"agent"
    assert file.read_bytes() == b"agent"
    gone = refused(mirror.exchange.put("gone", b"room", expected=expect(b"old"), now=0))
    assert gone.reason is PutReason.CHANGED
    assert gone.found is not None
    assert gone.found.kind is Kind.MISSING


def test_a_put_never_destroys_a_write_that_lands_at_the_same_moment(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")
    mirror.swap.before = lambda: file.write_bytes(b"agent")
    answer = done(mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0))
    assert file.read_bytes() == b"room"
    assert answer.displaced is not None
    assert answer.displaced.state.data == b"agent"


def test_a_file_renamed_into_place_just_before_the_swap_is_displaced_and_not_lost(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")

    def save() -> None:
        (mirror.path / "f.tmp").write_bytes(b"agent")
        os.replace(mirror.path / "f.tmp", file)

    mirror.swap.before = save
    answer = done(mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0))
    assert answer.displaced is not None
    assert answer.displaced.state.data == b"agent"


def test_a_write_just_after_the_swap_makes_the_signature_unknown(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")
    mirror.swap.after = lambda: file.write_bytes(b"agent")
    answer = done(mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0))
    assert answer.signature is None
    assert file.read_bytes() == b"agent"


def test_a_displaced_text_is_kept_over_a_restart_until_it_is_taken(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")
    mirror.swap.before = lambda: file.write_bytes(b"agent")
    answer = done(mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0))
    assert answer.displaced is not None
    assert mirror.exchange.collect(1_000) == []
    (again,) = mirror.restart().recover(now=0)
    assert (again.path, again.state.data, again.before) == ("f", b"agent", content_hash(b"old"))
    mirror.exchange.taken(again.ticket)
    assert mirror.exchange.collect(29) == []
    assert mirror.exchange.watched == 1
    assert mirror.exchange.collect(31) == []
    assert (mirror.exchange.watched, mirror.staged()) == (0, [])


def test_a_writer_that_holds_the_old_inode_open_is_recovered(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old\n")
    with open(file, "r+b", buffering=0) as writer:
        answer = done(mirror.exchange.put("f", b"room\n", expected=expect(b"old\n"), now=0))
        assert (answer.displaced, answer.pending) == (None, False)
        writer.truncate()
        writer.write(b"agent")
        assert mirror.exchange.collect(0.1) == []
    (late,) = mirror.exchange.collect(0.2)
    assert (late.path, late.state.data, late.before) == ("f", b"agent", content_hash(b"old\n"))
    assert not late.held_open
    assert mirror.exchange.collect(0.3) == []
    mirror.exchange.taken(late.ticket)
    assert mirror.exchange.collect(40) == []
    assert mirror.staged() == []


def test_a_half_written_text_is_never_handed_over_as_displaced(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")
    opened: list[int] = []

    def begin_writing() -> None:
        opened.append(os.open(file, os.O_WRONLY | os.O_TRUNC))
        os.write(opened[0], b"ha")

    mirror.swap.before = begin_writing
    answer = done(mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0))
    assert answer.displaced is None
    assert answer.pending
    assert mirror.exchange.collect(0.01) == []
    os.write(opened[0], b"lf")
    os.close(opened[0])
    (late,) = mirror.exchange.collect(0.02)
    assert (late.state.data, late.before) == (b"half", content_hash(b"old"))


def test_lines_of_a_logger_that_never_closes_are_handed_over_and_never_dropped(mirror: Mirror) -> None:
    file = mirror.path / "log"
    file.write_bytes(b"0\n")
    with open(file, "ab", buffering=0) as logger:
        done(mirror.exchange.put("log", b"room\n0\n", expected=expect(b"0\n"), now=0))
        text = b"0\n"
        for second in range(1, 100):
            before, text = text, text + b"%d\n" % second
            logger.write(b"%d\nhal" % second)
            (late,) = mirror.exchange.collect(float(second))
            assert (late.state.data, late.before, late.held_open) == (text, content_hash(before), True)
            mirror.exchange.taken(late.ticket)
            logger.truncate(len(text))
        assert mirror.exchange.collect(200.0) == []
        assert mirror.exchange.collect(400.0) == []
        assert mirror.exchange.watched == 1
        logger.write(b"last, cut")
    (late,) = mirror.exchange.collect(401.0)
    assert late.state.data == text + b"last, cut"


def test_a_writer_that_pauses_is_waited_for_but_not_for_ever(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old text")
    with open(file, "r+b", buffering=0) as writer:
        done(mirror.exchange.put("f", b"room", expected=expect(b"old text"), now=0))
        writer.write(b"new")
        assert mirror.exchange.collect(0.5) == []
        assert mirror.exchange.collect(1.0) == []
        (late,) = mirror.exchange.collect(1.6)
        assert (late.state.data, late.held_open) == (b"new text", True)


def test_after_a_burst_the_watched_files_are_let_go_in_portions(mirror: Mirror) -> None:
    for number in range(600):
        (mirror.path / str(number)).write_bytes(b"old")
        done(mirror.exchange.put(str(number), b"new", expected=expect(b"old"), now=0))
    left = []
    for _ in range(3):
        assert mirror.exchange.collect(31) == []
        left.append(mirror.exchange.watched)
    assert 600 > left[0] > left[1] > left[2] == 0
    assert mirror.staged() == []


def test_whether_somebody_writes_to_a_file_is_known(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    (tmp_path / "link").symlink_to("f")
    fd = os.open(tmp_path, os.O_RDONLY)
    assert writer_open(fd, "f") is False
    with open(tmp_path / "f", "w"):
        assert writer_open(fd, "f") is True
    with open(tmp_path / "f"):
        assert writer_open(fd, "f") is False
    assert writer_open(fd, "none") is None
    assert writer_open(fd, "link") is None
    os.close(fd)


def test_a_deletion_removes_what_was_expected_and_the_directories_left_empty(mirror: Mirror) -> None:
    (mirror.path / "a/b").mkdir(parents=True)
    (mirror.path / "a/keep").touch()
    (mirror.path / "a/b/f").write_bytes(b"old")
    done(mirror.exchange.delete("a/b/f", expected=expect(b"old"), now=0))
    assert os.listdir(mirror.path / "a") == ["keep"]
    mirror.exchange.collect(31)
    assert mirror.staged() == []


def test_a_deletion_spares_what_was_not_expected(mirror: Mirror) -> None:
    (mirror.path / "f").write_bytes(b"agent")
    answer = refused(mirror.exchange.delete("f", expected=expect(b"old"), now=0))
    assert answer.reason is PutReason.CHANGED
    assert (mirror.path / "f").read_bytes() == b"agent"
    gone = refused(mirror.exchange.delete("no/f", expected=expect(b"old"), now=0))
    assert gone.reason is PutReason.CHANGED


def test_a_write_that_lands_at_the_moment_of_a_deletion_comes_back(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")
    real = os.rename

    def write_then_rename(old: str, new: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        file.write_bytes(b"agent")
        monkeypatch.setattr(os, "rename", real)
        real(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "rename", write_then_rename)
    answer = done(mirror.exchange.delete("f", expected=expect(b"old"), now=0))
    assert answer.displaced is not None
    assert answer.displaced.state.data == b"agent"
    assert not file.exists()


def test_links_are_put_replaced_and_deleted_as_links(mirror: Mirror) -> None:
    (mirror.path / "target").write_bytes(b"target")
    done(mirror.exchange.put("link", Link(b"target"), expected=None, now=0))
    assert os.readlink(mirror.path / "link") == "target"
    link = Expected(content_hash(b"target"), Kind.SYMLINK)
    done(mirror.exchange.put("link", Link(b"other"), expected=link, now=0))
    assert os.readlink(mirror.path / "link") == "other"
    other = Expected(content_hash(b"other"), Kind.SYMLINK)
    done(mirror.exchange.put("link", b"text", expected=other, now=0))
    assert not (mirror.path / "link").is_symlink()
    done(mirror.exchange.put("link", Link(b"target"), expected=expect(b"text"), now=0))
    done(mirror.exchange.delete("link", expected=link, now=0))
    assert (mirror.path / "target").read_bytes() == b"target"
    assert sorted(os.listdir(mirror.path)) == [".git", "target"]


def test_a_file_whose_bytes_are_the_text_of_the_expected_link_is_not_taken_for_it(mirror: Mirror) -> None:
    (mirror.path / "f").write_bytes(b"target")
    link = Expected(content_hash(b"target"), Kind.SYMLINK)
    assert refused(mirror.exchange.put("f", b"new", expected=link, now=0)).reason is PutReason.CHANGED


def test_a_hard_link_is_broken_and_that_is_told(mirror: Mirror) -> None:
    (mirror.path / "a").write_bytes(b"old")
    os.link(mirror.path / "a", mirror.path / "b")
    assert done(mirror.exchange.put("a", b"new", expected=expect(b"old"), now=0)).broke_link
    assert (mirror.path / "a").read_bytes() == b"new"
    assert (mirror.path / "b").read_bytes() == b"old"


def test_read_only_files_and_directories_refuse_until_they_are_writable_again(mirror: Mirror) -> None:
    (mirror.path / "d").mkdir()
    file = mirror.path / "d" / "f"
    file.write_bytes(b"old")
    for locked, mode in ((file, 0o444), (mirror.path / "d", 0o555)):
        was = locked.stat().st_mode
        locked.chmod(mode)
        put = refused(mirror.exchange.put("d/f", b"new", expected=expect(b"old"), now=0))
        assert put.reason is PutReason.READ_ONLY
        delete = refused(mirror.exchange.delete("d/f", expected=expect(b"old"), now=0))
        assert delete.reason is PutReason.READ_ONLY
        locked.chmod(was)
    (mirror.path / "d").chmod(0o555)
    assert refused(mirror.exchange.put("d/g", b"new", expected=None, now=0)).reason is PutReason.READ_ONLY
    assert refused(mirror.exchange.move("d/f", "g")).reason is PutReason.READ_ONLY
    (mirror.path / "d").chmod(0o755)
    assert mirror.staged() == []
    done(mirror.exchange.put("d/f", b"new", expected=expect(b"old"), now=0))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("existing", [True, False])
def test_a_full_disk_leaves_no_truncated_file_and_the_put_succeeds_later(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, code: int, existing: bool
) -> None:
    file = mirror.path / "f"
    if existing:
        file.write_bytes(b"old")
    expected = expect(b"old") if existing else None
    real = os.write
    written: list[int] = []

    def write_some(fd: int, data: memoryview) -> int:
        if sum(written) > 100:
            raise OSError(code, os.strerror(code))
        written.append(real(fd, data[:64]))
        return written[-1]

    monkeypatch.setattr(os, "write", write_some)
    full = refused(mirror.exchange.put("f", b"x" * 9_999, expected=expected, now=0))
    assert full.reason is PutReason.DISK_FULL
    assert file.exists() is existing
    assert not existing or file.read_bytes() == b"old"
    assert mirror.staged() == []
    monkeypatch.undo()
    done(mirror.exchange.put("f", b"x" * 9_999, expected=expected, now=0))
    assert file.read_bytes() == b"x" * 9_999


def test_a_name_that_leads_outside_is_refused_and_nothing_there_changes(mirror: Mirror, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_bytes(b"old")
    (mirror.path / "d").symlink_to("../outside")
    for path in ("../outside/f", str(outside / "f"), "a\0b", "x" * 300, ".git/config"):
        assert refused(mirror.exchange.put(path, b"new", expected=None, now=0)).reason is PutReason.BAD_NAME
        assert refused(mirror.exchange.move(path, "x")).reason is PutReason.BAD_NAME
    for answer in (
        mirror.exchange.put("d/f", b"new", expected=expect(b"old"), now=0),
        mirror.exchange.put("d/g", b"new", expected=None, now=0),
        mirror.exchange.delete("d/f", expected=expect(b"old"), now=0),
        mirror.exchange.move("d/f", "f"),
    ):
        assert refused(answer).reason is PutReason.NOT_BENEATH
    assert [(path.name, path.read_bytes()) for path in outside.iterdir()] == [("f", b"old")]


@pytest.mark.parametrize("resolver", [KernelResolver, WalkingResolver])
def test_puts_against_a_directory_swapped_for_a_link_write_nothing_outside(
    tmp_path: Path, resolver: type[Resolver]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_bytes(b"secret")
    mirror = Mirror(tmp_path / "mirror", KernelSwap(), resolver=resolver())
    (mirror.path / "d").mkdir()
    (mirror.path / "d" / "keep").touch()
    (mirror.path / "evil").symlink_to("../outside")
    stop = threading.Event()

    def swap_for_link() -> None:
        while not stop.is_set():
            syscalls.renameat2(mirror.root.fd, "d", mirror.root.fd, "evil", syscalls.RENAME_EXCHANGE)

    swapper = threading.Thread(target=swap_for_link)
    swapper.start()
    outcomes: set[str] = set()
    try:
        for number in range(250):
            for path in ("d/f", "d/new/deep"):
                answers = (
                    mirror.exchange.put(path, b"room", expected=None, now=number),
                    mirror.exchange.put(path, b"secret", expected=expect(b"room"), now=number),
                    mirror.exchange.move(path, "d/moved"),
                    mirror.exchange.delete("d/moved", expected=expect(b"secret"), now=number),
                )
                outcomes |= {answer.reason if isinstance(answer, PutRefused) else "done" for answer in answers}
    finally:
        stop.set()
        swapper.join()
    assert {"done", PutReason.NOT_BENEATH} <= outcomes
    assert [(path.name, path.read_bytes()) for path in outside.iterdir()] == [("f", b"secret")]
    mirror.close()


def test_a_put_on_a_disk_that_is_really_full_changes_nothing_and_succeeds_when_there_is_room(
    tmp_path: Path,
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "coroom-test", str(small)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small file system")
    try:
        mirror = Mirror(small, KernelSwap())
        (small / "f").write_bytes(b"old")
        with suppress(OSError), open(small / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
        full = refused(mirror.exchange.put("f", b"new" * 4096, expected=expect(b"old"), now=0))
        assert full.reason is PutReason.DISK_FULL
        assert (small / "f").read_bytes() == b"old"
        assert mirror.staged() == []
        (small / "filler").unlink()
        done(mirror.exchange.put("f", b"new" * 4096, expected=expect(b"old"), now=0))
        mirror.close()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_a_link_to_the_outside_is_replaced_as_a_link_or_refused(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (mirror.path / "x").symlink_to("../secret")
    for expected in (expect(b"secret"), None):
        assert refused(mirror.exchange.put("x", b"new", expected=expected, now=0)).reason is PutReason.CHANGED
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_a_directory_in_the_way_is_a_name_clash(mirror: Mirror) -> None:
    (mirror.path / "d/e").mkdir(parents=True)
    (mirror.path / "file").write_bytes(b"old")
    for answer in (
        mirror.exchange.put("d", b"new", expected=None, now=0),
        mirror.exchange.put("d", b"new", expected=expect(b"old"), now=0),
        mirror.exchange.delete("d", expected=expect(b"old"), now=0),
        mirror.exchange.put("file/x", b"new", expected=None, now=0),
        mirror.exchange.put("file/x", b"new", expected=expect(b"old"), now=0),
    ):
        assert refused(answer).reason in (PutReason.NAME_CLASH, PutReason.CHANGED)
    assert (mirror.path / "d/e").is_dir()


def test_a_directory_made_at_that_very_moment_is_put_back_whole(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")

    def replace_by_directory() -> None:
        mirror.swap.before = lambda: None
        file.unlink()
        file.mkdir()
        (file / "inside").touch()

    mirror.swap.before = replace_by_directory
    answer = refused(mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0))
    assert answer.reason in (PutReason.NAME_CLASH, PutReason.READ_ONLY)
    assert os.listdir(file) == ["inside"]
    assert mirror.staged() == []


def test_a_move_takes_a_file_or_a_whole_directory_and_never_covers_another(mirror: Mirror) -> None:
    (mirror.path / "pkg/sub").mkdir(parents=True)
    for number in range(50):
        (mirror.path / f"pkg/sub/{number}").write_text(str(number))
    inode = (mirror.path / "pkg/sub/7").stat().st_ino
    done(mirror.exchange.move("pkg", "new/pkg2"))
    assert (mirror.path / "new/pkg2/sub/7").stat().st_ino == inode
    assert not (mirror.path / "pkg").exists()
    done(mirror.exchange.move("new/pkg2/sub/7", "seven"))
    (mirror.path / "eight").write_text("mine")
    assert refused(mirror.exchange.move("seven", "eight")).reason is PutReason.NAME_CLASH
    assert refused(mirror.exchange.move("new", "eight")).reason is PutReason.NAME_CLASH
    assert refused(mirror.exchange.move("none", "elsewhere/x")).reason is PutReason.CHANGED
    assert (mirror.path / "eight").read_text() == "mine"
    assert not (mirror.path / "elsewhere").exists()


def test_a_durable_put_syncs_the_file_and_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Mirror(tmp_path, KernelSwap(), durable=True)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    done(mirror.exchange.put("f", b"new", expected=None, now=0))
    assert synced == [(tmp_path / "f").stat().st_ino, tmp_path.stat().st_ino]
    mirror.close()


def test_a_stage_on_another_file_system_or_behind_a_link_is_a_fault(tmp_path: Path) -> None:
    with Root(str(tmp_path)) as root:
        stage = Stage.at("/dev/shm/coroom-test-stage")
        try:
            if os.fstat(stage.fd).st_dev != os.fstat(root.fd).st_dev:
                with pytest.raises(ValueError, match="file system"):
                    Exchange(root, stage)
        finally:
            stage.close()
            os.rmdir("/dev/shm/coroom-test-stage")
        (tmp_path / ".git").symlink_to("/")
        with pytest.raises(NotADirectoryError):
            Stage.inside(root, STAGE)
        with pytest.raises(ValueError, match="stage"):
            Stage.inside(root, "../stage")


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(1, 14))
@pytest.mark.parametrize("agent_writes", [True, False])
def test_a_put_killed_at_any_step_loses_nothing(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, step: int, agent_writes: bool
) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")
    if agent_writes:
        mirror.swap.before = lambda: file.write_bytes(b"agent")
    calls = 0

    def counted(name: str) -> Callable[..., object]:
        real = getattr(os, name)

        def call(*args: object, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            if calls >= step:
                raise Killed
            return real(*args, **kwargs)

        return call

    with monkeypatch.context() as patched:
        for name in ("write", "link", "rename", "unlink", "fchmod", "readlink"):
            patched.setattr(os, name, counted(name))
        with suppress(Killed):
            mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0)
    found = [late.state.data for late in mirror.restart().recover(now=0)]
    texts = {file.read_bytes(), *found}
    assert texts <= {b"old", b"room", b"agent"}
    assert file.read_bytes() in (b"old", b"room", b"agent")
    if agent_writes and calls >= 1 and file.read_bytes() != b"old":
        assert b"agent" in texts
    if not agent_writes:
        assert found == []


def test_a_note_cut_off_by_a_crash_is_cleared_away(mirror: Mirror) -> None:
    ticket = mirror.stage.begin(Note("f", "1", "2"))
    note = mirror.path / STAGE / f"{ticket}.note"
    note.write_bytes(note.read_bytes()[:10])
    (mirror.path / STAGE / ticket).write_bytes(b"staged")
    (mirror.path / STAGE / "stray").write_bytes(b"staged")
    assert mirror.exchange.recover(now=0) == []
    assert mirror.staged() == []


def test_a_file_over_the_limit_that_was_displaced_stays_in_the_stage(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, KernelSwap(), bytes_max=100)
    file = tmp_path / "f"
    file.write_bytes(b"old")
    mirror.swap.before = lambda: file.write_bytes(b"x" * 101)
    answer = done(mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0))
    assert answer.displaced is not None
    assert answer.displaced.state.oversize
    mirror.exchange.collect(100)
    assert (tmp_path / STAGE / answer.displaced.ticket).stat().st_size == 101
    mirror.close()


@pytest.mark.parametrize("by_rename", [True, False], ids=["by rename", "in place"])
def test_of_a_thousand_writes_against_puts_none_is_lost(tmp_path: Path, by_rename: bool) -> None:
    mirror = Mirror(tmp_path, KernelSwap())
    file = tmp_path / "f"
    file.write_bytes(b"room 0")
    finished = threading.Event()

    def write() -> None:
        pace = random.Random(8)
        for number in range(WRITES):
            time.sleep(pace.uniform(0, 0.001))
            text = b"agent %d" % number
            if by_rename:
                (tmp_path / "f.tmp").write_bytes(text)
                os.replace(tmp_path / "f.tmp", file)
            else:
                fd = os.open(file, os.O_WRONLY | os.O_TRUNC)
                os.write(fd, text)
                os.close(fd)
            # The next write waits until this one was seen, or it would itself be the one that overwrites
            # it.
            wait = threading.Event()
            waits.append((text, wait))
            wait.wait(10)
        finished.set()

    waits: list[tuple[bytes, threading.Event]] = []
    agent = threading.Thread(target=write)
    agent.start()
    shadow, puts, rounds, clock = b"room 0", 0, 0, 0.0
    seen: set[bytes] = set()
    displaced = 0
    released = 0
    while not finished.is_set():
        rounds += 1
        clock += 0.01
        answer = mirror.exchange.put("f", b"room %d" % (puts + 1), expected=expect(shadow), now=clock)
        if isinstance(answer, PutDone):
            puts += 1
            shadow = b"room %d" % puts
            if answer.displaced is not None and answer.displaced.state.data is not None:
                displaced += 1
                seen.add(answer.displaced.state.data)
                mirror.exchange.taken(answer.displaced.ticket)
        elif answer.found is not None and answer.found.data and answer.found.settled:
            shadow = answer.found.data
            seen.add(shadow)
        for late in mirror.exchange.collect(clock) if rounds % 10 == 0 else ():
            if late.state.data is not None:
                seen.add(late.state.data)
            mirror.exchange.taken(late.ticket)
        while released < len(waits) and waits[released][0] in seen:
            waits[released][1].set()
            released += 1
    agent.join()
    assert {b"agent %d" % number for number in range(WRITES)} <= seen
    assert puts > 100
    assert displaced > 0
    mirror.close()
