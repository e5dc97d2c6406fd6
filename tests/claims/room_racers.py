"""Sixty-four processes that want the same thing of a room: `python -m tests.claims.room_racers URL COUNT ROUNDS`.

A program of its own, so that it can fork before it has threads.
"""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from tests.doorway import token

from coroom.agents.room_claims import RoomClaims
from coroom.agents.room_client import RoomClient
from coroom.ports import Claims
from coroom.run.bench.claims import race


def main(url: str, count: int, rounds: int) -> None:
    @asynccontextmanager
    async def claims(number: int) -> AsyncIterator[Claims]:
        async with RoomClient(url, token(f"agent-{number}")) as client:
            yield RoomClaims(client)

    contention, errors = race(claims, count, rounds)
    sys.stdout.write(json.dumps({**asdict(contention), "fair": contention.fair, "told": errors[:3]}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
