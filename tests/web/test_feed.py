import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

from starlette.applications import Starlette

from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.notice import NoticeKind
from coroom.testing.sample_room import SampleRoom
from coroom.web.feed import BROWSERS_MAX, QUEUE_EVENTS_MAX, Feed
from coroom.web.history import History

Message = tuple[int, str, Any]


async def take(stream: AsyncGenerator[str, None]) -> Message:
    async with asyncio.timeout(5):
        text = await anext(stream)
    lines = dict(line.split(": ", 1) for line in text.strip().split("\n"))
    return int(lines["id"]), lines["event"], json.loads(lines["data"])


async def say(room: SampleRoom, text: str) -> None:
    await room.do(OPERATOR, c.Say(kind=NoticeKind.NOTE, text=text))


def feed_of(room: SampleRoom) -> Feed:
    return Feed(room.host, History(room.host))


async def test_a_new_browser_gets_what_happened_and_the_room_as_it_stands(sample: SampleRoom) -> None:
    stream = feed_of(sample).stream(0)
    _, kind, marks = await take(stream)
    seq, second, page = await take(stream)
    assert (kind, second) == ("marks", "page")
    assert marks[0]["kind"] == "room-opened"
    assert page["room"]["seq"] == seq == sample.host.state.seq
    await stream.aclose()


async def test_an_event_reaches_a_waiting_browser(sample: SampleRoom) -> None:
    stream = feed_of(sample).stream(sample.host.state.seq)
    assert (await take(stream))[2] == []
    await take(stream)
    waiting = asyncio.ensure_future(take(stream))
    await say(sample, "now")
    _, kind, marks = await waiting
    assert kind == "marks"
    assert marks[-1]["kind"] == "notice-sent"
    assert "now" in marks[-1]["text"]
    assert (await take(stream))[1] == "page"
    await stream.aclose()


async def test_a_browser_that_comes_back_gets_exactly_what_it_missed(sample: SampleRoom) -> None:
    last = sample.host.state.seq
    for text in ("one", "two"):
        await say(sample, text)
    stream = feed_of(sample).stream(last)
    _, kind, marks = await take(stream)
    assert kind == "marks"
    assert [mark["seq"] for mark in marks] == [last + 1, last + 2]
    await stream.aclose()


async def test_a_browser_from_another_log_starts_anew(sample: SampleRoom) -> None:
    stream = feed_of(sample).stream(10**9)
    assert (await take(stream))[1] == "reset"
    assert (await take(stream))[2][0]["seq"] == 1
    await stream.aclose()


async def test_a_stuck_browser_costs_one_bounded_queue_and_gets_the_room_instead_of_a_backlog(
    sample: SampleRoom,
) -> None:
    feed = feed_of(sample)
    stream = feed.stream(sample.host.state.seq)
    await take(stream)
    await take(stream)
    (reader,) = feed.readers
    deepest = 0
    for number in range(QUEUE_EVENTS_MAX + 50):
        await say(sample, f"flood {number}")
        deepest = max(deepest, len(reader.queue))
    assert deepest <= QUEUE_EVENTS_MAX
    assert len(reader.queue) == 0
    kinds = [(await take(stream))[1] for _ in range(3)]
    assert kinds == ["reset", "marks", "page"]
    await say(sample, "after")
    _, kind, marks = await take(stream)
    assert (kind, len(marks)) == ("marks", 1)
    await stream.aclose()


async def test_a_burst_is_one_round(sample: SampleRoom) -> None:
    stream = feed_of(sample).stream(sample.host.state.seq)
    await take(stream)
    await take(stream)
    for number in range(40):
        await say(sample, str(number))
    assert len((await take(stream))[2]) == 40
    await stream.aclose()


async def test_a_browser_that_leaves_is_forgotten_and_a_crowd_is_turned_away(sample: SampleRoom) -> None:
    feed = feed_of(sample)
    streams = [feed.stream(0) for _ in range(BROWSERS_MAX)]
    for stream in streams:
        await take(stream)
    assert feed.full
    for stream in streams:
        await stream.aclose()
    assert not feed.readers


async def test_over_http_the_stream_says_its_kind_and_carries_the_next_event(
    sample: SampleRoom,
    page_of: Callable[[SampleRoom], Starlette],
    key: str,
) -> None:
    sent: asyncio.Queue[Any] = asyncio.Queue()
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "http_version": "1.1",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "path": "/events",
        "raw_path": b"/events",
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"x-coroom-operator", key.encode()),
            (b"last-event-id", str(sample.host.state.seq).encode()),
        ],
    }
    running = asyncio.create_task(page_of(sample)(scope, receive, sent.put))
    async with asyncio.timeout(5):
        start = await sent.get()
        headers = dict(start["headers"])
        assert headers[b"content-type"].startswith(b"text/event-stream")
        assert b"default-src 'self'" in headers[b"content-security-policy"]
        await sent.get()
        await sent.get()
        await say(sample, "over the wire")
        body = (await sent.get())["body"]
    assert b"over the wire" in body
    gone.set()
    await running
