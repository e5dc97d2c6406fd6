"""An agent's connection to a room, cut short."""

import asyncio
import gc
import socket

import pytest

from coroom.agents.room_client import RoomClient


async def _enters(url: str) -> None:
    async with RoomClient(url, "a-token"):
        raise AssertionError


@pytest.mark.parametrize("steps", [*range(1, 40, 3), 200])
async def test_whoever_is_cancelled_while_it_comes_in_leaves_no_connection_behind(steps: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        entering = asyncio.create_task(_enters(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        for _ in range(steps):
            await asyncio.sleep(0)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        assert asyncio.all_tasks() == {asyncio.current_task()}
        del entering
        gc.collect()
