"""Real agent CLIs, a scripted model for them, and a pretended room: what the tests of adapters share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agents.stage import Stage

from coroom.testing import ModelServer, PretendRoom


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
