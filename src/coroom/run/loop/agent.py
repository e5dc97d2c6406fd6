"""One agent's endless loop: orient, pick, claim, work in a fresh session, land; wait when there is nothing."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from coroom.agents.adapter import ModelApi, Session
from coroom.agents.role_files import RoleFile
from coroom.core.claim import Claim
from coroom.core.command import PostTask
from coroom.core.errors import Refused
from coroom.git.claims import TTL_MS, RefClaims
from coroom.git.command import GitFailed
from coroom.git.task_notes import TaskNotes
from coroom.host.confined import Confined
from coroom.launch.leftover import end_leftover
from coroom.ports import Holding
from coroom.run.landing import LandingEnd, LandingWish, land_here
from coroom.run.loop.orient import Surroundings, last_landings, prompt_for
from coroom.run.loop.place import Place
from coroom.run.loop.ratchet import Ratchet
from coroom.run.loop.sitting import Sat, Seat
from coroom.run.loop.work import ANSWERS, Failing, Item, failing_tests, items_for, landed_keys, own_order

IDLE_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Between two looks at a board with nothing on it: a look is two git commands, and costs no model anything."""

AGAIN_S = (2.0, 10.0, 60.0, 300.0, 900.0)
"""Before the same item is tried again by the agent that failed on it."""

INSTANT_S = 2.0
"""A session that ends sooner and did nothing has not worked at all: its client is broken, or out of money."""

INSTANT_MAX = 5
CLAIM_TRIES = 8

GONE = "done-meanwhile"
"""How a turn ends whose item was landed by another before this one had claimed it: no session begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a loop may use up; None: no bound. `session_s` is one session's time."""

    sessions: int | None = None
    seconds: float | None = None
    usd: float | None = None
    session_s: float = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an agent of a loop works. `isolation` is what was asked for, `confined` what tests that are not for a landing
    run in.
    """

    role: RoleFile
    model: str | None = None
    api: ModelApi | None = None
    test: str = ""
    test_s: float = 1_800.0
    ttl_ms: int = TTL_MS
    tasks: Sequence[PostTask] = ()
    until_done: bool = False
    shared: Path = field(default_factory=Path)
    isolation: str = ""
    confined: Confined = field(default_factory=Confined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What there is to do where the branch stands at `base`; `tests_s` is how long its tests took to say so."""

    base: str
    failing: Failing
    items: Sequence[Item]
    tests_s: float


@dataclass(slots=True)
class Turn:
    """What is written down of one turn, a line of `turns.jsonl`. `harness_s` is what neither agent nor landing took."""

    agent: str
    key: str
    base: str
    log: str = ""
    outcome: str = ""
    why: str = ""
    commit: str = ""
    session_s: float = 0.0
    landing_s: float = 0.0
    tests_s: float = 0.0
    harness_s: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    landing: bool = False


@dataclass(slots=True)
class Spent:
    """What all agents of a loop have used up together."""

    sessions: int = 0
    cost_usd: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def over(self, bounds: Bounds) -> str:
        """Which bound is reached, in words; empty when none is."""
        if bounds.sessions is not None and self.sessions >= bounds.sessions:
            return f"{bounds.sessions} sessions are used up"
        if bounds.seconds is not None and time.monotonic() - self.began >= bounds.seconds:
            return f"{bounds.seconds:g} s are over"
        if bounds.usd is not None and self.cost_usd >= bounds.usd:
            return f"{bounds.usd:g} US dollars are spent"
        return ""


class AgentLoop:
    """One agent, until there is nothing left to do for good, its budget is used up, or it is stopped."""

    def __init__(
        self, place: Place, seat: Seat, manner: Manner, bounds: Bounds, spent: Spent, show: Callable[[str], None]
    ) -> None:
        self._place = place
        self._seat = seat
        self._manner = manner
        self._bounds = bounds
        self._spent = spent
        self._show = show
        self._failed: dict[str, tuple[int, float]] = {}
        self._instant = 0
        self.turns: list[Turn] = []
        self.ended = ""

    async def run(self) -> None:
        """See the class. Cancelled: what is unfinished is kept in the remote, the claim given up, nothing runs on.

        Raises:
            Fault: the remote does not answer or has no such branch, or another loop has this place.
            OSError: the disk is full.
        """
        with self._place.alone():
            await self._run()

    async def _run(self) -> None:
        await asyncio.to_thread(self._place.open)
        if await asyncio.to_thread(end_leftover, self._place.home):
            self._show("ended the session that a killed loop had left behind")
        self._claims = RefClaims(self._place.hub, self._place.agent, self._place.remote)
        self._notes = TaskNotes(self._place.hub, self._place.remote)
        await self._give_up_old_claims()
        idle = 0
        while not self.ended:
            self.ended = self._spent.over(self._bounds)
            if self.ended:
                break
            try:
                worked = await self._turn()
            except GitFailed as failed:
                self._show(f"git failed, trying again: {failed.why}")
                worked = False
            idle = 0 if worked else idle + 1
            if not worked and not self.ended:
                await asyncio.sleep(IDLE_S[min(idle, len(IDLE_S)) - 1])

    async def _give_up_old_claims(self) -> None:
        """What an earlier process of this agent still holds: that process is gone, and this one begins anew."""
        for claim in await self._claims.live():
            if claim.holder == self._place.agent:
                await self._claims.end(claim.id)

    async def _turn(self) -> bool:
        """One turn; whether there was anything to do."""
        began = time.monotonic()
        board = await self._look(await asyncio.to_thread(self._place.fetch))
        live = [claim for claim in await self._claims.live() if claim.holder != self._place.agent]
        held = {resource for claim in live for resource in claim.resources}
        mine = own_order(self._place.agent, board.items)
        picked = await self._pick([item for item in mine if item.key not in held and self._may_try(item)])
        if picked is None:
            if not board.items and self._manner.until_done:
                self.ended = "everything is done"
            return False
        item, holding = picked
        turn = Turn(agent=self._place.agent, key=str(item.key), base=board.base, tests_s=board.tests_s)
        try:
            await self._worked(turn, item, holding, board, live)
        finally:
            if turn.outcome != GONE or turn.log:
                whole = time.monotonic() - began
                turn.harness_s = round(whole - turn.session_s - turn.landing_s - turn.tests_s, 3)
                self._write(turn)
        return True

    async def _look(self, base: str) -> Board:
        """What there is to do for this agent's role where the branch stands now."""
        role, manner = self._manner.role, self._manner
        began = time.monotonic()
        failing = Failing(commit=base, passed=True)
        if "tests" in role.takes:
            asked = (self._place.hub, base, manner.shared, manner.test, manner.test_s, manner.confined)
            failing = await failing_tests(*asked)
        tests_s = round(time.monotonic() - began, 3)
        landed, landings = await asyncio.to_thread(landed_keys, self._place.hub, self._place.branch)
        items = items_for(role, failing, manner.tasks, landed, landings)
        return Board(base=base, failing=failing, items=items, tests_s=tests_s)

    async def _look_again(self, turn: Turn, item: Item, board: Board) -> Board | None:
        """What there is to do now that the item is claimed; None when it has been done meanwhile.

        Another may have landed it between the look at the branch and the claim. Landing moves the branch before it
        ends the claim, so that whoever has the claim sees everything that was landed under an earlier one.
        """
        base = await asyncio.to_thread(self._place.fetch)
        if base == board.base:
            return board
        fresh = await self._look(base)
        turn.base, turn.tests_s = base, round(turn.tests_s + fresh.tests_s, 3)
        return fresh if any(one.key == item.key for one in fresh.items) else None

    def _may_try(self, item: Item) -> bool:
        _, again = self._failed.get(str(item.key), (0, 0.0))
        return time.monotonic() >= again

    async def _pick(self, items: Sequence[Item]) -> tuple[Item, Holding] | None:
        """The first item that can be claimed; who is too late goes on to the next."""
        for item in items[:CLAIM_TRIES]:
            got = await self._claims.claim([item.key], item.title[:200], self._manner.ttl_ms)
            if isinstance(got, Holding):
                return item, got
        return None

    async def _worked(self, turn: Turn, item: Item, holding: Holding, board: Board, live: Sequence[Claim]) -> None:
        """What is done under the claim, which is kept alive meanwhile; what is left undone is kept and told."""
        work = asyncio.ensure_future(self._under_claim(turn, item, board, live))
        beating = asyncio.ensure_future(self._beat(turn, holding, work))
        try:
            await work
        except asyncio.CancelledError:
            mine = asyncio.current_task()
            if mine and mine.cancelling():
                turn.outcome = turn.outcome or "stopped"
                await asyncio.shield(self._put_by(turn, item, holding))
                raise
            turn.outcome, turn.why = "claim-lost", "its claim had ended: another may have the task by now"
            await self._put_by(turn, item, holding)
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
        if turn.outcome == "landed":
            return
        if turn.outcome != GONE:
            count = self._failed.get(turn.key, (0, 0.0))[0] + 1
            again = AGAIN_S[min(count, len(AGAIN_S)) - 1]
            self._failed[turn.key] = (count, time.monotonic() + again)
        with suppress(GitFailed):
            await self._claims.release(holding)

    async def _under_claim(self, turn: Turn, item: Item, board: Board, live: Sequence[Claim]) -> None:
        """Session and landing, if there is still something to do."""
        again = await self._look_again(turn, item, board)
        if again is None:
            turn.outcome = GONE
            self._show(f"another has landed {item.key} just now")
            return
        around = Surroundings(
            item=item,
            base=again.base,
            failing=again.failing,
            claims=live,
            notes=await asyncio.to_thread(self._notes.read),
            landings=await asyncio.to_thread(last_landings, self._place.hub, self._place.branch),
            unfinished=await asyncio.to_thread(self._place.unfinished),
        )
        await self._finish(turn, item, await self._session(turn, around))

    async def _session(self, turn: Turn, around: Surroundings) -> Sat:
        code, said = await self._seat.shell(self._place.ready(), self._place.work)
        if code:
            return Sat(seconds=0.0, error=f"the workplace cannot be made ready: {said.strip()[-300:]}")
        number = sum(1 for _ in self._place.logs.glob("*.log")) + 1
        log = self._place.logs / f"{number:05d}-{turn.base[:12]}.log"
        turn.log = str(log)
        prompt = prompt_for(self._manner.role, self._place.agent, around, self._manner.test)
        session = Session(
            agent=self._place.agent,
            mirror=self._place.work,
            room_url="",
            token="",
            prompt=prompt,
            home=self._place.home,
            model=self._manner.model,
            api=self._seat.isolating.api(self._manner.api),
            env={"COROOM_TASK": turn.key, "COROOM_ROLE": self._manner.role.name},
            isolated=self._seat.isolating.isolated,
        )
        self._show(f"works on {turn.key}")
        self._spent.sessions += 1
        sat = await self._seat.run(session, log, self._bounds.session_s, self._show)
        turn.session_s = round(sat.seconds, 3)
        turn.input_tokens, turn.output_tokens, turn.cost_usd = sat.input_tokens, sat.output_tokens, sat.cost_usd
        self._spent.cost_usd += sat.cost_usd
        return sat

    async def _beat(self, turn: Turn, holding: Holding, work: "asyncio.Future[None]") -> None:
        """The claim's signs of life, which are the harness's business; without it no session goes on. Landing judges
        the claim itself, and ends it.
        """
        while True:
            await asyncio.sleep(self._manner.ttl_ms / 3_000)
            try:
                renewed = await self._claims.renew(holding)
            except GitFailed:
                continue
            if isinstance(renewed, Refused):
                if not turn.landing:
                    work.cancel()
                return

    async def _finish(self, turn: Turn, item: Item, sat: Sat) -> None:
        tip = await self._collected(item)
        nothing = not tip or tip == turn.base
        if nothing:
            turn.outcome = "nothing"
            turn.why = sat.error or "the session ended without a change"
            self._instant = self._instant + 1 if sat.seconds < INSTANT_S else 0
            if self._instant >= INSTANT_MAX:
                self.ended = f"{INSTANT_MAX} sessions in a row ended at once: {turn.why}"
        else:
            self._instant = 0
            await self._land(turn, item, tip)
        if turn.outcome == "landed":
            self._show(f"landed {turn.key}")
            return
        self._show(f"did not land {turn.key}: {turn.why.splitlines()[0] if turn.why else turn.outcome}")
        await self._note(turn, item, sat)

    async def _collected(self, item: Item) -> str:
        """Everything that the session left in its workplace, as one commit's id in the harness's repository."""
        message = f"{item.title[:80]}\n\nCoroom-Task: {item.key}"
        await self._seat.shell(self._place.committed(message), self._place.work)
        return await asyncio.to_thread(self._place.take)

    async def _land(self, turn: Turn, item: Item, tip: str) -> None:
        role = self._manner.role
        outside = role.outside(await asyncio.to_thread(self._place.changed, turn.base, tip))
        if not role.lands or outside:
            turn.outcome = "kept"
            turn.why = f"the role {role.name} may not change {outside[0]}" if outside else "its work is not for landing"
            await self._keep(turn, tip)
            return
        if await asyncio.to_thread(self._landed_since, turn.base, item):
            turn.outcome, turn.why = GONE, "it was landed without its claim while this session worked"
            await self._keep(turn, tip)
            return
        began, turn.landing = time.monotonic(), True
        wish = LandingWish(
            onto=self._place.branch,
            remote=self._place.remote,
            agent=self._place.agent,
            task=str(item.key),
            title=item.title,
            claims=(item.key,),
            test=self._manner.test,
            rule=Ratchet(self._manner.shared / ANSWERS, self._manner.test) if self._manner.test else None,
            isolation=self._manner.isolation,
            timeout_s=self._manner.test_s,
        )
        end = await land_here(self._place.as_repository(tip), wish, lambda _text: None)
        turn.landing_s = round(time.monotonic() - began, 3)
        if isinstance(end, LandingEnd) and end.landed:
            turn.outcome, turn.commit = "landed", end.commit
            return
        turn.outcome = end.kind if isinstance(end, LandingEnd) else "refused"
        turn.why = end.why if isinstance(end, LandingEnd) else str(end)
        await self._keep(turn, tip)

    def _landed_since(self, base: str, item: Item) -> bool:
        """Whether the branch has come to name the item since, as after `coroom land --task` by a person."""
        fresh = self._place.fetch()
        return fresh != base and str(item.key) in landed_keys(self._place.hub, f"{base}..{fresh}")[0]

    async def _keep(self, turn: Turn, tip: str) -> None:
        with suppress(GitFailed):
            turn.commit = await asyncio.to_thread(self._place.save, tip)

    async def _put_by(self, turn: Turn, item: Item, holding: Holding) -> None:
        """The loop is being stopped: keep what there is, tell the next session, and let others have the task."""
        tip = await self._collected(item) if turn.log else ""
        if tip and tip != turn.base:
            await self._keep(turn, tip)
            turn.why = f"stopped; what it had done is in {turn.commit}"
            await self._note(turn, item, Sat(seconds=0.0))
        with suppress(GitFailed):
            await self._claims.release(holding)

    async def _note(self, turn: Turn, item: Item, sat: Sat) -> None:
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
        lines = [f"## {when} {turn.agent}: {turn.outcome}", "", f"From {turn.base[:12]}. {turn.why}".strip()]
        lines += [f"Work kept in {turn.commit}."] if turn.commit else []
        lines += [f"Its last words: {sat.last_words}"] if sat.last_words else []
        await asyncio.to_thread(self._notes.add, item.key, item.title, "\n".join(lines))

    def _write(self, turn: Turn) -> None:
        self.turns.append(turn)
        with suppress(OSError), (self._place.root / "turns.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(turn)) + "\n")
