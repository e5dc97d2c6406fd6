"""The isolations, installed and working: a missing one fails."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def isolations() -> None:
    found = subprocess.run([ROOT / "scripts" / "isolation.sh"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
