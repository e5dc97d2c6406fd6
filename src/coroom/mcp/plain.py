"""Tool calls that say no more than which tool and with what, and their results as they go over the wire.

The SDK fits a call to three models and its result to five, which costs more than most calls of a room do. A plain call
needs none of them to be understood, and a result that is text and data none to be written; what says more goes the
SDK's way, and both ways answer alike to the byte.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.requests import Request

from coroom.host.door.replies import Reply
from coroom.mcp.sdk import (
    CLIENT_INFO_META_KEY,
    HANDSHAKE_PROTOCOL_VERSIONS,
    LOG_LEVEL_META_KEY,
    MODERN_PROTOCOL_VERSIONS,
    ServerRequestContext,
)

_SAYS = frozenset({"name", "arguments", "_meta"})

Context = ServerRequestContext[dict[str, Any], Request]


class PlainCall(NamedTuple):
    """The tool that is called, and what it is given."""

    name: str
    arguments: Mapping[str, object]


def plain_call(context: Context) -> PlainCall | None:
    """The call that a message is, where it is a plain one that the SDK would find nothing wrong with."""
    params = context.params
    if context.method != "tools/call" or context.request_id is None or not isinstance(params, dict):
        return None
    name, arguments = params.get("name"), params.get("arguments", {})
    if not isinstance(name, str) or not isinstance(arguments, dict) or not params.keys() <= _SAYS:
        return None
    return PlainCall(name, arguments) if _is_meta_right(context, params.get("_meta")) else None


def _is_meta_right(context: Context, meta: object) -> bool:
    """Whether what the SDK has read of it so far is all that it would look at, and right."""
    if context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS:
        return meta is None or context.meta is not None
    if context.protocol_version not in MODERN_PROTOCOL_VERSIONS or context.meta is None or not isinstance(meta, dict):
        return False
    named = context.session.client_params is not None or CLIENT_INFO_META_KEY not in meta
    return named and context.session.client_capabilities is not None and LOG_LEVEL_META_KEY not in meta


def wire_form(reply: Reply, protocol_version: str, server_meta: dict[str, Any]) -> dict[str, Any]:
    """The result of a tool call as that version of the protocol has it. `server_meta` says who answers, where results
    say that.
    """
    made: dict[str, Any] = {"content": [{"text": reply.text, "type": "text"}], "isError": reply.refused}
    if protocol_version in MODERN_PROTOCOL_VERSIONS:
        made |= {"resultType": "complete", "structuredContent": reply.data, "_meta": server_meta}
    else:
        made["structuredContent"] = reply.data
    return made
