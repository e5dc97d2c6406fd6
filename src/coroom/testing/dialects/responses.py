"""OpenAI Responses, as Codex speaks it.

Codex offers tools directly, behind `tool_search`, or inside one JavaScript tool `exec`: the model decides.
"""

from collections.abc import Iterator
from typing import Any

from coroom.testing.dialects.chat import error, rate_headers
from coroom.testing.dialects.transcript import Placed, Reply, Transcript, event, flatten, pieces
from coroom.testing.script import Conversation, Tool

__all__ = ["error", "parse", "rate_headers", "stream", "whole"]

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
    said: dict[str, Any] = {"type": "output_text", "text": reply.text, "annotations": []}
    if reply.refuses is not None:
        said = {"type": "refusal", "refusal": reply.refuses}
    if reply.text or reply.refuses is not None:
        items.append(
            {
                "type": "message",
                "id": f"msg_{conversation.turn:03d}",
                "role": "assistant",
                "status": "completed",
                "content": [said],
            }
        )
    return items + [_item(call) for call in reply.calls]


def whole(conversation: Conversation, reply: Reply) -> dict[str, Any]:
    """The reply as one JSON document."""
    return {
        "id": f"resp_{conversation.turn:03d}",
        "object": "response",
        "created_at": 0,
        "status": "completed",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "model": conversation.model,
        "output": _items(conversation, reply),
        "usage": {
            "input_tokens": reply.input_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": reply.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": reply.input_tokens + reply.output_tokens,
        },
    }


def stream(conversation: Conversation, reply: Reply) -> Iterator[str]:
    """The reply as server-sent events."""
    final = whole(conversation, reply)
    begun = final | {"status": "in_progress", "output": [], "usage": None}
    told: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(final["output"]):
        told += _item_events(index, item)
    told.append({"type": "response.completed", "response": final})
    for number, one in enumerate(told):
        yield event(one | {"sequence_number": number}, one["type"])


def _item_events(index: int, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """How one item of the output comes: announced empty, filled in pieces, told whole."""
    at = {"output_index": index, "item_id": item["id"]}
    if item["type"] == "message":
        part = item["content"][0]
        field = "refusal" if part["type"] == "refusal" else "text"
        name = "response.refusal" if field == "refusal" else "response.output_text"
        at |= {"content_index": 0}
        empty = {"status": "in_progress", "content": []}
        yield {"type": "response.output_item.added", "output_index": index, "item": item | empty}
        yield {"type": "response.content_part.added", **at, "part": part | {field: ""}}
        for piece in pieces(part[field]):
            yield {"type": f"{name}.delta", **at, "delta": piece, "logprobs": []}
        yield {"type": f"{name}.done", **at, field: part[field], "logprobs": []}
        yield {"type": "response.content_part.done", **at, "part": part}
    elif item["type"] == "function_call":
        yield {"type": "response.output_item.added", "output_index": index, "item": item | {"arguments": ""}}
        for piece in pieces(item["arguments"]):
            yield {"type": "response.function_call_arguments.delta", **at, "delta": piece}
        done = {"arguments": item["arguments"], "name": item["name"]}
        yield {"type": "response.function_call_arguments.done", **at, **done}
    else:
        yield {"type": "response.output_item.added", "output_index": index, "item": item}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}
