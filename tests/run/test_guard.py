"""What never gets past the guard, and that nothing in the room changes by it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message
from tests.doorway import OPERATOR_TOKEN, RPC_HEADERS, Daemon, Room, hashed, open_room, rpc, running, token

from coroom.agents.room_client import certificates_for
from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.errors import Refused
from coroom.log.memory import MemoryLog
from coroom.run.daemon import guard
from coroom.run.daemon.app import OperatorPage, address, build_app, serve, unix_socket
from coroom.run.daemon.guard import Guard
from coroom.run.daemon.json_shape import too_nested
from coroom.run.daemon.limits import BODY_BYTES_MAX, CALLS_AT_ONCE, CALLS_PER_S, UNDER_WAY_MAX
from coroom.web.app import routes

CLAIM = rpc("claim", {"resources": ["x.py"]})
AUTHORITY = {"Authorization": f"Bearer {token('a')}"}


@pytest.fixture
async def served() -> AsyncIterator[tuple[Daemon, Room]]:
    async with running("a", "b") as (daemon, room):
        yield daemon, room


async def post(daemon: Daemon, headers: dict[str, str], body: object = CLAIM, path: str = "/mcp") -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    raw = {name.lower().encode(): value.encode("latin-1") for name, value in (RPC_HEADERS | headers).items()}
    async with daemon.http() as http:
        return await http.post(path, content=content, headers=[*raw.items()])


FOREIGN = [
    ({}, 401, "unknown-token"),
    ({"Authorization": "Bearer wrong"}, 401, "unknown-token"),
    ({"Authorization": f"Basic {token('a')}"}, 401, "unknown-token"),
    ({"Authorization": "Bearer"}, 401, "unknown-token"),
    ({"Authorization": "Bearer \xff\xfe"}, 401, "unknown-token"),
    ({"X-Coroom-Operator": token("a")}, 401, "unknown-token"),
    ({"Authorization": f"Bearer {OPERATOR_TOKEN}"}, 403, "operator-token"),
    ({"X-Agent": "a", "X-Coroom-Agent": "a"}, 401, "unknown-token"),
    (AUTHORITY | {"Host": "example.com"}, 403, "foreign-host"),
    (AUTHORITY | {"Host": "127.0.0.1.example.com"}, 403, "foreign-host"),
    (AUTHORITY | {"Host": "localhost@example.com"}, 403, "foreign-host"),
    (AUTHORITY | {"Host": "127.0.0.1:99999999"}, 403, "foreign-host"),
    (AUTHORITY | {"Host": ""}, 403, "foreign-host"),
    (AUTHORITY | {"Origin": "http://example.com"}, 403, "foreign-origin"),
    (AUTHORITY | {"Origin": "https://127.0.0.1.example.com"}, 403, "foreign-origin"),
    (AUTHORITY | {"Origin": "null"}, 403, "foreign-origin"),
    (AUTHORITY | {"Origin": "file://127.0.0.1"}, 403, "foreign-origin"),
    (AUTHORITY | {"Origin": "http://localhost@example.com"}, 403, "foreign-origin"),
    (AUTHORITY | {"Origin": "http://[::1"}, 403, "foreign-origin"),
    (AUTHORITY | {"Content-Type": "text/plain"}, 415, "not-json"),
    (AUTHORITY | {"Content-Type": "application/x-www-form-urlencoded"}, 415, "not-json"),
    (AUTHORITY | {"Host": "localhost:1"}, 200, ""),
    (AUTHORITY | {"Host": "[::1]:8000"}, 200, ""),
    (AUTHORITY | {"Origin": "http://localhost:5173"}, 200, ""),
    (AUTHORITY | {"Content-Type": "application/json; charset=utf-8"}, 200, ""),
]


@pytest.mark.promise("door:authentic")
async def test_only_a_proved_agent_from_here_gets_in_and_everybody_else_changes_nothing(
    served: tuple[Daemon, Room],
) -> None:
    daemon, room = served
    for headers, status, what in FOREIGN:
        before = room.host.state
        told = await post(daemon, headers)
        assert told.status_code == status, (headers, told.text)
        if status == 200:
            await room.host.submit("a", c.Release())
            continue
        assert told.json()["what"] == what
        assert told.json()["why"].endswith(".")
        assert told.json()["next"].endswith(".")
        assert room.host.state == before
    assert (await post(daemon, {})).headers["www-authenticate"] == "Bearer"


@pytest.mark.promise("door:authentic")
async def test_every_door_wants_a_token_and_no_method_goes_round_it(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    before = room.host.state
    async with daemon.http() as http:
        for path in (
            "/mcp",
            "/hooks/claude/before",
            "/rooms/demo/mcp",
            "/rooms/demo/hooks/codex/stop",
            "/mcp/",
            "/mcpx",
        ):
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
                told = await http.request(method, path, headers=RPC_HEADERS, content=json.dumps(CLAIM))
                assert told.status_code == 401, (method, path)
        for path in ("//mcp", "/%2fmcp", "/./mcp", "/MCP", "/rooms/demo", "/rooms//mcp"):
            told = await http.post(path, headers=RPC_HEADERS, content=json.dumps(CLAIM))
            assert told.status_code in {401, 404, 405, 307}, path
        for path in ("/page.json", "/log.json", "/events"):
            assert (await http.get(path)).status_code == 401
            assert (await http.get(path, headers=AUTHORITY)).status_code == 401
        assert (await http.post("/operator/pause", json={"agent": "a"}, headers=AUTHORITY)).status_code == 403
        assert (await http.get("/page.json", headers={"X-Coroom-Operator": OPERATOR_TOKEN})).status_code == 200
        paused = await http.post(
            "/operator/pause", json={"agent": "b"}, headers={"X-Coroom-Operator": OPERATOR_TOKEN, "Origin": daemon.url}
        )
        assert paused.status_code == 200
    assert [e.body.kind for e in room.host.events(before.seq)] == ["agent-paused", "notice-sent"]


@pytest.mark.promise("door:authentic")
async def test_two_tokens_or_hosts_in_one_request_are_none(served: tuple[Daemon, Room]) -> None:
    daemon, _ = served
    for twice, status in (("Authorization: Bearer " + token("b"), 401), ("Host: localhost", 403)):
        reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
        head = f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token('a')}\r\n{twice}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        assert f" {status} ".encode() in await reader.readline()
        writer.close()


async def test_an_agent_that_was_sent_away_has_no_way_back_in(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    assert not isinstance(await room.host.submit(OPERATOR, c.Leave("a")), Refused)
    assert (await post(daemon, AUTHORITY)).status_code == 401


@pytest.mark.promise("door:authentic")
async def test_a_secret_that_was_proved_before_is_void_once_its_agent_has_another(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    assert (await post(daemon, AUTHORITY)).status_code == 200
    assert isinstance(await room.host.submit(HOST, c.Join(agent="a", secret_hash=hashed("another"))), c.Joined)
    assert (await post(daemon, AUTHORITY)).status_code == 401
    assert (await post(daemon, {"Authorization": "Bearer another"})).status_code == 200


async def test_a_body_too_large_is_cut_off_whether_it_says_so_or_not(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    before = room.host.state
    large = b'{"a": "' + b"x" * BODY_BYTES_MAX + b'"}'
    assert (await post(daemon, AUTHORITY, large)).status_code == 413

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 65_536 + 1):
            yield b" " * 65_536

    async with daemon.http("a") as http:
        told = await http.post("/mcp", content=pieces(), headers=RPC_HEADERS)
    assert told.status_code == 413
    assert told.json()["what"] == "too-large"
    assert room.host.state == before


@pytest.mark.parametrize("length", ["-1", "+1", "1_0", "\u00b2", "", "9" * 5_000])
async def test_a_length_that_is_no_count_is_turned_away_and_nothing_read(
    served: tuple[Daemon, Room], length: str
) -> None:
    daemon, _ = served
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    given = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": length} | AUTHORITY
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()]
    scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": headers}
    await Guard(daemon_app(daemon), daemon.rooms)(scope, receive, send)
    assert sent[0]["status"] == 413


async def test_a_body_that_dribbles_is_given_up(served: tuple[Daemon, Room], monkeypatch: pytest.MonkeyPatch) -> None:
    daemon, _ = served
    monkeypatch.setattr(guard, "BODY_WITHIN_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
    head = f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token('a')}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
    assert b" 408 " in await reader.readline()
    writer.close()


MALFORMED = [
    (b"", 400),
    (b"{", 400),
    (b"[]", 400),
    (b'"text"', 400),
    (b"{}", 202),
    (b"\xff\xfe", 400),
    (b'{"jsonrpc": "2.0", "id": {}, "method": "tools/call"}', 400),
    (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', 400),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []}', 400),
    (b'{"a":' * 65 + b"1" + b"}" * 65, 400),
    (b"[" * 100_000, 400),
    (b"[[]" + b",[]" * 30_000 + b"]", 400),
]


async def test_malformed_json_is_turned_away_in_both_eras_and_nothing_breaks(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    before = room.host.state
    for version in ("2025-06-18", "2026-07-28"):
        for body, _ in MALFORMED:
            told = await post(daemon, AUTHORITY | {"MCP-Protocol-Version": version}, body)
            assert told.status_code in {202, 400}, (version, body[:60], told.text)
    assert room.host.state == before
    assert (await post(daemon, AUTHORITY)).status_code == 200


QUOTED = st.text('[]{}"\\ aé')
"""What a careless count would take for structure."""


@given(
    st.recursive(
        st.none() | QUOTED,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(QUOTED, inner, max_size=3),
    )
)
def test_depth_is_counted_as_a_parser_would(value: object) -> None:
    def depth(one: object) -> int:
        items = one.values() if isinstance(one, dict) else one if isinstance(one, list) else None
        return 0 if items is None else 1 + max(map(depth, items), default=0)

    text = json.dumps(value, ensure_ascii=False).encode()
    for most in (0, 1, 2, 3):
        assert too_nested(text, most, 10**6) == (depth(value) > most)


def test_hostile_strings_cost_no_more_than_their_length() -> None:
    for body in (b'"' + b'\\"' * 500_000 + b"[" * 100, b'"' * 1_000_001 + b"[" * 100, b'["' * 9_000):
        too_nested(body, 64, 20_000)


async def test_a_flooding_agent_is_slowed_and_does_not_starve_another(served: tuple[Daemon, Room]) -> None:
    daemon, _ = served
    now = [0.0]
    app = Guard(daemon_app(daemon), daemon.rooms, now_s=lambda: now[0])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:

        async def call(agent: str) -> int:
            headers = {"Authorization": f"Bearer {token(agent)}"}
            return (await http.get("/page.json", headers=headers)).status_code

        for _ in range(int(CALLS_AT_ONCE)):
            assert await call("a") == 401
        assert await call("a") == 429
        assert await call("b") == 401
        now[0] += 1 / CALLS_PER_S
        assert await call("a") == 401
        assert await call("a") == 429


def daemon_app(daemon: Daemon) -> ASGIApp:
    served = next(iter(daemon.rooms.values()))
    return Starlette(routes=[Mount("", routes=routes(OperatorPage(served)))])


async def test_calls_that_wait_are_counted_and_the_excess_is_told_so(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    room.files.gate = asyncio.Event()
    limits = httpx2.Limits(max_connections=UNDER_WAY_MAX + 4)
    async with httpx2.AsyncClient(
        base_url=daemon.url, timeout=30, limits=limits, headers=AUTHORITY, verify=certificates_for(daemon.url)
    ) as http:

        async def edit(path: str) -> int:
            return (
                await http.post("/mcp", json=rpc("edit", {"path": path, "old": "", "new": "x"}), headers=RPC_HEADERS)
            ).status_code

        waiting = [asyncio.create_task(edit(f"f{n}")) for n in range(UNDER_WAY_MAX)]
        while len(room.files.gate._waiters) < UNDER_WAY_MAX:
            await asyncio.sleep(0.01)
        assert await edit("one-more") == 429
        async with daemon.http("b") as other:
            told = await other.post("/mcp", json=rpc("sync", {}), headers=RPC_HEADERS)
            assert told.status_code == 200
        room.files.gate.set()
        assert await asyncio.gather(*waiting) == [200] * UNDER_WAY_MAX


async def test_a_daemon_told_to_stop_does_so_though_somebody_waits(
    served: tuple[Daemon, Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.host.door.door.HEARTBEAT_S", 0.01)
    daemon, _ = served
    sync = rpc("sync", {"wait_s": 200}, progress="p")
    async with daemon.http("a") as http, http.stream("POST", "/mcp", json=sync, headers=RPC_HEADERS) as waiting:
        lines = waiting.aiter_lines()
        while "notifications/progress" not in await anext(lines):
            pass
        await asyncio.wait_for(daemon.stop(), 20)
    await daemon.start()


async def test_the_daemon_writes_nothing_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    async with running("a") as (daemon, _):
        await post(daemon, AUTHORITY)
        await post(daemon, {})
    assert capfd.readouterr().out == ""


async def test_a_room_can_be_served_on_a_unix_socket_that_only_its_owner_opens(tmp_path: object) -> None:
    path = f"{tmp_path}/door"
    room = await open_room(MemoryLog(), "a")
    listening = unix_socket(path)
    assert address(listening) == f"unix:{path}"
    assert os.stat(path).st_mode & 0o777 == 0o600
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(build_app({"demo": room.served}), listening, stop, ready.set))
    await ready.wait()
    transport = httpx2.AsyncHTTPTransport(uds=path)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        told = await http.post("/mcp", json=CLAIM, headers=RPC_HEADERS | AUTHORITY)
        assert told.status_code == 200
    stop.set()
    await serving
    await room.host.close()
