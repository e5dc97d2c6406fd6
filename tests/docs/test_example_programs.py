"""The examples run, and preorder gives what serial order gives."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


@cache
def shown(example: str, *policies: str) -> list[str]:
    """What it prints when it plays these policies one after the other; it says that preorder gives what it should."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / f"{example}.py", *policies],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.promise("run:serializable")
def test_the_canary_ends_right_under_preorder() -> None:
    (line,) = shown("canary", "preorder")
    assert line.startswith("preorder   right  geo runs latest, geo-canary runs latest ")
    assert line in README, "README shows what it prints"


@pytest.mark.promise("run:serializable")
def test_the_bookings_end_right_under_preorder() -> None:
    _, line = shown("bookings", "open", "preorder")
    assert line.startswith("preorder   right  13:00 ann, 14:00 ben, 17:00 cem, 17:30 dia ")
    assert line in README, "README shows what it prints"


def test_the_bookings_go_wrong_without_a_policy() -> None:
    line, _ = shown("bookings", "open", "preorder")
    assert line.startswith("naive      WRONG  13:00 hua, 14:00 (free)")
    assert line in README
