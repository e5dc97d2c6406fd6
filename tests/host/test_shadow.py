"""What the room last had on a disk is remembered over crashes, and a damaged memory is put aside."""

import sqlite3
from pathlib import Path

import pytest

from coroom.core.file import FileKind
from coroom.host.edits.content import ABSENT, of_bytes
from coroom.host.edits.shadow import RECENT_MAX, Shadow
from coroom.workspace.states import Signature

SIGNATURE = Signature(2**63, 12, 1_700_000_000_000_000_001, -5)


def test_what_was_flushed_is_there_again_and_the_rest_is_not(tmp_path: Path) -> None:
    path = str(tmp_path / "shadow")
    shadow = Shadow(path)
    one, two = of_bytes(b"one\n", executable=True), of_bytes(b"two\n")
    shadow.has("a\udcff.txt", one, 3, SIGNATURE, 7, by="ann")
    shadow.has("a\udcff.txt", two, 4, None, 8)
    shadow.announce([("b.txt", one.blob)])
    shadow.has("c.txt", two, 5, None, 9)
    crashed = Shadow(path)
    was = crashed["a\udcff.txt"]
    assert (was.content, was.version, was.signature, was.seq, was.by) == (two, 4, None, 8, "")
    assert was.recent == ((one.blob, 3, "ann"),)
    assert crashed["b.txt"].coming == one.blob
    assert "c.txt" not in crashed
    assert not crashed.holds("b.txt")
    for each in (crashed, shadow):
        each.close()


def test_a_signature_comes_back_as_it_was(tmp_path: Path) -> None:
    with Shadow(str(tmp_path / "shadow")) as shadow:
        shadow.has("a", of_bytes(b"a"), 1, SIGNATURE, 1)
    with Shadow(str(tmp_path / "shadow")) as again:
        assert again["a"].signature == SIGNATURE
        assert again.known()["a"].signature == SIGNATURE


def test_only_so_many_earlier_texts_are_kept_and_an_absent_file_is_none_of_them(tmp_path: Path) -> None:
    with Shadow(str(tmp_path / "shadow")) as shadow:
        for number in range(RECENT_MAX + 5):
            shadow.has("a", of_bytes(b"%d" % number), number, None, 1)
        assert len(shadow["a"].recent) == RECENT_MAX
        assert shadow["a"].recent[0].version == RECENT_MAX + 3
        shadow.has("b", ABSENT, 0, None, 1)
        shadow.has("b", of_bytes(b"b"), 1, None, 1)
        assert shadow["b"].recent == ()
        assert shadow.below("x") == []
        assert set(shadow.present()) == {"a", "b"}


def test_a_damaged_database_is_put_aside_and_said_to_be_lost(tmp_path: Path) -> None:
    path = tmp_path / "shadow"
    path.write_bytes(b"this is no database at all" * 100)
    with Shadow(str(path)) as shadow:
        assert shadow.lost
        assert len(shadow) == 0
        shadow.has("a", of_bytes(b"a"), 1, None, 1)
    assert (tmp_path / "shadow.damaged").exists()
    with Shadow(str(path)) as again:
        assert not again.lost
        assert again["a"].content.kind is FileKind.TEXT


def test_what_could_not_be_written_is_written_by_the_next_flush(tmp_path: Path) -> None:
    path = str(tmp_path / "shadow")
    with Shadow(path) as shadow:
        shadow.has("a", of_bytes(b"a"), 1, None, 1)
        shadow._db.execute("pragma query_only=on")
        with pytest.raises(sqlite3.OperationalError):
            shadow.flush()
        assert not shadow.is_written
        shadow._db.execute("pragma query_only=off")
        shadow.flush()
    with Shadow(path) as again:
        assert again.holds("a")
