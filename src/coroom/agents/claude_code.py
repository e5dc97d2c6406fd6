"""Claude Code: the room's tools listed at once, hooks by HTTP that block when the room is silent."""

import json
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coroom.agents.adapter import (
    HOOK_LIMIT_S,
    SERVER,
    TOKEN_VARIABLE,
    TOOL_LIMIT_S,
    AgentOutput,
    Launch,
    Missing,
    Session,
    find,
    has_room_tools,
    hook_argv,
    mcp_url,
    not_without_a_room,
    parse_line,
    room_env,
)
from coroom.core.quick import dataclass

INSTALL = "Install Claude Code: npm install -g @anthropic-ai/claude-code"
GUARDED_TOOLS = "Edit|Write|MultiEdit|NotebookEdit|Bash|Read"
"""Asked about before: whatever writes, the shell, and reads (from which staleness is known)."""

BLOCKING_HTTP_SINCE = (2, 1, 329)
"""The first version tried in which an HTTP hook that fails can block; older ones let the action pass."""

HTTP_LIMIT_S = 4
"""How long a silent room may hold up a tool."""

USD_MIN = 0.000001

_VERSION_LIMIT_S = 10.0
_QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
}


def _command(room_url: str, moment: str) -> dict[str, Any]:
    command = shlex.join(hook_argv("claude", moment, room_url))
    return {"type": "command", "command": command, "timeout": HOOK_LIMIT_S}


def _http(room_url: str, moment: str) -> dict[str, Any]:
    hook: dict[str, Any] = {
        "type": "http",
        "url": f"{room_url}/hooks/claude/{moment}",
        "headers": {"Authorization": f"Bearer ${TOKEN_VARIABLE}"},
        "allowedEnvVars": [TOKEN_VARIABLE],
        "timeout": HTTP_LIMIT_S,
    }
    return hook | {"onFailure": "block"} if moment == "before" else hook


def hooks(room_url: str, *, http: bool) -> dict[str, list[dict[str, Any]]]:
    """The `hooks` of its settings; with `http` false every hook is a command, as older versions need."""

    def handler(moment: str) -> dict[str, Any]:
        return _http(room_url, moment) if http else _command(room_url, moment)

    return {
        # An HTTP hook did not fire at the start of a session.
        "SessionStart": [{"hooks": [_command(room_url, "start")]}],
        "PreToolUse": [{"matcher": GUARDED_TOOLS, "hooks": [handler("before")]}],
        "PostToolUse": [{"matcher": "*", "hooks": [handler("after")]}],
        "PostToolUseFailure": [{"matcher": "*", "hooks": [handler("after")]}],
        # What a rule or a person has denied never ran.
        "PermissionDenied": [{"matcher": GUARDED_TOOLS, "hooks": [handler("failed")]}],
        "Stop": [{"hooks": [handler("stop")]}],
    }


def mcp_server(url: str) -> dict[str, Any]:
    """The room's entry among its MCP servers; `alwaysLoad` keeps the tools out of the search."""
    return {
        "type": "http",
        "url": url,
        "headers": {"Authorization": f"Bearer ${{{TOKEN_VARIABLE}}}"},
        "alwaysLoad": True,
    }


def version(binary: Path) -> tuple[int, ...]:
    """The version of an installed Claude Code; empty when it does not tell, which counts as old."""
    try:
        told = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=_VERSION_LIMIT_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", told)
    return tuple(int(part) for part in match.groups()) if match else ()


@dataclass(frozen=True, slots=True)
class _Counted:
    """Tokens in, those from the cache among them, and out."""

    into: int = 0
    out: int = 0
    cached: int = 0

    def beyond(self, other: "_Counted") -> "_Counted":
        """What these are more than others."""
        return _Counted(
            max(0, self.into - other.into), max(0, self.out - other.out), max(0, self.cached - other.cached)
        )

    def __add__(self, other: "_Counted") -> "_Counted":
        return _Counted(self.into + other.into, self.out + other.out, self.cached + other.cached)


def _used(told: Mapping[str, Any]) -> _Counted:
    usage = told.get("usage") or {}
    read = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    into = sum(usage.get(name) or 0 for name in read)
    return _Counted(into, usage.get("output_tokens") or 0, usage.get("cache_read_input_tokens") or 0)


def _settings(session: Session, *, http: bool) -> dict[str, Any]:
    return {"hooks": hooks(session.room_url, http=http)} if session.hooked else {}


def _servers(session: Session) -> dict[str, Any]:
    return {SERVER: mcp_server(mcp_url(session))} if has_room_tools(session) else {}


class ClaudeCode:
    """`claude -p` in a mirror, with everything it needs on its command line and below the session's home.

    One of these reads the output of one session at a time: it counts tokens as they are used, and what its last line
    says beyond that.
    """

    name = "claude"

    def __init__(self) -> None:
        self._messages: dict[str, _Counted] = {}

    def prepare(self, session: Session) -> Launch | Missing:
        """See the port."""
        binary = find("claude", session, INSTALL)
        if isinstance(binary, Missing):
            return binary
        settings, servers = session.home / "settings.json", session.home / "mcp.json"
        http = session.elsewhere or version(binary) >= BLOCKING_HTTP_SINCE
        env = room_env(session) | _QUIET | {"MCP_TOOL_TIMEOUT": str(TOOL_LIMIT_S * 1000)}
        if session.api:
            env |= {"ANTHROPIC_BASE_URL": session.api.base_url, "ANTHROPIC_API_KEY": session.api.key}
        argv = [str(binary), "-p", "--output-format", "stream-json", "--verbose"]
        if session.room_url:
            argv += ["--mcp-config", str(servers), "--strict-mcp-config", "--settings", str(settings)]
        argv += ["--permission-mode", "acceptEdits"]
        ours = f"mcp__{SERVER}," if has_room_tools(session) else ""
        argv += ["--allowedTools", f"{ours}Read,Edit,Write,MultiEdit,NotebookEdit,Bash,Glob,Grep"]
        if session.budget_usd is not None:
            # It refuses a bound of nothing.
            argv += ["--max-budget-usd", f"{max(session.budget_usd, USD_MIN):.6f}"]
        argv += ["--input-format", "stream-json"] if session.stay_open else []
        argv += ["--model", session.model] if session.model else []
        return Launch(
            argv=tuple(argv),
            env=env,
            cwd=session.mirror,
            files=not_without_a_room(
                session,
                {
                    settings: json.dumps(_settings(session, http=http), indent=2),
                    servers: json.dumps({"mcpServers": _servers(session)}, indent=2),
                },
            ),
            stdin=self.message(session.prompt) if session.stay_open else session.prompt,
            stay_open=session.stay_open,
        )

    def read_output(self, line: str) -> AgentOutput | None:
        """See the port."""
        told = parse_line(line) or {}
        match told.get("type"):
            case "assistant":
                return self._message(told.get("message") or {})
            case "result":
                return self._result(told)
        return None

    def _message(self, message: dict[str, Any]) -> AgentOutput | None:
        """A message comes in several lines, each with what all of it has used so far."""
        known = self._messages.get(str(message.get("id")), _Counted())
        fresh = _used(message).beyond(known)
        if not fresh.into and not fresh.out:
            return None
        self._messages[str(message.get("id"))] = known + fresh
        return AgentOutput(input_tokens=fresh.into, output_tokens=fresh.out, cached_tokens=fresh.cached)

    def _result(self, told: dict[str, Any]) -> AgentOutput:
        fresh = _used(told).beyond(sum(self._messages.values(), _Counted()))
        failed, text = told.get("is_error"), told.get("result")
        output = AgentOutput(
            text=None if failed else text,
            error=str(text or told.get("subtype")) if failed else None,
            input_tokens=fresh.into,
            output_tokens=fresh.out,
            cached_tokens=fresh.cached,
            cost_usd=told.get("total_cost_usd"),
            limited=str(told.get("subtype")).startswith("error_max_"),
            final=True,
        )
        self._messages.clear()
        return output

    def message(self, text: str) -> str:
        """See the port; read with the next tool result, when standard input was kept open."""
        content = [{"type": "text", "text": text}]
        return json.dumps({"type": "user", "message": {"role": "user", "content": content}}) + "\n"
