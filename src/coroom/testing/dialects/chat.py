"""OpenAI Chat Completions, as OpenCode and most other clients speak it."""

from collections.abc import Iterator
from typing import Any

from coroom.testing.dialects.transcript import (
    USAGE_INPUT_TOKENS,
    USAGE_OUTPUT_TOKENS,
    Reply,
    Transcript,
    event,
    flatten,
)
from coroom.testing.script import Conversation, Tool

_USAGE = {
    "prompt_tokens": USAGE_INPUT_TOKENS,
    "completion_tokens": USAGE_OUTPUT_TOKENS,
    "total_tokens": USAGE_INPUT_TOKENS + USAGE_OUTPUT_TOKENS,
}


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
    return _envelope(conversation, "chat.completion") | {"choices": [choice], "usage": _USAGE}


def stream(conversation: Conversation, reply: Reply) -> Iterator[str]:
    """The reply as server-sent events."""
    envelope = _envelope(conversation, "chat.completion.chunk")
    spoken = {"index": 0, "delta": _message(reply), "finish_reason": None}
    ended = {"index": 0, "delta": {}, "finish_reason": "tool_calls" if reply.calls else "stop"}
    yield event(envelope | {"choices": [spoken]})
    yield event(envelope | {"choices": [ended]})
    yield event(envelope | {"choices": [], "usage": _USAGE})
    yield event("[DONE]")
