"""OpenAI Chat Completions, as OpenCode and most other clients speak it."""

from collections.abc import Iterator
from typing import Any

from coroom.testing.dialects.transcript import Reply, Transcript, event, flatten, pieces
from coroom.testing.script import Conversation, Tool


def _usage(reply: Reply) -> dict[str, int]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }


_KINDS = {401: "invalid_api_key", 429: "rate_limit_exceeded"}


def error(status: int, message: str) -> dict[str, Any]:
    """The body of a failure."""
    kind = "invalid_request_error" if status in {400, 401, 403} else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": _KINDS.get(status)}}


def rate_headers(limit: int, left: int) -> dict[str, str]:
    """How many requests there were, and how many are left."""
    return {"x-ratelimit-limit-requests": str(limit), "x-ratelimit-remaining-requests": str(left)}


def parse(body: dict[str, Any]) -> Conversation:
    """The request as a conversation."""
    transcript, system = Transcript(), []
    for message in body.get("messages", []):
        if message["role"] in ("system", "developer"):
            system.append(flatten(message.get("content")))
        elif message["role"] == "assistant":
            transcript.spoke(call["id"] for call in message.get("tool_calls") or ())
        else:
            transcript.told(flatten(message.get("content")))
    functions = (tool["function"] for tool in body.get("tools", []) if "function" in tool)
    return Conversation(
        model=body.get("model", ""),
        system="\n".join(system),
        tools=tuple(Tool(function["name"], parameters=function.get("parameters", {})) for function in functions),
        said=transcript.said(),
        stream=bool(body.get("stream")),
    )


def _message(reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.refuses is not None:
        return {"role": "assistant", "content": None, "refusal": reply.refuses}
    if reply.calls:
        message["tool_calls"] = [
            {
                "index": index,
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.tool.name, "arguments": call.arguments},
            }
            for index, call in enumerate(reply.calls)
        ]
    return message


def _envelope(conversation: Conversation, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{conversation.turn:03d}",
        "object": kind,
        "created": 0,
        "model": conversation.model,
    }


def whole(conversation: Conversation, reply: Reply) -> dict[str, Any]:
    """The reply as one JSON document."""
    choice = {
        "index": 0,
        "message": _message(reply),
        "finish_reason": "tool_calls" if reply.calls else "stop",
    }
    return _envelope(conversation, "chat.completion") | {"choices": [choice], "usage": _usage(reply)}


def stream(conversation: Conversation, reply: Reply) -> Iterator[str]:
    """The reply as server-sent events."""
    envelope = _envelope(conversation, "chat.completion.chunk")
    ended = {"index": 0, "delta": {}, "finish_reason": "tool_calls" if reply.calls else "stop"}
    for delta in _deltas(reply):
        yield event(envelope | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield event(envelope | {"choices": [ended]})
    yield event(envelope | {"choices": [], "usage": _usage(reply)})
    yield event("[DONE]")


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    message = _message(reply)
    yield {"role": "assistant", "content": ""}
    for kind in ("content", "refusal"):
        yield from ({kind: piece} for piece in pieces(message.get(kind) or ""))
    for call in message.get("tool_calls", ()):
        named = call | {"function": call["function"] | {"arguments": ""}}
        yield {"tool_calls": [named]}
        for piece in pieces(call["function"]["arguments"]):
            yield {"tool_calls": [{"index": call["index"], "function": {"arguments": piece}}]}
