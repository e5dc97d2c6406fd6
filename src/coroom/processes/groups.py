"""How a process is ended with all that it has started: whoever starts one lets it lead a group of its own.

All that it starts is in the group, unless that leaves by itself. The group may outlive its leader: a client that
restarts itself, what its tools have left running. A number stays taken as long as a process or a group has it, and may
be another's afterwards: so a group is ended at once when its leader has been waited for, and not again later.
"""

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

STOP_WITHIN_S = 5.0
"""Between the asking and the killing."""


def signal_group(leader: int, number: int) -> None:
    """Send a signal to every process of the group.

    Args:
        leader: the number of the process that leads it, or led it; it was started with a session of its own.
        number: of the signal.

    Nothing happens where nobody is left in it, or nobody who may be signalled.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def kill_group(leader: int) -> None:
    """End every process of the group at once; nothing where nobody is left. The leader is still to be waited for."""
    signal_group(leader, signal.SIGKILL)


async def end_group(process: "asyncio.subprocess.Process", within_s: float = STOP_WITHIN_S) -> None:
    """End the group of a process that leads one: politely, then not. The process has been waited for afterwards.

    Args:
        process: the leader.
        within_s: what it gets to end by itself.
    """
    import asyncio  # noqa: PLC0415 - who has such a process has it loaded; who only kills need not

    signal_group(process.pid, signal.SIGTERM)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await process.wait()
    finally:
        kill_group(process.pid)
    await process.wait()
