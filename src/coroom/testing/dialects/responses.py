"""OpenAI Responses, as Codex speaks it.

Codex offers tools directly, behind `tool_search`, or inside one JavaScript tool `exec`: the model decides.
"""

from collections.abc import Iterator
from typing import Any

from coroom.testing.dialects.transcript import (
    USAGE_INPUT_TOKENS,
    USAGE_OUTPUT_TOKENS,
    Placed,
    Reply,
    Transcript,
    event,
    flatten,
)
from coroom.testing.script import Conversation, Tool

_CALLS = ("function_call", "custom_tool_call", "tool_search_call")


def _tools(listed: list[dict[str, Any]], namespace: str = "") -> Iterator[Tool]:
    for tool in listed:
        if tool.get("type") == "namespace":
            yield from _tools(tool.get("tools", []), tool["name"])
        else:
            kind = tool.get("type", "function")
            yield Tool(tool.get("name", kind), namespace, kind, tool.get("parameters", {}))


def parse(body: dict[str, Any]) -> Conversation:
    """The request as a conversation."""
    transcript, tools = Transcript(), list(_tools(body.get("tools", [])))
    entries = body.get("input", [])
    items: list[dict[str, Any]] = [{"content": entries}] if isinstance(entries, str) else entries
    for item in items:
        kind = item.get("type", "message")
        if kind in ("additional_tools", "tool_search_output"):
            tools += _tools(item.get("tools", []))
        elif kind in _CALLS:
            transcript.spoke([item["call_id"]])
        elif kind == "message" and item.get("role") == "assistant":
            transcript.spoke()
        elif kind != "reasoning":
            transcript.told(flatten(item))
    return Conversation(
        model=body.get("model", ""),
        system=flatten(body.get("instructions")),
        tools=tuple(tools),
        said=transcript.said(),
        stream=bool(body.get("stream")),
        lookups=transcript.lookups,
    )


def _item(call: Placed) -> dict[str, Any]:
    common = {"id": f"item_{call.call_id}", "call_id": call.call_id, "status": "completed"}
    if call.tool.kind == "tool_search":
        return common | {"type": "tool_search_call", "execution": "client", "arguments": call.payload}
    named = common | {"name": call.tool.name}
    # The namespace `functions` is the unnamed one: calls name it in no request of the real service.
    if call.tool.namespace not in ("", "functions"):
        named["namespace"] = call.tool.namespace
    if call.tool.kind == "custom":
        return named | {"type": "custom_tool_call", "input": call.arguments}
    return named | {"type": "function_call", "arguments": call.arguments}


def _items(conversation: Conversation, reply: Reply) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if reply.text:
        items.append(
            {
                "type": "message",
                "id": f"msg_{conversation.turn:03d}",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": reply.text, "annotations": []}],
            }
        )
    return items + [_item(call) for call in reply.calls]


def whole(conversation: Conversation, reply: Reply) -> dict[str, Any]:
    """The reply as one JSON document."""
    return {
        "id": f"resp_{conversation.turn:03d}",
        "object": "response",
        "status": "completed",
        "model": conversation.model,
        "output": _items(conversation, reply),
        "usage": {
            "input_tokens": USAGE_INPUT_TOKENS,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": USAGE_OUTPUT_TOKENS,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": USAGE_INPUT_TOKENS + USAGE_OUTPUT_TOKENS,
        },
    }


def stream(conversation: Conversation, reply: Reply) -> Iterator[str]:
    """The reply as server-sent events."""
    final = whole(conversation, reply)
    begun = final | {"status": "in_progress", "output": [], "usage": None}
    yield event({"type": "response.created", "response": begun}, "response.created")
    for index, item in enumerate(final["output"]):
        for name in ("response.output_item.added", "response.output_item.done"):
            yield event({"type": name, "output_index": index, "item": item}, name)
    yield event({"type": "response.completed", "response": final}, "response.completed")
