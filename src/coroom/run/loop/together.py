"""Several agents' loops in one process: each on its own, so that one that fails ends nobody else."""

import asyncio
from collections.abc import Sequence

from coroom.core.errors import Fault
from coroom.run.loop.agent import AgentLoop


async def run_all(loops: Sequence[tuple[str, AgentLoop]]) -> dict[str, str]:
    """Run them until all have ended; what went wrong, by the agent's name. Cancelled: each is stopped in good order."""
    failed: dict[str, str] = {}

    async def one(name: str, loop: AgentLoop) -> None:
        try:
            await loop.run()
        except (Fault, OSError) as problem:
            failed[name] = str(problem)

    async with asyncio.TaskGroup() as group:
        for name, loop in loops:
            group.create_task(one(name, loop))
    return failed
