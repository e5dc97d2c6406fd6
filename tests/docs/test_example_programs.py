"""The examples run, and preorder gives what serial order gives."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.promise("run:serializable")
@pytest.mark.parametrize(
    ("example", "end"),
    [
        ("bookings", "13:00 ann, 14:00 ben, 17:00 cem, 17:30 dia"),
        ("canary", "geo runs latest, geo-canary runs latest"),
    ],
)
def test_an_example_ends_right_under_preorder(example: str, end: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / f"{example}.py", "preorder"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"preorder   right  {end} ")
    assert done.stdout.splitlines()[0] in README, "README shows what it prints"


def test_the_bookings_go_wrong_without_a_policy() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "bookings.py", "open"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("naive      WRONG  13:00 hua, 14:00 (free)")
    assert done.stdout.splitlines()[0] in README
