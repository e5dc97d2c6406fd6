"""One agent's endless loop: look, pick, claim, work in a fresh session, land; wait when there is nothing."""

import asyncio
import errno
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict

from coroom.core.errors import Code, Refused
from coroom.git.claims import RefClaims
from coroom.git.command import GitFailed
from coroom.git.task_notes import TaskNotes
from coroom.launch.leftover import end_leftover
from coroom.ports import Holding
from coroom.run.loop.bounds import Bounds, Spent
from coroom.run.loop.failing import ALL, Failing
from coroom.run.loop.peers import Peers, RefPeers, RoomSeat, RoomSilent
from coroom.run.loop.place import Place
from coroom.run.loop.sessions import Sessions
from coroom.run.loop.turn import GONE, LANDED, NOTHING, Manner, Turn
from coroom.run.loop.under_claim import UnderClaim
from coroom.run.loop.work import (
    Board,
    Item,
    failing_tests,
    items_for,
    landed_keys,
    own_order,
    task_key,
    test_key,
    test_title,
)

IDLE_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Between two looks at a board with nothing on it: a look is some git commands, and costs no model anything."""

AWAITED_S = 5.0
"""At most, where somebody else works on what is left: that ends soon, and with it, mostly, the wait."""

AGAIN_S = (2.0, 10.0, 60.0, 300.0, 900.0)
"""Before the same item is tried again by the agent that failed on it."""

INSTANT_S = 2.0
"""A session that ends sooner and did nothing has not worked at all: its client is broken, or out of money."""

INSTANT_MAX = 5
CLAIM_TRIES = 8
RED_SHOWN = 3

NOTED_MAX = 20
"""Failing tests that get a note when they are found; more than that have fewer causes."""


def pause_s(idle: int, *, awaited: bool) -> float:
    """How long to wait after so many looks in a row with nothing to do; `awaited`: others work on some of it."""
    pause = IDLE_S[min(idle, len(IDLE_S)) - 1]
    return min(pause, AWAITED_S) if awaited else pause


class AgentLoop:
    """One agent, until there is nothing left to do for good, its budget is used up, or it is stopped."""

    def __init__(
        self,
        place: Place,
        sessions: Sessions,
        manner: Manner,
        bounds: Bounds,
        spent: Spent,
        show: Callable[[str], None],
        room: RoomSeat | None = None,
    ) -> None:
        """With `room`: beside the others of a room, which then says who gets what."""
        self._room = room
        self._place = place
        self._sessions = sessions
        self._manner = manner
        self._bounds = bounds
        self._spent = spent
        self._show = show
        self._failed: dict[str, tuple[int, float]] = {}
        self._instant = 0
        self._awaited = False
        self._told: set[str] = set()
        self._red: Failing | None = None
        self._notes = TaskNotes(place.hub, place.remote)
        self.turns: list[Turn] = []
        self.ended = ""

    async def run(self) -> None:
        """See the class. Cancelled: what is unfinished is kept in the remote, the claim given up, nothing runs on.

        Raises:
            Fault: the remote does not answer or has no such branch, or another loop has this place.
            OSError: the disk is full.
        """
        with self._place.alone():
            await asyncio.to_thread(self._place.open)
            if await asyncio.to_thread(end_leftover, self._place.home):
                self._show("ended the session that a killed loop had left behind")
            place = self._place
            claims = RefClaims(place.hub, place.agent, place.remote, place=place.name)
            await self._run(self._beside(RefPeers(claims, place.agent)))

    def _beside(self, refs: RefPeers) -> Peers:
        if self._room is None:
            return refs
        from coroom.run.loop.room_peers import RoomPeers  # noqa: PLC0415  slow to import, for loops in a room

        return RoomPeers(self._room, refs, self._manner.tasks)

    async def _run(self, peers: Peers) -> None:
        self._peers = peers
        self._work = UnderClaim(
            place=self._place,
            sessions=self._sessions,
            manner=self._manner,
            bounds=self._bounds,
            spent=self._spent,
            peers=peers,
            notes=self._notes,
            look=self._look,
            room=self._room,
            show=self._show,
        )
        # Before the claim ends: who takes the item then is told of it.
        kept = await self._work.keep_what_a_kill_left()
        if kept:
            self._show(kept)
        await asyncio.to_thread(self._place.unfinished.save_again)
        for claim in await peers.give_up_old():
            held = ", ".join(map(str, claim.resources))
            self._show(
                f"another loop works as {self._place.agent} somewhere else: {held} is its; what the two land cannot "
                "be told apart in the history unless one of them gets another --name"
            )
        idle = 0
        while not self.ended:
            self.ended = self._spent.over(self._bounds)
            if self.ended:
                break
            worked = await self._turn_or_trouble()
            idle = 0 if worked else idle + 1
            if not worked and not self.ended:
                await asyncio.sleep(pause_s(idle, awaited=self._awaited))

    async def _turn_or_trouble(self) -> bool:
        """One turn; what may be over by itself is told, and tried again after a while.

        Raises:
            Fault, OSError: it will not be over by itself.
        """
        try:
            return await self._turn()
        except GitFailed as failed:
            # Git names the file that it could not write, and not always why.
            why = f"the disk is full: make room for {self._place.root}" if self._place.is_full() else failed.why
            self._show(f"git failed, trying again: {why}")
            for path in await asyncio.to_thread(self._place.unlock):
                self._show(f"a killed git left {path} behind; nobody uses it, so it was removed")
        except RoomSilent as silent:
            self._show(f"{silent}; trying again")
        except OSError as problem:
            if problem.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            self._show(f"trying again: the disk is full: make room for {self._place.root}")
        return False

    async def _turn(self) -> bool:
        """One turn; whether there was anything to do."""
        began, self._awaited = time.monotonic(), False
        others = await self._peers.held_by_others(self._place.spec)
        board = await self._look(await asyncio.to_thread(self._place.base))
        held = {resource for claim in others for resource in claim.resources}
        # Another loop may have the same agent's name.
        mine = own_order(f"{self._place.agent}-{self._place.name}", board.items)
        picked = await self._pick([item for item in mine if item.key not in held and self._may_try(item)])
        self._awaited = any(item.key in held for item in mine)
        if picked is None:
            if not board.items and self._manner.until_done:
                self.ended = "everything is done"
            return False
        item, holding = picked
        turn = Turn(agent=self._place.agent, key=str(item.key), base=board.base, tests_s=board.tests_s)
        try:
            await self._work.carry_out(turn, item, holding, board, others)
        finally:
            self._remember(turn, time.monotonic() - began)
        return True

    async def _look(self, base: str) -> Board:
        """What there is to do for this agent's role where the branch stands at `base`."""
        role, manner = self._manner.role, self._manner
        began = time.monotonic()
        asked = (self._place.hub, base, manner.shared, manner.test, manner.test_s, manner.confined)
        failing = await failing_tests(*asked, self._found)
        tests_s = round(time.monotonic() - began, 3)
        await self._noted()
        landed, landings = await asyncio.to_thread(landed_keys, self._place.hub, self._place.branch)
        items = items_for(role, failing, manner.tasks, landed, landings)
        board = await self._peers.tasks(failing, landed)
        if "tasks" in role.takes:
            items += [Item(key=task_key(one), title=one.title, detail=one.description) for one in board]
        return Board(base=base, failing=failing, items=items, tests_s=tests_s)

    async def _noted(self) -> None:
        """A test that was found failing is a task of its own, and has a note from now on, for all who look."""
        red, self._red = self._red, None
        if red is not None:
            titles = {test_key(one): test_title(one) for one in red.ids[:NOTED_MAX]}
            when = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
            entry = f"## {when} {self._place.agent}: found\n\nIt fails at {red.commit[:12]}. {red.summary}"
            await asyncio.to_thread(self._notes.open, titles, entry)

    def _found(self, failing: Failing) -> None:
        """Tell people of a branch that is red, once for each commit: by whichever agent has run the tests."""
        if failing.passed:
            return
        self._red = failing
        more = len(failing.ids) - RED_SHOWN
        some = ", ".join(failing.ids[:RED_SHOWN]) + (f" and {more} more" if more > 0 else "")
        what = failing.summary if failing.ids == (ALL,) else some
        leaves = "" if "tests" in self._manner.role.takes else f" The role {self._manner.role.name} takes none of it."
        self._show(
            f"{self._place.branch} at {failing.commit[:12]} is red: {what}. Nobody is blamed; each is a task of its "
            f"own, to be mended before anything else.{leaves}"
        )

    def _may_try(self, item: Item) -> bool:
        _, again = self._failed.get(str(item.key), (0, 0.0))
        return time.monotonic() >= again

    async def _pick(self, items: Sequence[Item]) -> tuple[Item, Holding] | None:
        """The first item that can be claimed; who is too late goes on to the next."""
        for item in items[:CLAIM_TRIES]:
            got = await self._peers.claim(item, self._manner.ttl_ms)
            if not isinstance(got, Refused):
                return item, got
            if got.code is Code.FORBIDDEN and got.why not in self._told:
                self._told.add(got.why)
                self._show(str(got))
        return None

    def _remember(self, turn: Turn, whole_s: float) -> None:
        """Write the turn down if a session was begun, and learn from it what to try again, and when."""
        if turn.outcome in {LANDED, GONE}:
            self._failed.pop(turn.key, None)
        else:
            count = self._failed.get(turn.key, (0, 0.0))[0] + 1
            again = AGAIN_S[min(count, len(AGAIN_S)) - 1]
            self._failed[turn.key] = (count, time.monotonic() + again)
        if turn.outcome == GONE and not turn.log:
            return
        self._instant = self._instant + 1 if turn.outcome == NOTHING and turn.session_s < INSTANT_S else 0
        if self._instant >= INSTANT_MAX:
            self.ended = f"{INSTANT_MAX} sessions in a row ended at once: {turn.why}"
        turn.harness_s = round(whole_s - turn.session_s - turn.landing_s - turn.tests_s, 3)
        self.turns.append(turn)
        with suppress(OSError), (self._place.root / "turns.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(turn)) + "\n")
