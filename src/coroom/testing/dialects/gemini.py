"""Gemini generateContent and streamGenerateContent, as Gemini CLI speaks them."""

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


def _told(part: dict[str, Any]) -> str:
    answer = part.get("functionResponse")
    return flatten(answer["response"]) if answer else flatten(part.get("text"))


def parse(body: dict[str, Any]) -> Conversation:
    """The request as a conversation; the model's name is in the path, not here."""
    transcript = Transcript()
    for content in body.get("contents", []):
        parts = content.get("parts", [])
        if content.get("role") == "model":
            calls = [part["functionCall"] for part in parts if "functionCall" in part]
            transcript.spoke(call["id"] for call in calls if call.get("id"))
        else:
            for part in parts:
                transcript.told(_told(part))
    declared = [tool for group in body.get("tools", []) for tool in group.get("functionDeclarations", [])]
    return Conversation(
        model="gemini",
        system=flatten((body.get("systemInstruction") or {}).get("parts")),
        tools=tuple(
            Tool(tool["name"], parameters=tool.get("parametersJsonSchema") or tool.get("parameters") or {})
            for tool in declared
        ),
        said=transcript.said(),
        stream=False,
    )


def whole(conversation: Conversation, reply: Reply) -> dict[str, Any]:
    """The reply as one JSON document."""
    parts: list[dict[str, Any]] = [{"text": reply.text}] if reply.text else []
    parts += [
        {"functionCall": {"id": call.call_id, "name": call.tool.name, "args": call.payload}} for call in reply.calls
    ]
    return {
        "candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": "STOP"}],
        "modelVersion": conversation.model,
        "usageMetadata": {
            "promptTokenCount": USAGE_INPUT_TOKENS,
            "candidatesTokenCount": USAGE_OUTPUT_TOKENS,
            "totalTokenCount": USAGE_INPUT_TOKENS + USAGE_OUTPUT_TOKENS,
        },
    }


def stream(conversation: Conversation, reply: Reply) -> Iterator[str]:
    """The reply as server-sent events: one is enough."""
    yield event(whole(conversation, reply))
