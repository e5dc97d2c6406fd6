"""When the power fails at any instant, everything that was answered is in the log, and nothing else is."""

import os
import re
import shutil
from pathlib import Path
from random import Random

import pytest
from tests.log.appender import blob, event
from tests.log.powerless import Call, Disk, traced

from coroom.log.sqlite import SqliteLog
from coroom.workspace.states import content_hash

APPENDS = int(os.environ.get("COROOM_POWER_APPENDS", "6"))
APPENDER = Path(__file__).with_name("appender.py")


def answered(call: Call, before: tuple[int, int]) -> tuple[int, int]:
    """How far the program had answered after this call: events, appends."""
    found = re.fullmatch(rb"answered (\d+) (\d+)\n", call.texts[0]) if call.name == "write" and call.texts else None
    return (int(found[1]), int(found[2])) if found else before


def opens_with(directory: Path, files: dict[str, bytes], told: tuple[int, int]) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, data in files.items():
        (directory / name).write_bytes(data)
    log = SqliteLog(directory / "room.sqlite3")
    try:
        events, appends = told
        assert log.head() >= events
        assert [*log.read(0, log.head())] == [event(seq) for seq in range(1, log.head() + 1)]
        if events:
            assert log.blob(content_hash(blob(appends))) == blob(appends)
        view = log.load_view()
        assert view is None or view[1] == b"view of %d" % view[0]
        log.verify()
    finally:
        log.close()


@pytest.mark.promise("log:durable", "log:prefix", "log:detect")
def test_whatever_of_the_unsynced_is_lost_with_the_power_all_that_was_answered_is_there(tmp_path: Path) -> None:
    at_work = tmp_path / "room"
    at_work.mkdir()
    calls = traced(str(APPENDER), str(at_work / "room.sqlite3"), str(APPENDS), log=tmp_path / "trace")
    disk, chance = Disk(at_work), Random(1)
    told, tried = (0, 0), 0
    for number, call in enumerate(calls):
        disk.take(call)
        told = answered(call, told)
        other = disk.after_power_loss(chance) if number % 2 else disk.after_power_loss(None, all_there=True)
        for files in (disk.after_power_loss(None), other):
            if "room.sqlite3" in files:
                opens_with(tmp_path / "found", files, told)
                tried += 1
            else:
                assert told == (0, 0), "answered, and no file is there"
    assert told[1] == APPENDS - 1
    assert tried > 10 * APPENDS


def test_a_log_that_answers_before_it_has_synced_would_be_found_out(tmp_path: Path) -> None:
    """The same trace without its syncs: the model of the disk can lose what it is there to lose."""
    at_work = tmp_path / "room"
    at_work.mkdir()
    calls = traced(str(APPENDER), str(at_work / "room.sqlite3"), "5", log=tmp_path / "trace")
    disk, told = Disk(at_work), (0, 0)
    for call in calls:
        if call.name not in {"fsync", "fdatasync"} or told == (0, 0):
            disk.take(call)
        told = answered(call, told)
    with pytest.raises(AssertionError):
        opens_with(tmp_path / "found", disk.after_power_loss(None), told)
