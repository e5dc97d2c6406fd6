"""The providers' own SDKs, each asking once for a text or a call of the tool `claim`, whole or streamed.

Each is imported when it is first asked: together they take five seconds, of every process that only lists the tests.
"""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from coroom.agents.room_client import certificates_for

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"path": {"type": "string"}}}


@dataclass(frozen=True)
class Heard:
    """What the SDK made of the answer."""

    text: str
    calls: tuple[tuple[str, dict[str, Any]], ...]
    tokens: tuple[int, int]
    refused: str = ""


class Sdk(Protocol):
    """One SDK; what it raises has `status` in one of two places."""

    def ask(self, url: str, key: str, *, stream: bool, retries: int) -> Heard: ...


class Anthropic:
    def ask(self, url: str, key: str, *, stream: bool, retries: int) -> Heard:
        import anthropic  # noqa: PLC0415

        http = anthropic.DefaultHttpxClient(verify=certificates_for(url))
        with anthropic.Anthropic(base_url=url, api_key=key, max_retries=retries, http_client=http) as client:
            given: dict[str, Any] = {
                "model": "m",
                "max_tokens": 100,
                "system": "Be brief.",
                "messages": [{"role": "user", "content": "start"}],
                "tools": [{"name": "claim", "input_schema": SCHEMA}],
            }
            if stream:
                with client.messages.stream(**given) as streamed:
                    message: Any = streamed.get_final_message()
            else:
                message = client.messages.create(**given)
        text = "".join(block.text for block in message.content if block.type == "text")
        calls = tuple((block.name, block.input) for block in message.content if block.type == "tool_use")
        used = (message.usage.input_tokens, message.usage.output_tokens)
        return Heard(text, calls, used, text if message.stop_reason == "refusal" else "")


class Chat:
    def ask(self, url: str, key: str, *, stream: bool, retries: int) -> Heard:
        import openai  # noqa: PLC0415

        function = {"type": "function", "function": {"name": "claim", "parameters": SCHEMA}}
        given: dict[str, Any] = {
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "start"}],
            "tools": [function],
        }
        http = openai.DefaultHttpxClient(verify=certificates_for(url))
        with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=retries, http_client=http) as client:
            if stream:
                with client.chat.completions.stream(**given, stream_options={"include_usage": True}) as streamed:
                    whole: Any = streamed.get_final_completion()
            else:
                whole = client.chat.completions.create(**given)
        message = whole.choices[0].message
        calls = tuple((call.function.name, call.function.arguments) for call in message.tool_calls or ())
        used = (whole.usage.prompt_tokens, whole.usage.completion_tokens)
        return Heard(message.content or "", _parsed(calls), used, message.refusal or "")


class Responses:
    def ask(self, url: str, key: str, *, stream: bool, retries: int) -> Heard:
        import openai  # noqa: PLC0415

        given: dict[str, Any] = {
            "model": "m",
            "instructions": "Be brief.",
            "input": "start",
            "tools": [{"type": "function", "name": "claim", "parameters": SCHEMA, "strict": False}],
        }
        http = openai.DefaultHttpxClient(verify=certificates_for(url))
        with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=retries, http_client=http) as client:
            if stream:
                with client.responses.stream(**given) as streamed:
                    whole: Any = streamed.get_final_response()
            else:
                whole = client.responses.create(**given)
        calls = tuple((item.name, item.arguments) for item in whole.output if item.type == "function_call")
        said = [part for item in whole.output if item.type == "message" for part in item.content]
        refused = "".join(part.refusal for part in said if part.type == "refusal")
        return Heard(whole.output_text, _parsed(calls), (whole.usage.input_tokens, whole.usage.output_tokens), refused)


class Gemini:
    def ask(self, url: str, key: str, *, stream: bool, retries: int) -> Heard:
        from google import genai  # noqa: PLC0415
        from google.genai import types  # noqa: PLC0415

        options = types.HttpOptions(
            base_url=url,
            retry_options=types.HttpRetryOptions(attempts=retries + 1, initial_delay=0.01, jitter=0),
            client_args={"verify": certificates_for(url)},
            async_client_args={"verify": certificates_for(url)},
        )
        declared = types.FunctionDeclaration(name="claim", parameters_json_schema=SCHEMA)
        asked = types.GenerateContentConfig(
            system_instruction="Be brief.", tools=[types.Tool(function_declarations=[declared])]
        )
        client = genai.Client(api_key=key, http_options=options)
        try:
            models: Any = client.models
            if stream:
                parts = list(models.generate_content_stream(model="m", contents="start", config=asked))
            else:
                parts = [models.generate_content(model="m", contents="start", config=asked)]
        finally:
            client.close()
        found = [
            part
            for one in parts
            for candidate in one.candidates or ()
            for part in (candidate.content and candidate.content.parts) or ()
        ]
        usage, feedback = parts[-1].usage_metadata, parts[-1].prompt_feedback
        return Heard(
            "".join(part.text or "" for part in found),
            tuple((part.function_call.name, dict(part.function_call.args)) for part in found if part.function_call),
            (usage.prompt_token_count, usage.candidates_token_count),
            (feedback.block_reason_message or "") if feedback else "",
        )


def _parsed(calls: Any) -> tuple[tuple[str, dict[str, Any]], ...]:
    return tuple((name, json.loads(arguments)) for name, arguments in calls)


SDKS: dict[str, Sdk] = {"anthropic": Anthropic(), "chat": Chat(), "responses": Responses(), "gemini": Gemini()}
