"""What tests of puts and of watching have in common."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workspace.followers import MAKERS, Follower
from tests.workspace.mirrors import SWAPS, Mirror

from coroom.workspace.inotify import InotifyWatcher


@pytest.fixture(params=SWAPS, ids=["kernel", "portable"])
def mirror(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mirror]:
    made = Mirror(tmp_path / "mirror", request.param())
    yield made
    made.close()


@pytest.fixture(params=MAKERS)
def follower(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Follower]:
    made = Follower(tmp_path / "tree", request.param)
    yield made
    made.close()


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Follower]:
    made = Follower(tmp_path / "tree", InotifyWatcher)
    yield made
    made.close()
