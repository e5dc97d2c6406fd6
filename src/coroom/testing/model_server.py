"""A model provider on loopback that plays scripts: drives real agent CLIs in tests without a model or a key.

It speaks Anthropic Messages, OpenAI Responses, OpenAI Chat Completions and Gemini. The API key in a request
names the script, so several agents share one server.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from coroom.testing.dialects import anthropic, chat, gemini, responses
from coroom.testing.dialects.transcript import USAGE_INPUT_TOKENS, Placed, Reply
from coroom.testing.loopback import Loopback
from coroom.testing.script import Call, Conversation, Outcome, Script, Turn, check, fill, variables
from coroom.testing.toolbox import place


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request: `script` is the key it was sent with, `conversation` what was understood of it."""

    path: str
    script: str
    body: Mapping[str, Any]
    conversation: Conversation


class ModelServer:
    """Serves `scripts` by API key on a free port of 127.0.0.1 from entering the context to leaving it.

    Requests without tools (titles, summaries) are answered with a short text and are no turn of any script.
    A turn that is held back longer than `hold_s` seconds is answered with status 504 and recorded as a
    failed outcome. Every method may be called from any thread.
    """

    def __init__(self, scripts: Mapping[str, Script], *, hold_s: float = 60.0) -> None:
        self._scripts = dict(scripts)
        self._hold_s = hold_s
        self._lock = threading.Lock()
        self._received: list[Received] = []
        self._outcomes: dict[tuple[str, int, str], Outcome] = {}
        self._asked: dict[str, int] = {}
        self._opened: set[str] = set()
        self._leaving = False
        self._changed = threading.Condition(self._lock)
        self._loopback = Loopback(self._application())

    def __enter__(self) -> Self:
        self._loopback.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        with self._changed:
            self._leaving = True
            self._changed.notify_all()
        self._loopback.__exit__(kind, fault, at)

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return self._loopback.url

    def add(self, name: str, script: Script) -> None:
        """Serve one more script, or another one under a known key."""
        with self._lock:
            self._scripts[name] = script

    def open(self, gate: str) -> None:
        """Let the turns that wait for `gate` go."""
        with self._changed:
            self._opened.add(gate)
            self._changed.notify_all()

    def received(self, script: str | None = None) -> tuple[Received, ...]:
        """The requests so far, of one script or of all."""
        with self._lock:
            return tuple(one for one in self._received if script in (None, one.script))

    def outcomes(self, script: str | None = None) -> tuple[Outcome, ...]:
        """What was expected and whether it came, of one script or of all."""
        with self._lock:
            return tuple(one for one in self._outcomes.values() if script in (None, one.script))

    def failures(self) -> tuple[str, ...]:
        """One line for each expectation that failed and each script that was not played to its end."""
        with self._lock:
            lines = [
                f"{one.script} turn {one.turn}: {one.wanted} not met by {one.seen!r}"
                for one in self._outcomes.values()
                if not one.passed
            ]
            lines += [
                f"{name}: stopped after turn {self._asked.get(name, -1)} of {len(script.turns) - 1}"
                for name, script in self._scripts.items()
                if self._asked.get(name, -1) < len(script.turns) - 1
            ]
        return tuple(lines)

    def wait_until_asked(self, script: str, turn: int, *, within_s: float) -> bool:
        """Whether `script` was asked for its turn `turn` (from 0) within `within_s` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._asked.get(script, -1) >= turn, within_s)

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/messages", self._endpoint(anthropic), methods=["POST"]),
                Route("/v1/messages/count_tokens", _count_tokens, methods=["POST"]),
                Route("/v1/responses", self._endpoint(responses), methods=["POST"]),
                Route("/v1/chat/completions", self._endpoint(chat), methods=["POST"]),
                Route("/v1/models", _models),
                Route("/{version}/models/{model}:countTokens", _count_tokens, methods=["POST"]),
                Route("/{version}/models/{model}:{verb}", self._endpoint(gemini), methods=["POST"]),
                Route("/", _alive, methods=["GET", "HEAD"]),
            ]
        )

    def _endpoint(self, dialect: ModuleType) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            body = await request.json()
            conversation: Conversation = dialect.parse(body)
            key = _key(request)
            with self._lock:
                script = self._scripts.get(key)
            if script is None:
                known = ", ".join(sorted(self._scripts))
                message = f"no script is called {key!r}; there are: {known}"
                # Not 401, which some clients try again for minutes.
                return JSONResponse({"error": {"type": "invalid_request_error", "message": message}}, status_code=400)
            reply = Reply("Done.")
            if conversation.tools:
                self._record(request.url.path, key, body, conversation, script)
                if not await asyncio.to_thread(self._held, key, conversation.turn, script):
                    return JSONResponse({"error": {"message": "this turn was held back too long"}}, status_code=504)
                reply = _reply(script, conversation)
            if conversation.stream or request.path_params.get("verb") == "streamGenerateContent":
                events: Iterator[str] = dialect.stream(conversation, reply)
                return StreamingResponse(events, media_type="text/event-stream")
            return JSONResponse(dialect.whole(conversation, reply))

        return answer

    def _record(self, path: str, key: str, body: Mapping[str, Any], conversation: Conversation, script: Script) -> None:
        with self._changed:
            self._received.append(Received(path=path, script=key, body=body, conversation=conversation))
            for outcome in check(key, script, conversation.said) if not conversation.lookups else ():
                self._outcomes[key, outcome.turn, outcome.wanted] = outcome
            self._asked[key] = max(self._asked.get(key, -1), conversation.turn)
            self._changed.notify_all()

    def _held(self, key: str, number: int, script: Script) -> bool:
        turn = script.turns[number] if number < len(script.turns) else Turn()
        with self._changed:
            if self._changed.wait_for(lambda: self._leaving or self._may_go(turn), self._hold_s) and not self._leaving:
                return True
            wanted = f"after {turn.after}, gate {turn.gate}"
            self._outcomes[key, number, wanted] = Outcome(
                script=key, turn=number, passed=False, wanted=wanted, seen="nothing in time"
            )
            return False

    def _may_go(self, turn: Turn) -> bool:
        met = turn.after is None or self._asked.get(turn.after[0], -1) >= turn.after[1]
        return met and (turn.gate is None or turn.gate in self._opened)


def _reply(script: Script, conversation: Conversation) -> Reply:
    if conversation.turn >= len(script.turns):
        return Reply("Done.")
    turn, known = script.turns[conversation.turn], variables(script, conversation.said)
    placed: list[Placed] = []
    for position, call in enumerate(turn.calls):
        filled = Call(call.tool, fill(call.arguments, known))
        found = place(filled, conversation, cwd=known.get("cwd", "/"), position=position)
        if found is None:
            offered = ", ".join(tool.name for tool in conversation.tools)
            return Reply(f"There is no tool {call.tool}; there are: {offered}.")
        if found.tool.kind == "tool_search":
            return Reply("", (found,))
        placed.append(found)
    return Reply(fill(turn.text, known) or ("" if placed else "Done."), tuple(placed))


def _key(request: Request) -> str:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    for name in ("x-api-key", "x-goog-api-key"):
        if name in request.headers:
            return request.headers[name]
    return bearer or request.query_params.get("key", "")


async def _count_tokens(_request: Request) -> Response:
    return JSONResponse({"input_tokens": USAGE_INPUT_TOKENS, "totalTokens": USAGE_INPUT_TOKENS})


async def _models(_request: Request) -> Response:
    return JSONResponse({"object": "list", "data": [{"id": "scripted", "object": "model", "owned_by": "coroom"}]})


async def _alive(_request: Request) -> Response:
    return Response()
