"""The stored outputs of the CodeCRDT paper (github.com/spugachev/CodeCRDT), as data that anybody can judge again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FOLDERS = ("", "evaluation/evaluation_results/results", "evaluation_results/results", "results")


class NoOutputsError(Exception):
    """There are none at this place; its text says what to name."""


@dataclass(frozen=True, slots=True)
class StoredOutput:
    """One run: its task, its mode (`parallel` or `sequential`), its number, its seconds, and the file that it made."""

    task: str
    mode: str
    run: int
    seconds: float
    text: bytes

    @property
    def path(self) -> str:
        """A name for the file, and hence its language."""
        return f"{self.task}_{self.mode}_run{self.run:03d}.tsx"


def stored_outputs(place: Path) -> Iterator[StoredOutput]:
    """The outputs below a checkout of the paper's repository, its results or a folder of them, in order.

    Raises:
        NoOutputsError: there are none.
    """
    for folder in _FOLDERS:
        found = sorted((place / folder).glob("*_run*.json"))
        if found:
            yield from (_output(each) for each in found)
            return
    raise NoOutputsError(f"{place} holds no stored outputs. Name a checkout of github.com/spugachev/CodeCRDT.")


def _output(path: Path) -> StoredOutput:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return StoredOutput(
            task=str(kept["prompt_id"]),
            mode=str(kept["mode"]),
            run=int(kept["run_number"]),
            seconds=float(kept["response_time"] or 0),
            text=str(kept["response_content"] or "").encode(),
        )
    except (ValueError, KeyError, TypeError) as fault:
        raise NoOutputsError(f"{path} is no stored output: {fault}. Fetch it again.") from fault
