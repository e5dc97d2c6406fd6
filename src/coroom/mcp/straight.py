"""Calls of quick tools that are read off the request itself, past the SDK's two transports.

For one request a transport of the SDK makes a connection, a session, models of the message and of its answer, in the
older era three tasks and four streams: two fifths of what a claim cost, there three fifths. A call that says only what
nearly all say, in headers and body, comes to the same without them. Whatever says more, or says it in another way,
goes the SDK's way, and both ways answer alike to the byte.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic_core import to_json
from starlette.requests import Request
from starlette.types import Scope

from coroom.mcp.sdk import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    HANDSHAKE_PROTOCOL_VERSIONS,
    MODERN_PROTOCOL_VERSIONS,
    PROTOCOL_VERSION_META_KEY,
    RequestId,
    check_accept_headers,
)

_MESSAGE = {"jsonrpc", "id", "method", "params"}
_SAYS = frozenset({"name", "arguments", "_meta"})
_ENVELOPE = (PROTOCOL_VERSION_META_KEY, CLIENT_INFO_META_KEY, CLIENT_CAPABILITIES_META_KEY)
_RESERVED = "io.modelcontextprotocol/"
_PROGRESS, _PROGRESS_BY_FIELD = "progressToken", "progress_token"
_JSON = b"application/json"
_LOOKED_AT = frozenset({b"accept", b"content-type", b"mcp-protocol-version", b"mcp-method", b"mcp-name"})
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

_ID_MAX = 2**53
"""A greater number is no id that JSON could be trusted with."""

_ENVELOPES_KEPT = 64
_ENVELOPE_CHARS_MAX = 2_000
"""A client's name, its version and what it can do: some hundred characters, the same in all its calls."""


class StraightCall(NamedTuple):
    """What is asked, under which id, in which version of the protocol."""

    id: RequestId
    name: str
    arguments: Mapping[str, object]
    version: str


class Envelopes:
    """What clients of the newer era say of themselves in each call. What the SDK found right once is right."""

    def __init__(self) -> None:
        self._passed: dict[str, None] = {}

    def passed(self, params: Mapping[str, object] | None) -> None:
        """The SDK has found nothing wrong with a call of these parameters."""
        said = _envelope(params.get("_meta") if params else None)
        if said and len(said) <= _ENVELOPE_CHARS_MAX:
            while len(self._passed) >= _ENVELOPES_KEPT:
                del self._passed[next(iter(self._passed))]
            self._passed[said] = None

    def know(self, meta: Mapping[str, object]) -> bool:
        """Whether it was found right before."""
        return _envelope(meta) in self._passed


def _envelope(meta: object) -> str:
    """As text, since equal values may be of different types; empty where it is none."""
    if not isinstance(meta, dict):
        return ""
    return repr({key: meta[key] for key in _ENVELOPE if key in meta})


def straight_call(scope: Scope, body: bytes, asked: dict[str, Any], envelopes: Envelopes) -> StraightCall | None:
    """The call that a POST is, `asked` being its body and known to call a tool by its name; None where the SDK must
    look at it.
    """
    told: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _LOOKED_AT:
            if name in told:
                return None
            told[name] = value
    params: dict[str, Any] = asked["params"]
    number: Any = asked.get("id")
    arguments, meta = params.get("arguments", {}), params.get("_meta")
    right = (
        told.get(b"content-type") == _JSON
        and _takes_json(told.get(b"accept", b""))
        and asked.keys() == _MESSAGE
        and asked["jsonrpc"] == "2.0"
        and (type(number) is str or (type(number) is int and -_ID_MAX < number < _ID_MAX))
        and params.keys() <= _SAYS
        and isinstance(arguments, dict)
        and (meta is None or _says_nothing_more(meta))
    )
    version = told.get(b"mcp-protocol-version", b"").decode("latin-1")
    if not right or not _is_of(version, told, params, body, envelopes):
        return None
    return StraightCall(number, params["name"], arguments, version)


def _says_nothing_more(meta: object) -> bool:
    """Whether all that it has is an envelope, a token for progress, of which quick tools make none, and what nobody
    here reads.
    """
    if not isinstance(meta, dict):
        return False
    for key, value in meta.items():
        if key == _PROGRESS:
            if type(value) not in {str, int}:
                return False
        elif key not in _ENVELOPE and (key == _PROGRESS_BY_FIELD or key.startswith(_RESERVED)):
            return False
    return True


def _is_of(
    version: str, told: Mapping[bytes, bytes], params: Mapping[str, Any], body: bytes, envelopes: Envelopes
) -> bool:
    """Whether the call is as that version of the protocol wants it."""
    meta = params.get("_meta")
    if version in HANDSHAKE_PROTOCOL_VERSIONS:
        # There the SDK reads the body by a stricter parser than Python's.
        return not _ESCAPED_SURROGATE.search(body) and _is_bare_utf_8(body)
    return (
        version in MODERN_PROTOCOL_VERSIONS
        and meta is not None
        and meta.get(PROTOCOL_VERSION_META_KEY) == version
        and told.get(b"mcp-method") == b"tools/call"
        and told.get(b"mcp-name") == params["name"].encode()
        and envelopes.know(meta)
    )


def _is_bare_utf_8(body: bytes) -> bool:
    if b"\0" in body or body.startswith(BOM_UTF8):
        return False
    if body.isascii():
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(64)
def _takes_json(accept: bytes) -> bool:
    takes_json, _ = check_accept_headers(Request({"type": "http", "headers": [(b"accept", accept)]}))
    return takes_json


def on_the_wire(call: StraightCall, result: dict[str, Any]) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body of the answer, as the transport of that version writes them."""
    told = {"jsonrpc": "2.0", "id": call.id, "result": result}
    kind = (b"content-type", _JSON)
    if call.version in MODERN_PROTOCOL_VERSIONS:
        body = _COMPACT.encode(told).encode()
        return [(b"content-length", b"%d" % len(body)), kind], body
    body = to_json(told)
    return [kind, (b"content-length", b"%d" % len(body))], body


_COMPACT = json.JSONEncoder(separators=(",", ":"))
