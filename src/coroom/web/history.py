"""The room as it was: states and events of any earlier moment, and who wrote each line of a file."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence

from coroom.core.event import Event, FileAccepted, FilesSeeded
from coroom.core.evolve import evolve
from coroom.core.file import SHARED_LINE, FileVersion
from coroom.core.quick import dataclass
from coroom.core.state import RoomState
from coroom.host.host import Host

EVENTS_BETWEEN = 500
"""Distance of the states kept while the room runs: a look back folds at most as many events."""

STATES_MAX = 60
"""States kept: in a busy room each adds about 0.4 MB to what it shares with the others. Beyond it every second one
goes."""

STEPS_MAX = 500
"""Versions of one file that authorship is followed through; what is older counts as the repository's."""


@dataclass(frozen=True, slots=True)
class Step:
    """One version of a file, and the blob that it was made from: its own where the repository brought it."""

    before: str
    version: FileVersion


class History:
    """Looks back in one room. Its methods belong to the host's loop; reading and folding is done beside it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._kept: list[RoomState] = [RoomState(), host.state]
        self._one = asyncio.Lock()
        host.listen(self._keep)

    async def at(self, seq: int) -> RoomState:
        """The room after event `seq`; the newest state when there are not so many events yet, the empty one for 0."""
        if seq >= self._host.state.seq:
            return self._host.state
        async with self._one:
            place = bisect_right([state.seq for state in self._kept], max(seq, 0)) - 1
            return await asyncio.to_thread(self._fold, self._kept[place], seq)

    async def events(self, after: int, limit: int) -> list[Event]:
        """Up to `limit` events after `after`, oldest first."""
        recent = list(self._host.recent)
        if recent and recent[0].seq <= after + 1:
            return [event for event in recent if event.seq > after][:limit]
        return await asyncio.to_thread(self._host.events, after, after + limit)

    async def versions(self, path: str, until: int) -> list[Step]:
        """How `path` came to be what it is at event `until`, oldest first, followed through renames."""
        return await asyncio.to_thread(self._versions, path, until)

    def _keep(self, event: Event) -> None:
        state = self._host.state
        if event.seq == state.seq and state.seq - self._kept[-1].seq >= EVENTS_BETWEEN:
            self._kept.append(state)
            if len(self._kept) > STATES_MAX:
                self._kept = [self._kept[0], *self._kept[1::2]]

    def _fold(self, state: RoomState, seq: int) -> RoomState:
        for event in self._host.events(state.seq, seq):
            state = evolve(state, event)
        return state

    def _versions(self, path: str, until: int) -> list[Step]:
        found: list[Step] = []
        for event in reversed(self._host.events(0, until)):
            body = event.body
            if isinstance(body, FilesSeeded):
                found += [Step(file.blob, file) for file in body.files if file.path == path]
            elif isinstance(body, FileAccepted) and body.line == SHARED_LINE and body.file.path == path:
                found.append(Step(body.before, body.file))
                path = body.file.renamed_from or path
            if len(found) == STEPS_MAX:
                break
        return found[::-1]


def sampled(head: int, points: int) -> Sequence[int]:
    """At most `points` event numbers from 1 to `head`, evenly spaced, the last one always among them."""
    if head <= points:
        return range(1, head + 1)
    return sorted({round((step + 1) * head / points) for step in range(points)})
