"""Anthropic Messages, as Claude Code and the `anthropic` SDK speak it."""

import json
from collections.abc import Iterator
from typing import Any

from coroom.testing.dialects.transcript import Reply, Transcript, event, flatten, pieces
from coroom.testing.script import Conversation, Tool


def parse(body: dict[str, Any]) -> Conversation:
    """The request as a conversation."""
    transcript = Transcript()
    for message in body.get("messages", []):
        content = message["content"]
        if message["role"] == "assistant":
            blocks = content if isinstance(content, list) else []
            transcript.spoke(block["id"] for block in blocks if block.get("type") == "tool_use")
        else:
            transcript.told(flatten(content))
    tools = tuple(
        Tool(tool["name"], parameters=tool.get("input_schema", {})) for tool in body.get("tools", []) if "name" in tool
    )
    return Conversation(
        model=body.get("model", ""),
        system=flatten(body.get("system")),
        tools=tools,
        said=transcript.said(),
        stream=bool(body.get("stream")),
    )


def _blocks(reply: Reply) -> list[dict[str, Any]]:
    text = reply.text if reply.refuses is None else reply.refuses
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    return blocks + [
        {"type": "tool_use", "id": call.call_id, "name": call.tool.name, "input": call.payload} for call in reply.calls
    ]


def _message(conversation: Conversation, reply: Reply, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"msg_{conversation.turn:03d}",
        "type": "message",
        "role": "assistant",
        "model": conversation.model,
        "content": content,
        "stop_reason": _stop_reason(reply),
        "stop_sequence": None,
        "usage": {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens},
    }


def _stop_reason(reply: Reply) -> str:
    return "refusal" if reply.refuses is not None else "tool_use" if reply.calls else "end_turn"


_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def error(status: int, message: str) -> dict[str, Any]:
    """The body of a failure."""
    return {"type": "error", "error": {"type": _KINDS.get(status, "api_error"), "message": message}}


def rate_headers(limit: int, left: int) -> dict[str, str]:
    """How many requests there were, and how many are left."""
    return {"anthropic-ratelimit-requests-limit": str(limit), "anthropic-ratelimit-requests-remaining": str(left)}


def whole(conversation: Conversation, reply: Reply) -> dict[str, Any]:
    """The reply as one JSON document."""
    return _message(conversation, reply, _blocks(reply))


def stream(conversation: Conversation, reply: Reply) -> Iterator[str]:
    """The reply as server-sent events."""
    start = _message(conversation, reply, []) | {"stop_reason": None}
    yield event({"type": "message_start", "message": start}, "message_start")
    for index, block in enumerate(_blocks(reply)):
        if block["type"] == "text":
            opening = block | {"text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
        else:
            opening = block | {"input": {}}
            written = pieces(json.dumps(block["input"]))
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in written]
        yield event({"type": "content_block_start", "index": index, "content_block": opening}, "content_block_start")
        for delta in deltas:
            yield event({"type": "content_block_delta", "index": index, "delta": delta}, "content_block_delta")
        yield event({"type": "content_block_stop", "index": index}, "content_block_stop")
    end = {"stop_reason": _stop_reason(reply), "stop_sequence": None}
    usage = {"output_tokens": reply.output_tokens}
    yield event({"type": "message_delta", "delta": end, "usage": usage}, "message_delta")
    yield event({"type": "message_stop"}, "message_stop")
