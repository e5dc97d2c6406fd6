"""A put changes places with exactly what was expected, and carries over what belongs to the file."""

import os
from pathlib import Path

import pytest
from tests.workspace.mirrors import Mirror, done, expect, refused

from coroom.workspace.exchange import Expected, Link, PutReason
from coroom.workspace.states import Kind, Signature, content_hash
from coroom.workspace.swap import KernelSwap, best_swap


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
