"""How a process that a run started is ended, with all that it started."""

import asyncio
import os
import signal
from contextlib import suppress

STOP_WITHIN_S = 5.0
"""Between the asking and the killing."""


async def end_group(process: asyncio.subprocess.Process) -> None:
    """End the whole group of a process that leads one: politely, then not.

    The group may outlive its leader: a client that restarts itself, what its tools have left running.
    """
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
