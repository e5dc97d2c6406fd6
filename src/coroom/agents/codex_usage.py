"""What Codex has used so far: its output tells only at the end, the file that it keeps of a session after each turn."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coroom.agents.adapter import AgentOutput, parse_line

SESSIONS = "sessions/*/*/*/rollout-*-{thread}.jsonl"
"""Below its home, by year, month and day; the name ends with the id of the thread."""

_MARK = b'"token_count"'
_NUMBERS = ("input_tokens", "output_tokens", "cached_input_tokens")


@dataclass(slots=True)
class CodexUsage:
    """Follows one session. `homes` are the places where its file may be."""

    homes: tuple[Path, ...] = ()
    _thread: str = ""
    _file: Path | None = None
    _read_bytes: int = 0
    _counted: dict[str, int] = field(default_factory=dict)

    def begin(self, thread: str) -> None:
        """Its thread has this id."""
        self.end()
        self._thread, self._counted = thread, {}

    def fresh(self) -> AgentOutput | None:
        """The tokens that its file tells of beyond those counted; None when there are none, or no file."""
        last: dict[str, Any] = {}
        for line in self._new_lines():
            if _MARK in line:
                payload = (parse_line(line.decode("utf-8", "replace")) or {}).get("payload") or {}
                last = (payload.get("info") or {}).get("total_token_usage") or last
        return self.beyond(last)

    def beyond(self, total: dict[str, Any]) -> AgentOutput | None:
        """What a total of the whole session has beyond what is counted, which is then counted; None: nothing."""
        new = {name: max(0, (total.get(name) or 0) - self._counted.get(name, 0)) for name in _NUMBERS}
        if not any(new.values()):
            return None
        self._counted = {name: self._counted.get(name, 0) + more for name, more in new.items()}
        return AgentOutput(
            input_tokens=new["input_tokens"],
            output_tokens=new["output_tokens"],
            cached_tokens=new["cached_input_tokens"],
        )

    def end(self) -> None:
        """Nothing more is asked."""
        self._file, self._read_bytes = None, 0

    def _new_lines(self) -> list[bytes]:
        """The whole lines written since the last time; half of one is read with the next."""
        self._file = self._file or self._found()
        if not self._file:
            return []
        # Open only while it is read: a session ends in many ways, and none of them has to close it.
        with self._file.open("rb") as file:
            file.seek(self._read_bytes)
            lines = file.readlines()
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        self._read_bytes += sum(map(len, lines))
        return lines

    def _found(self) -> Path | None:
        if not self._thread or not self._thread.replace("-", "").isalnum():
            return None
        pattern = SESSIONS.format(thread=self._thread)
        return next((path for home in self.homes for path in home.glob(pattern)), None)
