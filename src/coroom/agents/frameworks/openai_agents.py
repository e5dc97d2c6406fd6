"""The OpenAI Agents SDK in a room (extra `openai-agents`): the room's tools for an agent, and a runner that stays.

async with RoomRunner() as room:
agent = Agent(name="ada", instructions=room.instructions, tools=room.tools)
result = await room.run(agent, "Sell two of the tea.")
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from agents.run_config import CallModelData, ModelInputData
from agents.tool_context import ToolContext

from agents import (
    Agent,
    FunctionTool,
    RunConfig,
    Runner,
    RunResult,
    Tool,
    TResponseInputItem,
)
from coroom.agents.frameworks.participant import Participant, RoomTool
from coroom.agents.frameworks.seated import Seated

_REPORT_CHARS_MAX = 2_000


class RoomRunner(Seated):
    """One agent of the SDK in a room: open it before the agent is made. Agents that it hands over to share its seat."""

    @property
    def tools(self) -> list[Tool]:
        """The room's tools, as the SDK takes them."""
        return [self._as_tool(tool) for tool in self._room.tools]

    @cached_property
    def _runner(self) -> asyncio.Runner:
        return asyncio.Runner()

    def _left(self) -> None:
        self._runner.close()

    def through(self, tool: FunctionTool) -> FunctionTool:
        """The agent's own tool by way of the room: one that the room has too acts in the room's order, and of one
        that touches files (named in `own`) the room is asked before it runs and told after.
        """

        async def invoke(context: ToolContext[Any], said: str) -> object:
            if self._room.knows(tool.name):
                return await self._call(tool.name, context, said)
            arguments = _object(said)
            why = await self._room.awaited(self._room.before, tool.name, arguments or {})
            if why:
                return why
            try:
                return await tool.on_invoke_tool(context, said)
            finally:
                await self._room.awaited(self._room.after, tool.name, arguments or {})

        if not self._room.knows(tool.name) and tool.name not in self._room.own:
            raise ValueError(f"'{tool.name}' is no tool of the room; say in own= what it does to files.")
        return replace(tool, on_invoke_tool=invoke)

    async def run(
        self, agent: Agent[Any], said: str | list[TResponseInputItem], *, config: RunConfig | None = None, **more: Any
    ) -> RunResult:
        """`Runner.run`, with news before each call of the model, and again while there is something to judge.

        Args:
            agent: the agent, with the room's tools.
            said: what it is asked.
            config: as for `Runner.run`; a filter of the model's input in it goes first.
            more: other options of `Runner.run`.
        """
        told = _Told(self._room, config or RunConfig())
        result = await Runner.run(agent, said, run_config=told.config, **more)
        while back := await self._room.awaited(self._room.done, _report(result)):
            result = await Runner.run(
                result.last_agent, told.goes_on(result, back, more), run_config=told.config, **more
            )
        return result

    def run_sync(
        self, agent: Agent[Any], said: str | list[TResponseInputItem], *, config: RunConfig | None = None, **more: Any
    ) -> RunResult:
        """`run`, for who has no loop: all runs of this seat share one, which ends with it."""
        return self._runner.run(self.run(agent, said, config=config, **more))

    def _as_tool(self, tool: RoomTool) -> FunctionTool:
        async def invoke(context: ToolContext[Any], said: str) -> str:
            return await self._call(tool.name, context, said)

        return FunctionTool(
            name=tool.name,
            description=tool.description,
            params_json_schema=dict(tool.schema),
            on_invoke_tool=invoke,
            strict_json_schema=False,
        )

    async def _call(self, name: str, context: ToolContext[Any], said: str) -> str:
        arguments = _object(said)
        if arguments is None:
            return f"{name} takes one JSON object; nothing was done."
        return (await self._room.awaited(self._room.call, name, arguments, context.tool_call_id)).text


class _Told:
    """What the model was told besides, at its place in every later input: a filter's changes do not last."""

    def __init__(self, room: Participant, config: RunConfig) -> None:
        self._room = room
        self._first = config.call_model_input_filter
        self._news: list[tuple[int, str]] = []
        self.config = replace(config, call_model_input_filter=self._filter)

    def goes_on(self, result: RunResult, back: str, more: Mapping[str, Any]) -> str | list[TResponseInputItem]:
        """The input of the next run: with a session or a conversation kept elsewhere only what is new."""
        if any(more.get(name) for name in ("session", "conversation_id", "previous_response_id")):
            return back
        return [*result.to_input_list(), _said(back)]

    async def _filter(self, data: CallModelData[Any]) -> ModelInputData:
        model_data = data.model_data
        if self._first:
            changed = self._first(data)
            model_data = changed if isinstance(changed, ModelInputData) else await changed
        news = await self._room.awaited(self._room.news)
        if news:
            self._news.append((len(model_data.input), news))
        items = list(model_data.input)
        for place, text in reversed(self._news):
            items.insert(min(place, len(items)), _said(text))
        return ModelInputData(input=items, instructions=model_data.instructions)


def _said(text: str) -> TResponseInputItem:
    return {"role": "user", "content": text}


def _object(said: str) -> dict[str, Any] | None:
    try:
        read = json.loads(said or "{}")
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _report(result: RunResult) -> str:
    return str(result.final_output)[:_REPORT_CHARS_MAX]
