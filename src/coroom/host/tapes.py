"""Tapes on the disk: a JSON line a step, a file an agent, written beside the room's own work and never in its way."""

import hashlib
import json
import os
import queue
import re
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from coroom.core.codec import Json

STEP_BYTES_MAX = 1 << 20
"""A step that carries more is a generated file, not somebody's edit."""

TAPE_BYTES_MAX = 64 << 20
"""Some ten thousand edits; a tape that is full stays as it is."""

WAITING_MAX = 10_000
"""Steps that wait for the disk; more would be memory lost to a disk that does not answer."""

CLOSE_WITHIN_S = 5.0
SECRET = "[secret]"  # noqa: S105 - what stands where a secret was

_TOKEN = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])")
_KEYS = re.compile(
    r"\b(?:sk-[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,})"
    r"|(?<=Bearer )[\w.~+/=-]{8,}"
)


class Tapes:
    """Writes steps as they come. A step that cannot be written is dropped and counted; nothing else happens.

    Args:
        directory: where the tapes are; made when the first step comes.
        secret_hashes: asked for the SHA-256 of every secret that the room knows.
    """

    def __init__(self, directory: Path, secret_hashes: Callable[[], Collection[str]]) -> None:
        self._directory = directory
        self._secret_hashes = secret_hashes
        self._queue: queue.Queue[tuple[str, Mapping[str, Json]] | None] = queue.Queue(WAITING_MAX)
        self._thread: threading.Thread | None = None
        self._closed = False
        self.dropped = 0

    def add(self, agent: str, step: Mapping[str, Json]) -> None:
        """Write a step of the agent's tape soon. Returns at once."""
        if self._closed:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="coroom-tapes", daemon=True)
            self._thread.start()
        known = frozenset(self._secret_hashes())
        try:
            self._queue.put_nowait((agent, {name: without_secrets(value, known) for name, value in step.items()}))
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits, and write no more."""
        self._closed = True
        if self._thread:
            self._queue.put(None)
            self._thread.join(CLOSE_WITHIN_S)

    def _write_all(self) -> None:
        while (waiting := self._queue.get()) is not None:
            agent, step = waiting
            try:
                written = self._write(agent, step)
            except OSError:
                written = False
            self.dropped += not written

    def _write(self, agent: str, step: Mapping[str, Json]) -> bool:
        line = json.dumps(step, ensure_ascii=False).encode() + b"\n"
        if len(line) > STEP_BYTES_MAX:
            return False
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._directory / f"{agent}.jsonl", flags, 0o600)
        try:
            before = os.fstat(descriptor).st_size
            if before + len(line) > TAPE_BYTES_MAX:
                return False
            if os.write(descriptor, line) != len(line):
                # Half a line would spoil all the steps before it.
                os.ftruncate(descriptor, before)
                return False
        finally:
            os.close(descriptor)
        return True


def without_secrets(value: Json, known: Collection[str]) -> Json:
    """The same without secrets: those whose hash the room knows, and whatever looks like a provider's key."""
    if isinstance(value, str):
        return _KEYS.sub(SECRET, _TOKEN.sub(lambda found: _hidden(found[0], known), value))
    if isinstance(value, Mapping):
        return {name: without_secrets(inner, known) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(inner, known) for inner in value]
    return value


def _hidden(word: str, known: Collection[str]) -> str:
    return SECRET if hashlib.sha256(word.encode()).hexdigest() in known else word
