"""What every log promises, run on each implementation; a new one joins by one line in OPENERS."""

import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coroom.log.memory import MemoryLog
from coroom.log.sqlite import SqliteLog
from coroom.ports import HeadMoved, Log, Stored

Opener = Callable[[], Log]


def memory(directory: Path) -> Opener:
    return MemoryLog


def sqlite(directory: Path) -> Opener:
    names = count()
    return lambda: SqliteLog(directory / f"room-{next(names)}.db")


OPENERS = {"memory": memory, "sqlite": sqlite}


@pytest.fixture(params=OPENERS)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Yield a function that opens a new and empty log."""
    opener = OPENERS[request.param](tmp_path)
    logs: list[Log] = []

    def open_one() -> Log:
        logs.append(opener())
        return logs[-1]

    yield open_one
    for log in logs:
        log.close()


@pytest.fixture
def log(opened: Opener) -> Log:
    return opened()


def events(first: int, number: int, body: str = "{}") -> list[Stored]:
    return [Stored(seq, 1_000 + seq, "ada", "said", body) for seq in range(first, first + number)]


def name(data: bytes) -> str:
    return sha256(data).hexdigest()


def test_a_new_log_is_empty(log: Log) -> None:
    assert log.head() == 0
    assert list(log.read(0)) == []
    assert log.load_view() is None
    assert log.blob(name(b"")) is None
    log.verify()


def test_what_was_appended_is_read_back_in_order_and_in_slices(log: Log) -> None:
    written = events(1, 10)
    assert log.append(0, written[:3]) == 3
    assert log.append(3, written[3:]) == 10
    assert list(log.read(0)) == written
    assert list(log.read(4, 3)) == written[4:7]
    assert list(log.read(10)) == []
    assert list(log.read(99)) == []


def test_an_append_on_an_old_head_changes_nothing_and_names_the_actual_head(log: Log) -> None:
    log.append(0, events(1, 2))
    assert log.append(1, events(2, 1, '{"other":1}'), {name(b"x"): b"x"}) == HeadMoved(1, 2)
    assert log.append(7, events(8, 1)) == HeadMoved(7, 2)
    assert list(log.read(0)) == events(1, 2)
    assert log.blob(name(b"x")) is None


def test_blobs_are_stored_with_the_events_or_alone(log: Log) -> None:
    log.append(0, events(1, 1), {name(b"with"): b"with"})
    assert log.append(1, [], {name(b""): b"", name(b"with"): b"with"}) == 1
    assert log.blob(name(b"with")) == b"with"
    assert log.blob(name(b"")) == b""


@pytest.mark.parametrize(
    ("batch", "blobs"),
    [
        (events(2, 1), {}),
        ([*events(1, 1), *events(3, 1)], {}),
        (events(1, 1), {name(b"a"): b"b"}),
        ([Stored(1, 0, "a", "b", "\ud800")], {}),
        ([Stored(1, 2**63, "a", "b", "{}")], {}),
        ([Stored(1, -1, "a", "b", "{}")], {}),
    ],
    ids=["starts late", "has a gap", "blob misnamed", "lone surrogate", "time too large", "time negative"],
)
def test_an_append_that_breaks_the_rules_is_refused_whole(
    log: Log, batch: list[Stored], blobs: dict[str, bytes]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        log.append(0, batch, {**blobs, name(b"good"): b"good"})
    assert log.head() == 0
    assert log.blob(name(b"good")) is None
    assert log.append(0, events(1, 1)) == 1


def test_the_chain_depends_on_every_field_of_every_event_before(opened: Opener) -> None:
    base = Stored(1, 5, "ada", "said", "{}")
    variants = [
        base,
        Stored(1, 6, "ada", "said", "{}"),
        Stored(1, 5, "adas", "aid", "{}"),
        Stored(1, 5, "ada", "said{", "}"),
        Stored(1, 5, "bob", "said", "{}"),
    ]
    values = set()
    for variant in variants:
        log = opened()
        log.append(0, [variant])
        log.append(1, events(2, 1))
        values.add(log.chain(2))
    assert len(values) == len(variants)


def test_equal_histories_have_equal_chains_however_they_were_grouped(opened: Opener) -> None:
    one, other = opened(), opened()
    one.append(0, events(1, 6))
    for seq in range(6):
        other.append(seq, events(seq + 1, 1))
    assert [one.chain(seq) for seq in range(7)] == [other.chain(seq) for seq in range(7)]


def test_the_chain_of_an_event_to_come_is_an_error_of_the_caller(log: Log) -> None:
    log.append(0, events(1, 1))
    for seq in (-1, 2):
        with pytest.raises(ValueError, match="no event"):
            log.chain(seq)
        with pytest.raises(ValueError, match="no event"):
            log.save_view(seq, b"")


def test_the_newest_snapshot_is_loaded_whatever_the_order_of_saving(log: Log) -> None:
    log.append(0, events(1, 9))
    for seq, view in ((3, b"three"), (9, b"nine"), (6, b"six")):
        log.save_view(seq, view)
    assert log.load_view() == (9, b"nine")


def test_compaction_keeps_every_event_the_chain_and_what_comes_after(log: Log) -> None:
    written = events(1, 5_000, '{"text":"' + "word " * 30 + '"}')
    log.append(0, written)
    log.save_view(3, b"early")
    chains = [log.chain(seq) for seq in (0, 1, 1023, 1024, 1025, 2048, 4999, 5000)]
    log.compact(4_000)
    log.compact(10_000)
    assert list(log.read(0, 5_000)) == written
    assert list(log.read(1_000, 100)) == written[1_000:1_100]
    assert list(log.read(1_024, 1)) == written[1_024:1_025]
    assert [log.chain(seq) for seq in (0, 1, 1023, 1024, 1025, 2048, 4999, 5000)] == chains
    assert log.load_view() == (3, b"early")
    assert log.append(5_000, events(5_001, 1)) == 5_001
    log.verify()


def test_of_racing_threads_exactly_one_wins_each_head(log: Log) -> None:
    rounds, racers = 60, 4
    wins: list[tuple[int, int]] = []
    barrier = threading.Barrier(racers)

    def race(racer: int) -> None:
        for expected in range(rounds):
            barrier.wait()
            won = log.append(expected, [Stored(expected + 1, racer, f"racer-{racer}", "said", "{}")])
            if won == expected + 1:
                wins.append((expected + 1, racer))
            barrier.wait()

    threads = [threading.Thread(target=race, args=(racer,)) for racer in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seq for seq, _ in wins) == list(range(1, rounds + 1))
    assert [(e.seq, e.at_ms) for e in log.read(0)] == sorted(wins)


def test_reading_while_another_thread_appends_sees_a_growing_prefix(log: Log) -> None:
    written = events(1, 400)
    done = threading.Event()

    def write() -> None:
        for seq in range(0, 400, 4):
            log.append(seq, written[seq : seq + 4])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while not (done.is_set() and seen == 400):
        prefix = list(log.read(0))
        assert len(prefix) >= seen
        assert len(prefix) % 4 == 0
        assert prefix == written[: len(prefix)]
        seen = len(prefix)
    writer.join()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
rows = st.tuples(st.integers(0, 2**63 - 1), texts, texts, texts)


@pytest.mark.parametrize("implementation", OPENERS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(batches=st.lists(st.lists(rows, max_size=5), max_size=5), blobs=st.lists(st.binary(max_size=99)))
def test_any_events_and_blobs_come_back_as_they_were(
    implementation: str,
    batches: list[list[tuple[int, str, str, str]]],
    blobs: list[bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    log = OPENERS[implementation](tmp_path_factory.mktemp("log"))()
    written: list[Stored] = []
    for batch in batches:
        new = [Stored(seq, *row) for seq, row in enumerate(batch, start=len(written) + 1)]
        assert log.append(len(written), new, {name(data): data for data in blobs}) == len(written) + len(new)
        written += new
    assert list(log.read(0)) == written
    assert not batches or [log.blob(name(data)) for data in blobs] == blobs
    log.verify()
    log.close()


def test_closing_twice_is_harmless(log: Log) -> None:
    log.append(0, events(1, 1))
    log.close()
    log.close()
