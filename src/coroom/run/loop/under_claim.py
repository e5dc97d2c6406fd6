"""What an agent does about an item that it has claimed: a fresh session, and the landing of what came of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from coroom.agents.adapter import Session
from coroom.core.claim import Claim
from coroom.core.errors import Refused
from coroom.git.command import GitFailed
from coroom.git.commits import is_ancestor
from coroom.git.task_notes import SPEC as NOTES
from coroom.git.task_notes import TaskNotes
from coroom.ports import Holding
from coroom.run.landing import LandingEnd, LandingWish, land_here
from coroom.run.loop.begun import note_begun, read_begun
from coroom.run.loop.bounds import Account, Bounds, Spent
from coroom.run.loop.failing import ANSWERS
from coroom.run.loop.orient import Surroundings, last_landings, prompt_for
from coroom.run.loop.peers import Peers, RoomSeat, RoomSilent
from coroom.run.loop.place import Place
from coroom.run.loop.ratchet import Ratchet
from coroom.run.loop.sessions import SessionEnd, Sessions
from coroom.run.loop.turn import GONE, LANDED, NOTHING, Manner, Turn
from coroom.run.loop.work import Board, Item, landed_keys

Look = Callable[[str], Awaitable[Board]]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderClaim:
    """One agent at its claimed items, one at a time. `look` says what there is to do at a commit of the branch; `room`,
    whose tools sessions get, is the one that the loop has joined.
    """

    place: Place
    sessions: Sessions
    manner: Manner
    bounds: Bounds
    spent: Spent
    peers: Peers
    notes: TaskNotes
    look: Look
    room: RoomSeat | None
    show: Callable[[str], None]

    async def carry_out(self, turn: Turn, item: Item, holding: Holding, board: Board, others: Sequence[Claim]) -> None:
        """Do what the claim is for, with signs of life meanwhile; what is left undone is kept and told, and given up.

        Cancelled, or ended by a fault, it leaves nothing running, and no claim behind.

        Raises:
            GitFailed, RoomSilent: git, the remote or the room fails.
            OSError: the disk is full.
        """
        work = asyncio.ensure_future(self._work(turn, item, holding, board, others))
        beating = asyncio.ensure_future(self._beat(turn, holding, work))
        try:
            await work
        except asyncio.CancelledError:
            mine = asyncio.current_task()
            if mine and mine.cancelling():
                turn.outcome = turn.outcome or "stopped"
                await asyncio.shield(self._put_by(turn, item))
                raise
            turn.outcome, turn.why = "claim-lost", "its claim had ended: another may have the task by now"
            await self._put_by(turn, item)
        finally:
            self._begun.unlink(missing_ok=True)
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            if turn.outcome != LANDED:
                with suppress(GitFailed, RoomSilent):
                    await asyncio.shield(self.peers.give_up(item, holding, turn.why))

    async def keep_what_a_kill_left(self) -> str:
        """Keep what a session had done whose loop was killed, for whoever takes its item next, and say where; empty
        when there is nothing. Nothing of that session runs any more.

        Raises:
            OSError: the disk is full.
        """
        begun = read_begun(self._begun)
        if begun is None:
            return ""
        turn = Turn(agent=self.place.agent, key=str(begun.item.key), base=begun.base, outcome="killed")
        tip = await self._collected(begun.item)
        if tip and tip != begun.base and not await asyncio.to_thread(self._has_landed, tip):
            await self._keep(turn, begun.item, tip)
            turn.why = f"its loop was killed; what it had done is in {turn.commit}"
            await self._note(turn, begun.item, SessionEnd(seconds=0.0))
        self._begun.unlink(missing_ok=True)
        return turn.why

    @property
    def _begun(self) -> Path:
        return self.place.root / "begun.json"

    def _has_landed(self, tip: str) -> bool:
        return is_ancestor(self.place.hub, tip, self.place.base())

    async def _work(self, turn: Turn, item: Item, holding: Holding, board: Board, others: Sequence[Claim]) -> None:
        again = await self._look_again(turn, item, board)
        if again is None:
            turn.outcome = GONE
            self.show(f"another has landed {item.key} just now")
            return
        news = await self.peers.news()
        around, (code, said) = await asyncio.gather(
            asyncio.to_thread(self._surroundings, again, item, others, news),
            self.sessions.shell(self.place.ready(), self.place.work),
        )
        if code:
            end = SessionEnd(seconds=0.0, error=f"the workplace cannot be made ready: {said.strip()[-300:]}")
        else:
            end = await self._session(turn, around)
        await self._finish(turn, item, holding, end)

    def _surroundings(self, board: Board, item: Item, others: Sequence[Claim], news: str) -> Surroundings:
        return Surroundings(
            item=item,
            base=board.base,
            failing=board.failing,
            claims=others,
            note=self.notes.of(item.key),
            landings=last_landings(self.place.hub, self.place.branch),
            unfinished=self.place.unfinished.of(item.key, board.base),
            news=news,
            in_room=self.room is not None,
        )

    async def _look_again(self, turn: Turn, item: Item, board: Board) -> Board | None:
        """What there is to do now that the item is claimed; None when it has been done meanwhile.

        Another may have landed it between the look at the branch and the claim. Landing moves the branch before it
        ends the claim, so that whoever has the claim sees everything that was landed under an earlier one.
        """
        base = await asyncio.to_thread(self.place.fetch, NOTES, self.place.unfinished.spec(item.key))
        if base == board.base:
            return board
        fresh = await self.look(base)
        turn.base, turn.tests_s = base, round(turn.tests_s + fresh.tests_s, 3)
        return fresh if any(one.key == item.key for one in fresh.items) else None

    async def _session(self, turn: Turn, around: Surroundings) -> SessionEnd:
        number = sum(1 for _ in self.place.logs.glob("*.log")) + 1
        log = self.place.logs / f"{number:05d}-{turn.base[:12]}.log"
        turn.log = str(log)
        account = Account(self.spent, self.bounds)
        session = Session(
            agent=self.place.agent,
            mirror=self.place.work,
            room_url=self.sessions.isolating.room_url(self.room.url) if self.room else "",
            token=self.room.token if self.room else "",
            hooked=False,
            budget_usd=account.left_usd,
            prompt=prompt_for(self.manner.role, self.place.agent, around, self.manner.test),
            home=self.place.home,
            model=self.manner.model,
            api=self.sessions.isolating.api(self.manner.api),
            env={"COROOM_TASK": turn.key, "COROOM_ROLE": self.manner.role.name},
            isolated=self.sessions.isolating.isolated,
            elsewhere=self.sessions.isolating.elsewhere,
        )
        self.show(f"works on {turn.key}")
        note_begun(self._begun, around.item, turn.base)
        self.spent.sessions += 1
        try:
            end = await self.sessions.run(
                session, log, self.bounds.session_s, account, self.show, self.room.url if self.room else ""
            )
        finally:
            used = account.meter
            turn.input_tokens, turn.output_tokens, turn.cost_usd = used.input_tokens, used.output_tokens, used.usd
        turn.session_s = round(end.seconds, 3)
        return end

    async def _beat(self, turn: Turn, holding: Holding, work: "asyncio.Future[None]") -> None:
        """The claim's signs of life, which are the harness's business; without it no session goes on. Landing judges
        the claim itself, and ends it.
        """
        while True:
            await asyncio.sleep(holding.ttl_ms / 3_000)
            try:
                renewed = await self.peers.renew(holding)
            except (GitFailed, RoomSilent):
                continue
            if isinstance(renewed, Refused):
                if not turn.landing:
                    work.cancel()
                return

    async def _finish(self, turn: Turn, item: Item, holding: Holding, end: SessionEnd) -> None:
        tip = await self._collected(item)
        if not tip or tip == turn.base:
            turn.outcome, turn.why = NOTHING, end.error or "the session ended without a change"
        elif end.cut:
            turn.outcome, turn.why = "kept", f"{end.error}, in the middle of its work"
            await self._keep(turn, item, tip)
        else:
            await self._land(turn, item, holding, tip)
        if turn.outcome == LANDED:
            with suppress(RoomSilent):
                await self.peers.landed(item, turn.commit)
            with suppress(GitFailed):
                await asyncio.to_thread(self.place.unfinished.drop, item.key)
            self.show(f"landed {turn.key}")
            return
        self.show(f"did not land {turn.key}: {turn.why.splitlines()[0] if turn.why else turn.outcome}")
        await self._note(turn, item, end)

    async def _collected(self, item: Item) -> str:
        """Everything that the session left in its workplace, as one commit's id in the harness's repository."""
        message = f"{item.title[:80]}\n\nCoroom-Task: {item.key}"
        await self.sessions.shell(self.place.committed(message), self.place.work)
        return await asyncio.to_thread(self.place.take)

    async def _land(self, turn: Turn, item: Item, holding: Holding, tip: str) -> None:
        role = self.manner.role
        outside = role.outside(await asyncio.to_thread(self.place.changed, turn.base, tip))
        if not role.lands or outside:
            turn.outcome = "kept"
            turn.why = f"the role {role.name} may not change {outside[0]}" if outside else "its work is not for landing"
            await self._keep(turn, item, tip)
            return
        if await asyncio.to_thread(self._landed_since, turn.base, item):
            turn.outcome, turn.why = GONE, "it was landed without its claim while this session worked"
            await self._keep(turn, item, tip)
            return
        began, turn.landing = time.monotonic(), True
        wish = LandingWish(
            onto=self.place.branch,
            remote=self.place.remote,
            agent=self.place.agent,
            task=str(item.key),
            title=item.title,
            claims=(item.key,),
            claim=holding.id,
            test=self.manner.test,
            rule=Ratchet(self.manner.shared / ANSWERS, self.manner.test) if self.manner.test else None,
            isolation=self.manner.isolation,
            timeout_s=self.manner.test_s,
            radar=False,
        )
        end = await land_here(self.place.as_repository(tip), wish, lambda _text: None)
        turn.landing_s = round(time.monotonic() - began, 3)
        if isinstance(end, LandingEnd) and end.landed:
            turn.outcome, turn.commit = LANDED, end.commit
            return
        turn.outcome = end.kind if isinstance(end, LandingEnd) else "refused"
        turn.why = end.why if isinstance(end, LandingEnd) else str(end)
        await self._keep(turn, item, tip)

    def _landed_since(self, base: str, item: Item) -> bool:
        """Whether the branch has come to name the item since, as after `coroom land --task` by a person."""
        fresh = self.place.fetch()
        return fresh != base and str(item.key) in landed_keys(self.place.hub, f"{base}..{fresh}")[0]

    async def _keep(self, turn: Turn, item: Item, tip: str) -> None:
        try:
            turn.commit = await asyncio.to_thread(self.place.unfinished.save, tip, item.key)
        except GitFailed as failed:
            turn.commit = tip
            self.show(
                f"the remote does not take what is unfinished of {item.key}, which stays in "
                f"{self.place.hub.directory} until this loop begins anew: {failed.why}"
            )

    async def _put_by(self, turn: Turn, item: Item) -> None:
        """The session was ended in the middle: keep what there is, and tell the next one."""
        tip = await self._collected(item) if turn.log else ""
        if tip and tip != turn.base:
            await self._keep(turn, item, tip)
            turn.why = f"{turn.outcome}; what it had done is in {turn.commit}"
            await self._note(turn, item, SessionEnd(seconds=0.0))

    async def _note(self, turn: Turn, item: Item, end: SessionEnd) -> None:
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
        lines = [f"## {when} {turn.agent}: {turn.outcome}", "", f"From {turn.base[:12]}. {turn.why}".strip()]
        lines += [f"Work kept in {turn.commit}."] if turn.commit else []
        lines += [f"Its last words: {end.last_words}"] if end.last_words else []
        await asyncio.to_thread(self.notes.add, item.key, item.title, "\n".join(lines))
