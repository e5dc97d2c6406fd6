"""Gemini generateContent and streamGenerateContent, as Gemini CLI speaks them."""

from collections.abc import Iterator
from typing import Any

from coroom.testing.dialects.transcript import Reply, Transcript, event, flatten, pieces
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
    return _chunk(conversation, reply, _parts(reply), last=True)


def stream(conversation: Conversation, reply: Reply) -> Iterator[str]:
    """The reply as server-sent events: a text in pieces, calls whole."""
    text = pieces(reply.text) if reply.refuses is None else []
    parts = [{"text": piece} for piece in text] + [part for part in _parts(reply) if "text" not in part]
    for place, part in enumerate(parts, start=1):
        yield event(_chunk(conversation, reply, [part], last=place == len(parts)))
    if not parts:
        yield event(whole(conversation, reply))


def _parts(reply: Reply) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"text": reply.text}] if reply.text else []
    return parts + [
        {"functionCall": {"id": call.call_id, "name": call.tool.name, "args": call.payload}} for call in reply.calls
    ]


def _chunk(conversation: Conversation, reply: Reply, parts: list[dict[str, Any]], *, last: bool) -> dict[str, Any]:
    usage = {
        "promptTokenCount": reply.input_tokens,
        "candidatesTokenCount": reply.output_tokens,
        "totalTokenCount": reply.input_tokens + reply.output_tokens,
    }
    common = {"modelVersion": conversation.model, "usageMetadata": usage}
    if reply.refuses is not None:
        feedback = {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": reply.refuses}
        return common | {"promptFeedback": feedback}
    ended = {"finishReason": "STOP"} if last else {}
    return common | {"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, **ended}]}


_KINDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
}


def error(status: int, message: str) -> dict[str, Any]:
    """The body of a failure."""
    return {"error": {"code": status, "message": message, "status": _KINDS.get(status, "UNAVAILABLE")}}


def rate_headers(_limit: int, _left: int) -> dict[str, str]:
    """Gemini tells nothing of its limits beforehand."""
    return {}
