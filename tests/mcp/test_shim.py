"""The shim between a client on standard input and output and the daemon."""

import asyncio
import json
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from tests.doorway import LEGACY, MODERN, Daemon, data_of, open_room, rpc, running, text_of, token

from coroom.log.memory import MemoryLog
from coroom.mcp import shim as shim_module

ERAS = pytest.mark.parametrize("era", [MODERN, LEGACY])


def parameters(daemon: Daemon, agent: str) -> StdioServerParameters:
    arguments = ["-m", "coroom.mcp.shim", "--url", f"{daemon.url}/mcp"]
    return StdioServerParameters(command=sys.executable, args=arguments, env={"COROOM_TOKEN": token(agent)})


@asynccontextmanager
async def started(url: str, agent: str = "a") -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-S", "-E", shim_module.__file__, "--url", url),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={"COROOM_TOKEN": token(agent)},
        limit=1 << 24,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def write(process: Process, message: object) -> None:
    assert process.stdin
    process.stdin.write((message if isinstance(message, bytes) else json.dumps(message).encode()) + b"\n")
    await process.stdin.drain()


async def told(process: Process) -> dict[str, Any]:
    assert process.stdout
    answer = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
    assert isinstance(answer, dict)
    return answer


@ERAS
async def test_a_client_on_standard_input_works_in_the_room_and_hears_heartbeats(
    era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.host.door.door.HEARTBEAT_S", 0.02)
    beats = asyncio.Event()

    async def beat(progress: float, total: float | None, message: str | None) -> None:
        beats.set()

    async with (
        running("a", "b") as (daemon, _),
        daemon.client("b") as b,
        Client(parameters(daemon, "a"), mode=era) as a,
    ):
        assert len((await a.list_tools()).tools) == 9
        assert not (await a.call_tool("claim", {"resources": ["x.py"]})).is_error
        waiting = asyncio.create_task(a.call_tool("sync", {"wait_s": 60}, progress_callback=beat))
        await beats.wait()
        await b.call_tool("say", {"kind": "note", "text": "über die Brücke 🌉"})
        assert "über die Brücke 🌉" in text_of(await waiting)
        refused = await a.call_tool("claim", {"resources": []})
        assert data_of(refused)["refused"] == "bad-input"


async def test_a_call_made_while_the_daemon_is_away_is_answered_when_it_is_back_and_happens_once() -> None:
    log = MemoryLog()
    room = await open_room(log, "a", "b")
    daemon = Daemon({room.name: room.served})
    await daemon.start()
    async with started(f"{daemon.url}/mcp") as process:
        await write(process, rpc("claim", {"resources": ["x.py"]}))
        assert (await told(process))["result"]["isError"] is False
        await daemon.stop()
        await room.host.close()
        say = rpc("say", {"kind": "note", "text": "once"})
        await write(process, say)
        again = await open_room(log)
        daemon.rooms = {again.name: again.served}
        await daemon.start()
        answer = await told(process)
        assert answer["id"] == say["id"]
        assert answer["result"]["isError"] is False
        assert [n.text for n in again.host.state.inbox("b")] == ["once"]
    await daemon.stop()
    await again.host.close()


async def test_a_call_cut_off_by_a_restart_is_sent_again_under_the_same_id() -> None:
    log = MemoryLog()
    room = await open_room(log, "a", "b")
    daemon = Daemon({room.name: room.served})
    await daemon.start()
    async with started(f"{daemon.url}/mcp") as process:
        room.files.gate = asyncio.Event()
        edit = rpc("edit", {"path": "x", "old": "", "new": "text"})
        await write(process, edit)
        while not room.files.gate._waiters:
            await asyncio.sleep(0.01)
        await daemon.stop()
        await room.host.close()
        again = await open_room(log)
        daemon.rooms = {again.name: again.served}
        await daemon.start()
        answer = await told(process)
        assert answer["id"] == edit["id"]
        assert answer["result"]["structuredContent"]["data"]["version"] == 1
        assert again.files.texts == {"x": "text"}
    await daemon.stop()
    await again.host.close()


async def test_what_cannot_be_forwarded_gets_an_error_with_its_id() -> None:
    async with running("a") as (daemon, _):
        async with started(f"{daemon.url}/mcp", agent="stranger") as process:
            await write(process, rpc("sync", {}) | {"id": "s-1"})
            answer = await told(process)
            assert answer["id"] == "s-1"
            assert "No agent here has that token" in answer["error"]["message"]
        async with started(f"{daemon.url}/mcp") as process:
            await write(process, b"{nonsense")
            assert (await told(process))["error"]["code"] == -32700
            await write(process, [rpc("sync", {})])
            assert (await told(process))["error"]["code"] == -32700
            await write(process, {"jsonrpc": "2.0", "id": 5, "method": "no/such"})
            assert (await told(process))["error"]["code"] == -32601


async def test_a_cancelled_wait_ends_without_an_answer_and_later_calls_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coroom.host.door.door.HEARTBEAT_S", 0.02)
    async with running("a") as (daemon, _), started(f"{daemon.url}/mcp") as process:
        sync = rpc("sync", {"wait_s": 200}, progress="p")
        await write(process, sync)
        assert (await told(process))["method"] == "notifications/progress"
        cancelled = {"requestId": sync["id"], "reason": "enough"}
        await write(process, {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})
        after = rpc("release", {})
        await write(process, after)
        while (answer := await told(process)).get("method") == "notifications/progress":
            pass
        assert answer["id"] == after["id"]
        assert process.stdin
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 30) == 0


def test_a_daemon_that_stays_away_is_reported_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(shim_module, "RETRY_FOR_S", 0.2)
    shim = shim_module.Shim(shim_module.Daemon("http://127.0.0.1:1/mcp", "t"))
    shim.take(json.dumps(rpc("sync", {}) | {"id": 9}).encode())
    shim.take(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}')
    shim.finish()
    answer = json.loads(capsysbinary.readouterr().out)
    assert answer["id"] == 9
    assert "Start it with coroom up" in answer["error"]["message"]


def test_the_shim_needs_an_address_and_a_token_and_says_so() -> None:
    told = subprocess.run(
        [sys.executable, "-S", "-E", shim_module.__file__], capture_output=True, text=True, env={}, check=False
    )
    assert told.returncode == 2
    assert "COROOM_TOKEN" in told.stderr
    assert told.stdout == ""


def test_the_shim_loads_nothing_but_the_standard_library() -> None:
    code = "import sys, coroom.mcp.shim; print(*{m.partition('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"mcp", "starlette", "pydantic", "anyio", "httpx2"} & set(loaded.stdout.split())
