"""Any MCP server's tools, put in order: a small footprint file says what they touch, the server stays as it is.

    command: [python, notes_server.py]
    values:
      "row:notes/notes/{id}": {tool: get_note, arguments: {id: "{id}"}}
    tools:
      get_note: {reads: "row:notes/notes/{id}"}
      set_note:
        writes: "row:notes/notes/{id}"
        effect: blind
        undo: {tool: set_note, arguments: {id: "{id}", text: "{before.text}"}}
        undo_new: {tool: delete_note, arguments: {id: "{id}"}}

Only tools that the file names are offered. One without undo is gated. `docs/tools.md` explains each word.
"""

import json
import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, cast
from urllib.parse import unquote

import yaml
from anyio.from_thread import start_blocking_portal
from jsonschema import Draft202012Validator
from mcp.client import Transport
from mcp.client.stdio import stdio_client
from mcp_types import TextContent
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coroom.core.action import Effect
from coroom.core.errors import Code, Refused, cause_of
from coroom.core.resource import Resource, parse
from coroom.core.tool import canonical
from coroom.ports import ToolFailed
from coroom.tools.journal import Journal
from coroom.tools.naming import fields_of, names_nothing
from coroom.tools.registry import Ask, BadTool, FunctionTool, Rehearsal, Toolbox
from coroom.tools.trials import passed
from mcp import Client, StdioServerParameters

CALL_WITHIN_S = 60.0
START_WITHIN_S = 15.0
COMPLAINTS_BYTES_MAX = 1 << 20
"""What a server writes to its standard error is for whoever starts it in vain; more than this is dropped."""

_FIELD = re.compile(r"\{(?P<path>[\w.]+)\}")


class Call(BaseModel):
    """A call of one of the server's tools; `{name}` stands for an argument, `{before.x}` and `{result.x}` for parts."""

    model_config = ConfigDict(extra="forbid")
    tool: str
    arguments: dict[str, Any] = {}


class Entry(BaseModel):
    """What the file says of one tool."""

    model_config = ConfigDict(extra="forbid")
    reads: str | list[str] = []
    writes: str | list[str] = []
    effect: Effect = Effect.OPAQUE
    undo: Call | None = None
    undo_new: Call | None = None
    commutes_with: list[str] = []


class Scratch(BaseModel):
    """The same server on a state that may be thrown away, what to call there, and what to look at."""

    model_config = ConfigDict(extra="forbid")
    command: list[str] = Field(min_length=1)
    environment: dict[str, str] = {}
    everything: list[str] = Field(min_length=1)
    calls: list[Call] = Field(min_length=1)


class FootprintFile(BaseModel):
    """The whole file. Either `command` or `url` says where the server is."""

    model_config = ConfigDict(extra="forbid")
    command: list[str] = []
    url: str = ""
    environment: dict[str, str] = {}
    prefix: str = ""
    values: dict[str, Call] = {}
    tools: dict[str, Entry] = Field(min_length=1)
    trial: Scratch | None = None


def read_footprints(path: str) -> FootprintFile:
    """Read a footprint file.

    Raises:
        BadTool: it cannot be read, or says something that it may not; the sentence says what.
    """
    try:
        text = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        read = FootprintFile.model_validate(text)
    except (OSError, yaml.YAMLError) as error:
        raise BadTool(f"{path} cannot be read: {str(error).splitlines()[0]}.") from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise BadTool(
            f"{path}: {where}: {problem['msg'].lower()}. docs/tools.md shows what a footprint file holds."
        ) from error
    if bool(read.command) == bool(read.url):
        raise BadTool(f"{path}: name the server once, by `command` or by `url`.")
    return read


def _last_of(lines: list[str]) -> str:
    """The last thing that a server said before it ended, which mostly is why."""
    said = [line.strip() for line in lines if line.strip()]
    return f" It wrote: {said[-1][:300]}" if said else ""


class McpServer:
    """A connection to one MCP server, for threads: the loop that it needs runs in a thread of its own."""

    def __init__(self, command: list[str], url: str, environment: Mapping[str, str]) -> None:
        """Start or reach the server and ask what it offers.

        Raises:
            BadTool: it does not answer.
        """
        self._stack = ExitStack()
        self._complaints = self._stack.enter_context(TemporaryFile("a+", errors="replace"))  # noqa: SIM115  it is closed
        self._portal = self._stack.enter_context(start_blocking_portal())
        try:
            client = Client(
                self._started(command, environment) if command else url, read_timeout_seconds=START_WITHIN_S
            )
            self._client = self._stack.enter_context(self._portal.wrap_async_context_manager(client))
            listed = self._portal.call(self._client.list_tools)
        except Exception as error:
            self._complaints.seek(0)
            last = _last_of(self._complaints.read().splitlines())
            self._stack.close()
            where = " ".join(command) or url
            raise BadTool(f"The MCP server '{where}' does not answer: {_first(error)}.{last}") from error
        self.tools = {each.name: each for each in listed.tools}

    def _started(self, command: list[str], environment: Mapping[str, str]) -> Transport:
        program = StdioServerParameters(command=command[0], args=command[1:], env=dict(environment))
        return stdio_client(program, errlog=self._complaints)

    def call(self, name: str, arguments: Mapping[str, object]) -> object:
        """Call a tool and return what it answered, as JSON.

        Raises:
            ToolFailed: the server says that it failed.
        """
        if os.fstat(self._complaints.fileno()).st_size > COMPLAINTS_BYTES_MAX:
            self._complaints.truncate(0)
        calling = partial(self._client.call_tool, name, dict(arguments), read_timeout_seconds=CALL_WITHIN_S)
        result = self._portal.call(calling)
        said = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        if result.is_error:
            raise ToolFailed(said[:500] or f"{name} failed.")
        structured = result.structured_content
        if isinstance(structured, dict):
            return structured["result"] if set(structured) == {"result"} else structured
        try:
            return cast("object", json.loads(said))
        except ValueError:
            return said

    def close(self) -> None:
        """End the connection, and the server if it was started here."""
        self._stack.close()


class ProxiedTool:
    """One tool of the server with what the file says of it (see `registry.Declared`)."""

    def __init__(self, server: McpServer, file: FootprintFile, name: str) -> None:
        self._server, self._name = server, name
        entry, offered = file.tools[name], server.tools.get(name)
        if offered is None:
            raise BadTool(f"The server has no tool '{name}'. It has {', '.join(sorted(server.tools))}.")
        self.name = file.prefix + name
        self.description = offered.description or name
        self.schema = canonical(offered.input_schema)
        self.effect, self.commutes_with = entry.effect, tuple(entry.commutes_with)
        self._validator = Draft202012Validator(offered.input_schema)
        self._arguments = set(offered.input_schema.get("properties", {}))
        self.reads, self.writes = self._templates(entry.reads), self._templates(entry.writes)
        if not self.reads and not self.writes:
            raise BadTool(
                f"{self._name} names nothing that it reads or writes; then nobody could put its calls in order."
            )
        self._values = [(_pattern(template), call) for template, call in file.values.items()]
        self.looks = self.look if self._values else None
        self.reads_value = False
        self.rehearse = None
        self.hooks: dict[str, Ask] = {}
        if entry.undo or entry.undo_new:
            self.hooks["prepare"] = self._before
            self.hooks["undo"] = lambda given: self._undone(entry, given)

    @property
    def signature(self) -> "ProxiedTool":
        """It reads arguments itself, by the server's own schema."""
        return self

    def read(self, arguments: str) -> dict[str, object] | Refused:
        """See `registry.Reader.read`."""
        try:
            given = json.loads(arguments)
        except ValueError:
            given = None
        problem = next(iter(self._validator.iter_errors(given)), None)
        if not isinstance(given, dict) or problem is not None:
            why = problem.message[:200] if problem else "the arguments are no JSON object"
            return Refused(Code.BAD_INPUT, f"{self.name} was called wrongly: {why}.", "See its schema.")
        return {name: given.get(name) for name in self._arguments} | given

    def run(self, given: Mapping[str, object]) -> object:
        """Call the server."""
        return self._server.call(
            self._name, {name: given[name] for name in self._arguments if given.get(name) is not None}
        )

    def _templates(self, said: str | list[str]) -> tuple[str, ...]:
        templates = (said,) if isinstance(said, str) else tuple(said)
        for template in templates:
            strange = fields_of(template) - self._arguments
            if strange:
                raise BadTool(f"{self._name}: '{template}' uses {strange.pop()!r}, which is no argument of it.")
            nothing = names_nothing(template)
            if nothing:
                raise BadTool(f"{self._name}: {nothing}")
        return templates

    def look(self, resource: Resource) -> object:
        """What the resource holds, by the file's `values`."""
        for pattern, call in self._values:
            found = pattern.fullmatch(str(resource))
            if found:
                fields = {name: unquote(text) for name, text in found.groupdict().items()}
                return self._absent_as_none(call, fields)
        return None

    def _absent_as_none(self, call: Call, fields: Mapping[str, object]) -> object:
        try:
            return self._server.call(call.tool, self._filled(call, fields))
        except ToolFailed:
            # Servers say of what is not there that the look failed.
            return None

    def _before(self, given: Mapping[str, object]) -> object:
        for template in self.writes:
            named = _FIELD.sub(lambda match: str(given[match["path"]]), template)
            for pattern, call in self._values:
                found = pattern.fullmatch(named)
                if found:
                    return self._absent_as_none(call, found.groupdict())
        return None

    def _undone(self, entry: Entry, given: Mapping[str, object]) -> None:
        call = entry.undo_new if given["before"] is None and entry.undo_new else entry.undo
        if call is None:
            raise ToolFailed(f"The footprint file has no undo of {self._name} for what was there before.")
        self._server.call(call.tool, self._filled(call, given))

    def _filled(self, call: Call, given: Mapping[str, object]) -> dict[str, object]:
        offered = self._server.tools.get(call.tool)
        if offered is None:
            raise BadTool(f"The server has no tool '{call.tool}', which the footprint file calls.")
        kinds = offered.input_schema.get("properties", {})
        return {name: _typed(_put(value, given), kinds.get(name, {})) for name, value in call.arguments.items()}


def proxied(file: FootprintFile, journal: Journal) -> tuple[Toolbox, McpServer]:
    """The tools of a footprint file, and the server to close at the end.

    Raises:
        BadTool: the server does not answer, or is not what the file says.
    """
    held = _undone_on(file.trial, file) if file.trial else frozenset[str]()
    server = McpServer(file.command, file.url, file.environment)
    try:
        made = [(name, ProxiedTool(server, file, name)) for name in file.tools]
        return Toolbox(FunctionTool(one, journal, proven=name in held) for name, one in made), server
    except BadTool:
        server.close()
        raise


def _undone_on(scratch: Scratch, file: FootprintFile) -> frozenset[str]:
    """The tools whose undo holds on the server that may be thrown away."""
    server = McpServer(scratch.command, "", scratch.environment)
    try:
        made = {name: ProxiedTool(server, file, name) for name in dict.fromkeys(call.tool for call in scratch.calls)}
        named = [one for text in scratch.everything if isinstance(one := parse(text), Resource)]
        look = partial(_all_of, next(iter(made.values())), named)
        calls = {name: [call.arguments for call in scratch.calls if call.tool == name] for name in made}
        undoable = [name for name, one in made.items() if "undo" in one.hooks]
        return frozenset(name for name in undoable if passed(made[name], Rehearsal(calls[name], look)))
    finally:
        server.close()


def _all_of(tool: ProxiedTool, named: list[Resource]) -> dict[str, str]:
    return {str(resource): canonical(tool.look(resource)) for resource in named}


def _pattern(template: str) -> "re.Pattern[str]":
    parts = re.split(r"\{(\w+)\}", template)
    made = "".join(f"(?P<{part}>[^/?&]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(made)


def _put(value: object, given: Mapping[str, object]) -> object:
    if isinstance(value, dict):
        return {name: _put(part, given) for name, part in value.items()}
    if isinstance(value, list):
        return [_put(part, given) for part in value]
    if not isinstance(value, str):
        return value
    whole = _FIELD.fullmatch(value)
    if whole:
        return _part(whole["path"], given)
    return _FIELD.sub(lambda match: str(_part(match["path"], given)), value)


def _part(path: str, given: Mapping[str, object]) -> object:
    at: object = given
    for name in path.split("."):
        if not isinstance(at, Mapping) or name not in at:
            raise BadTool(f"The footprint file asks for '{{{path}}}', and there is no such thing.")
        at = at[name]
    return at


def _typed(value: object, schema: Mapping[str, object]) -> object:
    """What stands in a name is text; a tool may want a number."""
    if not isinstance(value, str) or schema.get("type") not in {"integer", "number", "boolean"}:
        return value
    try:
        return cast("object", json.loads(value))
    except ValueError:
        return value


def _first(error: BaseException) -> str:
    cause = cause_of(error)
    return f"{type(cause).__name__}: {cause}".splitlines()[0]
