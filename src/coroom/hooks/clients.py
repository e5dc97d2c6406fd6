"""What each client's tools do to files, read from the JSON that the client gives its hooks."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from coroom.core.codec import Json
from coroom.hooks.patch import patched
from coroom.hooks.shell import shell_paths
from coroom.host.door.answer import ToolUse, Touch

_PATH_KEYS = ("file_path", "filePath", "absolute_path", "notebook_path", "path", "target_file", "paths", "file_paths")
_COMMAND_KEYS = ("command", "cmd", "script")
_PATCH_KEYS = ("command", "patchText", "patch", "input")
_CWD_KEYS = ("cwd", "directory", "dir_path", "workdir")
_OURS = re.compile(r"(?:^|[_.:-])coroom[_.:-]+(?:sync|claim|release|say|task|land|answer|read|edit)$")

_READ, _EDIT, _WRITE, _SHELL, _DELETE = Touch.READ, Touch.EDIT, Touch.WRITE, Touch.SHELL, Touch.DELETE

_CLAUDE = {
    "Read": _READ,
    "NotebookRead": _READ,
    "Edit": _EDIT,
    "MultiEdit": _EDIT,
    "NotebookEdit": _EDIT,
    "Write": _WRITE,
    "Bash": _SHELL,
}
_CODEX = {
    "apply_patch": _EDIT,
    "Bash": _SHELL,
    "shell": _SHELL,
    "exec_command": _SHELL,
    "local_shell": _SHELL,
    "view_image": _READ,
}
_GEMINI = {
    "read_file": _READ,
    "read_many_files": _READ,
    "replace": _EDIT,
    "write_file": _WRITE,
    "run_shell_command": _SHELL,
}
_OPENCODE = {
    "read": _READ,
    "edit": _EDIT,
    "multiedit": _EDIT,
    "patch": _EDIT,
    "apply_patch": _EDIT,
    "write": _WRITE,
    "bash": _SHELL,
}
_CURSOR = {
    "Read": _READ,
    "Edit": _EDIT,
    "StrReplace": _EDIT,
    "Write": _WRITE,
    "Delete": _DELETE,
    "Shell": _SHELL,
}
_PLAIN = {touch.value: touch for touch in Touch}


@dataclass(frozen=True, slots=True)
class Client:
    """How one client's hooks speak: what its tools do, and its name for each moment."""

    name: str
    touches: Mapping[str, Touch]
    events: Mapping[str, str] = field(default_factory=dict)


_CLAUDE_EVENTS = {"start": "SessionStart", "before": "PreToolUse", "after": "PostToolUse", "stop": "Stop"}
_GEMINI_EVENTS = {"start": "SessionStart", "before": "BeforeTool", "after": "AfterTool", "stop": "AfterAgent"}

CLIENTS: dict[str, Client] = {
    client.name: client
    for client in (
        Client("claude", _CLAUDE, _CLAUDE_EVENTS),
        Client("codex", _CODEX, _CLAUDE_EVENTS),
        Client("opencode", _OPENCODE, _CLAUDE_EVENTS),
        Client("gemini", _GEMINI, _GEMINI_EVENTS),
        Client("cursor", _CURSOR),
        Client("plain", _PLAIN),
    )
}


def is_ours(tool: str) -> bool:
    """Whether it is one of the room's own tools, under whatever name a client gives it."""
    return _OURS.search(tool) is not None


def tool_use(client: Client, event: Mapping[str, Json]) -> ToolUse | None:
    """What the tool named in the hook's JSON does; None when the JSON names none."""
    tool = event.get("tool_name")
    given = event.get("tool_input", {})
    if not isinstance(tool, str) or not tool or not isinstance(given, Mapping):
        return None
    use = ToolUse(
        touch=client.touches.get(tool, Touch.OTHER),
        tool=tool,
        paths=_texts(given, _PATH_KEYS),
        cwd=_first(given, _CWD_KEYS) or _first(event, _CWD_KEYS),
    )
    if use.touch is Touch.EDIT:
        found = patched(_first(given, _PATCH_KEYS))
        return replace(use, touch=found[0], paths=found[1]) if found else use
    return _shell_use(use, _first(given, _COMMAND_KEYS)) if use.touch is Touch.SHELL else use


def _shell_use(use: ToolUse, command: str) -> ToolUse:
    """A shell command with the paths it probably reads and writes; one that applies a patch is that patch."""
    found = patched(command)
    if found:
        return replace(use, touch=found[0], paths=found[1], command=command)
    named = shell_paths(command)
    return replace(use, paths=named.reads, writes=named.writes, command=command)


def _first(given: Mapping[str, Json], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = given.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            return value[-1] if value[:-1] in (["bash", "-lc"], ["bash", "-c"], ["sh", "-c"]) else shlex.join(value)
    return ""


def _texts(given: Mapping[str, Json], keys: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for key in keys:
        value = given.get(key)
        items = value if isinstance(value, list) else [value]
        found += [item for item in items if isinstance(item, str) and item]
    return tuple(dict.fromkeys(found))
