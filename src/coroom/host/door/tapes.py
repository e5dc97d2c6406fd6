"""Tapes on the disk: a JSON line a step, a file an agent, written beside the room's own work and never in its way.

A tape is JSON Lines, one step of one agent's session a line, played in order. Every run leaves one for each of its
agents in `tapes` of the room's directory, and `--agent tape:FILE` plays it:

    at_ms       milliseconds after the step before it, counted once `after` and `when` are met
    after       {"agent", "step"}: not before that labelled step of the other agent has finished
    when        {"notice", "path"}: only when such a notice has come since the tape began; it is awaited
                for `within_ms`, then the step is left out
    tool, args  what is called, see below
    held        of `answer`: the path whose held edit is meant, since its id is another one in another room
    label       the name that other tapes wait for
    say_why     one line for the person who watches

`task`, `claim`, `release` and `sync` (and `say`, `land`, `answer`) are the room's own tools. `native_read`,
`native_write`, `native_edit`, `native_delete` and `shell` are the agent's: they act on its mirror's disk,
between the hooks that run before and after a tool. `native_edit` replaces `old`, which stands in the file
once, by `new`. `native_open` runs the first hook of the *next* step now: that tool call is under way from
here on, as when a client asks its user for permission, and the next step runs without that hook. A refused
call and a failing shell command do not end a tape.

A text of an argument that is long stands in the folder `blobs` beside the tape, in a file named by its SHA-256, and on
the tape as `{"blob": SHA256}`; so does the argument `data` of `native_write`, which is bytes.
"""

import hashlib
import json
import os
import queue
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from coroom.core.codec import Json

BLOBS = "blobs"
"""Where, beside the tapes, what is large stands."""

INLINE_CHARS_MAX = 65_536
"""A longer text makes a tape that nobody can read, or compare."""

TAPE_BYTES_MAX = 64 << 20
"""Some ten thousand edits; a tape that is full stays as it is."""

BLOBS_BYTES_MAX = 1 << 30
"""What a room's tapes put aside in all; larger steps are not recorded any more."""

WAITING_MAX = 10_000
WAITING_BYTES_MAX = 128 << 20
"""Steps that wait for the disk, and what is large in them; more would be memory lost to a disk that does not answer."""

GATHER_S = 0.25
"""What comes within so long of a step is written with it: each waking of the thread, and each look at a file, takes the
interpreter from the room.
"""

PIECE_CHARS = 65_536
"""Secrets are looked for in pieces of about this size: looking holds up everything else."""

CLOSE_WITHIN_S = 5.0
SECRET = "[secret]"  # noqa: S105 - what stands where a secret was

_SURROGATE = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])")
_KEYS = re.compile(
    r"\b(?:sk-[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,})"
    r"|(?<=Bearer )[\w.~+/=-]{8,}"
)


class _Waiting(NamedTuple):
    """A step that is not written yet, with the secrets that were known when it came."""

    agent: str
    step: Mapping[str, Json]
    data: bytes | None
    known: frozenset[str]


class Tapes:
    """Writes steps as they come. A step that cannot be written is dropped and counted; nothing else happens.

    Args:
        directory: where the tapes are; made when the first step comes.
        secret_hashes: asked for the SHA-256 of every secret that the room knows.
    """

    def __init__(self, directory: Path, secret_hashes: Callable[[], frozenset[str]]) -> None:
        self._directory = directory
        self._secret_hashes = secret_hashes
        self._queue: queue.Queue[_Waiting | None] = queue.Queue(WAITING_MAX)
        self._waiting_bytes = 0
        self._blobs_bytes: int | None = None
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self.dropped = 0

    def add(self, agent: str, step: Mapping[str, Json], data: bytes | None = None) -> None:
        """Write a step of the agent's tape soon, with `data` as its argument of that name. Returns at once."""
        if self._closed.is_set():
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="coroom-tapes", daemon=True)
            self._thread.start()
        size = len(data or b"")
        if self._waiting_bytes + size > WAITING_BYTES_MAX:
            self.dropped += 1
            return
        try:
            self._queue.put_nowait(_Waiting(agent, step, data, self._secret_hashes()))
        except queue.Full:
            self.dropped += 1
        else:
            self._waiting_bytes += size

    def close(self) -> None:
        """Write what waits, and write no more."""
        self._closed.set()
        if self._thread:
            with suppress(queue.Full):
                self._queue.put(None, timeout=CLOSE_WITHIN_S)
            self._thread.join(CLOSE_WITHIN_S)

    def _write_all(self) -> None:
        while (first := self._queue.get()) is not None:
            self._closed.wait(GATHER_S)
            gathered = [first, *iter(self._next, None)]
            for agent in dict.fromkeys(waiting.agent for waiting in gathered):
                self._write([waiting for waiting in gathered if waiting.agent == agent])

    def _next(self) -> _Waiting | None:
        """The next step, if one waits; none once all that came before the end is taken."""
        try:
            waiting = self._queue.get_nowait()
        except queue.Empty:
            return None
        if waiting is None:
            # For the loop, which ends with it.
            self._queue.put(None)
        return waiting

    def _write(self, steps: Sequence[_Waiting]) -> None:
        """Write steps of one agent."""
        lines, written = list[bytes](), 0
        for waiting in steps:
            with suppress(OSError, TypeError, ValueError):
                lines += self._line(waiting)
        with suppress(OSError):
            written = self._append(steps[0].agent, lines)
        self.dropped += len(steps) - written
        # In a statement of its own: what comes while it is summed up is added to the same number.
        size = sum(len(waiting.data or b"") for waiting in steps)
        self._waiting_bytes -= size

    def _line(self, waiting: _Waiting) -> list[bytes]:
        """The line of a step; none when there is no more room for what it carries."""
        known = waiting.known
        step = {name: without_secrets(value, known) for name, value in waiting.step.items()}
        args = step.get("args")
        if isinstance(args, Mapping):
            given = {name: self._aside(value) for name, value in args.items()}
            if waiting.data is not None:
                # Bytes as signs of the same number: what looks like a secret is found in them too.
                clean = without_secrets(waiting.data.decode("latin-1"), known)
                given["data"] = self._blob(str(clean).encode("latin-1"))
            if any(value is None for value in given.values()):
                return []
            step["args"] = given
        line = json.dumps(step, ensure_ascii=False)
        # A lone surrogate, which only hooks let through, has no UTF-8.
        return [(json.dumps(step) if _SURROGATE.search(line) else line).encode() + b"\n"]

    def _aside(self, value: Json) -> Json:
        if not isinstance(value, str) or len(value) <= INLINE_CHARS_MAX:
            return value
        return self._blob(value.encode("utf-8", "surrogatepass"))

    def _blob(self, data: bytes) -> Json:
        """What stands on the tape for these bytes; None when there is no more room for them."""
        directory = self._directory / BLOBS
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._blobs_bytes is None:
            self._blobs_bytes = sum(entry.stat().st_size for entry in directory.iterdir())
        name = hashlib.sha256(data).hexdigest()
        if not (directory / name).exists():
            if self._blobs_bytes + len(data) > BLOBS_BYTES_MAX:
                return None
            making = directory / f"{name}.new"
            making.write_bytes(data)
            making.rename(directory / name)
            self._blobs_bytes += len(data)
        return {"blob": name}

    def _append(self, agent: str, lines: Sequence[bytes]) -> int:
        """Put the lines at the end of the agent's tape. Returns how many of them it holds."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        tape = self._directory / f"{agent}.jsonl"
        try:
            descriptor = os.open(tape, flags, 0o600)
        except FileNotFoundError:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(tape, flags, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            data = _fitting(lines, TAPE_BYTES_MAX - size)
            written = os.write(descriptor, data) if data else 0
            if written != len(data):
                # Half a line would spoil all the steps before it.
                written = data.rfind(b"\n", 0, written) + 1
                os.ftruncate(descriptor, size + written)
        finally:
            os.close(descriptor)
        return data.count(b"\n", 0, written)


def _fitting(lines: Sequence[bytes], bytes_max: int) -> bytes:
    """Those of the lines that fit, one after the other."""
    fitting = bytearray()
    for line in lines:
        if len(fitting) + len(line) <= bytes_max:
            fitting += line
    return bytes(fitting)


def without_secrets(value: Json, known: Collection[str]) -> Json:
    """The same without secrets: those whose hash the room knows, and whatever looks like a provider's key."""
    if isinstance(value, str):
        return "".join(_KEYS.sub(SECRET, _TOKEN.sub(lambda found: _hidden(found[0], known), p)) for p in _pieces(value))
    if isinstance(value, Mapping):
        return {name: without_secrets(inner, known) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(inner, known) for inner in value]
    return value


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that end with a line; no secret goes over the end of one."""
    start = 0
    while len(text) - start > PIECE_CHARS:
        end = text.find("\n", start + PIECE_CHARS) + 1
        if not end:
            break
        yield text[start:end]
        start = end
    yield text[start:]


def _hidden(word: str, known: Collection[str]) -> str:
    return SECRET if hashlib.sha256(word.encode()).hexdigest() in known else word
