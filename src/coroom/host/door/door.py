"""Everything an agent can ask of the room, whatever client it speaks through: one method a tool or a hook.

The caller has proved who the agent is. Each answer carries the agent's unread notices.
"""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from coroom.core import command as c
from coroom.core.agent import EVERYONE, OPERATOR
from coroom.core.claim import Mode
from coroom.core.codec import Json
from coroom.core.errors import Code, Refused
from coroom.core.event import AgentJoined, Event
from coroom.core.notice import NoticeKind
from coroom.core.ordering.call import Judgement
from coroom.core.ordering.position import step_of
from coroom.core.room import answered_before, fingerprint_of_edit
from coroom.host.calls.calls import NOT_FINAL, RoomCalls
from coroom.host.calls.carry import Called, Outcome
from coroom.host.calls.outcomes import looked_in_vain, worded
from coroom.host.door.answer import Answer, ToolUse, WishPosted, data_of
from coroom.host.door.delivery import SYNC_CHARS_MAX
from coroom.host.door.given import number, resources_in, task_command, unknown
from coroom.host.door.needs import Beats, Lander, ToolMaker, Workspace
from coroom.host.door.overview import brief, by_age, details, room_in_brief, taken
from coroom.host.door.refusals import Attempt, Refusals
from coroom.host.door.riding import Riding
from coroom.host.door.tool_list import listed, shown
from coroom.host.host import Host

if TYPE_CHECKING:
    from coroom.host.calls.brought import BroughtTools

SYNC_WAIT_S_MAX = 240
"""Codex gives a tool 300 s, whatever it says meanwhile."""

HEARTBEAT_S = 15.0
"""OpenCode gives up after 60 s of silence."""

SETTLE_S = 0.25
"""News comes in bursts; a waiting agent is woken once for a burst."""


class Door:
    """The room as agents meet it."""

    def __init__(self, host: Host, workspace: Workspace, lander: Lander) -> None:
        self._host = host
        self._workspace = workspace
        self._lander = lander
        self._riding = Riding(host)
        self._refusals: Refusals[Refused] = Refusals()
        self.calls: RoomCalls | None = None
        """The room's tools on live state, where it has any."""
        self.smithy: ToolMaker | None = None
        """What makes further ones, where there is a directory for them."""
        self.brought: BroughtTools | None = None
        """Those that agents' processes bring, where they may."""
        host.listen(self._heard)

    @property
    def host(self) -> Host:
        """The host behind the door."""
        return self._host

    async def sync(self, agent: str, wait_s: float, heartbeat: Beats, about: str = "", cursor: int = 0) -> Answer:
        """News since the agent's cursor. With `wait_s`, wait for some, with a heartbeat while it lasts. `cursor` is the
        one that the agent was told last; news after it is told again.
        """
        await self._riding.arrive(agent, cursor=cursor)
        deadline = asyncio.get_running_loop().time() + min(max(wait_s, 0), SYNC_WAIT_S_MAX)
        while not self._host.state.inbox(agent):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            seq = self._host.state.seq
            if not await self._host.changed(seq, min(left, HEARTBEAT_S)):
                await heartbeat("waiting for news")
                await self._host.submit(agent, c.Beat())
            elif self._host.state.inbox(agent):
                await asyncio.sleep(min(SETTLE_S, max(left, 0)))
        state = self._host.state
        data = room_in_brief(state, agent, self._host.clock.now_ms())
        if about:
            data["about"] = details(state, about)
        return self._riding.news(agent, data)

    async def claim(
        self, agent: str, resources: list[str], mode: str, purpose: str, ttl_s: float, operation: str
    ) -> Answer:
        """Hold all of the resources, or none."""
        await self._riding.arrive(agent, operation)
        wanted = resources_in(resources)
        if isinstance(wanted, Refused):
            return self._riding.refusal(agent, wanted)
        if mode not in Mode.__members__.values():
            return self._riding.refusal(agent, unknown("mode", mode, [m.value for m in Mode]))
        asked = c.ClaimResources(resources=wanted, mode=Mode(mode), purpose=purpose, ttl_ms=int(ttl_s * 1000))
        reply = await self._host.submit(agent, asked, operation)
        names = ", ".join(map(str, wanted))
        return self._riding.replied(agent, reply, f"You hold {names} ({mode}).")

    async def release(self, agent: str, resources: list[str], operation: str) -> Answer:
        """Give up resources; none named: all but the task."""
        await self._riding.arrive(agent, operation)
        named = resources_in(resources)
        if isinstance(named, Refused):
            return self._riding.refusal(agent, named)
        reply = await self._host.submit(agent, c.Release(named), operation)
        return self._riding.replied(agent, reply, "Released.")

    async def say(
        self, agent: str, kind: str, text: str, to: str, about: str, resources: list[str], operation: str
    ) -> Answer:
        """Tell one agent, the operator or all."""
        await self._riding.arrive(agent, operation)
        named = resources_in(resources)
        if isinstance(named, Refused):
            return self._riding.refusal(agent, named)
        if kind not in NoticeKind.__members__.values():
            return self._riding.refusal(agent, unknown("kind", kind, ["note", "contract", "question", "done"]))
        said = c.Say(kind=NoticeKind(kind), text=text, to=to or EVERYONE, resources=named, about=about)
        return self._riding.replied(agent, await self._host.submit(agent, said, operation), "Said.")

    async def task(self, agent: str, do: str, given: dict[str, Json], operation: str) -> Answer:
        """The board: next, take, list, post, done, give_back."""
        await self._riding.arrive(agent, operation)
        if do == "list":
            return self._riding.answer(agent, "", {"tasks": [brief(t) for t in by_age(self._host.state)]})
        asked = task_command(do, given)
        if isinstance(asked, Refused):
            return self._riding.refusal(agent, asked)
        # A repeat ends nothing, and what the agent has in hand since is another task's.
        if do == "done" and answered_before(self._host.state, agent, operation) is None:
            wrong = await self._finish(agent)
            if wrong:
                return self._riding.refusal(agent, wrong)
        reply = await self._host.submit(agent, asked, operation)
        if isinstance(reply, c.Taken):
            yours = taken(self._host.state.tasks[reply.task])
            return self._riding.answer(agent, yours.text, {**data_of(reply), **yours.data})
        return self._riding.replied(
            agent, reply, {"done": "Well done.", "give_back": "Given back.", "post": "Posted."}.get(do, "")
        )

    async def _finish(self, agent: str) -> Refused | None:
        """Have all that the agent has made in the room before its task is done: it is that task's work, and there for
        whoever lands it.
        """
        known = self._host.state.agents.get(agent)
        if known and known.task:
            joined = await self._workspace.join(agent)
            return joined if isinstance(joined, Refused) else None
        await self._workspace.settle(agent)
        return None

    async def land(self, agent: str, heartbeat: Beats) -> Answer:
        """Check what the room has accepted and move its branch there."""
        await self._riding.arrive(agent)
        joined = await self._workspace.join(agent)
        if isinstance(joined, Refused):
            return self._riding.refusal(agent, joined)
        answer = await self._lander.land(agent, heartbeat)
        if answer.refused:
            return self._riding.refusal(agent, answer.refused)
        return self._riding.answer(agent, answer.text, answer.data)

    async def answer(self, agent: str, about: str, choice: str, text: str, operation: str) -> Answer:
        """Settle a held edit (mine, theirs, merged), or answer a question with text."""
        await self._riding.arrive(agent, operation)
        state = self._host.state
        if about in state.held:
            if choice not in {"mine", "theirs", "merged"}:
                return self._riding.refusal(agent, unknown("choice", choice, ["mine", "theirs", "merged"]))
            await self._workspace.settle(agent)
            return self._riding.replied(
                agent, await self._workspace.choose(agent, about, choice), f"{about} is settled: {choice}."
            )
        if about in state.order.notices and self.calls:
            if choice not in Judgement.__members__.values():
                return self._riding.refusal(agent, unknown("choice", choice, [one.value for one in Judgement]))
            judged = await self.calls.judge(agent, about, Judgement(choice), operation)
            return self._riding.replied(agent, judged, f"{about} is judged: {choice}.")
        asked = next((n for n in state.notices if n.id == about and n.kind is NoticeKind.QUESTION), None)
        if asked is None:
            why = f"'{about}' is no open notice, held edit or question."
            return self._riding.refusal(
                agent, Refused(Code.NOT_FOUND, why, "It may be settled already; call sync to see.")
            )
        said = c.Say(kind=NoticeKind.ANSWER, text=text or choice, to=asked.sender, about=about)
        return self._riding.replied(agent, await self._host.submit(agent, said, operation), "Answered.")

    async def restore(self, path: str, name: str) -> c.Good | Refused:
        """Make a file what it was in the version of that name, as an edit by the operator."""
        return await self._workspace.restore(OPERATOR, path, name)

    async def call(
        self, agent: str, do: str, given: dict[str, Json], operation: str, heartbeat: Beats | None = None
    ) -> Answer:
        """The room's tools on live state: list, call, retract, done, give_up, request, propose."""
        await self._riding.arrive(agent, operation)
        calls = self.calls
        if calls is None:
            none = Refused(Code.NOT_FOUND, "This room has no tools on live state.", "Use the tools you have.")
            return self._riding.refusal(agent, none)
        tool, arguments, about = (str(given.get(name, "")) for name in ("tool", "arguments", "about"))
        match do:
            case "list":
                return self._riding.answer(agent, "", listed(calls.shown_to(agent), after=about))
            case "request" | "propose":
                return await self._made(agent, do, arguments, about, heartbeat)
            case "done":
                return await self._done(agent, arguments, number(given, "wait_s"), heartbeat, operation)
            case "give_up":
                gone = await calls.abandon(agent, arguments or "it gave up", agent)
                return self._riding.replied(agent, gone, "What you did is taken back.")
            case "retract":
                taken = await calls.retract(agent, (about,), operation)
                return self._riding.replied(agent, taken, f"{about} is taken back.")
        replaced = self._host.state.order.calls.get(about)
        if about and (replaced is None or replaced.agent != agent):
            why = f"'{about[:60]}' is no call of yours that could be replaced."
            return self._riding.refusal(agent, Refused(Code.NOT_FOUND, why, "It may be final; make a new call."))
        step = step_of(replaced.position) if replaced else 0
        outcome = await calls.call(agent, tool, arguments or "{}", step, operation)
        return self._came_of(agent, outcome)

    async def _done(self, agent: str, report: str, wait_s: float, heartbeat: Beats | None, operation: str) -> Answer:
        """The agent is done; with `wait_s`, the answer comes once that is final, or once it has something to judge."""
        assert self.calls
        reply = await self.calls.conclude(agent, report, operation)
        if isinstance(reply, Refused):
            return self._riding.refusal(agent, reply)
        deadline = asyncio.get_running_loop().time() + min(max(wait_s, 0), SYNC_WAIT_S_MAX)
        while (now := self.calls.finality(agent)) == NOT_FINAL:
            left, seq = deadline - asyncio.get_running_loop().time(), self._host.state.seq
            if left <= 0:
                break
            if not await self._host.changed(seq, min(left, HEARTBEAT_S)) and heartbeat:
                await heartbeat("waiting until it is final")
                await self._host.submit(agent, c.Beat())
        said = "What you did is final." if now.final else "You are done unless you are told."
        return self._riding.answer(agent, said, {"final": now.final, "judge": list(now.judge)})

    async def _made(self, agent: str, do: str, said: str, about: str, heartbeat: Beats | None) -> Answer:
        """A tool for a wish, or from a recipe."""
        if self.smithy is None:
            why = "Nobody makes tools in this room: it has no directory for them."
            return self._riding.refusal(agent, Refused(Code.NOT_FOUND, why, "Use the tools that call do=list shows."))
        work = self.smithy.request(agent, said) if do == "request" else self.smithy.propose(agent, about, said)
        making = asyncio.ensure_future(work)
        while not (await asyncio.wait({making}, timeout=HEARTBEAT_S))[0]:
            if heartbeat:
                await heartbeat("the tool is being made and tried")
        match making.result():
            case Refused() as refused:
                return self._riding.refusal(agent, refused)
            case WishPosted(task=task):
                text = f"It is asked for: task {task}. Once that is done, everybody can call the tool."
                return self._riding.answer(agent, text, {"task": task})
            case name:
                made = self.calls.tools.get(name) if self.calls else None
                return self._riding.answer(agent, f"The tool is {name}.", {"tool": shown(made) if made else name})

    def _came_of(self, agent: str, outcome: Outcome) -> Answer:
        told = worded(outcome)
        if told.refused:
            return self._riding.refusal(agent, told.refused)
        vain = looked_in_vain(self._host.state, outcome.call) if isinstance(outcome, Called) else ""
        return self._riding.answer(agent, told.text + vain, told.data)

    async def handed(self, agent: str, answer: Answer) -> Answer:
        """The answer as it goes out: its notices of the order are in the agent's hands from here on, and a change after
        this is told anew. One that was withdrawn at the last moment does not go out.
        """
        return await self._riding.handed(agent, answer)

    async def read(self, agent: str, path: str, first_line: int = 1, lines: int = 2_000) -> Answer:
        """The accepted text of a file, for agents without file tools of their own."""
        await self._riding.arrive(agent)
        text = await self._workspace.read(agent, path)
        if isinstance(text, Refused):
            return self._riding.refusal(agent, text)
        every = text.splitlines(keepends=True)
        first = max(first_line, 1)
        shown = every[first - 1 : first - 1 + lines]
        head = self._host.state.head(path)
        data: dict[str, Json] = {"path": path, "version": head.version if head else 0, "lines": len(every)}
        said = f"Lines {first} to {first + len(shown) - 1} of {len(every)}." if shown else f"It has {len(every)} lines."
        return self._riding.answer(agent, said, data, file="".join(shown))

    async def edit(self, agent: str, path: str, old: str, new: str, operation: str = "") -> Answer:
        """Replace text in a file, for agents without file tools of their own."""
        await self._riding.arrive(agent, operation)
        # Asked before the text is looked at: a repeat would no longer find `old`, or find it in `new`.
        reply = answered_before(self._host.state, agent, operation, fingerprint_of_edit(path, old, new))
        if reply is None:
            reply = await self._workspace.edit(agent, path, old, new, operation)
        if isinstance(reply, c.Held):
            why = f"The edit is held as {reply.held}."
            return self._riding.refusal(
                agent, Refused(Code.CONFLICT, why, "Its notice says with what; read the file and combine.")
            )
        return self._riding.replied(agent, reply, f"{path} is changed.")

    async def before_tool(self, agent: str, use: ToolUse) -> Refused | None:
        """Whether the agent's own tool may run now. Nothing is put on its disk until `after_tool`."""
        await self._riding.arrive(agent)
        return await self._workspace.before(agent, use)

    async def after_tool(self, agent: str, use: ToolUse) -> Answer:
        """The agent's own tool has run: what it wrote is taken in, and news rides back."""
        await self._riding.arrive(agent)
        await self._workspace.after(agent, use)
        return self._riding.answer(agent, "", {})

    async def on_start(self, agent: str) -> Answer:
        """A session begins: where things stand. What an earlier session was handed last, this one has not seen."""
        self._riding.forget(agent)
        data = room_in_brief(self._host.state, agent, self._host.clock.now_ms())
        return self._riding.introduce(agent, self._riding.answer(agent, "", data))

    async def on_stop(self, agent: str) -> Answer:
        """The agent wants to end its turn: what it has not read yet, if anything."""
        await self._riding.arrive(agent)
        await self._workspace.idle(agent)
        return self._riding.answer(agent, "", {}, chars_max=SYNC_CHARS_MAX)

    def undelivered(self, agent: str, answer: Answer) -> None:
        """The reply never reached the agent: what rode on it stays unread."""
        self._riding.undelivered(agent, answer)

    def _heard(self, event: Event) -> None:
        """Who is seated anew begins anew: what its earlier client was handed last may never have been read."""
        if isinstance(event.body, AgentJoined):
            self._riding.forget(event.body.agent)
            self._refusals.forget(event.body.agent)

    def refused_before(self, agent: str, operation: str, attempt: Attempt) -> Answer | None:
        """An operation is asked for, by the request `attempt`: the answer, where a newer copy of it was refused. None
        when it is to be carried out; its answer is told to `ended` then.
        """
        if len(operation) > self._host.state.limits.name_chars_max:
            return None  # It is refused anyhow, and nothing that long is kept.
        refused = self._refusals.asked(agent, operation, attempt)
        if refused is None:
            return None
        again = "That is what this operation was told before; to ask anew, use a fresh operation id."
        return Answer(refused=replace(refused, next_step=f"{refused.next_step} {again}"))

    def ended(self, agent: str, operation: str, answer: Answer) -> None:
        """What an operation came to, before anybody is told. What the log has an answer for is always told that."""
        refused = answer.refused
        if refused and answered_before(self._host.state, agent, operation):
            refused = None
        self._refusals.ended(agent, operation, refused)
