"""A model provider on loopback that plays scripts: drives real agents in tests without a model or a key.

It speaks Anthropic Messages, OpenAI Responses, OpenAI Chat Completions and Gemini, whole and streamed, and fails as
providers do. What an agent was told, its key or its model says which script is played to it, so that several agents
share one server (docs/testing.md).
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from coroom.testing.dialects import anthropic, chat, gemini, responses
from coroom.testing.dialects.transcript import Placed, Reply
from coroom.testing.loopback import Loopback
from coroom.testing.rate import Rate, Throttle
from coroom.testing.script import ApiError, Call, Conversation, Outcome, Script, Turn, check, chosen, fill, variables
from coroom.testing.toolbox import place

COUNTED_TOKENS = 100
"""What it says to clients that have tokens counted before they ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request: `script` is whose turn it was taken for, `conversation` what was understood of it."""

    path: str
    script: str
    body: Mapping[str, Any]
    conversation: Conversation


class ModelServer:
    """Serves `scripts` on 127.0.0.1 from entering the context to leaving it. Any thread may call its methods.

    Args:
        scripts: by name, one an agent.
        hold_s: a turn that is held back longer is answered with status 504 and recorded as a failed outcome.
        strict: an expectation that is not met is answered with status 400, and leaving the context raises what
            `verify` does.
        toolless: requests that offer no tools (titles, summaries) are turns too; else they get a short text.
        unknown: the status for somebody that no script is for. Not 401 unless that is what is tested: some clients
            try again for minutes.
        rate: how often each script may be asked; more is answered with status 429.
        port: 0 for a free one.
    """

    def __init__(
        self,
        scripts: Mapping[str, Script],
        *,
        hold_s: float = 60.0,
        strict: bool = False,
        toolless: bool = False,
        unknown: int = 400,
        rate: Rate | None = None,
        port: int = 0,
    ) -> None:
        self._scripts = dict(scripts)
        self._hold_s = hold_s
        self._strict = strict
        self._toolless = toolless
        self._unknown = unknown
        self._throttle = Throttle(rate) if rate else None
        self._lock = threading.Lock()
        self._received: list[Received] = []
        self._outcomes: dict[tuple[str, int, str], Outcome] = {}
        self._asked: dict[str, int] = {}
        self._failed: dict[tuple[str, int], int] = {}
        self._opened: set[str] = set()
        self._leaving = False
        self._changed = threading.Condition(self._lock)
        self._loopback = Loopback(self._application(), port=port)

    def __enter__(self) -> Self:
        self._loopback.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        with self._changed:
            self._leaving = True
            self._changed.notify_all()
        self._loopback.__exit__(kind, fault, at)
        if self._strict and kind is None:
            self.verify()

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

    def verify(self) -> None:
        """Raise AssertionError with every line of `failures`, where there are any."""
        failures = self.failures()
        if failures:
            raise AssertionError("the scripts were not played as written:\n" + "\n".join(failures))

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
                known = dict(self._scripts)
            name = chosen(known, key, conversation)
            if name is None:
                message = f"no script is called {key!r}; there are: {', '.join(sorted(known))}"
                return JSONResponse(dialect.error(self._unknown, message), self._unknown)
            reply, cut = Reply("Done."), False
            if conversation.tools or self._toolless:
                found = await self._turn(request.url.path, name, body, conversation, known[name], dialect)
                if isinstance(found, Response):
                    return found
                reply, cut = found
            if conversation.stream or request.path_params.get("verb") == "streamGenerateContent":
                events: Iterator[str] = dialect.stream(conversation, reply)
                return StreamingResponse(_broken(events) if cut else events, media_type="text/event-stream")
            return JSONResponse(dialect.whole(conversation, reply))

        return answer

    async def _turn(
        self,
        path: str,
        name: str,
        body: Mapping[str, Any],
        conversation: Conversation,
        script: Script,
        dialect: ModuleType,
    ) -> Response | tuple[Reply, bool]:
        """What the script says to this request, and whether the stream breaks; or the failure that comes instead."""
        limited = self._throttle.asked(name) if self._throttle else None
        if limited:
            headers = dialect.rate_headers(limited.limit, 0) | _retry(limited.wait_s)
            return JSONResponse(dialect.error(429, "too many requests: this is the rate limit"), 429, headers)
        unmet = self._record(path, name, body, conversation, script)
        if unmet and self._strict:
            message = f"the script expects otherwise: {unmet.wanted} not met by {unmet.seen!r}"
            return JSONResponse(dialect.error(400, message), 400)
        number = conversation.turn
        turn = script.turns[number] if number < len(script.turns) else Turn()
        if not await asyncio.to_thread(self._held, name, number, turn):
            return JSONResponse(dialect.error(504, "this turn was held back too long"), 504)
        failing = self._failing(name, number, turn)
        if failing and not failing.cut:
            message = failing.message or f"this turn fails with status {failing.status}, as its script says"
            return JSONResponse(dialect.error(failing.status, message), failing.status, _retry(failing.retry_after_s))
        return _reply(script, conversation), failing is not None

    def _failing(self, name: str, number: int, turn: Turn) -> ApiError | None:
        """The failure that this request gets, counted; None once it has come often enough."""
        if turn.error is None:
            return None
        with self._lock:
            before = self._failed.get((name, number), 0)
            self._failed[name, number] = before + 1
        return turn.error if before < turn.error.times else None

    def _record(
        self, path: str, name: str, body: Mapping[str, Any], conversation: Conversation, script: Script
    ) -> Outcome | None:
        """Keep the request and what was expected of it. Returns the first expectation that it does not meet."""
        with self._changed:
            self._received.append(Received(path=path, script=name, body=body, conversation=conversation))
            outcomes = check(name, script, conversation) if not conversation.lookups else ()
            for outcome in outcomes:
                self._outcomes[name, outcome.turn, outcome.wanted] = outcome
            self._asked[name] = max(self._asked.get(name, -1), conversation.turn)
            self._changed.notify_all()
        return next((outcome for outcome in outcomes if not outcome.passed), None)

    def _held(self, key: str, number: int, turn: Turn) -> bool:
        with self._changed:
            if self._changed.wait_for(lambda: self._leaving or self._may_go(turn), self._hold_s) and not self._leaving:
                return True
            wanted = f"after {turn.after}, gate {turn.gate}, meet {turn.meet}"
            self._outcomes[key, number, wanted] = Outcome(
                script=key, turn=number, passed=False, wanted=wanted, seen="nothing in time"
            )
            return False

    def _may_go(self, turn: Turn) -> bool:
        met = turn.after is None or self._asked.get(turn.after[0], -1) >= turn.after[1]
        return met and (turn.gate is None or turn.gate in self._opened) and self._all_are_at(turn.meet)

    def _all_are_at(self, barrier: str | None) -> bool:
        """Whether every script that names the barrier has been asked for its turn there."""
        return barrier is None or all(
            self._asked.get(name, -1) >= number
            for name, script in self._scripts.items()
            for number, turn in enumerate(script.turns)
            if turn.meet == barrier
        )


def _reply(script: Script, conversation: Conversation) -> Reply:
    if conversation.turn >= len(script.turns):
        return Reply("Done.")
    turn, known = script.turns[conversation.turn], variables(script, conversation)
    if turn.refuses is not None:
        return Reply("", refuses=turn.refuses, input_tokens=turn.input_tokens, output_tokens=turn.output_tokens)
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
    return Reply(
        fill(turn.text, known) or ("" if placed else "Done."),
        tuple(placed),
        input_tokens=turn.input_tokens,
        output_tokens=turn.output_tokens,
    )


def _retry(after_s: float | None) -> dict[str, str]:
    """When to try again, in the words of all providers."""
    if after_s is None:
        return {}
    return {"retry-after": f"{after_s:g}", "retry-after-ms": f"{after_s * 1000:g}"}


async def _broken(events: Iterator[str]) -> AsyncIterator[str]:
    """The beginning of a stream, and then a connection that is no more."""
    yield next(events)
    raise ConnectionAbortedError


def _key(request: Request) -> str:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    for name in ("x-api-key", "x-goog-api-key"):
        if name in request.headers:
            return request.headers[name]
    return bearer or request.query_params.get("key", "")


async def _count_tokens(_request: Request) -> Response:
    return JSONResponse({"input_tokens": COUNTED_TOKENS, "totalTokens": COUNTED_TOKENS})


async def _models(_request: Request) -> Response:
    return JSONResponse({"object": "list", "data": [{"id": "scripted", "object": "model", "owned_by": "coroom"}]})


async def _alive(_request: Request) -> Response:
    return Response()
