import pytest
from tests.agents.frameworks import late


@pytest.fixture(scope="session")
def frameworks() -> None:
    """All of the frameworks are imported."""
    late.import_all()
