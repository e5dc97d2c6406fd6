"""Replies that left the daemon and were cut off on their way: their notices are told again."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import pytest
from tests.doorway import RPC_HEADERS, Room, rpc, running, token

from coroom.agents.room_client import certificates_for
from coroom.host.door.receipt import CURSOR_HEADER

CLAIM = {"resources": ["x.py"]}
RELEASE = {"resources": ["x.py"]}


@dataclass
class Proxy:
    """Between a client and the daemon on loopback; while `cuts`, an answer is read to its end and then thrown away."""

    to_port: int
    cuts: bool = False
    port: int = 0

    async def carry(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        daemon, onward = await asyncio.open_connection("127.0.0.1", self.to_port)
        sending = asyncio.create_task(self._forward(client, onward))
        thrown_away = b""
        try:
            while piece := await daemon.read(65_536):
                if self.cuts:
                    thrown_away += piece
                    if is_whole(thrown_away):
                        break
                    continue
                back.write(piece)
                await back.drain()
        except ConnectionError:
            pass
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            for side in (onward, back):
                side.close()

    async def _forward(self, client: asyncio.StreamReader, onward: asyncio.StreamWriter) -> None:
        while piece := await client.read(65_536):
            onward.write(piece)
            await onward.drain()
        onward.close()


def is_whole(answer: bytes) -> bool:
    """Whether an answer has come to its end: on a busy machine its head comes by itself, and who hangs up then takes
    the call back.
    """
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")


@asynccontextmanager
async def through_a_proxy() -> AsyncIterator[tuple[Room, Proxy, httpx2.AsyncClient]]:
    async with running("a", "b") as (daemon, room):
        proxy = Proxy(daemon.port)
        async with await asyncio.start_server(proxy.carry, "127.0.0.1", 0) as server:
            proxy.port = server.sockets[0].getsockname()[1]
            address = f"http://127.0.0.1:{proxy.port}"
            headers = {"Authorization": f"Bearer {token('a')}"}
            async with httpx2.AsyncClient(
                base_url=address, headers=headers, timeout=30, verify=certificates_for(address)
            ) as http:
                yield room, proxy, http


async def call(http: httpx2.AsyncClient, tool: str, arguments: object) -> str:
    return (await http.post("/mcp", json=rpc(tool, arguments), headers=RPC_HEADERS)).text


async def cut(proxy: Proxy, http: httpx2.AsyncClient, tool: str, arguments: object) -> None:
    proxy.cuts = True
    with pytest.raises(httpx2.TransportError):
        await call(http, tool, arguments)
    proxy.cuts = False


@pytest.mark.promise("notice:delivered")
async def test_news_on_a_reply_that_was_cut_off_comes_with_the_next_call_whatever_that_is() -> None:
    async with through_a_proxy() as (room, proxy, http):
        await call(http, "claim", CLAIM)
        await room.door.say("b", "note", "do not lose me", "a", "", [], "")
        await cut(proxy, http, "claim", CLAIM)
        assert "do not lose me" in await call(http, "release", RELEASE)
        assert room.host.state.inbox("a")
        assert "do not lose me" not in await call(http, "claim", CLAIM)
        assert not room.host.state.inbox("a")


@pytest.mark.promise("notice:delivered")
async def test_news_is_told_once_to_a_client_that_keeps_its_connection() -> None:
    async with through_a_proxy() as (room, _, http):
        await room.door.say("b", "note", "once", "a", "", [], "")
        told = [await call(http, "claim", CLAIM) for _ in range(3)]
        assert ["once" in text for text in told] == [True, False, False]


@pytest.mark.promise("notice:delivered")
async def test_a_client_with_a_new_connection_for_each_call_is_told_a_few_times_and_no_more() -> None:
    async with through_a_proxy() as (room, proxy, _):
        await room.door.say("b", "note", "again", "a", "", [], "")
        told = []
        for _ in range(5):
            headers = {"Authorization": f"Bearer {token('a')}", "Connection": "close"}
            address = f"http://127.0.0.1:{proxy.port}"
            verify = certificates_for(address)
            async with httpx2.AsyncClient(base_url=address, headers=headers, verify=verify) as http:
                told.append("again" in await call(http, "claim", CLAIM))
        assert told == [True, True, True, False, False]


def told_cursor(answer: str) -> int:
    [found] = set(re.findall(r'"cursor":(\d+)', answer.replace(" ", "")))
    return int(found)


@pytest.mark.promise("notice:delivered")
async def test_news_on_a_sync_that_was_cut_off_comes_with_the_next_sync_under_any_id() -> None:
    async with through_a_proxy() as (room, proxy, http):
        await room.door.say("b", "note", "do not lose me", "a", "", [], "")
        await cut(proxy, http, "sync", {})
        assert "do not lose me" in await call(http, "sync", {})
        assert "do not lose me" not in await call(http, "sync", {})
        assert not room.host.state.inbox("a")


@pytest.mark.promise("notice:delivered")
async def test_a_reader_that_gives_back_its_cursor_is_told_again_what_came_after_it_and_nothing_else() -> None:
    async with through_a_proxy() as (room, proxy, http):
        await room.door.say("b", "note", "first", "a", "", [], "")
        cursor = told_cursor(await call(http, "sync", {}))
        await room.door.say("b", "note", "second", "a", "", [], "")
        await cut(proxy, http, "sync", {"cursor": cursor})
        for about in ("t1", "t2"):
            # Not the same call, so that only the cursor tells that the reply was lost.
            again = await call(http, "sync", {"cursor": cursor, "about": about})
            assert "second" in again
            assert "first" not in again
        after = await call(http, "sync", {"cursor": told_cursor(again)})
        assert "second" not in after
        assert not room.host.state.inbox("a")


@pytest.mark.promise("notice:delivered")
async def test_news_that_rode_on_another_reply_is_not_told_again_for_an_older_cursor() -> None:
    async with through_a_proxy() as (room, _, http):
        await room.door.say("b", "note", "first", "a", "", [], "")
        cursor = told_cursor(await call(http, "sync", {}))
        await room.door.say("b", "note", "second", "a", "", [], "")
        assert "second" in await call(http, "claim", CLAIM)
        await call(http, "release", RELEASE)
        assert "second" not in await call(http, "sync", {"cursor": cursor})


@pytest.mark.promise("notice:delivered")
@pytest.mark.parametrize("tool", ["claim", "land"])
async def test_news_on_a_sync_that_was_cut_off_is_not_read_because_another_call_follows(tool: str) -> None:
    async with through_a_proxy() as (room, proxy, http):
        await room.door.say("b", "note", "do not lose me", "a", "", [], "")
        await cut(proxy, http, "sync", {})
        assert "do not lose me" in await call(http, tool, CLAIM if tool == "claim" else {})


@pytest.mark.promise("notice:delivered")
async def test_news_on_a_sync_is_read_once_its_reader_gives_back_the_cursor_with_any_call() -> None:
    async with through_a_proxy() as (room, _, http):
        await room.door.say("b", "note", "got it", "a", "", [], "")
        cursor = told_cursor(await call(http, "sync", {}))
        http.headers[CURSOR_HEADER] = str(cursor)
        assert "got it" not in await call(http, "claim", CLAIM)
        assert not room.host.state.inbox("a")


@pytest.mark.promise("notice:delivered")
@pytest.mark.parametrize("given", ["-1", "x", "9" * 40, "1e9"])
async def test_a_cursor_that_is_no_number_says_nothing(given: str) -> None:
    async with through_a_proxy() as (room, _, http):
        await room.door.say("b", "note", "told", "a", "", [], "")
        await call(http, "sync", {})
        http.headers[CURSOR_HEADER] = given
        assert "told" in await call(http, "claim", CLAIM)


@pytest.mark.promise("notice:delivered")
async def test_a_client_that_never_gives_a_cursor_back_is_told_the_news_of_a_sync_twice() -> None:
    async with through_a_proxy() as (room, _, http):
        await room.door.say("b", "note", "twice", "a", "", [], "")
        told = ["twice" in await call(http, "sync", {"about": f"t{number}"}) for number in range(4)]
        assert told == [True, True, False, False]
