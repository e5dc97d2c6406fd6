"""One language server over its standard input and output: started, asked where names are defined, and ended."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

from coroom.core.codec import Json
from coroom.plan.open_uses import Spot
from coroom.processes.groups import kill_group

MESSAGE_BYTES_MAX = 32 << 20
"""An answer is a few places; what is larger would be memory lost to a server that is broken."""

LAST_WORDS_BYTES = 2_000
"""So much of the end of what it says on standard error is kept, to be told when it fails."""

LAST_WORDS_WITHIN_S = 1.0
"""What it had started may keep standard error open when it has ended itself."""


class ServerFailed(Exception):
    """A server has ended, refuses, or says what is no message of the protocol. The text says which; it may end with
    words of the server's, as it said them.
    """


class Located(NamedTuple):
    """Where a server says that something is defined: the file below the root, empty for one that lies elsewhere, and
    the line, from 1; 0 for the file as a whole.
    """

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A server could not say this time; `why` are its words. Asked again, it may."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStart:
    """What to start, and what the server is told first.

    `env` is its whole environment. `settings` answer what it asks for of its configuration, `options` go with the first
    message. `ready` is the notification after which it has read the project, with what must be in it; None for one
    that keeps an answer back until it has.
    """

    argv: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    root: Path
    settings: Mapping[str, Json] = field(default_factory=dict)
    options: Mapping[str, Json] = field(default_factory=dict)
    ready: tuple[str, Mapping[str, Json]] | None = None


class LanguageServer:
    """A running server, and the few messages of the protocol that a plan needs; what else it sends is passed over."""

    def __init__(self, start: ServerStart) -> None:
        self._start = start
        self._process: asyncio.subprocess.Process | None = None
        self._asked: dict[int, asyncio.Future[Mapping[str, Json]]] = {}
        self._ready: asyncio.Future[Mapping[str, Json]] = asyncio.get_running_loop().create_future()
        self._failure: ServerFailed | None = None
        self._last_words = b""
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._start.argv,
                cwd=self._start.root,
                env=dict(self._start.env),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as problem:
            message = f"it cannot be started: {problem.strerror}"
            raise ServerFailed(message) from problem
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._overhear())]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        kill_group(self._process.pid)
        for task in self._tasks:
            task.cancel()
        await asyncio.shield(asyncio.gather(self._process.wait(), *self._tasks, return_exceptions=True))

    async def begin(self) -> None:
        """Say who asks and where the project is, and wait until the server has read it, where it says when.

        Raises:
            ServerFailed: it has ended, or refuses.
        """
        uri = self._start.root.as_uri()
        hello: Json = {
            # No number: an isolated server would look for that process in vain, and end.
            "processId": None,
            "clientInfo": {"name": "coroom"},
            "rootUri": uri,
            "workspaceFolders": [{"uri": uri, "name": "coroom"}],
            "initializationOptions": dict(self._start.options),
            "capabilities": {
                "workspace": {"configuration": True, "workspaceFolders": True},
                "textDocument": {"definition": {"linkSupport": False}},
                "experimental": {"serverStatusNotification": True},
            },
        }
        told = await self._ask("initialize", hello)
        if (error := told.get("error")) is not None:
            message = f"it refuses to begin: {_reason(error)}"
            raise ServerFailed(message)
        self._send({"method": "initialized", "params": {}})
        if self._start.ready is not None:
            await self._ready

    def open(self, path: str, language: str, text: str) -> None:
        """Show it a file as it is, by its path below the root."""
        document: Json = {"uri": self._uri(path), "languageId": language, "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    async def definitions(self, path: str, spot: Spot) -> list[Located] | Unanswered:
        """Where what stands at a spot is defined; empty when the server does not know.

        Raises:
            ServerFailed: it has ended.
        """
        position: Json = {"line": spot.line, "character": spot.column}
        where: Json = {"textDocument": {"uri": self._uri(path)}, "position": position}
        told = await self._ask("textDocument/definition", where)
        if (error := told.get("error")) is not None:
            return Unanswered(_reason(error))
        result = told.get("result")
        listed = result if isinstance(result, list) else [result]
        return [found for each in listed if (found := _located(each, self._start.root)) is not None]

    def _uri(self, path: str) -> str:
        return (self._start.root / path).as_uri()

    async def _ask(self, method: str, params: Json) -> Mapping[str, Json]:
        """The answer to a question, which has a result or an error."""
        if self._failure is not None:
            raise self._failure
        number = len(self._asked) + 1
        answer: asyncio.Future[Mapping[str, Json]] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self._send({"id": number, "method": method, "params": params})
        return await answer

    def _send(self, message: dict[str, Json]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    async def _listen(self) -> None:
        """Hear the server until it ends; whoever waits for an answer then is told."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            while (message := await _message(self._process.stdout)) is not None:
                self._heard(message)
            code = await self._process.wait()
            await asyncio.wait(self._tasks[1:], timeout=LAST_WORDS_WITHIN_S)
            said = self._last_words.decode(errors="replace").strip().splitlines()
            ending = f"signal {-code}" if code < 0 else f"exit code {code}"
            self._fail(f"it ended with {ending}" + (f": {said[-1]}" if said else ""))
        except (ValueError, RecursionError, asyncio.IncompleteReadError):
            self._fail("it said what is no message of the protocol")

    def _fail(self, why: str) -> None:
        self._failure = ServerFailed(why)
        for each in (*self._asked.values(), self._ready):
            if not each.done():
                each.set_exception(self._failure)
                each.exception()

    def _heard(self, message: Mapping[str, Json]) -> None:
        number, method, params = message.get("id"), message.get("method"), message.get("params")
        if isinstance(method, str) and number is not None:
            self._send({"id": number, "result": self._answered(method, params)})
        elif isinstance(method, str):
            wanted = self._start.ready
            told = params if isinstance(params, Mapping) else {}
            is_it = wanted is not None and wanted[0] == method and wanted[1].items() <= told.items()
            if is_it and not self._ready.done():
                self._ready.set_result(message)
        elif isinstance(number, int) and (answer := self._asked.get(number)) is not None and not answer.done():
            answer.set_result(message)

    def _answered(self, method: str, params: Json) -> Json:
        """What a server is told that asks something itself: its settings, and nothing else."""
        if method != "workspace/configuration" or not isinstance(params, Mapping):
            return None
        items = params.get("items")
        return [self._setting(each) for each in items] if isinstance(items, list) else []

    def _setting(self, item: Json) -> Json:
        section = item.get("section") if isinstance(item, Mapping) else None
        return self._start.settings.get(section) if isinstance(section, str) else None

    async def _overhear(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while heard := await self._process.stderr.read(1 << 16):
            self._last_words = (self._last_words + heard)[-LAST_WORDS_BYTES:]


def _reason(error: Json) -> str:
    return str(error.get("message") if isinstance(error, Mapping) else error)


async def _message(stream: asyncio.StreamReader) -> Mapping[str, Json] | None:
    """The next message; None at the end.

    Raises:
        ValueError: it is none.
        IncompleteReadError: it breaks off.
    """
    length = 0
    while line := (await stream.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if length == 0 and stream.at_eof():
        return None
    if not 0 < length <= MESSAGE_BYTES_MAX:
        raise ValueError(length)
    found: Json = json.loads(await stream.readexactly(length))
    if not isinstance(found, Mapping):
        raise ValueError(found)
    return found


def _located(told: Json, root: Path) -> Located | None:
    """One place of an answer, which is a location or a link to one."""
    if not isinstance(told, Mapping):
        return None
    link = urlsplit(str(told.get("uri") or told.get("targetUri") or ""))
    span = told.get("range") or told.get("targetSelectionRange")
    start = span.get("start") if isinstance(span, Mapping) else None
    line = start.get("line") if isinstance(start, Mapping) else None
    if not isinstance(line, int) or not isinstance(span, Mapping):
        return None
    is_whole = line == 0 and span.get("end") == start
    path = Path(unquote(link.path))
    is_inside = link.scheme == "file" and path.is_relative_to(root)
    return Located(str(path.relative_to(root)) if is_inside else "", 0 if is_whole else line + 1)
