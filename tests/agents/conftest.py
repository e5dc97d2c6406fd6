"""Real agent CLIs, a scripted model for them, and a pretended room: what the tests of adapters share."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agents.stage import Stage

from coroom.testing import ModelServer, PretendRoom

_ROOT = Path(__file__).parents[2]
_INSTALL_LIMIT_S = 540


@pytest.fixture(scope="session")
def clients_path() -> str:
    """PATH with the pinned agent CLIs in front; they are installed when they are not there yet."""
    told = subprocess.run(
        ["timeout", str(_INSTALL_LIMIT_S), _ROOT / "scripts" / "clients.sh"],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode != 0:
        if os.environ.get("CI") == "true" or os.environ.get("COROOM_REQUIRE_CLIENTS") == "1":
            pytest.fail(f"the agent CLIs cannot be installed: {told.stderr}")
        pytest.skip(f"the agent CLIs cannot be installed: {told.stderr}")
    return f"{told.stdout.strip()}:{os.environ['PATH']}"


@pytest.fixture
def room() -> Iterator[PretendRoom]:
    with PretendRoom("token-of-a", "token-of-b") as pretended:
        yield pretended


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer({}) as server:
        yield server


@pytest.fixture
def stage(tmp_path: Path, clients_path: str, room: PretendRoom, model: ModelServer) -> Stage:
    return Stage(tmp_path, clients_path, room.url, model.url)
