"""LangChain and LangGraph in a room (extra `langgraph`): a middleware around tool calls.

with RoomMiddleware() as room:
agent = create_agent("openai:gpt-5", system_prompt=room.instructions, middleware=[room])
agent.invoke({"messages": [("user", "Sell two of the tea.")]})
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from langchain.agents.middleware import AgentMiddleware, AgentState, hook_config
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.runtime import Runtime
from langgraph.types import Command

from coroom.agents.frameworks.participant import RoomTool
from coroom.agents.frameworks.seated import Seated
from coroom.agents.room_client import Told

Result = ToolMessage | Command[Any]
Update = dict[str, Any] | None
_REPORT_CHARS_MAX = 2_000


class RoomMiddleware(Seated, AgentMiddleware[AgentState[Any], Any, Any]):
    """One agent of `create_agent` in a room. Open it before the agent is made; one for each agent.

    It brings the room's tools on live state, sends their calls through the room, puts news before each call of the
    model, and sends an agent that ends back to what it has to judge. A tool of the agent's own with the name of
    one of the room's goes through the room too. In a graph of your own: `ToolNode(room.tools, wrap_tool_call=
    room.wrap_tool_call, awrap_tool_call=room.awrap_tool_call)`.
    """

    tools: Sequence[BaseTool] = ()

    def _entered(self) -> None:
        self.tools = [self._as_tool(tool) for tool in self._room.tools]

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Result]) -> Result:
        """See `AgentMiddleware.wrap_tool_call`."""
        name, arguments = request.tool_call["name"], request.tool_call["args"]
        if self._room.knows(name):
            return _said(request, self._room.blocking(self._room.call, name, arguments, _id(request)))
        if name not in self._room.own:
            return handler(request)
        why = self._room.blocking(self._room.before, name, arguments)
        if why:
            return _refused(request, why)
        try:
            result = handler(request)
        finally:
            self._room.blocking(self._room.after, name, arguments)
        return self._with_news(result)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Result]]
    ) -> Result:
        """See `AgentMiddleware.awrap_tool_call`."""
        name, arguments = request.tool_call["name"], request.tool_call["args"]
        if self._room.knows(name):
            return _said(request, await self._room.awaited(self._room.call, name, arguments, _id(request)))
        if name not in self._room.own:
            return await handler(request)
        why = await self._room.awaited(self._room.before, name, arguments)
        if why:
            return _refused(request, why)
        try:
            result = await handler(request)
        finally:
            await self._room.awaited(self._room.after, name, arguments)
        return self._with_news(result)

    def before_model(self, state: AgentState[Any], runtime: Runtime[Any]) -> Update:  # noqa: ARG002  not needed
        """See `AgentMiddleware.before_model`: the news."""
        return _told(self._room.blocking(self._room.news))

    async def abefore_model(self, state: AgentState[Any], runtime: Runtime[Any]) -> Update:  # noqa: ARG002  not needed
        """See `AgentMiddleware.abefore_model`."""
        return _told(await self._room.awaited(self._room.news))

    @hook_config(can_jump_to=["model"])
    def after_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> Update:  # noqa: ARG002  not needed
        """See `AgentMiddleware.after_agent`: done, or back to the model with what is to be judged."""
        return _back(self._room.blocking(self._room.done, _report(state)))

    @hook_config(can_jump_to=["model"])
    async def aafter_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> Update:  # noqa: ARG002  not needed
        """See `AgentMiddleware.aafter_agent`."""
        return _back(await self._room.awaited(self._room.done, _report(state)))

    def _with_news(self, result: Result) -> Result:
        """News on a result of the agent's own tool; one that cannot be added to leaves it for the next occasion."""
        news = self._room.kept() if isinstance(result, ToolMessage) else ""
        if not news or not isinstance(result, ToolMessage):
            return result
        content = f"{result.content}\n{news}" if isinstance(result.content, str) else [*result.content, news]
        return result.model_copy(update={"content": content})

    def _as_tool(self, tool: RoomTool) -> BaseTool:
        """For models and for graphs without the middleware: then every call is one of its own."""

        def call(**arguments: object) -> str:
            return self._room.blocking(self._room.call, tool.name, arguments, "").text

        async def acall(**arguments: object) -> str:
            return (await self._room.awaited(self._room.call, tool.name, arguments, "")).text

        return StructuredTool.from_function(
            func=call,
            coroutine=acall,
            name=tool.name,
            description=tool.description,
            args_schema=dict(tool.schema),
        )


def _id(request: ToolCallRequest) -> str:
    return str(request.tool_call.get("id") or "")


def _said(request: ToolCallRequest, told: Told) -> ToolMessage:
    status = "error" if told.refused else "success"
    return ToolMessage(told.text, name=request.tool_call["name"], tool_call_id=_id(request), status=status)


def _refused(request: ToolCallRequest, why: str) -> ToolMessage:
    return ToolMessage(why, name=request.tool_call["name"], tool_call_id=_id(request), status="error")


def _told(news: str) -> Update:
    return {"messages": [HumanMessage(news, name="coroom")]} if news else None


def _back(told: str) -> Update:
    return {"messages": [HumanMessage(told, name="coroom")], "jump_to": "model"} if told else None


def _report(state: AgentState[Any]) -> str:
    last = state["messages"][-1]
    return cast("str", last.text)[:_REPORT_CHARS_MAX] if isinstance(last, AIMessage) else ""
