"""What the tests here take of the frameworks, each imported when it is first used.

The frameworks take four seconds to import, and every one of pytest's processes reads every test file. The fixture
`frameworks` imports them before a test has a room that could miss its agents meanwhile.
"""

# ruff: noqa: PLC0414 - a name said twice is one that is passed on

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.tool_context import ToolContext as ToolContext
    from langchain.agents import create_agent as create_agent
    from langchain_core.messages import AIMessage as AIMessage
    from langchain_core.messages import AnyMessage as AnyMessage
    from langchain_core.messages import BaseMessage as BaseMessage
    from langchain_core.messages import HumanMessage as HumanMessage
    from langchain_core.messages import ToolMessage as ToolMessage
    from langchain_core.tools import BaseTool as BaseTool
    from langchain_core.tools import tool as tool
    from langgraph.graph import START as START
    from langgraph.graph import MessagesState as MessagesState
    from langgraph.graph import StateGraph as StateGraph
    from langgraph.prebuilt import ToolNode as ToolNode
    from openai import AsyncOpenAI as AsyncOpenAI
    from tests.agents.frameworks.thinking import Thinks as Thinks
    from tests.agents.frameworks.thinking import Thought as Thought

    from agents import Agent as Agent
    from agents import FunctionTool as FunctionTool
    from agents import OpenAIChatCompletionsModel as OpenAIChatCompletionsModel
    from agents import RunConfig as RunConfig
    from agents import Runner as Runner
    from agents import function_tool as function_tool
    from agents import set_tracing_disabled as set_tracing_disabled
    from coroom.agents.frameworks.claude_agent import RoomSession as RoomSession
    from coroom.agents.frameworks.langgraph import RoomMiddleware as RoomMiddleware
    from coroom.agents.frameworks.openai_agents import RoomRunner as RoomRunner

_MODULES = {
    **dict.fromkeys(("create_agent",), "langchain.agents"),
    **dict.fromkeys(
        ("AIMessage", "AnyMessage", "BaseMessage", "HumanMessage", "ToolMessage"), "langchain_core.messages"
    ),
    **dict.fromkeys(("BaseTool", "tool"), "langchain_core.tools"),
    **dict.fromkeys(("START", "MessagesState", "StateGraph"), "langgraph.graph"),
    **dict.fromkeys(("ToolNode",), "langgraph.prebuilt"),
    **dict.fromkeys(("AsyncOpenAI",), "openai"),
    **dict.fromkeys(("Thinks", "Thought"), "tests.agents.frameworks.thinking"),
    **dict.fromkeys(
        (
            "Agent",
            "FunctionTool",
            "OpenAIChatCompletionsModel",
            "RunConfig",
            "Runner",
            "function_tool",
            "set_tracing_disabled",
        ),
        "agents",
    ),
    **dict.fromkeys(("ToolContext",), "agents.tool_context"),
    **dict.fromkeys(("RoomSession",), "coroom.agents.frameworks.claude_agent"),
    **dict.fromkeys(("RoomMiddleware",), "coroom.agents.frameworks.langgraph"),
    **dict.fromkeys(("RoomRunner",), "coroom.agents.frameworks.openai_agents"),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(import_module(_MODULES[name]), name)


def import_all() -> None:
    """Import what a test could use."""
    for module in dict.fromkeys(_MODULES.values()):
        import_module(module)
