"""What every test stands on."""

import gc
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.order import long_first

_ROOT = Path(__file__).parents[1]
_INSTALL_LIMIT_S = 540

# A machine under load generates slowly; how fast it does is a benchmark's business and never a test's.
settings.register_profile("coroom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("coroom")

_NO_PLUGINS = "-p no:langsmith_plugin -p no:hypothesispytest -p no:asyncio -p no:anyio"
"""Plugins of our own environment, which no project needs that a test makes: five seconds of each pytest's six."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """What the tests start runs pytest without the plugins that only these tests themselves need."""
    if hasattr(session.config, "workerinput") or session.config.getoption("dist", "no") == "no":
        os.environ["PYTEST_ADDOPTS"] = _NO_PLUGINS


def pytest_collection() -> None:
    """Nothing that collection makes goes again: looking for what does is a seventh of its time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on only what the tests make is looked through, and not the modules and tests themselves each time."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several workers, what is marked as long begins every worker's share: at the end all would wait for it."""
    if hasattr(config, "workerinput"):
        items[:] = long_first(items, _is_long, config.workerinput["workercount"])


def _is_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is not None


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
