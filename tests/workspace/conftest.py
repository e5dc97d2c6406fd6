"""What tests of puts have in common."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workspace.mirrors import SWAPS, Mirror


@pytest.fixture(params=SWAPS, ids=["kernel", "portable"])
def mirror(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mirror]:
    made = Mirror(tmp_path / "mirror", request.param())
    yield made
    made.close()
