"""A plain call goes past the SDK's models: nobody may see that in an answer, whatever is asked."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doorway import RPC_HEADERS, Daemon, running

from coroom.mcp import plain, server

ERAS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
NEWER = ERAS[-1]
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": NEWER,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
ODD: list[Any] = [None, 1, "text", [], {}, {"name": 1}, {"a": None}]


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each message was a plain call, while the last of the list's switches is on. Replies have one nonce."""
    seen = [True]

    def watched(context: plain.Context) -> plain.PlainCall | None:
        found = plain.plain_call(context)
        seen.append(found is not None)
        return found if seen[0] else None

    monkeypatch.setattr(server, "plain_call", watched)
    # What goes past the SDK altogether never comes that far.
    monkeypatch.setattr(server, "straight_call", lambda *_: None)
    monkeypatch.setattr("coroom.host.door.replies.secrets.token_hex", lambda _: "0" * 12)
    return seen


async def answered(daemon: Daemon, era: str, params: object) -> tuple[int, str, bytes]:
    headers = RPC_HEADERS | {"MCP-Protocol-Version": era}
    if era == NEWER:
        name = params.get("name") if isinstance(params, Mapping) else None
        headers |= {"Mcp-Method": "tools/call"} | ({"Mcp-Name": name} if isinstance(name, str) else {})
    asked = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
    async with daemon.http("a") as http:
        told = await http.post("/mcp", content=json.dumps(asked).encode(), headers=headers)
    return told.status_code, told.headers["content-type"], told.content


def said(era: str, tool: str, arguments: object, **more: object) -> dict[str, Any]:
    meta: dict[str, Any] = {"_meta": dict(ENVELOPE)} if era == NEWER else {}
    return {"name": tool, "arguments": arguments, **meta, **more}


@pytest.mark.parametrize("era", ERAS)
async def test_plain_calls_are_answered_to_the_byte_as_the_sdk_would(era: str, plainly: list[bool]) -> None:
    async with running("a", "b") as (daemon, room):
        calls = [
            ("claim", {"resources": ["x.py"], "operation": "o1"}),
            ("claim", {"resources": "no list"}),
            ("release", {}),
            ("sync", {"about": "nothing"}),
            ("task", {"do": "list"}),
            ("no-such-tool", {}),
        ]
        await room.door.task("b", "post", {"title": "Ünïcode, ␀ and \u2028"}, "")
        for tool, arguments in calls:
            plainly[0] = True
            short = await answered(daemon, era, said(era, tool, arguments))
            assert plainly[-1]
            plainly[0] = False
            assert await answered(daemon, era, said(era, tool, arguments)) == short


@pytest.mark.parametrize("era", ["2025-06-18", NEWER])
async def test_whatever_else_a_call_says_is_answered_as_the_sdk_would(era: str, plainly: list[bool]) -> None:
    odd: list[object] = [
        *ODD,
        {"name": "release"},
        said(era, "release", None),
        *(said(era, "release", {}, **{name: value}) for name in ("task", "inputResponses", "more") for value in ODD),
        *(said(era, "release", value) for value in ODD),
        *(said(era, "release", {}) | {"name": value} for value in ODD),
        *(said(era, "release", {}) | {"_meta": value} for value in ODD),
    ]
    keys = [*ENVELOPE, "progressToken", "io.modelcontextprotocol/logLevel", "vendor/own"]
    odd += [said(era, "release", {}) | {"_meta": ENVELOPE | {key: value}} for key in keys for value in (*ODD, "debug")]
    async with running("a") as (daemon, _):
        for params in odd:
            plainly[0] = True
            short = await answered(daemon, era, params)
            plainly[0] = False
            assert await answered(daemon, era, params) == short, params


_NAMES = st.sampled_from(["name", "version", "title", "roots", "sampling", "elicitation", "extensions", "listChanged"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 1) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)


async def test_a_plain_call_is_one_that_the_sdk_accepts(plainly: list[bool]) -> None:
    async with running("a") as (daemon, _):

        @settings(max_examples=40, deadline=None)
        @given(st.sampled_from([*ENVELOPE][1:]), _VALUES)
        def none(key: str, value: object) -> None:
            cases.append((key, value))

        cases: list[tuple[str, object]] = []
        none()
        for key, value in cases:
            params = said(NEWER, "release", {}) | {"_meta": ENVELOPE | {key: value}}
            plainly[0] = True
            short = await answered(daemon, NEWER, params)
            plainly[0] = False
            assert await answered(daemon, NEWER, params) == short, params
