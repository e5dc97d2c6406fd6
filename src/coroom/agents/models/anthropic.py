"""Claude models over the `anthropic` SDK's Messages."""

from collections.abc import Sequence
from typing import cast

from anthropic import AnthropicError, AsyncAnthropic
from anthropic.types import ContentBlock, MessageParam, TextBlockParam, ToolParam, ToolResultBlockParam

from coroom.agents.models.model import History, ModelError, Spoken, Told, ToolCall, ToolSpec

ANSWER_TOKENS_MAX = 8_192
"""Room for one file; longer answers would have to be streamed."""

RETRIES = 5
"""Of what the SDK knows to be passing: overload, rate limits, broken connections."""


class Anthropic:
    """Implements `Model`. Key and address come from the SDK's own environment variables."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._client = AsyncAnthropic(max_retries=RETRIES)

    async def answer(self, system: str, history: History, tools: Sequence[ToolSpec]) -> Spoken:
        """See the port."""
        offered = [
            ToolParam(name=tool.name, description=tool.description, input_schema=dict(tool.schema)) for tool in tools
        ]
        try:
            message = await self._client.messages.create(
                model=self._name,
                max_tokens=ANSWER_TOKENS_MAX,
                system=system,
                messages=[_message(one) for one in history],
                tools=offered,
                cache_control={"type": "ephemeral"},
            )
        except AnthropicError as problem:
            raise ModelError(f"{self._name} did not answer: {problem}") from problem
        if message.stop_reason == "refusal":
            raise ModelError(f"{self._name} refuses to work on this: {_words(message.content) or 'it says no more'}")
        used = message.usage
        cached = (used.cache_creation_input_tokens or 0) + (used.cache_read_input_tokens or 0)
        return Spoken(
            text=_words(message.content),
            calls=tuple(_call(one.id, one.name, one.input) for one in message.content if one.type == "tool_use"),
            input_tokens=used.input_tokens + cached,
            output_tokens=used.output_tokens,
            cut=message.stop_reason == "max_tokens",
            raw=message.content,
        )

    async def close(self) -> None:
        """See the port."""
        await self._client.close()


def _words(content: Sequence[ContentBlock]) -> str:
    return "".join(block.text for block in content if block.type == "text")


def _call(call: str, tool: str, given: object) -> ToolCall:
    if isinstance(given, dict):
        return ToolCall(call, tool, given)
    return ToolCall(call, tool, {}, "the arguments are no object")


def _message(one: Told | Spoken) -> MessageParam:
    if isinstance(one, Spoken):
        # The API refuses an answer without any block; the model may have said nothing.
        said = cast("list[ContentBlock]", one.raw)
        return {"role": "assistant", "content": said or [TextBlockParam(type="text", text="(nothing)")]}
    content: list[ToolResultBlockParam | TextBlockParam] = [
        {"type": "tool_result", "tool_use_id": r.id, "content": r.text or "(nothing)", "is_error": r.failed}
        for r in one.results
    ]
    if one.text:
        content.append({"type": "text", "text": one.text})
    return {"role": "user", "content": content}
