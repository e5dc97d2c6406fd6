"""The built-in agent's own tools, on its mirror alone, with the room asked before and told after each of them."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coroom.agents.models.model import ToolCall, ToolSpec
from coroom.agents.room_client import RoomClient
from coroom.git.command import Git, GitFailed
from coroom.processes.groups import kill_group
from coroom.workspace.beneath import Root
from coroom.workspace.names import Refusal, check_name
from coroom.workspace.states import Kind

FILE_BYTES_MAX = 4 << 20
"""A larger file is for the shell."""

SHOWN_CHARS_MAX = 30_000
"""Of one result: some 8,000 tokens."""

SHELL_S, SHELL_S_MAX = 120.0, 600.0
LINGER_S = 1.0
"""What a command's own children get, once it has ended, to finish what they print."""

SECRETS = frozenset({"COROOM_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"})
"""Not in the environment of commands: what they print goes to the model and into the logs."""


class WrongError(Exception):
    """The tool could not do it: a sentence for the model."""


@dataclass(frozen=True, slots=True)
class _Tool:
    spec: ToolSpec
    touch: str
    act: Callable[[Mapping[str, Any]], Awaitable[str]]


class Hands:
    """The tools of one agent in one directory. Paths are relative to it and stay beneath it."""

    def __init__(self, directory: Path, client: RoomClient) -> None:
        self._directory = directory
        self._client = client
        self._root = Root(str(directory))
        self._git = Git(directory)
        self._tools = {tool.spec.name: tool for tool in self._made()}

    def close(self) -> None:
        """Give the directory back."""
        self._root.close()

    @property
    def specs(self) -> list[ToolSpec]:
        """The tools as a model is offered them."""
        return [tool.spec for tool in self._tools.values()]

    def has(self, name: str) -> bool:
        """Whether this is one of them."""
        return name in self._tools

    async def use(self, call: ToolCall) -> tuple[str, bool]:
        """Do it, if the room lets it: what the model is told, and whether it failed."""
        tool = self._tools[call.tool]
        missing = [name for name in tool.spec.schema["required"] if not isinstance(call.arguments.get(name), str)]
        if missing:
            return f"{call.tool} needs '{missing[0]}', a text.", True
        path, cwd = str(call.arguments.get("path") or ""), str(self._directory)
        given = {"command": call.arguments["command"]} if tool.touch == "shell" else {"file_path": path}
        refused = await self._client.before(tool.touch, given, cwd)
        if refused:
            return refused, True
        try:
            told, failed = await tool.act(call.arguments), False
        except (WrongError, OSError, GitFailed) as wrong:
            told, failed = str(wrong), True
        news = await self._client.after(tool.touch, given, cwd)
        return "\n\n".join(filter(None, (_clipped(told), news))), failed

    async def _read(self, given: Mapping[str, Any]) -> str:
        lines = self._text(given["path"]).splitlines(keepends=True)
        first, count = max(1, _number(given, "first_line", 1)), max(1, _number(given, "lines", 1_000))
        shown = lines[first - 1 : first - 1 + count]
        rest = f"\n[lines {first} to {first + len(shown) - 1} of {len(lines)}]" if len(shown) < len(lines) else ""
        return ("".join(shown) or "(empty)") + rest

    async def _list(self, given: Mapping[str, Any]) -> str:
        place = self._place(given)
        done = await asyncio.to_thread(
            self._git.run, "ls-files", "--cached", "--others", "--exclude-standard", "--", place
        )
        return done.out.decode("utf-8", "replace") or "(no files)"

    async def _search(self, given: Mapping[str, Any]) -> str:
        options = ("-n", "-I", "-E", "--untracked", "--no-color", "-e", str(given["pattern"]))
        done = await asyncio.to_thread(self._git.run, "grep", *options, "--", self._place(given), expect=(0, 1))
        return done.out.decode("utf-8", "replace") or "(no match)"

    async def _edit(self, given: Mapping[str, Any]) -> str:
        path, old, new = given["path"], given["old"], given["new"]
        text = self._text(path)
        count = text.count(old) if old else 0
        if count != 1:
            raise WrongError(f"old occurs {count} times in {path}; it must occur exactly once. Read the file again.")
        self._put(path, text.replace(old, new))
        return f"{path} is changed."

    async def _write(self, given: Mapping[str, Any]) -> str:
        self._put(given["path"], given["text"])
        return f"{given['path']} is written."

    async def _delete(self, given: Mapping[str, Any]) -> str:
        path = self._name(given["path"])
        with self._root.parent(path) as (parent_fd, leaf):
            os.unlink(leaf, dir_fd=parent_fd)
        return f"{path} is deleted."

    async def _shell(self, given: Mapping[str, Any]) -> str:
        within_s = min(max(1, _number(given, "timeout_s", int(SHELL_S))), SHELL_S_MAX)
        process = await asyncio.create_subprocess_shell(
            given["command"],
            cwd=self._directory,
            env={name: value for name, value in os.environ.items() if name not in SECRETS},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        assert process.stdout is not None
        kept = _Kept()
        reading = asyncio.create_task(kept.read(process.stdout))
        try:
            await asyncio.wait_for(process.wait(), within_s)
            await asyncio.wait({reading}, timeout=LINGER_S)
        except TimeoutError:
            raise WrongError(f"Ended after {within_s:g} s without having finished.\n{kept.text}") from None
        finally:
            kill_group(process.pid)
            await process.wait()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        return f"{kept.text}[exit code {process.returncode}]"

    def _name(self, path: str) -> str:
        whole = Path(path)
        inside = whole.relative_to(self._directory) if whole.is_relative_to(self._directory) else whole
        name = check_name(inside.as_posix())
        if isinstance(name, Refusal):
            raise WrongError(f"'{path[:200]}' cannot be: {name.detail}. Give a path relative to your directory.")
        return name

    def _place(self, given: Mapping[str, Any]) -> str:
        path = str(given.get("path") or ".")
        return ":(literal)" + (self._name(path) if path not in {".", str(self._directory)} else ".")

    def _text(self, path: str) -> str:
        name = self._name(path)
        found = self._root.read(name, FILE_BYTES_MAX)
        if isinstance(found, Refusal):
            raise WrongError(f"{name} cannot be read: {found.detail}.")
        if found.kind is not Kind.FILE or found.data is None:
            what = f"larger than {FILE_BYTES_MAX >> 20} MiB" if found.oversize else found.kind.value
            raise WrongError(f"{name} is no file to read: it is {what}.")
        try:
            return found.data.decode()
        except UnicodeDecodeError:
            raise WrongError(f"{name} is not text.") from None

    def _put(self, path: str, text: str) -> None:
        name = self._name(path)
        refused = self._root.make_parents(name)
        if refused:
            raise WrongError(f"{name} cannot be written: {refused.detail}.")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._root.parent(name) as (parent_fd, leaf):
            descriptor = os.open(leaf, flags, 0o644, dir_fd=parent_fd)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())

    def _made(self) -> tuple[_Tool, ...]:
        text, whole = {"type": "string"}, {"type": "integer"}
        path = {"path": text}
        return (
            _tool("read_file", "The text of a file.", path, "read", self._read, first_line=whole, lines=whole),
            _tool("list_files", "The files below a directory, ignored ones left out.", {}, "other", self._list, **path),
            _tool(
                "search",
                "Lines that match an extended regular expression, with file and line number.",
                {"pattern": text},
                "other",
                self._search,
                **path,
            ),
            _tool(
                "edit_file",
                "Replace old, which must occur exactly once in the file, by new.",
                {**path, "old": text, "new": text},
                "edit",
                self._edit,
            ),
            _tool("write_file", "Write a file whole.", {**path, "text": text}, "write", self._write),
            _tool("delete_file", "Delete a file.", path, "delete", self._delete),
            _tool(
                "shell", "Run a command in your directory.", {"command": text}, "shell", self._shell, timeout_s=whole
            ),
        )


class _Kept:
    """The beginning and the end of what a command prints."""

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self._left_out = 0

    async def read(self, stream: asyncio.StreamReader) -> None:
        half = SHOWN_CHARS_MAX // 2
        while piece := await stream.read(65_536):
            room = half - len(self._head)
            self._head += piece[:room]
            self._tail += piece[room:]
            self._left_out += max(0, len(self._tail) - half)
            self._tail = self._tail[-half:]

    @property
    def text(self) -> str:
        note = f"\n[… {self._left_out} bytes left out …]\n" if self._left_out else ""
        said = (self._head.decode("utf-8", "replace") + note + self._tail.decode("utf-8", "replace")).rstrip("\n")
        return f"{said}\n" if said else ""


def _tool(
    name: str,
    description: str,
    required: Mapping[str, Any],
    touch: str,
    act: Callable[[Mapping[str, Any]], Awaitable[str]],
    **optional: Mapping[str, Any],
) -> _Tool:
    schema = {"type": "object", "properties": {**required, **optional}, "required": list(required)}
    return _Tool(ToolSpec(name, description, schema), touch, act)


def _number(given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def _clipped(text: str) -> str:
    # A command's own note on what it leaves out makes it a little longer than the bound.
    if len(text) <= SHOWN_CHARS_MAX + 200:
        return text
    return f"{text[:SHOWN_CHARS_MAX]}\n[… {len(text) - SHOWN_CHARS_MAX} more characters; ask for less at a time]"
