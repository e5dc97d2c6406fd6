"""Servers that the tests of tools need, installed and started here."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from coroom.testing.postgres_server import PostgresServer

ROOT = Path(__file__).resolve().parents[2]


def installed(program: str) -> str:
    found = subprocess.run([ROOT / "scripts" / "system.sh", program], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer(installed("postgres")) as server:
        yield server
