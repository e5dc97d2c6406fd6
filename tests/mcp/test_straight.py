"""A call that goes past the SDK's transports: nobody may see that in an answer, whatever is asked and however."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp.server import _streamable_http_modern as modern
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp_types import JSONRPCResponse
from starlette.types import Message, Scope
from tests.doorway import Room, running, token
from tests.mcp.test_plain import ENVELOPE, ERAS, NEWER, ODD

from coroom.host.clock import SystemClock
from coroom.mcp import server, straight
from coroom.mcp.straight import Envelopes, StraightCall

OLDER = "2025-06-18"
BOTH = [OLDER, NEWER]
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
Sent = Mapping[str, str] | list[tuple[str, str]]
Told = tuple[int, list[tuple[bytes, bytes]], bytes]


@pytest.fixture
def straightly(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each message went straight, while the first of the list's switches is on. Replies have one nonce, and
    time stands still, since refusals tell how long others hold what they hold.
    """
    seen = [True]

    def watched(scope: Scope, body: bytes, asked: dict[str, Any], envelopes: Envelopes) -> StraightCall | None:
        found = straight.straight_call(scope, body, asked, envelopes) if seen[0] else None
        seen.append(found is not None)
        return found

    monkeypatch.setattr(server, "straight_call", watched)
    monkeypatch.setattr("coroom.host.door.replies.secrets.token_hex", lambda _: "0" * 12)
    monkeypatch.setattr(SystemClock, "now_ms", lambda _: 1_800_000_000_000)
    return seen


def said(era: str, tool: str = "release", arguments: object = None, **more: object) -> dict[str, Any]:
    meta: dict[str, Any] = {"_meta": dict(ENVELOPE)} if era == NEWER else {}
    params = {"name": tool, "arguments": {} if arguments is None else arguments, **meta, **more}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


def headers(era: str, tool: str = "release") -> dict[str, str]:
    named = {"Mcp-Method": "tools/call", "Mcp-Name": tool} if era == NEWER else {}
    return {**HEADERS, "MCP-Protocol-Version": era, **named}


@asynccontextmanager
async def asking() -> AsyncIterator[tuple[httpx2.AsyncClient, Room]]:
    async with running("a", "b") as (daemon, room), daemon.http("a") as http:
        yield http, room


async def answered(http: httpx2.AsyncClient, asked: object, sent: Sent) -> Told:
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    told = await http.post("/mcp", content=body, headers=httpx2.Headers(sent))
    return told.status_code, told.headers.raw, told.content


async def both(http: httpx2.AsyncClient, switch: list[bool], asked: object, sent: Sent) -> tuple[Told, Told, bool]:
    """What is answered straight, where that may be, what the SDK answers, and whether it may be."""
    switch[0] = True
    told = await answered(http, asked, sent)
    went = switch[-1] and len(switch) > 1
    switch[0] = False
    return told, await answered(http, asked, sent), went


async def met(http: httpx2.AsyncClient, switch: list[bool]) -> None:
    """Let the SDK look at one call of the newer era."""
    switch[0] = False
    await answered(http, said(NEWER), headers(NEWER))


@pytest.mark.parametrize("era", ERAS)
async def test_calls_of_quick_tools_are_answered_to_the_byte_as_the_sdk_would(era: str, straightly: list[bool]) -> None:
    async with asking() as (http, room):
        await met(http, straightly)
        await room.door.claim("b", ["taken.py"], "exclusive", "Ünïcode, ␀ and \u2028", 60, "")
        calls: list[tuple[str, dict[str, Any]]] = [
            ("claim", {"resources": ["x.py"], "operation": "o1"}),
            ("claim", {"resources": ["taken.py"]}),
            ("claim", {"resources": "no list"}),
            ("say", {"kind": "note", "text": "größer 🙂", "to": "b", "operation": "o2"}),
            ("say", {"kind": "contract"}),
            ("release", {"more": None}),
        ]
        for tool, arguments in calls:
            for number in (7, "seven", 0, -1):
                asked = said(era, tool, arguments) | {"id": number}
                body = json.dumps(asked, ensure_ascii=False).encode()
                short, long, went = await both(http, straightly, body, headers(era, tool))
                assert went, asked
                assert short == long, asked


async def test_what_a_client_says_of_itself_is_looked_at_by_the_sdk_first(straightly: list[bool]) -> None:
    async with asking() as (http, _):
        for _ in range(2):
            await answered(http, said(NEWER), headers(NEWER))
        assert straightly[1:] == [False, True]
        other = said(NEWER, _meta=ENVELOPE | {"io.modelcontextprotocol/clientInfo": {"name": "test", "version": 1}})
        for _ in range(2):
            status, _, _ = await answered(http, other, headers(NEWER))
            assert status == 400
        assert straightly[3:] == [False, False]


@pytest.mark.parametrize("era", BOTH)
async def test_whatever_else_a_message_says_is_answered_as_the_sdk_would(era: str, straightly: list[bool]) -> None:
    whole = said(era)
    keys = [*ENVELOPE, "progressToken", "io.modelcontextprotocol/logLevel", "vendor/own", "traceparent", "own"]
    messages: list[object] = [
        *(whole | {name: value} for name in (*whole, "result", "more") for value in (*ODD, True, 1.5, 2**70)),
        *({name: value for name, value in whole.items() if name != left_out} for left_out in whole),
        *(said(era, arguments=value) for value in ODD),
        *(said(era, **{name: value}) for name in ("name", "task", "more", "_meta") for value in ODD),
        *(said(era, _meta=ENVELOPE | {key: value}) for key in keys for value in (*ODD, "debug", True, 1.5)),
        *(said(era, _meta={key: value}) for key in ("progressToken", "progress_token") for value in (*ODD, True)),
        [whole],
    ]
    async with asking() as (http, _):
        await met(http, straightly)
        for asked in messages:
            short, long, _ = await both(http, straightly, asked, headers(era))
            assert short == long, asked
    assert any(straightly[1:])


@pytest.mark.parametrize("era", BOTH)
async def test_bodies_that_parsers_read_in_their_own_way_are_read_as_the_sdk_would(
    era: str, straightly: list[bool]
) -> None:
    text = json.dumps(said(era, "say", {"kind": "note", "text": "PLACE", "operation": "o"}))
    bodies = [
        *(text.replace("PLACE", place).encode() for place in (r"\ud83d\ude42", r"\ud83d", r"\u0000", "\x7f", "ü")),
        text.replace("PLACE", "ü").encode("utf-16"),
        text.replace("PLACE", "ü").encode("latin-1"),
        b"\xef\xbb\xbf" + text.encode(),
        text.replace("PLACE", "\ud83d").encode(errors="surrogatepass"),
        text.replace('"id": 7', '"id": 7, "id": 8').encode(),
        text.replace('"note"', "NaN").encode(),
        text.replace('"note"', "1e999").encode(),
        text.replace('"note"', "9" * 5_000).encode(),
        text.replace('"id": 7', '"id": 7.0').encode(),
        text.replace('"id": 7', r'"id": "\ud83d"').encode(),
        b" " + text.encode() + b"\n",
    ]
    async with asking() as (http, _):
        await met(http, straightly)
        for body in bodies:
            short, long, _ = await both(http, straightly, body, headers(era, "say"))
            assert short == long, body[:300]


@pytest.mark.parametrize("era", BOTH)
async def test_whatever_the_headers_say_is_answered_as_the_sdk_would(era: str, straightly: list[bool]) -> None:
    others = {
        "Accept": ["", "*/*", "application/*", "text/event-stream", "application/json;q=0.5", "TEXT/html, */*"],
        "Content-Type": ["Application/JSON", "application/json; charset=utf-8", "application/json, text/plain"],
        "MCP-Protocol-Version": ["", "1999-01-01", "2025-11-25", NEWER, OLDER],
        "Mcp-Method": ["", "tools/list", "TOOLS/CALL"],
        "Mcp-Name": ["", "claim", "=?base64?cmVsZWFzZQ==?="],
        "Mcp-Param-More": ["x"],
        "Mcp-Session-Id": ["x"],
        "Last-Event-Id": ["x"],
    }
    base = headers(era)
    sent: list[list[tuple[str, str]]] = []
    for name, values in others.items():
        less = [(one, value) for one, value in base.items() if one != name]
        sent += [less, *([*less, (name, value)] for value in values)]
        sent += [[*base.items(), (name, value)] for value in (values[-1], base.get(name, "x"))]
    went = 0
    async with asking() as (http, _):
        await met(http, straightly)
        for one in sent:
            short, long, was = await both(http, straightly, said(era), one)
            assert short == long, one
            went += was
    assert went


_NAMES = st.sampled_from(["name", "version", "title", "roots", "sampling", "elicitation", "extensions", "tasks"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 1) | st.just(1.0) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)


async def test_no_envelope_is_taken_for_another_one_that_was_right(straightly: list[bool]) -> None:
    cases: list[tuple[str, object]] = []

    @settings(max_examples=30, deadline=None)
    @given(st.sampled_from([*ENVELOPE][1:]), _VALUES)
    def gather(key: str, value: object) -> None:
        cases.append((key, value))

    gather()
    async with asking() as (http, _):
        await met(http, straightly)
        without = {key: value for key, value in ENVELOPE.items() if key != [*ENVELOPE][1]}
        await answered(http, said(NEWER, _meta=without), headers(NEWER))
        for key, value in [*cases, ([*ENVELOPE][1], None), ([*ENVELOPE][1], 0)]:
            asked = said(NEWER, _meta=ENVELOPE | {key: value})
            short, long, _ = await both(http, straightly, asked, headers(NEWER))
            again, _, _ = await both(http, straightly, asked, headers(NEWER))
            assert short == long == again, asked


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), _JSON, max_size=4), st.text() | st.integers(-(2**53), 2**53), st.sampled_from(BOTH))
async def test_every_result_is_written_as_the_sdk_writes_it(
    result: dict[str, Any], number: int | str, era: str
) -> None:
    message = JSONRPCResponse(jsonrpc="2.0", id=number, result=result)
    told: list[Message] = []

    async def send(part: Message) -> None:
        told.append(part)

    async def receive() -> Message:
        raise AssertionError

    scope: Scope = {"type": "http"}
    if era == NEWER:
        await modern._write(message, scope, receive, send)
    else:
        transport = StreamableHTTPServerTransport(None, is_json_response_enabled=True)
        await transport._create_json_response(message)(scope, receive, send)
    sent, body = straight.on_the_wire(StraightCall(number, "release", {}, era), result)
    assert [(part.get("headers"), part.get("body")) for part in told] == [(sent, None), (None, body)]


@pytest.mark.parametrize("era", BOTH)
async def test_what_breaks_is_told_in_the_words_of_the_sdk(
    era: str, straightly: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asking() as (http, room):
        await met(http, straightly)
        told = await broken(http, room, straightly, era, monkeypatch)
    assert told[0] == told[1]
    assert b'"error"' in told[0][2]


async def broken(
    http: httpx2.AsyncClient, room: Room, switch: list[bool], era: str, monkeypatch: pytest.MonkeyPatch
) -> list[Told]:
    times = [0]

    async def breaks(*_: object) -> None:
        times[0] += 1
        raise RuntimeError("out of order")

    monkeypatch.setattr(room.door, "release", breaks)
    short, long, went = await both(http, switch, said(era), headers(era))
    assert went
    assert times == [2], "each request is carried out once"
    return [short, long]


async def test_a_token_counts_for_straight_calls_too(straightly: list[bool]) -> None:
    async with asking() as (http, room):
        await met(http, straightly)
        straightly[0] = True
        for given_token in ("", "Bearer of-nobody", f"Bearer {token('a')}"):
            asked = said(NEWER, "claim", {"resources": ["x.py"]})
            sent = headers(NEWER, "claim") | {"Authorization": given_token}
            told = await http.post("/mcp", json=asked, headers=sent)
            assert told.status_code == (200 if given_token.endswith("-a") else 401)
            assert bool(room.host.state.claims) is given_token.endswith("-a")
