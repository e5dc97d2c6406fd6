"""Models over the `openai` SDK's Chat Completions, the dialect that most other providers speak too."""

import json
from collections.abc import Sequence
from typing import cast

from openai import AsyncOpenAI, OpenAIError
from openai.types.chat import (
    ChatCompletionFunctionToolParam,
    ChatCompletionMessage,
    ChatCompletionMessageParam,
)

from coroom.agents.models.model import History, ModelError, Spoken, Told, ToolCall, ToolSpec

RETRIES = 5
"""Of what the SDK knows to be passing: overload, rate limits, broken connections."""


class OpenAI:
    """Implements `Model`. Key and address come from the SDK's own environment variables."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._client = AsyncOpenAI(max_retries=RETRIES)

    async def answer(self, system: str, history: History, tools: Sequence[ToolSpec]) -> Spoken:
        """See the port."""
        offered: list[ChatCompletionFunctionToolParam] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.schema)},
            }
            for tool in tools
        ]
        messages: list[ChatCompletionMessageParam] = [{"role": "system", "content": system}]
        for one in history:
            messages += _messages(one)
        try:
            whole = await self._client.chat.completions.create(model=self._name, messages=messages, tools=offered)
        except OpenAIError as problem:
            raise ModelError(f"{self._name} did not answer: {problem}") from problem
        if not whole.choices:
            raise ModelError(f"{self._name} sent an answer without content")
        choice = whole.choices[0]
        if choice.message.refusal or choice.finish_reason == "content_filter":
            said = choice.message.refusal or "its provider filtered the answer"
            raise ModelError(f"{self._name} refuses to work on this: {said}")
        return Spoken(
            text=choice.message.content or "",
            calls=tuple(
                _call(call.id, call.function.name, call.function.arguments)
                for call in choice.message.tool_calls or ()
                if call.type == "function"
            ),
            input_tokens=whole.usage.prompt_tokens if whole.usage else 0,
            output_tokens=whole.usage.completion_tokens if whole.usage else 0,
            cut=choice.finish_reason == "length",
            raw=choice.message,
        )

    async def close(self) -> None:
        """See the port."""
        await self._client.close()


def _call(call: str, tool: str, given: str) -> ToolCall:
    try:
        arguments = json.loads(given or "{}")
    except ValueError as problem:
        return ToolCall(call, tool, {}, f"the arguments are no JSON: {problem}")
    if not isinstance(arguments, dict):
        return ToolCall(call, tool, {}, "the arguments are no JSON object")
    return ToolCall(call, tool, arguments)


def _messages(one: Told | Spoken) -> list[ChatCompletionMessageParam]:
    if isinstance(one, Spoken):
        raw = cast("ChatCompletionMessage", one.raw)
        return [cast("ChatCompletionMessageParam", raw.model_dump(exclude_none=True))]
    told: list[ChatCompletionMessageParam] = [
        {"role": "tool", "tool_call_id": result.id, "content": result.text or "(nothing)"} for result in one.results
    ]
    if one.text:
        told.append({"role": "user", "content": one.text})
    return told
