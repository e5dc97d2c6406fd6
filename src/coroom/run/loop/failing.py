"""What the tests say of a commit, and where it is written down. Few imports: the gate starts it anew for each test."""

import hashlib
import json
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

FAILURES_MAX = 1_000
ANSWERS = "failing"

ALL = "all"
"""What fails when a command fails without naming a test."""

_FAILING = re.compile(
    r"^(?:FAILED (?P<pytest>\S+?\.py(?:::\S.*?)?)(?: - .*)?"
    r"|ERROR (?P<error>\S+?\.py(?:::\S.*?)?)(?: - .*)?"
    r"|--- FAIL: (?P<go>\S+).*"
    r"|not ok \d+ -? ?(?P<tap>.+)"
    r"|test (?P<cargo>\S+) \.\.\. FAILED)$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """What the tests say of one commit: `ids` of those that fail, and a line about all of it."""

    commit: str
    passed: bool
    ids: tuple[str, ...] = ()
    summary: str = ""


def failing_in(output: str) -> tuple[str, ...]:
    """The ids of failing tests in what a test command printed: pytest, go, cargo and TAP."""
    found = (next(filter(None, match.groups())).strip() for match in _FAILING.finditer(output))
    return tuple(dict.fromkeys(found))[:FAILURES_MAX]


def answer_file(answers: Path, commit: str, test: str) -> Path:
    """Where it is written down what fails on a commit by that command."""
    return answers / f"{commit}-{hashlib.sha256(test.encode()).hexdigest()[:8]}.json"


def write_answer(path: Path, answer: Failing) -> None:
    """Write it down; a reader finds all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    fresh.write_text(json.dumps(asdict(answer)), encoding="utf-8")
    fresh.replace(path)


def read_answer(path: Path) -> Failing | None:
    """What was written down there, if anything."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Failing(**{**found, "ids": tuple(found["ids"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None
