"""The Claude Agent SDK in a room (extra `claude-agent`): the room's tools in its process, and the room's hooks.

async with RoomSession() as room:
async for message in query(prompt="Sell two of the tea.", options=room.options()):
...
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any, cast

import httpx2
from claude_agent_sdk import ClaudeAgentOptions, HookContext, HookInput, HookMatcher
from claude_agent_sdk.types import HookEvent, HookJSONOutput, McpSdkServerConfig
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent
from mcp_types import Tool as McpTool

from coroom.agents.adapter import SERVER
from coroom.agents.claude_code import GUARDED_TOOLS, HTTP_LIMIT_S
from coroom.agents.frameworks.brought import Function
from coroom.agents.frameworks.participant import STAY_S, RoomTool
from coroom.agents.frameworks.seated import Seated
from coroom.tools.observers import Observer

Context = ServerRequestContext[Any, Any]

_TOOL_USE = "claudecode/toolUseId"
"""Where Claude Code says which use of a tool a call belongs to: what makes a repeated call the same one."""

_MORE_S = 30.0


class RoomSession(Seated):
    """One agent of the SDK in a room; open it before the agent starts."""

    def __init__(
        self,
        url: str = "",
        token: str = "",
        *,
        also: tuple[str, ...] = (),
        stay_s: float = STAY_S,
        functions: Sequence[Function] = (),
        watched_by: Sequence[Observer] = (),
    ) -> None:
        """See `Participant`. Claude's own tools on files are known, so there is nothing to say of them."""
        super().__init__(url, token, also=also, stay_s=stay_s, functions=functions, watched_by=watched_by)
        self._stay_s = stay_s

    def options(self, options: ClaudeAgentOptions | None = None) -> ClaudeAgentOptions:
        """These options with the room in them: its tools, allowed, and hooks before and after tools and at the end.

        Raises:
            ValueError: the options have their MCP servers in a file, to which nothing can be added.
        """
        given = options or ClaudeAgentOptions()
        if not isinstance(given.mcp_servers, dict):
            raise ValueError("Give mcp_servers as a dict, so that the room's server can stand beside them.")
        return replace(
            given,
            mcp_servers={**given.mcp_servers, SERVER: self._server()},
            allowed_tools=[*given.allowed_tools, f"mcp__{SERVER}"],
            hooks=self._hooks(given.hooks or {}),
        )

    def _hooks(self, given: Mapping[HookEvent, list[HookMatcher]]) -> dict[HookEvent, list[HookMatcher]]:
        mine: dict[HookEvent, HookMatcher] = {
            "PreToolUse": HookMatcher(GUARDED_TOOLS, [self._before], timeout=HTTP_LIMIT_S, on_failure="block"),
            "PostToolUse": HookMatcher("*", [self._after], timeout=HTTP_LIMIT_S),
            "PostToolUseFailure": HookMatcher("*", [self._after], timeout=HTTP_LIMIT_S),
            "Stop": HookMatcher(None, [self._stop], timeout=self._stay_s + _MORE_S),
        }
        return {**given, **{event: [*given.get(event, []), matcher] for event, matcher in mine.items()}}

    async def _before(self, event: HookInput, _use: str | None, _context: HookContext) -> HookJSONOutput:
        """What cannot be asked is not done: an exception blocks."""
        return cast("HookJSONOutput", await self._room.awaited(self._room.hook, "claude", "before", _plain(event)))

    async def _after(self, event: HookInput, _use: str | None, _context: HookContext) -> HookJSONOutput:
        try:
            return cast("HookJSONOutput", await self._room.awaited(self._room.hook, "claude", "after", _plain(event)))
        except httpx2.HTTPError:
            # The tool has run; its news waits for the next occasion.
            return {}

    async def _stop(self, event: HookInput, _use: str | None, _context: HookContext) -> HookJSONOutput:
        report = str(_plain(event).get("last_assistant_message") or "")
        told = await self._room.awaited(self._room.done, report)
        return {"decision": "block", "reason": told} if told else {}

    def _server(self) -> McpSdkServerConfig:
        listed = ListToolsResult(tools=[_listed(tool) for tool in self._room.tools])

        async def list_tools(
            _: ServerRequestContext[Any, Any], _params: PaginatedRequestParams | None
        ) -> ListToolsResult:
            return listed

        async def call_tool(_: Context, params: CallToolRequestParams) -> CallToolResult:
            use = str((params.meta or {}).get(_TOOL_USE) or "")
            told = await self._room.awaited(self._room.call, params.name, params.arguments or {}, use)
            return CallToolResult(content=[TextContent(text=told.text)], is_error=told.refused)

        server: Server[Any] = Server(
            SERVER,
            version=version("coroom"),
            instructions=self._room.instructions,
            on_list_tools=list_tools,
            on_call_tool=call_tool,
        )
        return McpSdkServerConfig(type="sdk", name=SERVER, instance=server)


def _listed(tool: RoomTool) -> McpTool:
    return McpTool(
        name=tool.name,
        description=tool.description,
        input_schema=dict(tool.schema),
        # Or it hides them behind a search.
        _meta={"anthropic/alwaysLoad": True},
    )


def _plain(event: HookInput) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", event)
