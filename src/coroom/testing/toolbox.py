"""Finds the tool that a script means among those a client offers, and puts the call into its terms."""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from coroom.testing.dialects.transcript import Placed, call_id, lookup_id
from coroom.testing.script import Call, Conversation, Tool

Payload = Mapping[str, Any] | str
_Translation = Callable[[Mapping[str, Any], str], Payload]


def _path(arguments: Mapping[str, Any], cwd: str) -> str:
    return str(PurePosixPath(cwd) / arguments["path"])


def _patch(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch"]) + "\n"


def _added(arguments: Mapping[str, Any], _cwd: str) -> str:
    return _patch(f"*** Add File: {arguments['path']}", *(f"+{line}" for line in arguments["text"].splitlines()))


def _updated(arguments: Mapping[str, Any], _cwd: str) -> str:
    removed = [f"-{line}" for line in arguments["old"].splitlines()]
    added = [f"+{line}" for line in arguments["new"].splitlines()]
    return _patch(f"*** Update File: {arguments['path']}", "@@", *removed, *added)


def _exchange(path: str, old: str, new: str, **more: str) -> _Translation:
    return lambda arguments, cwd: {path: _path(arguments, cwd), old: arguments["old"], new: arguments["new"], **more}


def _whole(path: str) -> _Translation:
    return lambda arguments, cwd: {path: _path(arguments, cwd), "content": arguments["text"]}


def _shown(path: str) -> _Translation:
    return lambda arguments, cwd: {path: _path(arguments, cwd)}


def _command(**more: str) -> _Translation:
    return lambda arguments, _cwd: {"command": arguments["command"], **more}


# For each verb the client's tool and how it wants to be called, in the order of preference.
_VERBS: dict[str, tuple[tuple[str, _Translation], ...]] = {
    "@read": (
        ("Read", _shown("file_path")),
        ("read_file", _shown("file_path")),
        ("read", _shown("filePath")),
        ("exec_command", lambda arguments, _: {"cmd": f"cat {shlex.quote(arguments['path'])}"}),
    ),
    "@write": (
        ("Write", _whole("file_path")),
        ("write_file", _whole("file_path")),
        ("write", _whole("filePath")),
        ("apply_patch", _added),
    ),
    "@edit": (
        ("Edit", _exchange("file_path", "old_string", "new_string")),
        ("replace", _exchange("file_path", "old_string", "new_string", instruction="as scripted")),
        ("edit", _exchange("filePath", "oldString", "newString")),
        ("apply_patch", _updated),
    ),
    "@shell": (
        ("Bash", _command(description="as scripted")),
        ("run_shell_command", _command(description="as scripted")),
        ("bash", _command(description="as scripted")),
        ("exec_command", lambda arguments, _: {"cmd": arguments["command"]}),
    ),
}

_JAVASCRIPT = """\
const wanted = %s;
const found = ALL_TOOLS.map(tool => tool.name).filter(
  name => name === wanted || name.endsWith("__" + wanted) || name.endsWith("_" + wanted));
const name = found.sort((a, b) => b.length - a.length)[0];
if (!name) text("no tool " + wanted);
else try { text(await tools[name](%s)); } catch (error) { text("failed: " + error); }
"""


def find(name: str, tools: Iterable[Tool]) -> Tool | None:
    """The tool called `name` under any prefix; a prefixed one (a room's) goes before one of the client."""
    ending = re.compile(rf"(.*[_.:-])?{re.escape(name)}")
    matches = [tool for tool in tools if ending.fullmatch(tool.name)]
    return max(matches, key=lambda tool: len(tool.namespace + tool.name), default=None)


def _exact(name: str, tools: Iterable[Tool]) -> Tool | None:
    """The client's own tool of that name; a room has a `read` and an `edit` too, in a namespace of its server."""
    return next((tool for tool in tools if tool.name == name and not tool.namespace.startswith("mcp__")), None)


def _scripted_javascript(call: Call, cwd: str) -> str:
    if call.tool not in _VERBS:
        return _JAVASCRIPT % (json.dumps(call.tool), json.dumps(call.arguments))
    name, translate = _VERBS[call.tool][-1]
    return _JAVASCRIPT % (json.dumps(name), json.dumps(translate(call.arguments, cwd)))


_LOOKUPS_MAX = 2


def place(call: Call, conversation: Conversation, *, cwd: str, position: int) -> Placed | None:
    """`call`, number `position` of its turn, in the client's terms; None when it offers no such tool.

    Where the client hides tools behind a search, the answer is the search, with an id that is no turn of
    the script: the next request of the same turn then has the tool.
    """
    tools, turn = conversation.tools, conversation.turn
    code = _exact("exec", tools)
    if code is not None and code.kind == "custom":
        return Placed(code, _scripted_javascript(call, cwd), call_id(turn, position))
    for name, translate in _VERBS.get(call.tool, ()):
        native = _exact(name, tools)
        if native is not None:
            return Placed(native, translate(call.arguments, cwd), call_id(turn, position))
    found = find(call.tool, tools)
    if found is not None:
        return Placed(found, call.arguments, call_id(turn, position))
    search = next((tool for tool in tools if tool.kind == "tool_search"), None)
    if search is not None and conversation.lookups < _LOOKUPS_MAX:
        return Placed(search, {"query": call.tool.lstrip("@"), "limit": 20}, lookup_id())
    return None
