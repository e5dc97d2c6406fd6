"""What was started is ended as a whole."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import BinaryIO

import pytest

from coroom.processes.groups import end_group, kill_group, signal_group

LEAVES_A_CHILD = "trap '' TERM; sleep 600 & echo started"
DOES_NOT_LISTEN = "trap '' TERM; echo started; sleep 600 & wait; wait"


@asynccontextmanager
async def started(script: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, BinaryIO]]:
    """A group that runs, and what it says: only when nobody is left who could write does that come to an end."""
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec("/bin/sh", "-c", script, stdout=writing, start_new_session=True)
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as said:
        assert await asyncio.to_thread(said.readline) == b"started\n"
        try:
            yield process, said
        finally:
            kill_group(process.pid)


async def _killed(process: asyncio.subprocess.Process) -> None:
    kill_group(process.pid)
    await process.wait()


@pytest.mark.parametrize("end", [end_group, _killed])
async def test_what_a_process_left_running_ends_with_it_though_it_does_not_listen(
    end: Callable[[asyncio.subprocess.Process], Awaitable[None]],
) -> None:
    async with started(LEAVES_A_CHILD) as (process, said):
        await process.wait()
        await end(process)
        assert await asyncio.to_thread(said.read) == b""


async def test_who_waits_in_vain_for_a_polite_end_and_is_cancelled_still_ends_the_group() -> None:
    async with started(DOES_NOT_LISTEN) as (process, said):
        ending = asyncio.create_task(end_group(process, within_s=600))
        await asyncio.sleep(0)
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        assert ending.cancelled()
        assert await asyncio.to_thread(said.read) == b""
        assert await process.wait() == -signal.SIGKILL


async def test_a_group_in_which_nobody_is_left_is_passed_over() -> None:
    async with started("echo started") as (process, _):
        await process.wait()
        signal_group(process.pid, signal.SIGTERM)
        kill_group(process.pid)
        await end_group(process)
