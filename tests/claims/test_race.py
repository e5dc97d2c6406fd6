"""Many processes want one thing at once: by refs, and by a room. Sixty-four and many rounds: `make campaign`."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from tests.doorway import running

ROUNDS = int(os.environ.get("COROOM_RACES", "1"))
CLAIMANTS = 64 if ROUNDS > 1 else 16
STARTS = int(os.environ.get("COROOM_STARTS", "1"))
HERE = Path(__file__).parents[2]


async def told(*words: str) -> dict[str, object]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", *words, cwd=HERE, env=os.environ | {"PYTHONPATH": f"{HERE}"}, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    found = json.loads(out or b"null")
    assert isinstance(found, dict), err.decode()
    return found


@pytest.mark.timeout(3_600)
@pytest.mark.promise("claim:exclusive")
async def test_many_processes_and_one_winner_by_refs() -> None:
    """And nobody is rejected who meets nobody, and sixteen workplaces made at once are all made."""
    words = ("--claimants", str(CLAIMANTS), "--rounds", str(ROUNDS), "--tasks", "1", "--starts", str(STARTS))
    found = await told("coroom.cli", "bench", "claims", *words, "--json")
    assert found["contention"] == {
        "claimants": CLAIMANTS,
        "rounds": ROUNDS,
        "winners": {"1": ROUNDS},
        "fair": True,
    }, found
    assert found["starts"] == {"agents": 16, "rounds": STARTS, "made": [16] * STARTS}
    assert found["errors"] == []
    assert found["ok"] is True


@pytest.mark.timeout(3_600)
@pytest.mark.promise("claim:exclusive")
async def test_many_processes_and_one_winner_by_a_room() -> None:
    async with running(*(f"agent-{number}" for number in range(CLAIMANTS))) as (daemon, _):
        found = await told("tests.claims.room_racers", daemon.url, str(CLAIMANTS), str(ROUNDS))
    assert found["fair"] is True, found
