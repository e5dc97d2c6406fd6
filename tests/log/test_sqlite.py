"""What only the log on disk can promise: it survives kills, full disks, damage and a second host."""

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from coroom.log.schema import wal_reset_warning
from coroom.log.sqlite import CHECKPOINT_BYTES, SqliteLog
from coroom.ports import LogBusy, LogCorrupt, LogFull, Stored

# Larger campaigns: COROOM_KILLS=2000 COROOM_FLIP_STRIDE=1 pytest tests/log/test_sqlite.py
KILLS = int(os.environ.get("COROOM_KILLS", "30"))
FLIP_STRIDE = int(os.environ.get("COROOM_FLIP_STRIDE", "199"))


def event(seq: int, body: str = "{}") -> Stored:
    return Stored(seq, 1_000 + seq, "ada", "said", body)


def read_all(log: SqliteLog) -> list[Stored]:
    return list(log.read(0, log.head()))


@contextmanager
def opened(path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(path)
    try:
        yield log
    finally:
        log.close()


def python(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


APPENDER = """
    import os, random, sys
    from coroom.log.sqlite import SqliteLog
    from coroom.ports import Stored

    def say(*words):  # in one write, which no kill can cut
        os.write(1, " ".join(map(str, words)).encode() + b"\\n")

    def append(path, seed):
        rng = random.Random(seed)
        log = SqliteLog(path)
        say("open", log.head())
        while True:
            head = log.head()
            group = range(head + 1, head + 1 + rng.choice((1, 1, 3, 40)))
            log.append(head, [Stored(seq, seq, "child", "said", f'{{"n":{seq}}}') for seq in group])
            say("acked", log.head())
            if rng.random() < 0.1:
                log.save_view(log.head(), b"view")
            if rng.random() < 0.05:
                log.compact(log.head())

    if sys.argv[1:]:
        append(*sys.argv[1:])
    for line in sys.stdin:
        child = os.fork()
        if not child:
            say("begun", os.getpid())
            append(*line.rstrip("\\n").split("\\t"))
        os.waitpid(child, 0)
        say("ended")
"""
"""A process that appends to the log of this name; or, without one, a process like it for each line of its input."""


def test_an_acknowledged_event_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    rng = random.Random(f"kills of {KILLS}")
    acked = 0
    with python(APPENDER) as appenders:
        assert appenders.stdin
        for round_number in range(KILLS):
            appenders.stdin.write(f"{path}\t{round_number}\n")
            appenders.stdin.flush()
            child = said(appenders)
            for _ in range(1 + rng.randrange(12)):
                acked = said(appenders)
            moment = time.perf_counter() + rng.random() * 0.004
            while time.perf_counter() < moment:
                pass
            os.kill(child, signal.SIGKILL)
            acked = max(acked, last_said(appenders))
            with opened(path) as log:
                assert log.head() >= acked
                assert read_all(log) == [
                    Stored(seq, seq, "child", "said", f'{{"n":{seq}}}') for seq in range(1, log.head() + 1)
                ]
        appenders.stdin.close()
    with opened(path) as log:
        log.verify()


def said(appenders: "subprocess.Popen[str]") -> int:
    """The number in the next line; a line without one, or none, is the end of what should have gone on."""
    assert appenders.stdout
    line = appenders.stdout.readline().split()
    if len(line) != 2:
        appenders.kill()
        pytest.fail(appenders.communicate()[1])
    return int(line[1])


def last_said(appenders: "subprocess.Popen[str]") -> int:
    """The last number that one said before it ended; 0 when it had said nothing more."""
    assert appenders.stdout
    last = 0
    for line in iter(appenders.stdout.readline, "ended\n"):
        assert line, "the process of all of them has ended"
        last = int(line.split()[1])
    return last


def test_a_second_host_is_told_who_has_the_room_and_gets_in_when_that_host_dies(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    child = python(APPENDER, str(path), "1")
    assert child.stdout is not None
    child.stdout.readline()
    with pytest.raises(LogBusy, match=f"process {child.pid}"):
        SqliteLog(path)
    child.kill()
    child.communicate()
    with opened(path) as log:
        assert log.append(log.head(), [event(log.head() + 1)]) == log.head()
        with pytest.raises(LogBusy, match=f"process {os.getpid()}"):
            SqliteLog(path)
    with opened(path):
        pass


FILLER = """
    import sys
    from coroom.log.sqlite import SqliteLog
    from coroom.ports import LogFull, Stored

    log = SqliteLog(sys.argv[1])
    body = '{"text":"' + "x" * 3000 + '"}'
    def fill():
        while True:
            log.append(log.head(), [Stored(log.head() + 1, 0, "a", "b", body)])
    refused = []
    for _ in range(2):
        try:
            fill()
        except LogFull as error:
            refused.append(log.head())
    try:
        log.save_view(1, b"")
    except LogFull:
        refused.append(log.head())
    events = log.read(0, 10**6)
    assert len(events) == log.head() and all(event.body == body for event in events)
    print(*refused, flush=True)
    log.close()
"""


def fill(path: Path, *, file_bytes_max: int | None = None) -> list[int]:
    def bound() -> None:
        if file_bytes_max is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, file_bytes_max))

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FILLER), str(path)],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=bound,
    )
    return [int(word) for word in done.stdout.split()]


def assert_refused_for_good_and_nothing_lost(path: Path, heads: list[int]) -> None:
    assert len(heads) == 3
    assert len(set(heads)) == 1
    with opened(path) as log:
        assert log.head() >= heads[0] > 10
        assert len(read_all(log)) == log.head()
        assert log.append(log.head(), [event(log.head() + 1)]) == log.head()


def test_when_a_file_may_not_grow_the_log_refuses_writes_and_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    assert_refused_for_good_and_nothing_lost(path, fill(path, file_bytes_max=600_000))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a file system of 1 MiB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(directory)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a tmpfs")
    yield directory
    subprocess.run(["umount", str(directory)], check=True)


def test_when_the_disk_is_full_the_log_refuses_writes_and_stays_readable(small_disk: Path, tmp_path: Path) -> None:
    heads = fill(small_disk / "room.db")
    moved = tmp_path / "moved"
    shutil.copytree(small_disk, moved)
    assert_refused_for_good_and_nothing_lost(moved / "room.db", heads)


def test_a_log_that_cannot_be_made_or_locked_says_so_and_holds_no_lock(tmp_path: Path) -> None:
    with pytest.raises(LogFull, match="could not be opened"):
        SqliteLog(tmp_path / "absent" / "room.db")
    obstacle = tmp_path / "room.db.new"
    obstacle.mkdir()
    with pytest.raises(LogFull, match="could not be opened"):
        SqliteLog(tmp_path / "room.db")
    obstacle.rmdir()
    with opened(tmp_path / "room.db") as log:
        assert log.append(0, [event(1)]) == 1


class FailingCommit:
    """A connection whose next commit fails as a broken disk makes it fail."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.statements: list[str] = []

    def __getattr__(self, attribute: str) -> object:
        return getattr(self.connection, attribute)

    def execute(self, statement: str, arguments: tuple[str | int | bytes, ...] = ()) -> sqlite3.Cursor:
        self.statements.append(statement)
        if statement == "COMMIT":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return self.connection.execute(statement, arguments)


def test_after_a_failed_sync_nothing_is_written_synced_or_checkpointed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "room.db"
    log = SqliteLog(path)
    log.append(0, [event(1)])
    failing = FailingCommit(log._writer)
    monkeypatch.setattr(log, "_writer", failing)
    with pytest.raises(LogFull, match="disk I/O error"):
        log.append(1, [event(2)])
    assert failing.statements[-2:] == ["COMMIT", "ROLLBACK"]
    before = list(failing.statements)
    with pytest.raises(LogFull, match="takes no more events"):
        log.append(1, [event(2)])
    assert failing.statements == before
    assert read_all(log) == [event(1)]
    database = path.read_bytes()
    log.close()
    assert path.read_bytes() == database
    with opened(path) as again:
        assert read_all(again) == [event(1)]


def build_small_log(path: Path, events: int) -> list[Stored]:
    return build_log(path, [event(seq, '{"text":"' + f"{seq} " * 12 + '"}') for seq in range(1, events + 1)])


def build_log_of_long_events(path: Path) -> list[Stored]:
    words = {seq: " ".join(str(1_000 * seq + word) for word in range(40)) for seq in range(1, 147)}
    return build_log(path, [event(seq, f'{{"text":"{text}"}}') for seq, text in words.items()])


def build_log(path: Path, written: list[Stored]) -> list[Stored]:
    events = len(written)
    with opened(path) as log:
        log.append(0, written, {sha256(b"blob").hexdigest(): b"blob"})
        log.save_view(events // 2, b"view " * 40)
        log.compact(events)
    return written


def outcome_of_damage(path: Path, written: list[Stored]) -> str:
    """Say how a damaged log behaves; anything else than what was appended is an error of the log's."""
    try:
        log = SqliteLog(path)
    except LogCorrupt:
        return "refused"
    try:
        assert log.head() == len(written)
        assert log.load_view() in {None, (len(written) // 2, b"view " * 40)}
        assert log.blob(sha256(b"blob").hexdigest()) in {None, b"blob"}
        assert read_all(log) == written
    except LogCorrupt:
        return "detected"
    finally:
        log.close()
    return "harmless"


@pytest.fixture
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of fewer and longer events: as many bytes to damage, and a tenth of the links to check each time."""
    monkeypatch.setattr("coroom.log.sqlite.SEGMENT_EVENTS", 102)


@pytest.mark.promise("log:detect")
@pytest.mark.usefixtures("short_segments")
def test_a_flipped_byte_is_detected_or_harmless_and_never_serves_another_event(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    written = build_log_of_long_events(path)
    sound = path.read_bytes()
    assert 40_000 < len(sound) < 100_000
    rng = random.Random("flips")
    outcomes = {"refused": 0, "detected": 0, "harmless": 0}
    header = range(100)
    for position in (*header, *range(100 + rng.randrange(FLIP_STRIDE), len(sound), FLIP_STRIDE)):
        damaged = bytearray(sound)
        damaged[position] ^= rng.choice((0x01, 0x80, 0xFF, 1 + rng.randrange(255)))
        path.write_bytes(damaged)
        outcomes[outcome_of_damage(path, written)] += 1
    assert outcomes["detected"] > 0
    assert outcomes["refused"] > 0
    path.write_bytes(sound)
    assert outcome_of_damage(path, written) == "harmless"


@pytest.mark.usefixtures("short_segments")
def test_a_log_cut_short_never_serves_a_shorter_history(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    written = build_log_of_long_events(path)
    sound = path.read_bytes()
    for size in [0, 1, 99, 100, *range(1_000, len(sound), 4_001)]:
        path.write_bytes(sound[:size])
        assert outcome_of_damage(path, written) != "harmless" or size > len(sound) - 8_192


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM event WHERE seq > 28",
        "UPDATE head SET seq = 28",
        "UPDATE head SET seq = 31",
        "UPDATE head SET seq = -1",
        "UPDATE head SET chain = (SELECT chain FROM event WHERE seq = 29)",
        "DELETE FROM head",
    ],
)
def test_a_log_that_has_forgotten_or_invented_its_newest_events_is_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "room.db"
    build_small_log(path, 30)
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    with pytest.raises(LogCorrupt):
        SqliteLog(path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE event SET body = 'x' WHERE seq = 1100",
        "UPDATE event SET by = 'bob' WHERE seq = 1100",
        "UPDATE event SET body = CAST(body AS BLOB) WHERE seq = 1100",
        "UPDATE event SET at_ms = 0.5 WHERE seq = 1100",
        "UPDATE event SET chain = x'00' WHERE seq = 1100",
        "DELETE FROM event WHERE seq = 1100",
        "DELETE FROM segment",
        "UPDATE segment SET data = x'00'",
        "UPDATE segment SET previous = x'00'",
        "UPDATE segment SET first = 2",
    ],
)
def test_a_changed_or_missing_row_is_found_by_reading_and_by_verify(tmp_path: Path, change: str) -> None:
    path = tmp_path / "room.db"
    build_small_log(path, 1_180)
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    with opened(path) as log:
        with pytest.raises(LogCorrupt):
            read_all(log)
        with pytest.raises(LogCorrupt):
            log.verify()
        assert log.read(1_150)[-1].seq == 1_180


def test_the_fault_names_the_first_event_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    build_small_log(path, 1_180)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM event WHERE seq = 1100")
    connection.close()
    with opened(path) as log, pytest.raises(LogCorrupt, match="event 1100: it is missing") as caught:
        read_all(log)
    assert caught.value.seq == 1_100


def test_every_commit_is_synced_one_connection_checkpoints_and_the_other_cannot_write(tmp_path: Path) -> None:
    with opened(tmp_path / "room.db") as log:

        def setting(name: str) -> object:
            return log._writer.execute(f"PRAGMA {name}").fetchone()[0]

        full = 2
        assert setting("synchronous") == full
        assert setting("journal_mode") == "wal"
        assert setting("wal_autocheckpoint") == 0
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            log._reader.execute("DELETE FROM event")


def test_an_archive_of_another_history_is_found_wherever_reading_begins(tmp_path: Path) -> None:
    for room, body in (("one", "{}"), ("two", "[]")):
        with opened(tmp_path / room) as log:
            log.append(0, [event(seq, body) for seq in range(1, 3_201)])
            log.compact(3_200)
    with sqlite3.connect(tmp_path / "two") as connection:
        connection.execute("ATTACH ? AS one", (str(tmp_path / "one"),))
        connection.execute("INSERT OR REPLACE INTO segment SELECT * FROM one.segment WHERE last = 2048")
    connection.close()
    with opened(tmp_path / "two") as log:
        for after in (0, 1_023, 1_024, 1_500, 2_048, 2_100):
            with pytest.raises(LogCorrupt, match="do not join"):
                log.read(after, 3_200)
        assert len(log.read(3_100)) == 100


def test_a_damaged_blob_is_an_error_and_a_damaged_snapshot_gives_way_to_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    digest = sha256(b"blob").hexdigest()
    with opened(path) as log:
        log.append(0, [event(1), event(2)], {digest: b"blob"})
        log.save_view(1, b"one")
        log.save_view(2, b"two")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE blob SET data = x'00'")
        connection.execute("UPDATE view SET data = x'00' WHERE seq = 2")
    connection.close()
    with opened(path) as log:
        assert log.load_view() == (1, b"one")
        with pytest.raises(LogCorrupt, match="damaged"):
            log.blob(digest)


def test_a_snapshot_of_another_history_is_not_loaded(tmp_path: Path) -> None:
    for room, body in (("one", "{}"), ("two", "[]")):
        with opened(tmp_path / room) as log:
            log.append(0, [event(1, body)])
            log.save_view(1, room.encode())
    with sqlite3.connect(tmp_path / "two") as connection:
        connection.execute("ATTACH ? AS one", (str(tmp_path / "one"),))
        connection.execute("INSERT OR REPLACE INTO view SELECT * FROM one.view")
    connection.close()
    with opened(tmp_path / "two") as log:
        assert log.load_view() is None


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00" + bytes(4_000)])
def test_a_file_that_is_no_log_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "room.db"
    path.write_bytes(content)
    with pytest.raises(LogCorrupt):
        SqliteLog(path)
    assert path.read_bytes() == content


def test_another_sqlite_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE event (seq)")
    connection.close()
    with pytest.raises(LogCorrupt, match="tables"):
        SqliteLog(path)


def test_a_room_whose_main_file_vanished_is_not_started_anew_over_its_remains(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    Path(f"{path}-wal").write_bytes(b"remains")
    with pytest.raises(LogCorrupt, match="gone"):
        SqliteLog(path)


def test_a_half_made_log_of_a_crashed_start_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    Path(f"{path}.new").write_bytes(b"half")
    Path(f"{path}.new-journal").write_bytes(b"half")
    with opened(path) as log:
        assert log.append(0, [event(1)]) == 1
    assert not Path(f"{path}.new").exists()


def test_a_log_may_lie_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"a b?mode=memory#%41\xff\xc3\xa9") / "room.db"
    path.parent.mkdir()
    with opened(path) as log:
        log.append(0, [event(1)])
    with opened(path) as log:
        assert read_all(log) == [event(1)]


def test_the_log_of_a_room_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    with opened(path) as log:
        log.append(0, [event(1)])
        for file in (path, Path(f"{path}-wal"), Path(f"{path}.lock")):
            assert file.stat().st_mode & 0o077 == 0


def test_compaction_gives_space_back(tmp_path: Path) -> None:
    with opened(tmp_path / "room.db") as log:
        log.append(0, [event(seq, '{"text":"' + "word " * 60 + '"}') for seq in range(1, 5_001)])
        compacted = log.compact(5_000)
        assert (compacted.events, compacted.segments) == (4_096, 4)
        assert compacted.bytes_after < compacted.bytes_before / 2


def test_the_write_ahead_file_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    with opened(path) as log:
        body = '{"text":"' + "x" * 100_000 + '"}'
        for seq in range(1, 200):
            log.append(seq - 1, [event(seq, body)])
        assert Path(f"{path}-wal").stat().st_size < 2 * CHECKPOINT_BYTES


@pytest.mark.parametrize(
    ("version", "warned"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False), ((4, 0, 0), False)]
)
def test_an_sqlite_with_the_wal_reset_bug_is_named(version: tuple[int, int, int], warned: bool) -> None:
    warning = wal_reset_warning(version)
    assert (warning is not None) == warned
    assert warning is None or ".".join(map(str, version)) in warning
