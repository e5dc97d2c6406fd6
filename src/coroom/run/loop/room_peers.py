"""The others of a room that serves the repository: its board, its claims, its notices, and what its roles may do.

The room says who gets what. What it has given is claimed by refs as well, so that loops without this room, on other
machines, see it too, and so that landing still moves the branch and ends the claim in one push. An item that somebody
else holds in either place is not taken.
"""

import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from coroom.agents.room_claims import RoomClaims, refused_of
from coroom.agents.room_client import RoomClient, Told, room_failures
from coroom.core.claim import Claim
from coroom.core.command import PostTask
from coroom.core.errors import Code, Refused, said_by
from coroom.core.limits import Limits
from coroom.core.resource import Scheme
from coroom.core.task import TaskState
from coroom.ports import Holding
from coroom.run.loop.failing import Failing
from coroom.run.loop.peers import RefPeers, RoomSeat, RoomSilent
from coroom.run.loop.work import Item, task_key, test_key, test_title

OPENED_MAX = 20
"""Tasks that a red branch opens on the board; more failures than that have fewer causes."""

TASK_TTL_MS = Limits().claim_ttl_ms_default
"""How long a task of the board stays with an agent that is silent."""

HEARD_MAX = 20
"""Notices that are kept for the next session; the room's log has them all."""

_BLOCK = re.compile(
    r"^\[begin (?P<nonce>[0-9a-f]{12}) (?P<facts>[^\n]*)\]\n.*?^\[end (?P=nonce)\]", re.MULTILINE | re.DOTALL
)
_ALIVE = frozenset({TaskState.OPEN.value, TaskState.TAKEN.value})


class RoomPeers:
    """The others of one room. Implements `Peers`.

    Each call is a connection of its own, so that a room may be closed and opened again while a loop goes on.
    """

    def __init__(self, seat: RoomSeat, refs: RefPeers, listed: Sequence[PostTask]) -> None:
        self._seat = seat
        self._refs = refs
        self._listed = {str(task_key(one)): one for one in listed}
        self._posted = False
        self._on_board: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._held: Holding | None = None
        self._untold: dict[str, Mapping[str, str]] = {}
        self._heard: deque[str] = deque(maxlen=HEARD_MAX)

    async def held_by_others(self, *also: str) -> Sequence[Claim]:
        """See the port. What is held in the room alone, the room refuses."""
        return await self._refs.held_by_others(*also)

    async def claim(self, item: Item, ttl_ms: int) -> Holding | Refused:
        """See the port."""
        async with self._room() as room:
            got = await self._claimed(room, item, ttl_ms)
        if isinstance(got, Refused):
            return got
        mirrored = await self._refs.claim(item, ttl_ms)
        if isinstance(mirrored, Refused):
            await self._given_up(item, "It is held outside the room.")
            return mirrored
        self._held = got
        return replace(mirrored, ttl_ms=min(mirrored.ttl_ms, got.ttl_ms))

    async def renew(self, holding: Holding) -> Holding | Refused:
        """See the port."""
        [key] = holding.resources
        item = Item(key=key, title="")
        try:
            async with self._room() as room:
                again = await self._claimed(room, item, holding.ttl_ms)
        except RoomSilent:
            # A closed room gives nothing to anybody else; the ref is what others would take over.
            return await self._refs.renew(holding)
        if isinstance(again, Refused):
            return Refused(Code.STALE, again.why, again.next_step)
        if self._held is None or again.fence != self._held.fence:
            await self._given_up(item, "Its claim had run out.")
            return Refused(Code.STALE, "Its claim had run out.", "Claim it again.")
        return await self._refs.renew(holding)

    async def give_up(self, item: Item, holding: Holding, why: str) -> None:
        """See the port."""
        # By refs first: who takes it in the room at once must find it free there too.
        await self._refs.give_up(item, holding, why)
        await self._given_up(item, why)

    async def landed(self, item: Item, commit: str) -> None:
        """See the port."""
        await self._over(item, {"do": "done", "summary": f"Landed as {commit[:12]}."})

    async def give_up_old(self) -> Sequence[Claim]:
        """See the port."""
        async with self._room() as room:
            task = (await room.call("sync", {})).data.get("task")
            if task:
                await room.call("task", {"do": "give_back", "task": task, "summary": "Its loop was begun anew."})
            await room.call("release", {})
        return await self._refs.give_up_old()

    async def tasks(self, failing: Failing, landed: Mapping[str, int]) -> Sequence[PostTask]:
        """See the port. What the loop's own list and failing tests name is put on the board, for all to see."""
        async with self._room() as room:
            await self._tell(room)
            if not self._posted:
                for key, task in self._listed.items():
                    if key not in landed:
                        await _post(room, task)
                self._posted = True
            board = await _board(room)
            known = {str(one["id"]) for one in board}
            red = [PostTask(title=test_title(one), task=str(test_key(one))) for one in failing.ids[:OPENED_MAX]]
            fresh = [one for one in red if one.task not in known]
            for one in fresh:
                await _post(room, one)
            board = await _board(room) if fresh else board
            self._on_board = {_key(one): str(one["id"]) for one in board if one["state"] in _ALIVE}
            await self._mended(room, board, failing)
            return [await self._task(room, one) for one in board if self._is_for_us(one, board)]

    async def news(self) -> str:
        """See the port: where things stand, and the notices that rode on any reply since the last time."""
        async with self._room() as room:
            told = await room.call("sync", {})
        stands = [block for block, facts in _blocks(told.text) if not _is_notice(facts)]
        heard, self._heard = [*self._heard], deque(maxlen=HEARD_MAX)
        return "\n".join([*stands, *heard])

    def _hear(self, told: Told) -> None:
        self._heard += [block for block, facts in _blocks(told.text) if _is_notice(facts)]

    async def _claimed(self, room: RoomClient, item: Item, ttl_ms: int) -> Holding | Refused:
        """In the room: what is more than a task is claimed, and a task of the board taken. What is held is renewed."""
        task = self._on_board.get(str(item.key))
        got: Holding | Refused | None = None
        if item.key.scheme is not Scheme.TASK or task is None:
            got = await RoomClaims(room).claim([item.key], item.title[:200], ttl_ms)
            if isinstance(got, Refused):
                return got
        if task is not None:
            told = await room.call("task", {"do": "take", "task": task})
            if told.refused:
                await room.call("release", {"resources": [str(item.key)]})
                return refused_of(told)
            claim, fence = str(told.data["claim"]), int(told.data["fence"])
            got = Holding(id=claim, resources=(item.key,), fence=fence, ttl_ms=min(ttl_ms, TASK_TTL_MS))
        assert got is not None
        return got

    async def _given_up(self, item: Item, why: str) -> None:
        await self._over(item, {"do": "give_back", "summary": why[:1_000]})

    async def _over(self, item: Item, said: Mapping[str, str]) -> None:
        """The agent has the item no more: what becomes of its task is told, and its claim ends. A room that is closed
        is told once it is open again.
        """
        self._held = None
        self._untold[str(item.key)] = said
        async with self._room() as room:
            await self._tell(room)

    async def _tell(self, room: RoomClient) -> None:
        for key, said in list(self._untold.items()):
            task = self._on_board.get(key)
            if task is not None:
                await room.call("task", {**said, "task": task})
            await room.call("release", {"resources": [key]})
            del self._untold[key]

    async def _mended(self, room: RoomClient, board: Sequence[Mapping[str, Any]], failing: Failing) -> None:
        """Tasks of tests that pass again, whoever mended them, are done."""
        if not failing.commit:
            return
        for one in board:
            name = str(one["id"])
            if name.startswith("test:") and one["state"] == TaskState.OPEN and name[5:] not in failing.ids:
                taken = await room.call("task", {"do": "take", "task": name})
                if not taken.refused:
                    summary = f"It passes at {failing.commit[:12]}."
                    await room.call("task", {"do": "done", "task": name, "summary": summary})

    def _is_for_us(self, one: Mapping[str, Any], board: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the board's task is one more for this loop: ready, and neither of its list nor a failing test."""
        key = _key(one)
        if key in self._listed or key.startswith(f"{Scheme.TEST}:") or one["state"] not in _ALIVE:
            return False
        over = {str(other["id"]) for other in board if other["state"] not in _ALIVE}
        return set(map(str, one["after"])) <= over

    async def _task(self, room: RoomClient, one: Mapping[str, Any]) -> PostTask:
        name = str(one["id"])
        if name not in self._texts:
            about = (await room.call("sync", {"about": name})).data.get("about")
            self._texts[name] = str(about.get("description", "")) if isinstance(about, dict) else ""
        return PostTask(title=str(one["title"]), description=self._texts[name], task=name)

    @asynccontextmanager
    async def _room(self) -> AsyncIterator[RoomClient]:
        problem = ""
        try:
            async with _Hearing(self._seat, self._hear) as client:
                yield client
        except* room_failures() as silent:
            problem = said_by(silent)
        if problem:
            raise RoomSilent(f"the room at {self._seat.url} does not answer: {problem}")


def _key(task: Mapping[str, Any]) -> str:
    """What a task of the board is claimed by."""
    return str(task_key(PostTask(title="", task=str(task["id"]))))


class _Hearing(RoomClient):
    """A connection that hands on every reply: news ride on whichever comes first."""

    def __init__(self, seat: RoomSeat, hear: Callable[[Told], None]) -> None:
        super().__init__(seat.url, seat.token)
        self._hear = hear

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Told:
        """See the class above."""
        told = await super().call(tool, arguments)
        self._hear(told)
        return told


def _blocks(text: str) -> list[tuple[str, str]]:
    """What stands in a reply between labels that only the room can write, each with its label's facts."""
    return [(found[0], found["facts"]) for found in _BLOCK.finditer(text)]


def _is_notice(facts: str) -> bool:
    return " id=" in f" {facts}"


async def _board(room: RoomClient) -> Sequence[Mapping[str, Any]]:
    found = (await room.call("task", {"do": "list"})).data.get("tasks")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


async def _post(room: RoomClient, task: PostTask) -> None:
    """Put a task on the board; one that is there, or that the board does not take, changes nothing."""
    said = {"title": task.title, "description": task.description, "task": task.task, "after": list(task.after)}
    await room.call("task", {"do": "post", **said, "despite_duplicate": True})
