"""The built-in agent: a model, its own tools on its mirror, the room's tools, and a budget. One process, one session.

`python -m coroom.agents.loop --model anthropic:NAME` with the prompt on standard input, and the room and the key in the
environment. Each line of its standard output is one JSON object: `text`, `input_tokens`, `output_tokens` and `cost_usd`
of a turn, then `final`; or `error`, with `limited` where the budget is used up. With COROOM_BARE set it has none of the
room's tools.
"""

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from coroom.agents.adapter import BARE_VARIABLE, TOKEN_VARIABLE, URL_VARIABLE
from coroom.agents.budget import Budget, Spent, parse_budget
from coroom.agents.builtin import unready
from coroom.agents.context import bound
from coroom.agents.hands import Hands
from coroom.agents.models.model import Model, ModelError, Spoken, Told, ToolCall, ToolResult, ToolSpec
from coroom.agents.room_client import RoomClient, room_failures
from coroom.core.errors import said_by
from coroom.processes.uncollected import uncollected

INSTEAD_OF_OURS = frozenset({"read", "edit"})
"""The room's tools for agents without file tools of their own."""

CUT = "Your answer was cut off at its greatest length, and nothing of it was done. Go on in smaller pieces."

HOW = (
    "You work through tools alone, in a directory of your own; paths are relative to it. Read before you change. When "
    "you answer without calling a tool, you end your session."
)

Tell = Callable[[Mapping[str, Any]], None]


class SpentError(Exception):
    """The budget is used up; says which bound of it."""


class Loop:
    """One session of one agent. A `bare` one is neither told of the room nor given its tools."""

    def __init__(
        self, model: Model, hands: Hands, client: RoomClient, budget: Budget, tell: Tell, *, bare: bool = False
    ) -> None:
        self._model = model
        self._hands = hands
        self._client = client
        self._budget = budget
        self._tell = tell
        self._bare = bare

    async def run(self, prompt: str) -> None:
        """Work until the model ends its turn with nothing unread.

        Raises:
            SpentError: the budget was used up first.
            ModelError: the model did not answer.
            httpx2.HTTPError, MCPError: the room did not.
        """
        system = HOW if self._bare else f"{self._client.instructions}\n\n{HOW}".strip()
        tools = [*self._hands.specs, *([] if self._bare else await self._room_tools())]
        history: list[Told | Spoken] = [Told(prompt)]
        spent = Spent()
        while not (over := spent.over(self._budget)):
            bound(history)
            spoken = await self._model.answer(system, history, tools)
            spent = spent.and_turn(spoken.input_tokens, spoken.output_tokens)
            self._tell_turn(spoken)
            history.append(spoken)
            following = await self._following(spoken)
            if following is None:
                return
            history.append(following)
        raise SpentError(over)

    async def _following(self, spoken: Spoken) -> Told | None:
        """What the model is told next; None when it has ended its turn and the room has nothing for it."""
        if spoken.cut:
            return Told(CUT, tuple(ToolResult(call.id, call.tool, CUT, failed=True) for call in spoken.calls))
        if spoken.calls:
            return Told(results=tuple([await self._call(call) for call in spoken.calls]))
        news = await self._client.stopping()
        return Told(news) if news else None

    async def _call(self, call: ToolCall) -> ToolResult:
        about = f"{call.tool} {json.dumps(call.arguments, ensure_ascii=False)}"[:200]
        if call.wrong:
            return ToolResult(call.id, about, f"{call.tool} was not called: {call.wrong}.", failed=True)
        if self._hands.has(call.tool):
            text, failed = await self._hands.use(call)
            return ToolResult(call.id, about, text, failed)
        told = await self._client.call(call.tool, call.arguments)
        return ToolResult(call.id, about, told.text, told.refused)

    async def _room_tools(self) -> list[ToolSpec]:
        listed = await self._client.tools()
        return [ToolSpec(t["name"], t["description"], t["schema"]) for t in listed if t["name"] not in INSTEAD_OF_OURS]

    def _tell_turn(self, spoken: Spoken) -> None:
        doing = ", ".join(call.tool for call in spoken.calls)
        self._tell(
            {
                "text": spoken.text or (f"calls {doing}" if doing else None),
                "input_tokens": spoken.input_tokens,
                "output_tokens": spoken.output_tokens,
                "cost_usd": self._budget.price.cost(spoken.input_tokens, spoken.output_tokens),
            }
        )


def model_of(spec: str) -> Model:
    """The model `anthropic:NAME` or `openai:NAME`; its SDK is imported only now. `unready` says whether it can be."""
    provider, _, name = spec.partition(":")
    with uncollected():
        if provider == "anthropic":
            from coroom.agents.models.anthropic import Anthropic  # noqa: PLC0415 - an extra, and slow to import

            return Anthropic(name)
        from coroom.agents.models.openai import OpenAI  # noqa: PLC0415 - an extra, and slow to import

        return OpenAI(name)


async def session(spec: str, budget: Budget, prompt: str, tell: Tell) -> Mapping[str, Any]:
    """One session with the room of the environment, in the working directory. Returns its last line of output."""
    model, error, limited = model_of(spec), "", False
    gc.freeze()  # all that stays until the end, too: to look through it takes a third of a short session's time
    bare = bool(os.environ.get(BARE_VARIABLE))
    try:
        async with RoomClient(os.environ[URL_VARIABLE], os.environ[TOKEN_VARIABLE]) as client:
            hands = Hands(Path.cwd(), client)
            try:
                await Loop(model, hands, client, budget, tell, bare=bare).run(prompt)
            finally:
                hands.close()
    except* SpentError as problems:
        error, limited = said_by(problems), True
    except* ModelError as problems:
        error = said_by(problems)
    except* room_failures() as problems:
        error = f"the room does not answer: {said_by(problems)}"
    finally:
        await model.close()
    return {"error": error, "limited": limited} if error else {"final": True}


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the session came to its end, 1 when something went wrong, 2 when it could not begin."""
    parser = argparse.ArgumentParser(prog="python -m coroom.agents.loop", description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--budget", default="")
    given = parser.parse_args(arguments)
    problem = unready(given.model, given.budget, os.environ)
    missing = [name for name in (URL_VARIABLE, TOKEN_VARIABLE) if not os.environ.get(name)]
    if not problem and missing:
        problem = (
            f"{missing[0]} is not set: the built-in agent works in a room. Start it with coroom run or coroom join."
        )
    if problem:
        _print({"error": problem})
        return 2
    try:
        last = asyncio.run(_until_ended(session(given.model, parse_budget(given.budget), sys.stdin.read(), _print)))
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
    _print(last)
    return 1 if last.get("error") else 0


async def _until_ended(work: Coroutine[None, None, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Do it; SIGTERM cancels it, so that the commands it has started end with it."""
    working = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
    return await working


def _print(told: Mapping[str, Any]) -> None:
    print(json.dumps(told), flush=True)  # noqa: T201 - its standard output is what it tells


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
