"""Gemini CLI: a home of its own with the user's settings, login and ours in it; hooks are commands.

It has no switch for one more settings file that a user may own: system-wide ones must lie where only root can write,
and a file in the repository would not leave it clean.
"""

import json
import shlex
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
    parse_line,
    room_env,
)

INSTALL = "Install Gemini CLI: npm install -g @google/gemini-cli"
_LOGIN = ("oauth_creds.json", "google_accounts.json")


def mcp_server(url: str) -> dict[str, Any]:
    """The room's entry among its MCP servers."""
    return {
        "httpUrl": url,
        "headers": {"Authorization": f"Bearer ${TOKEN_VARIABLE}"},
        "timeout": TOOL_LIMIT_S * 1000,
        "trust": True,
    }


def hooks(room_url: str) -> dict[str, list[dict[str, Any]]]:
    """The `hooks` of its settings."""

    def handler(moment: str) -> dict[str, Any]:
        command = shlex.join(hook_argv("gemini", moment, room_url))
        limit_ms = HOOK_LIMIT_S * 1000
        return {"hooks": [{"type": "command", "name": f"coroom {moment}", "command": command, "timeout": limit_ms}]}

    return {
        "SessionStart": [handler("start")],
        "BeforeTool": [{"matcher": "write_file|replace|run_shell_command|read_file"} | handler("before")],
        "AfterTool": [{"matcher": "*"} | handler("after")],
        "AfterAgent": [handler("stop")],
    }


def _merged(existing: dict[str, Any], room_url: str) -> dict[str, Any]:
    return existing | {event: [*existing.get(event, []), *groups] for event, groups in hooks(room_url).items()}


def _user_file(name: str) -> str | None:
    try:
        return (Path.home() / ".gemini" / name).read_text(encoding="utf-8")
    except OSError:
        return None


class Gemini:
    """`gemini` without a terminal, in a mirror."""

    name = "gemini"

    def prepare(self, session: Session) -> Launch | Missing:
        """See the port."""
        binary = find("gemini", session, INSTALL)
        if isinstance(binary, Missing):
            return binary
        folder = session.home / ".gemini"
        files = {folder / name: text for name in _LOGIN if (text := _user_file(name)) is not None}
        settings = parse_line(_user_file("settings.json") or "{}") or {}
        settings["general"] = settings.get("general", {}) | {"enableAutoUpdate": False}
        ours = {SERVER: mcp_server(mcp_url(session))} if has_room_tools(session) else {}
        settings["mcpServers"] = settings.get("mcpServers", {}) | ours
        settings["hooks"] = _merged(settings.get("hooks", {}), session.room_url)
        env = room_env(session) | {"GEMINI_CLI_HOME": str(session.home), "GEMINI_CLI_TRUST_WORKSPACE": "true"}
        if session.api:
            env |= {"GOOGLE_GEMINI_BASE_URL": session.api.base_url, "GEMINI_API_KEY": session.api.key}
            settings |= {
                "security": {"auth": {"selectedType": "gemini-api-key"}},
                "privacy": {"usageStatisticsEnabled": False},
                "telemetry": {"enabled": False},
            }
        files[folder / "settings.json"] = json.dumps(settings, indent=2)
        argv = [str(binary), "--approval-mode", "yolo", "--output-format", "stream-json"]
        argv += ["--model", session.model] if session.model else []
        return Launch(
            argv=tuple(argv),
            env=env,
            cwd=session.mirror,
            files=files,
            stdin=session.prompt,
        )

    def read_output(self, line: str) -> AgentOutput | None:
        """See the port; a line of type `error` may be a warning, the `result` says whether the agent failed."""
        told = parse_line(line) or {}
        match told.get("type"):
            case "message" if told.get("role") == "assistant":
                return AgentOutput(text=told.get("content"))
            case "result":
                stats = told.get("stats") or {}
                failed = told.get("status") == "error"
                return AgentOutput(
                    error=str((told.get("error") or {}).get("message")) if failed else None,
                    input_tokens=stats.get("input_tokens"),
                    output_tokens=stats.get("output_tokens"),
                    final=True,
                )
        return None

    def message(self, text: str) -> None:
        """Gemini CLI reads no messages while it works."""
        del text
