"""The host's one rule: what is decided is durable before anybody hears of it."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from coroom.core import command as c
from coroom.core.action import Action, Effect, Phase
from coroom.core.agent import HOST, OPERATOR
from coroom.core.errors import Fault, Refused
from coroom.core.event import Event
from coroom.core.resource import Footprint, file
from coroom.host.clock import SystemClock
from coroom.host.host import Host
from coroom.log.memory import MemoryLog
from coroom.ports import NO_BLOBS, HeadMoved, LogFull, Stored


class WatchedLog(MemoryLog):
    """A memory log that counts its commits, and breaks when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[int] = []
        self.broken = False

    def append(
        self, expected_head: int, events: Sequence[Stored], blobs: Mapping[str, bytes] = NO_BLOBS
    ) -> int | HeadMoved:
        if self.broken:
            message = "no space left on the device"
            raise LogFull(message)
        self.commits.append(len(events))
        return super().append(expected_head, events, blobs)


async def opened(log: MemoryLog | None = None, **performers: "Recorder") -> Host:
    host = await Host.open(log or MemoryLog(), SystemClock(), performers)
    await host.submit(OPERATOR, c.OpenRoom(room="r", policy="open"))
    for name in ("ada", "bob"):
        await host.submit(HOST, c.Join(agent=name, secret_hash=name[0] * 64))
    return host


class Recorder:
    """A performer that notes what was stored when it acted."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.breaks = False
        self.log: MemoryLog | None = None

    async def perform(self, action: Action) -> c.FinishAction:
        self.seen.append(("perform", self.log.head() if self.log else 0))
        if self.breaks:
            message = "the wire was cut"
            raise OSError(message)
        return c.FinishAction(action=action.id, ending="finished", result="acted")

    async def probe(self, action: Action) -> c.FinishAction:
        self.seen.append(("probe", self.log.head() if self.log else 0))
        return c.FinishAction(action=action.id, ending="failed", result="it had not acted")


def start() -> c.StartAction:
    return c.StartAction(tool="mail", footprint=Footprint(writes=(file("a.py"),)), effect=Effect.OPAQUE)


@pytest.mark.promise("log:durable")
async def test_a_reply_is_sent_only_when_its_events_are_in_the_log() -> None:
    log = MemoryLog()
    host = await opened(log)
    heard: list[tuple[Event, int]] = []
    host.listen(lambda event: heard.append((event, log.head())))
    reply = await host.submit("ada", c.ClaimResources(resources=(file("a.py"),)))
    assert isinstance(reply, c.Granted)
    assert heard
    assert all(event.seq <= head for event, head in heard)
    await host.close()


async def test_calls_that_arrive_together_share_one_commit() -> None:
    log = WatchedLog()
    host = await opened(log)
    before = len(log.commits)
    calls = [host.submit("ada", c.ClaimResources(resources=(file(f"{n}.py"),))) for n in range(20)]
    replies = await asyncio.gather(*calls)
    assert all(isinstance(reply, c.Granted) for reply in replies)
    assert len({reply.fence for reply in replies if isinstance(reply, c.Granted)}) == 20
    assert len(log.commits) - before <= 2
    await host.close()


async def test_a_log_that_cannot_be_written_stops_the_room_and_nothing_is_answered_well() -> None:
    log = WatchedLog()
    host = await opened(log)
    log.broken = True
    with pytest.raises(Fault, match="no space left"):
        await host.submit("ada", c.ClaimResources(resources=(file("a.py"),)))
    assert not host.state.claims
    log.broken = False
    with pytest.raises(Fault):
        await host.submit("ada", c.ClaimResources(resources=(file("b.py"),)))
    assert isinstance(await host.failed(), Fault)
    await host.close()


async def test_a_second_host_that_appended_makes_this_one_stop() -> None:
    log = MemoryLog()
    host = await opened(log)
    other = await Host.open(log, SystemClock())
    await other.submit(OPERATOR, c.PostTask(title="from the other host"))
    with pytest.raises(Fault, match="another host"):
        await host.submit("ada", c.ClaimResources(resources=(file("a.py"),)))


async def test_an_action_acts_only_after_its_start_is_stored_and_its_ending_is_stored_too() -> None:
    log, recorder = MemoryLog(), Recorder()
    recorder.log = log
    host = await opened(log, mail=recorder)
    reply = await host.submit("ada", start())
    assert isinstance(reply, c.Started)
    ended = await host.ended(reply.action)
    assert recorder.seen == [("perform", ended.started_seq)]
    assert ended.result == "acted"
    await host.close()


async def test_a_performer_that_breaks_off_is_followed_by_a_look_at_what_happened() -> None:
    recorder = Recorder()
    recorder.breaks = True
    host = await opened(None, mail=recorder)
    reply = await host.submit("ada", start())
    assert isinstance(reply, c.Started)
    assert (await host.ended(reply.action)).result == "it had not acted"
    assert [what for what, _ in recorder.seen] == ["perform", "probe"]
    await host.close()


async def test_an_action_whose_ending_cannot_be_found_out_fails_in_words_instead_of_lasting_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("coroom.host.host.PROBE_AGAIN_AFTER_S", (0.0, 0.0))
    recorder, looks = Recorder(), 0
    recorder.breaks = True

    async def blind(_: Action) -> c.FinishAction:
        nonlocal looks
        looks += 1
        message = "nothing can be seen"
        raise OSError(message)

    monkeypatch.setattr(recorder, "probe", blind)
    host = await opened(mail=recorder)
    started = await host.submit("ada", start())
    assert isinstance(started, c.Started)
    ended = await asyncio.wait_for(host.ended(started.action), 30)
    assert (ended.phase, looks) == (Phase.FAILED, 3)
    assert "nothing can be seen" in ended.result
    await host.close()


async def test_an_action_that_a_crash_cut_off_is_probed_when_the_room_opens_again() -> None:
    log = MemoryLog()
    host = await opened(log)
    host._performers = {}
    reply = await host.submit("ada", start())
    assert isinstance(reply, c.Started)
    crashed = MemoryLog()
    kept = [stored for stored in log.read(0) if stored.kind not in {"action-failed", "action-finished"}]
    crashed.append(0, kept[: host.state.actions[reply.action].started_seq])
    recorder = Recorder()
    again = await Host.open(crashed, SystemClock(), {"mail": recorder})
    assert again.state.actions[reply.action].result == "it had not acted"
    assert [what for what, _ in recorder.seen] == ["probe"]
    await again.close()
    await host.close()


@pytest.mark.promise("log:prefix")
async def test_a_room_opened_from_its_snapshot_is_the_room_that_replayed() -> None:
    log = MemoryLog()
    host = await opened(log)
    for number in range(30):
        await host.submit("ada", c.PostTask(title=f"piece {number} of {number * 7}", despite_duplicate=True))
    await host.close()
    assert log.load_view()
    snapshot = await Host.open(log, SystemClock())
    whole = MemoryLog()
    whole.append(0, log.read(0))
    replayed = await Host.open(whole, SystemClock())
    assert snapshot.state == replayed.state == host.state
    await snapshot.close()
    await replayed.close()


async def test_a_closed_host_answers_no_more_and_had_answered_everything() -> None:
    host = await opened()
    under_way = asyncio.create_task(host.submit("ada", c.ClaimResources(resources=(file("a.py"),))))
    await asyncio.sleep(0)
    await host.close()
    assert isinstance(await under_way, c.Granted)
    with pytest.raises(Fault, match="closing"):
        await host.submit("ada", c.Release())


async def test_a_closed_room_whose_leases_would_have_ended_is_left_in_peace(monkeypatch: pytest.MonkeyPatch) -> None:
    host = await opened()
    await host.submit("ada", c.ClaimResources(resources=(file("a.py"),), ttl_ms=60_000))
    await host.submit(OPERATOR, c.CloseRoom(reason="done"))
    monkeypatch.setattr(host.clock, "now_ms", lambda: host.state.now_ms + 120_000)
    asked: list[c.Command] = []
    submit = host.submit

    async def counted(
        by: str, command: c.Command, operation: str = "", blobs: Mapping[str, bytes] = NO_BLOBS
    ) -> c.Good | Refused:
        asked.append(command)
        return await submit(by, command, operation, blobs)

    monkeypatch.setattr(host, "submit", counted)
    assert not await host.changed(host.state.seq, 1.3)
    assert asked == []
    await host.close()


async def test_a_lease_ends_by_the_hosts_own_clock() -> None:
    host = await opened()
    await host.submit("ada", c.ClaimResources(resources=(file("a.py"),), ttl_ms=30))
    async with asyncio.timeout(5):
        while host.state.claims:
            await host.changed(host.state.seq, 1)
    reply = await host.submit("bob", c.ClaimResources(resources=(file("a.py"),)))
    assert not isinstance(reply, Refused)
    await host.close()
