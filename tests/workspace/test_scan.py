import mmap
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.workspace.beneath import Refusal, Root
from coroom.workspace.ignore import Ignore
from coroom.workspace.names import RefusalReason
from coroom.workspace.scan import Known, ScanResult, known_of, pair_renames, scan
from coroom.workspace.states import Entry, FileState, Kind, Signature, content_hash

LATER_NS = 10**10


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    with Root(str(tmp_path)) as opened:
        yield opened


class Room:
    """What a caller keeps between scans."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.known: dict[str, Known] = {}

    def scan(self, *, settled: bool = True, bytes_max: int = 1 << 20) -> ScanResult:
        now_ns = time.time_ns() + (LATER_NS if settled else 0)
        result = scan(self.root, Ignore.load(self.root), self.known, now_ns=now_ns, bytes_max=bytes_max)
        self.known |= result.known
        for path in result.gone:
            del self.known[path]
        return result


def test_a_first_scan_brings_everything_and_the_next_nothing(root: Root, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"text")
    (tmp_path / "link").symlink_to("d/f")
    room = Room(root)
    first = room.scan()
    assert {path: (state.kind, state.data) for path, state in first.changed.items()} == {
        "d/f": (Kind.FILE, b"text"),
        "link": (Kind.SYMLINK, b"d/f"),
    }
    second = room.scan()
    assert (second.changed, second.gone, second.known) == ({}, frozenset(), {})


def test_content_kind_mode_and_absence_are_each_noticed(root: Root, tmp_path: Path) -> None:
    for name in ("text", "mode", "kind", "gone", "same"):
        (tmp_path / name).write_text(name)
    room = Room(root)
    room.scan()
    (tmp_path / "text").write_text("new!")
    (tmp_path / "mode").chmod(0o755)
    (tmp_path / "kind").unlink()
    (tmp_path / "kind").symlink_to("kind")
    (tmp_path / "gone").unlink()
    result = room.scan()
    assert set(result.changed) == {"text", "mode", "kind"}
    assert result.changed["mode"].executable
    assert result.gone == {"gone"}


def test_a_touched_file_is_known_again_but_not_changed(root: Root, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    room = Room(root)
    room.scan()
    os.utime(tmp_path / "f", (1, 1))
    result = room.scan()
    assert result.changed == {}
    assert set(result.known) == {"f"}


def test_a_same_size_write_whose_time_is_set_back_is_noticed(root: Root, tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"one")
    room = Room(root)
    room.scan()
    for text in (b"two", b"six", b"ten"):
        before = file.stat()
        file.write_bytes(text)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert room.scan().changed["f"].data == text


def test_a_write_through_a_mapping_is_found_without_any_event(root: Root, tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"mapped")
    room = Room(root)
    room.scan()
    with open(file, "r+b") as opened, mmap.mmap(opened.fileno(), 0) as mapped:
        mapped[0:3] = b"MAP"
        mapped.flush()
        assert room.scan().changed["f"].data == b"MAPped"


def test_a_file_changed_within_a_clock_tick_is_read_again_next_time(root: Root, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    room = Room(root)
    room.scan(settled=False)
    assert room.known["f"].signature is None
    again = room.scan()
    assert again.changed == {}
    assert room.known["f"].signature == Signature.of((tmp_path / "f").lstat())
    assert room.scan().known == {}


def test_a_huge_file_is_listed_once_and_not_read(root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(1 << 30)
    room = Room(root)
    real = root.read

    def read(path: str, bytes_max: int, *, allow_git: bool = False) -> FileState | Refusal:
        assert path != "huge"
        return real(path, bytes_max, allow_git=allow_git)

    monkeypatch.setattr(root, "read", read)
    result = room.scan()
    assert set(result.oversize) == {"huge"}
    assert result.changed == {}
    assert room.scan().oversize == {}


def test_files_that_stop_being_ignored_come_in_and_those_that_begin_to_be_are_not_gone(
    root: Root, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    for number in range(100):
        (tmp_path / "out" / str(number)).write_text("x")
    (tmp_path / ".gitignore").write_text("out/\n")
    room = Room(root)
    assert set(room.scan().changed) == {".gitignore"}
    (tmp_path / ".gitignore").write_text("#\n")
    assert len(room.scan().changed) == 101
    (tmp_path / ".gitignore").write_text("out/\n")
    result = room.scan()
    assert result.gone == frozenset()
    assert set(result.changed) == {".gitignore"}


def test_what_cannot_be_read_is_neither_gone_nor_changed(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "f").write_text("x")
    (tmp_path / "open").write_text("x")
    room = Room(root)
    room.scan()
    opener = root.open_directory

    def refuse(directory: str) -> int:
        if directory == "closed":
            raise PermissionError(13, "no", directory)
        return opener(directory)

    monkeypatch.setattr(root, "open_directory", refuse)
    (tmp_path / "open").unlink()
    result = room.scan()
    assert result.unreadable == {"closed"}
    assert result.gone == {"open"}


def test_a_file_refused_when_it_is_read_is_unreadable(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_text("x")
    real = root.read

    def read(path: str, bytes_max: int, *, allow_git: bool = False) -> FileState | Refusal:
        if path == "f":
            return Refusal(RefusalReason.UNREADABLE, path, "no")
        return real(path, bytes_max, allow_git=allow_git)

    monkeypatch.setattr(root, "read", read)
    assert Room(root).scan().unreadable == {"f"}


def test_a_file_that_vanishes_between_listing_and_reading_is_gone(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_text("x")
    room = Room(root)
    room.scan()
    (tmp_path / "f").write_text("changed")
    real = root.walk

    def walk_and_remove(skip: Callable[[str, bool], bool], unreadable: Callable[[str], None]) -> list[Entry]:
        entries = list(real(skip, unreadable))
        (tmp_path / "f").unlink()
        return entries

    monkeypatch.setattr(root, "walk", walk_and_remove)
    assert room.scan().gone == {"f"}


def state(ino: int, data: bytes, kind: Kind = Kind.FILE) -> FileState:
    return FileState(kind=kind, data=data, hash=content_hash(data), signature=Signature(ino, len(data), 0, 0))


def test_renames_pair_by_inode_first_and_then_by_content() -> None:
    gone = {
        "a": known_of(state(1, b"a"), looked_at_ns=LATER_NS),
        "b": known_of(state(2, b"b"), looked_at_ns=LATER_NS),
        "c": known_of(state(3, b"c"), looked_at_ns=LATER_NS),
        "twin": known_of(state(4, b"t"), looked_at_ns=LATER_NS),
        "empty": known_of(state(5, b""), looked_at_ns=LATER_NS),
    }
    created = {
        "a2": state(1, b"a edited"),
        "b2": state(9, b"b"),
        "t1": state(10, b"t"),
        "t2": state(11, b"t"),
        "empty2": state(12, b""),
        "c-link": state(13, b"c", Kind.SYMLINK),
    }
    assert pair_renames(gone, created) == [("a", "a2"), ("b", "b2")]


def test_a_rename_is_paired_by_a_remembered_inode_when_the_signature_was_too_fresh() -> None:
    gone = {"a": known_of(state(1, b"a"), looked_at_ns=0)}
    assert gone["a"].signature is None
    assert pair_renames(gone, {"b": state(1, b"edited")}, {"a": 1}) == [("a", "b")]
    assert pair_renames(gone, {"b": state(1, b"edited")}) == []


STATES = st.builds(state, st.integers(1, 4), st.sampled_from([b"", b"x", b"y"]))


@given(st.dictionaries(st.sampled_from("abcd"), STATES), st.dictionaries(st.sampled_from("wxyz"), STATES))
def test_no_path_is_in_two_pairs(gone: dict[str, FileState], created: dict[str, FileState]) -> None:
    known = {path: known_of(was, looked_at_ns=LATER_NS) for path, was in gone.items()}
    pairs = pair_renames(known, created)
    assert len({old for old, _ in pairs}) == len({new for _, new in pairs}) == len(pairs)
    for old, new in pairs:
        was, now = gone[old].signature, created[new].signature
        assert was is not None
        assert now is not None
        assert was.ino == now.ino or gone[old].hash == created[new].hash
