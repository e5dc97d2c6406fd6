"""What each client needs in its configuration so that the agents its user starts are in the room, and in which files.

All of it is asleep until the environment holds the agent's token: without it hooks say nothing and hold up nothing.
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from coroom.agents import claude_code, codex, gemini, opencode
from coroom.agents.adapter import HOOK_LIMIT_S, SERVER, TOKEN_VARIABLE, URL_VARIABLE, hook_argv, packaged


class Form(StrEnum):
    """How a configuration file is written."""

    JSON = "json"
    TOML = "toml"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something of ours in a file: the member that `path` names, or an item of the array at `path`."""

    path: tuple[str, ...]
    value: Any
    item: bool = False
    unless_there: bool = False


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file and what of ours belongs into it; a file of form WHOLE is ours alone and `entries` holds its text."""

    path: Path
    form: Form
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The files of one client, and what the user has to know, one sentence each."""

    files: tuple[ConfigFile, ...]
    notes: tuple[str, ...] = ()


def _server(value: dict[str, Any], key: str = "mcpServers") -> Entry:
    return Entry(path=(key, SERVER), value=value)


def _hooks(hooks: dict[str, list[dict[str, Any]]]) -> tuple[Entry, ...]:
    return tuple(
        Entry(path=("hooks", event), value=group, item=True) for event, groups in hooks.items() for group in groups
    )


def _claude(home: Path, project: Path | None, url: str) -> Wanted:
    settings = project / ".claude/settings.local.json" if project else home / ".claude/settings.json"
    servers = project / ".mcp.json" if project else home / ".claude.json"
    # Commands, not HTTP: a blocking HTTP hook would hold up every session outside a room as well.
    server = claude_code.mcp_server(f"{url}/mcp") | {"headers": {"Authorization": f"Bearer ${{{TOKEN_VARIABLE}:-}}"}}
    note = "Claude Code asks once whether it may use the servers of .mcp.json." if project else ""
    return Wanted(
        (
            ConfigFile(settings, Form.JSON, _hooks(claude_code.hooks(url, http=False))),
            ConfigFile(servers, Form.JSON, (_server(server),)),
        ),
        (note,) if note else (),
    )


def _codex(home: Path, project: Path | None, url: str) -> Wanted:
    folder = (project or home) / ".codex"
    server = codex.mcp_server(f"{url}/mcp", required=False)
    return Wanted(
        (
            ConfigFile(folder / "config.toml", Form.TOML, (_server(server, "mcp_servers"),)),
            ConfigFile(folder / "hooks.json", Form.JSON, _hooks(codex.hooks(url))),
        ),
        ("Codex skips hooks in silence until you have trusted them: type /hooks in it once.",),
    )


def _opencode(home: Path, project: Path | None, url: str) -> Wanted:
    folder = project or home / ".config/opencode"
    plugins = project / ".opencode/plugins" if project else folder / "plugins"
    commented = folder / "opencode.jsonc"
    config = commented if commented.exists() else folder / "opencode.json"
    plugin = (
        f'process.env.{URL_VARIABLE} ??= "{url}"\n'
        f'const {{ Coroom }} = await import("{packaged(opencode.PLUGIN).as_uri()}")\n'
        "export { Coroom }\n"
    )
    return Wanted(
        (
            ConfigFile(config, Form.JSON, (_server(opencode.mcp_server(f"{url}/mcp"), "mcp"),)),
            ConfigFile(plugins / "coroom.js", Form.WHOLE, (Entry(path=(), value=plugin),)),
        )
    )


def _gemini(home: Path, project: Path | None, url: str) -> Wanted:
    entries = (_server(gemini.mcp_server(f"{url}/mcp")), *_hooks(gemini.hooks(url)))
    return Wanted((ConfigFile((project or home) / ".gemini/settings.json", Form.JSON, entries),))


def _cursor(home: Path, project: Path | None, url: str) -> Wanted:
    def handler(moment: str) -> dict[str, Any]:
        command = shlex.join(hook_argv("cursor", moment, url))
        return {"command": command, "timeout": HOOK_LIMIT_S}

    server = {"url": f"{url}/mcp", "headers": {"Authorization": f"Bearer ${{env:{TOKEN_VARIABLE}}}"}}
    hooks = {
        "sessionStart": [handler("start")],
        "preToolUse": [handler("before")],
        "postToolUse": [handler("after")],
        "stop": [handler("stop")],
    }
    folder = (project or home) / ".cursor"
    version = Entry(path=("version",), value=1, unless_there=True)
    return Wanted(
        (
            ConfigFile(folder / "mcp.json", Form.JSON, (_server(server),)),
            ConfigFile(folder / "hooks.json", Form.JSON, (version, *_hooks(hooks))),
        ),
        ("Cursor reads its hooks when it starts: start it anew, from a shell that has the token.",),
    )


_CLIENTS: dict[str, Callable[[Path, Path | None, str], Wanted]] = {
    "claude": _claude,
    "codex": _codex,
    "opencode": _opencode,
    "gemini": _gemini,
    "cursor": _cursor,
}
CLIENTS = tuple(_CLIENTS)
"""The clients whose configuration is known."""


def wanted(client: str, *, home: Path, project: Path | None, url: str) -> Wanted:
    """What `client`, one of CLIENTS, needs to reach the room at `url`: in `project` if one is named, else in `home`."""
    return _CLIENTS[client](home, project, url)
