"""What all bridges of a room share."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from coroom.host.edits.acceptance import Acceptance
from coroom.host.edits.files import Files
from coroom.host.edits.intake import Intake
from coroom.host.edits.placing import Placing
from coroom.host.host import Host

T = TypeVar("T")

SCANS_APART_S = 0.5
"""Between two mirrors' looks at everything: sixteen at once held what was being edited up for more than a second."""


@dataclass(slots=True)
class Surroundings:
    """The room, its files and what judges, takes in and puts; and the threads that wait for the disks."""

    host: Host
    files: Files
    acceptance: Acceptance = field(init=False)
    intake: Intake = field(init=False)
    placing: Placing = field(init=False)
    disks: ThreadPoolExecutor = field(init=False)
    _scans: dict[str, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Two threads for the disks: more would only contend for the interpreter."""
        self.disks = ThreadPoolExecutor(max_workers=2, thread_name_prefix="coroom-disk")
        self.acceptance = Acceptance(self.host, self.files)
        self.intake = Intake(self.host, self.files, self.acceptance)
        self.placing = Placing(self.host, self.files, self.intake, self.disks)

    async def on_disk(self, function: Callable[..., T], *arguments: object) -> T:
        """Run what waits for the disk, or computes much, beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self.disks, partial(function, *arguments))

    def scan_at(self, agent: str, wanted: float) -> float:
        """When the mirror of `agent` looks at everything next: at `wanted` (monotonic seconds) or as soon after as no
        other mirror does.
        """
        at = wanted
        for other in sorted(moment for name, moment in self._scans.items() if name != agent):
            if abs(at - other) < SCANS_APART_S:
                at = other + SCANS_APART_S
        self._scans[agent] = at
        return at

    def close(self) -> None:
        """End the threads."""
        self.files.close()
        self.disks.shutdown()
