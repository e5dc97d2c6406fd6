"""What is written at the moment of a put, or by who holds a file open, is handed over and never lost."""

import os
from pathlib import Path

import pytest
from tests.workspace.mirrors import Mirror, done, expect, refused

from coroom.workspace.exchange import PutReason
from coroom.workspace.keeper import writer_open
from coroom.workspace.states import content_hash


def test_a_mode_changed_at_the_moment_of_the_put_survives_it(mirror: Mirror) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")
    mirror.swap.before = lambda: file.chmod(0o700)
    done(mirror.exchange.put("f", b"new", expected=expect(b"old"), now=0))
    assert file.stat().st_mode & 0o777 == 0o700


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
