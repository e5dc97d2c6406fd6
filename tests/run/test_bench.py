"""The benchmark's own arithmetic, its client, and the rounds of contention that it counts. No test looks at times."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.doorway import running, token

from coroom.cli.bench import bench
from coroom.core.codec import encode_state
from coroom.core.errors import Fault
from coroom.host.clock import SystemClock
from coroom.host.host import Host, recover
from coroom.host.seat import Seat
from coroom.log.sqlite import SqliteLog
from coroom.run.bench import calls
from coroom.run.bench.edits import arrivals
from coroom.run.bench.figures import Contention, Report, Row, Spread
from coroom.run.bench.opening import write_long_log
from coroom.run.bench.room import Plan, measure_room
from coroom.run.bench.scratch_room import scratch_repository
from coroom.run.bench.wire import Era, WireClient, WireError, last_event

AGENTS = [f"a{number:02}" for number in range(16)]


def seats(*agents: str) -> list[Seat]:
    return [Seat(agent, token(agent), Path()) for agent in agents]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300))
def test_the_p95_is_the_smallest_sample_that_95_of_100_do_not_exceed(samples: list[float]) -> None:
    spread = Spread.of(samples)
    assert spread.min == min(samples)
    assert spread.max == max(samples)
    assert spread.min <= spread.median <= spread.max
    enough = [one for one in sorted(samples) if 100 * sum(other <= one for other in samples) >= 95 * len(samples)]
    assert spread.p95 == enough[0]


def test_a_round_with_no_winner_or_two_or_an_error_is_not_fair() -> None:
    assert Contention(clients=16, rounds=3, winners={1: 3}, errors=0).fair
    assert Contention(clients=16, rounds=0, winners={}, errors=0).fair
    for winners, errors in (({1: 2, 2: 1}, 0), ({1: 2, 0: 1}, 0), ({1: 3}, 1), ({1: 2}, 0)):
        assert not Contention(clients=16, rounds=3, winners=winners, errors=errors).fair


def test_a_report_says_whether_all_went_well_and_is_one_json_document() -> None:
    report = Report(rows=[Row(part="calls", what="claim", spread=Spread.of([1.0, 3.0]), per_s=10.0)])
    document = json.loads(json.dumps(report.document()))
    assert document["ok"] is True
    assert document["rows"][0]["spread"] == {"min": 1.0, "median": 2.0, "p95": 3.0, "max": 3.0, "count": 2}
    assert document["machine"]["cores"] >= 1
    assert document["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    report.contention.append(Contention(clients=2, rounds=1, winners={2: 1}, errors=0))
    assert report.document()["ok"] is False


def test_the_answer_of_a_stream_is_what_comes_after_its_pings_and_progress() -> None:
    stream = b': ping\r\n\r\nevent: message\r\ndata: {"method":"notifications/progress"}\r\n\r\n'
    assert last_event(stream + b'event: message\r\ndata: {"id":1}\r\n\r\ndata:\r\n\r\n') == b'{"id":1}'
    assert last_event(b": ping\r\n\r\n") == b"{}"


@pytest.mark.parametrize("era", Era)
async def test_the_lean_client_is_a_real_client_in_both_eras(era: Era) -> None:
    async with running("a", "b") as (daemon, room):
        async with WireClient(daemon.url, token("a"), era) as a, WireClient(daemon.url, token("b"), era) as b:
            granted = await a.call("claim", {"resources": ["x.py"]})
            assert not granted.refused
            assert granted.data["data"]["claim"] in room.host.state.claims
            assert (await b.call("claim", {"resources": ["x.py"]})).refused
            assert (await b.call("sync", {})).data["data"]["you"] == "b"
        async with WireClient(daemon.url, "wrong", era) as stranger:
            with pytest.raises(WireError, match="401"):
                await stranger.call("sync", {})


@pytest.mark.promise("claim:exclusive")
async def test_of_sixteen_clients_that_ask_at_once_exactly_one_wins_each_of_fifty_rounds() -> None:
    async with running(*AGENTS) as (daemon, room):
        async with (
            calls.connected(calls.LEAN, daemon.url, seats(*AGENTS[:8])) as newer,
            calls.connected(calls.OLDER, daemon.url, seats(*AGENTS[8:])) as older,
        ):
            found = await calls.contend([*newer, *older], 50)
        granted = [event for event in room.host.events(0) if event.body.kind == "claim-granted"]
    assert found == Contention(clients=16, rounds=50, winners={1: 50}, errors=0)
    assert len(granted) == 50


@pytest.mark.parametrize("kind", [calls.WHOLE, calls.LEAN, calls.OLDER])
async def test_every_call_that_is_counted_was_made_and_answered(kind: str) -> None:
    async with running("a", "b") as (daemon, room):
        async with calls.connected(kind, daemon.url, seats("a", "b")) as asks:
            measured = await calls.measure(asks, 0.05)
        granted = sum(event.body.kind == "claim-granted" for event in room.host.events(0))
        rows = {row.what: row for row in measured.rows(kind, 2)}
        assert measured.errors == []
        assert rows["claim"].spread.count == rows["release"].spread.count == rows["sync"].spread.count == granted
        assert granted % (2 * calls.BURST) == 0
        assert not room.host.state.claims


async def test_a_refusal_or_no_answer_is_an_error_of_the_measurement_and_of_the_round() -> None:
    async def refuses(_tool: str, _arguments: Mapping[str, Any]) -> bool:
        return True

    async def breaks(_tool: str, _arguments: Mapping[str, Any]) -> bool:
        raise WireError("HTTP 500")

    assert (await calls.measure([refuses], 0.05)).errors == ["claim: refused", "release: refused", "sync: refused"]
    assert (await calls.contend([refuses, refuses], 2)).winners == {0: 2}
    broken = await calls.contend([refuses, breaks], 2)
    assert (broken.errors, broken.fair) == (2, False)


async def test_a_write_that_does_not_arrive_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coroom.run.bench.edits.SEEN_WITHIN_S", 0.0)
    (tmp_path / "there").write_text("text\n")
    with pytest.raises(Fault, match="not seen at"):
        await arrivals(tmp_path / "here", [tmp_path / "there"], "# edit\n")
    (tmp_path / "there").write_text("# edit\n")
    assert len(await arrivals(tmp_path / "here", [tmp_path / "there"], "# edit\n")) == 1


async def test_the_long_log_is_one_that_a_host_opens_and_its_snapshot_and_tail_are_used(tmp_path: Path) -> None:
    path = tmp_path / "room.sqlite3"
    write_long_log(path, 12_000)
    log = SqliteLog(path)
    kept = log.load_view()
    assert log.head() == 12_000
    assert kept is not None
    assert 0 < kept[0] < 12_000
    log.verify()
    state = recover(log)
    host = await Host.open(log, SystemClock())
    assert host.state.seq == 12_000
    assert encode_state(host.state) == encode_state(state)
    assert len(host.state.files()) == 5_000
    await host.close()


def test_the_scratch_repository_has_as_many_files_as_it_says(tmp_path: Path) -> None:
    repository = scratch_repository(tmp_path, 45)
    assert repository.commit
    assert len(list(tmp_path.glob("src/*/*.py"))) == 45


@pytest.mark.long
def test_a_small_run_through_a_real_daemon_measures_what_was_asked_for() -> None:
    parts = ("--only", "calls", "--only", "contention", "--only", "edits")
    small = ("--clients", "1,2", "--seconds", "0.1", "--rounds", "3")
    told = CliRunner().invoke(bench, ["room", *small, *parts, "--json"])
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout)
    assert (report["ok"], report["errors"]) == (True, [])
    assert {row["part"] for row in report["rows"]} == {"calls", "edits"}
    figures = ("claim", "release", "sync", "the daemon's CPU a call", "the clients' CPU a call")
    assert {(row["what"], row["clients"]) for row in report["rows"] if row["part"] == "calls"} == {
        (what, clients) for what in figures for clients in (1, 2)
    }
    assert report["contention"] == [{"clients": 2, "rounds": 3, "winners": {"1": 3}, "errors": 0, "fair": True}]
    begun = [line.partition(" (part ") for line in told.stderr.splitlines() if " (part " in line]
    assert [(part, number[:6]) for part, _, number in begun] == [
        ("calls", "1 of 3"),
        ("contention", "2 of 3"),
        ("edits", "3 of 3"),
    ]


async def test_a_cold_start_is_measured_with_a_new_room_and_with_a_known_one() -> None:
    said: list[str] = []
    report = await measure_room(Plan(parts=frozenset({"start"}), cold_starts=1), said.append)
    assert report.errors == []
    assert report.ok
    assert [(row.part, row.what, row.spread.count) for row in report.rows] == [
        ("start", "new room, new agent", 1),
        ("start", "known room and agent", 1),
    ]
    assert said[0].startswith("start (part 1 of 1")


@pytest.mark.parametrize("clients", ["", "0", "1,x", "65", "-1", "1,,2"])
def test_levels_that_are_none_are_refused_in_one_line(clients: str) -> None:
    told = CliRunner().invoke(bench, ["room", "--clients", clients])
    assert told.exit_code == 2
    assert "like 1,4,16" in told.stderr


async def test_a_benchmark_that_is_told_to_stop_leaves_no_daemon_and_no_files(tmp_path: Path) -> None:
    bench_room = (sys.executable, "-m", "coroom.cli", "bench", "room", "--only", "contention", "--rounds", "100000")
    process = await asyncio.create_subprocess_exec(
        *bench_room, "--scratch", str(tmp_path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        while not any(served := [one.read_text() for one in tmp_path.glob("*/repository/.git/coroom/main/host.json")]):
            await asyncio.sleep(0.02)
        daemon = json.loads(served[0])["pid"]
        process.terminate()
        printed, told = await process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert b"Measured until then" in told
    assert b"cores" in printed
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(daemon, 0)


def test_the_table_names_the_machine_and_every_figure() -> None:
    told = CliRunner().invoke(bench, ["room", "--clients", "2", "--only", "contention", "--rounds", "1"])
    assert told.exit_code == 0, told.output
    assert "1 rounds: exactly one winner in each, 0 errors" in told.stdout
    assert "cores" in told.stdout
