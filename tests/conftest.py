"""What every test stands on."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_ROOT = Path(__file__).parents[1]
_INSTALL_LIMIT_S = 540

# A machine under load generates slowly; how fast it does is a benchmark's business and never a test's.
settings.register_profile("coroom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("coroom")


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
