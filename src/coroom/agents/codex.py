"""Codex: everything on the command line, above the user's own configuration and login; hooks are commands."""

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coroom.agents.adapter import (
    HOOK_LIMIT_S,
    MODEL_KEY_VARIABLE,
    MODEL_URL_VARIABLE,
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
from coroom.agents.codex_usage import CodexUsage

INSTALL = "Install Codex: npm install -g @openai/codex"
START_LIMIT_S = 20
"""How long Codex waits for the room; without `required` its first turn may begin without the room's tools."""

PROVIDER = "coroom-session"
NOTHING_CAME = "the model answered with nothing: it refuses to work on this, or is not understood"


def mcp_server(url: str, *, required: bool = True) -> dict[str, Any]:
    """The room's entry among its MCP servers; when `required`, Codex does not start without it."""
    return {
        "url": url,
        "bearer_token_env_var": TOKEN_VARIABLE,
        "required": required,
        "default_tools_approval_mode": "approve",
        "startup_timeout_sec": START_LIMIT_S,
        "tool_timeout_sec": TOOL_LIMIT_S,
    }


def hooks(room_url: str) -> dict[str, list[dict[str, Any]]]:
    """Its hooks, in the form of its `hooks.json` and of `[hooks]` in its configuration."""

    def handler(moment: str) -> dict[str, Any]:
        command = shlex.join(hook_argv("codex", moment, room_url))
        return {"hooks": [{"type": "command", "command": command, "timeout": HOOK_LIMIT_S}]}

    return {
        "SessionStart": [handler("start")],
        "PreToolUse": [handler("before")],
        "PostToolUse": [handler("after")],
        "Stop": [handler("stop")],
    }


def toml(value: Any) -> str:
    """A value as TOML on one line: strings, numbers, booleans, and lists and objects of them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(inner) for inner in value) + "]"
    # JSON writes all three as TOML does, but for one character that only TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _homes(session: Session, env: Mapping[str, str]) -> tuple[Path, ...]:
    """Where it keeps its sessions: isolated, its home is the session's."""
    return (session.home / ".codex",) if session.isolated else (_users_home({**os.environ, **env}),)


def _users_home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("CODEX_HOME") or Path.home() / ".codex")


def unready(environ: Mapping[str, str]) -> str:
    """Why it could not reach its model, which it would try for long without saying so; empty when nothing is known. A
    configuration of the user's own may name another provider.
    """
    home = _users_home(environ)
    named = any(environ.get(name) for name in ("OPENAI_API_KEY", "CODEX_API_KEY", MODEL_URL_VARIABLE))
    if named or any((home / name).exists() for name in ("auth.json", "config.toml")):
        return ""
    return "Codex has no key and is not logged in. Run codex login, or set CODEX_API_KEY."


class Codex:
    """`codex exec` in a mirror.

    One of these reads the output of one session at a time: it counts tokens as its file tells of them, and what its
    last line says beyond that. A refusal is printed by no line of its own: it is a turn of which nothing came.
    """

    name = "codex"

    def __init__(self) -> None:
        self._usage = CodexUsage()
        self._came = False

    def prepare(self, session: Session) -> Launch | Missing:
        """See the port."""
        binary = find("codex", session, INSTALL)
        if isinstance(binary, Missing):
            return binary
        settings: dict[str, Any] = {"check_for_update_on_startup": False, "approval_policy": "never"}
        if has_room_tools(session):
            settings[f"mcp_servers.{SERVER}"] = mcp_server(mcp_url(session))
        if session.room_url and session.hooked:
            settings |= {f"hooks.{event}": groups for event, groups in hooks(session.room_url).items()}
        env = room_env(session)
        if session.api:
            env[MODEL_KEY_VARIABLE] = session.api.key
            settings |= {
                "model_provider": PROVIDER,
                f"model_providers.{PROVIDER}": {
                    "name": PROVIDER,
                    "base_url": f"{session.api.base_url}/v1",
                    "wire_api": "responses",
                    "env_key": MODEL_KEY_VARIABLE,
                },
            }
        sandbox = "danger-full-access" if session.isolated else "workspace-write"
        argv = [str(binary), "exec", "--json", "--skip-git-repo-check", "--sandbox", sandbox]
        # Our hooks are named right here, on the command line; there is nothing for a person to review first.
        argv += ["--dangerously-bypass-hook-trust"]
        for key, value in settings.items():
            argv += ["-c", f"{key}={toml(value)}"]
        argv += ["--model", session.model] if session.model else []
        self._usage = CodexUsage(homes=_homes(session, env))
        return Launch(argv=(*argv, "-"), env=env, cwd=session.mirror, stdin=session.prompt)

    def read_output(self, line: str) -> AgentOutput | None:
        """See the port; a line of type `error` may be a try that is repeated, `turn.failed` is the end."""
        told = parse_line(line) or {}
        item = told.get("item") or {}
        match told.get("type"):
            case "thread.started":
                self._usage.begin(str(told.get("thread_id")))
                self._came = False
            case "item.completed" if item.get("type") == "agent_message":
                self._came = True
                return replace(self._usage.fresh() or AgentOutput(), text=item.get("text"))
            case "turn.completed":
                self._usage.end()
                used = self._usage.beyond(told.get("usage") or {}) or AgentOutput()
                return replace(used, error=None if self._came else NOTHING_CAME, final=True)
            case "turn.failed":
                used = self._usage.fresh() or AgentOutput()
                self._usage.end()
                return replace(used, error=str((told.get("error") or {}).get("message")), final=True)
            case str(kind):
                self._came = self._came or (kind.startswith("item.") and item.get("type") != "error")
                return self._usage.fresh()
        return None

    def message(self, text: str) -> None:
        """Codex reads no messages while it works."""
        del text
