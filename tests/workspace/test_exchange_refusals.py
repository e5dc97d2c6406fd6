"""A put that cannot be is refused, and nothing has changed: links, full disks, places outside."""

import errno
import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from tests.workspace.mirrors import STAGE, Mirror, done, expect, refused

from coroom.workspace import syscalls
from coroom.workspace.beneath import KernelResolver, Resolver, Root, WalkingResolver
from coroom.workspace.exchange import Exchange, PutReason, PutRefused
from coroom.workspace.stage import Stage
from coroom.workspace.swap import KernelSwap


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
