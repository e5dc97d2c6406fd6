"""OpenCode: its configuration comes in an environment variable, the hooks in a plugin of our own."""

import json
from pathlib import Path
from typing import Any

from coroom.agents.adapter import (
    MODEL_KEY_VARIABLE,
    SERVER,
    TOKEN_VARIABLE,
    TOOL_LIMIT_S,
    AgentOutput,
    Launch,
    Missing,
    Session,
    find,
    has_room_tools,
    mcp_url,
    packaged,
    parse_line,
    room_env,
)

INSTALL = "Install OpenCode: npm install -g opencode-ai"
PROVIDER = "coroom-session"
PLUGIN = "opencode_plugin.js"
MODELS = "models.json"
"""The list of all providers' models, empty: who has one model at one address is spared the two seconds that reading the
packaged list of thousands takes at each start.
"""
_QUIET = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_SHARE": "1"}
_OFFLINE = {
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
}


def mcp_server(url: str) -> dict[str, Any]:
    """The room's entry among its MCP servers."""
    return {
        "type": "remote",
        "url": url,
        "enabled": True,
        "oauth": False,
        "headers": {"Authorization": f"Bearer {{env:{TOKEN_VARIABLE}}}"},
        "timeout": TOOL_LIMIT_S * 1000,
    }


def plugin_url() -> str:
    """Where our plugin is, in the form its configuration wants."""
    return packaged(PLUGIN).as_uri()


class OpenCode:
    """`opencode run` in a mirror."""

    name = "opencode"

    def prepare(self, session: Session) -> Launch | Missing:
        """See the port."""
        binary = find("opencode", session, INSTALL)
        if isinstance(binary, Missing):
            return binary
        config: dict[str, Any] = {
            "autoupdate": False,
            "share": "disabled",
            "permission": "allow",
            # The room keeps every version; its own snapshots are some ten processes of git for each step of a model.
            "snapshot": False,
            "plugin": [plugin_url()],
            "mcp": {SERVER: mcp_server(mcp_url(session))} if has_room_tools(session) else {},
        }
        env, model = room_env(session) | _QUIET, session.model
        files: dict[Path, str] = {}
        if session.api:
            known = session.home / MODELS
            files[known] = "{}"
            env |= _OFFLINE | {"OPENCODE_MODELS_PATH": str(known)}
            chosen = session.model or "default"
            model = f"{PROVIDER}/{chosen}"
            config["provider"] = {
                PROVIDER: {
                    "npm": "@ai-sdk/openai-compatible",
                    "options": {"baseURL": f"{session.api.base_url}/v1", "apiKey": f"{{env:{MODEL_KEY_VARIABLE}}}"},
                    "models": {chosen: {}},
                }
            }
            env[MODEL_KEY_VARIABLE] = session.api.key
        env["OPENCODE_CONFIG_CONTENT"] = json.dumps(config)
        # Without a title it asks the model for one, which is a request more in each session.
        argv = [str(binary), "run", "--format", "json", "--title", session.agent]
        argv += ["--model", model] if model else []
        return Launch(argv=tuple(argv), env=env, cwd=session.mirror, files=files, stdin=session.prompt)

    def read_output(self, line: str) -> AgentOutput | None:
        """See the port; it prints no last line, its end is its exit."""
        told = parse_line(line) or {}
        part = told.get("part") or {}
        match told.get("type"):
            case "text":
                return AgentOutput(text=part.get("text"))
            case "step_finish":
                # It keeps what came from a cache, or went into one, and what was thought apart from the rest.
                tokens = part.get("tokens") or {}
                cache = tokens.get("cache") or {}
                cached = cache.get("read") or 0
                return AgentOutput(
                    input_tokens=(tokens.get("input") or 0) + cached + (cache.get("write") or 0),
                    output_tokens=(tokens.get("output") or 0) + (tokens.get("reasoning") or 0),
                    cached_tokens=cached,
                    cost_usd=part.get("cost"),
                )
            case "error":
                return AgentOutput(error=json.dumps(told.get("error")))
        return None

    def message(self, text: str) -> None:
        """OpenCode reads no messages while it works."""
        del text
