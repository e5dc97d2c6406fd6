"""Scripted agents for the examples: each judges what it is told as a perfect one would, by computing again what it did.

A program is a list of steps. A step is a function of what the agent has read so far, and gives the call to make (a
tool's name and its arguments) or None; what a call answers is known to later steps by the step's name.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from coroom.core import command as c
from coroom.core.errors import Code, Refused
from coroom.core.event import CallUndone, OrderNoticed, started
from coroom.core.ordering.call import Judgement, NoticeCause
from coroom.core.policies import POLICIES
from coroom.core.tool import canonical
from coroom.host.calls.carry import Called, Failed, Gated
from coroom.ports import Tool
from coroom.simulate.schedule.room import ScheduleRoom

Known = Mapping[str, object]
Due = tuple[str, Mapping[str, object]] | None
Step = tuple[str, Callable[[Known], Due]]

TURNS_MAX = 2_000


@dataclass
class Agent:
    """One agent at its program."""

    name: str
    program: Sequence[Step]
    room: ScheduleRoom
    next: int = 0
    done: bool = False
    waited: int = 0
    restarts: int = 0
    judged: int = 0
    made: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    known: dict[int, object] = field(default_factory=dict)

    def turn(self) -> bool:
        """Hear, then do the next step. Says whether anything moved."""
        before = self.room.state.seq
        self._hear()
        if self.next < len(self.program):
            due = self._due(self.next)
            if due is None or self._call(self.next, *due):
                self.next += 1
                return True
            self.waited += 1
        elif not self.done:
            said = self.room.run(lambda: self.room.carrier.conclude(self.name))
            self.done = not isinstance(said, Refused)
        return self.room.state.seq > before

    def _due(self, place: int) -> tuple[str, str] | None:
        so_far = {self.program[at][0]: value for at, value in self.known.items() if at < place}
        due = self.program[place][1](so_far)
        return due and (due[0], canonical(dict(due[1])))

    def _call(self, place: int, tool: str, arguments: str) -> bool:
        at = place + 1 if POLICIES[self.room.state.policy].by_rank else 0
        outcome = self.room.run(lambda: self.room.carrier.call(self.name, tool, arguments, at))
        match outcome:
            case Called(call=call, result=result):
                self.made[place], self.known[place] = (tool, arguments, call), json.loads(result)
            case Gated(call=call):
                self.made[place] = (tool, arguments, call)
            case Failed(why=why):
                self.made[place], self.known[place] = (tool, arguments, ""), {"failed": why}
            case Refused(code=Code.FENCED, why=why):
                raise SystemExit(f"{self.name}: {why}")
            case _:
                self._begin_again()
                return False
        return True

    def _hear(self) -> None:
        self._begin_again()
        while notices := [n for n in self.room.state.order.notices.values() if n.agent == self.name]:
            self.done = False
            self.room.submit(self.name, c.HandNotices(self.name))
            for notice in notices:
                for place, made in list(self.made.items()):
                    if made[2] != notice.call:
                        continue
                    if notice.value and notice.cause is not NoticeCause.UNDONE:
                        self.known[place] = json.loads(notice.value)
                    else:
                        # Undone, or changed into what only another look can tell: the judgement calls it again.
                        del self.made[place]
            verdict = self._judge()
            self._say(tuple(n.id for n in notices), verdict)

    def _say(self, notices: tuple[str, ...], verdict: Judgement) -> None:
        self.room.run(lambda: self.room.carrier.judge(self.name, notices, verdict))

    def _take_back(self, call: str) -> None:
        self.room.run(lambda: self.room.carrier.retract(self.name, (call,)))

    def _judge(self) -> Judgement:
        verdict = Judgement.NO_EFFECT
        for place in range(self.next):
            due, was = self._due(place), self.made.get(place)
            if due == (was and was[:2]):
                continue
            self.judged += 1
            if due:
                verdict = Judgement.REPAIRED
                self._call(place, *due)
            elif was:
                verdict = Judgement.RETRACTED if verdict is Judgement.NO_EFFECT else verdict
                del self.made[place]
                self.known.pop(place, None)
                self._take_back(was[2])
        return verdict

    def _begin_again(self) -> None:
        restarts = self.room.state.order.standing(self.name).restarts
        if restarts > self.restarts:
            self.restarts, self.next, self.done = restarts, 0, False
            self.made.clear()
            self.known.clear()


def play(
    policy: str, tools: Sequence[Tool], programs: Mapping[str, Sequence[Step]], order: Sequence[str]
) -> dict[str, int]:
    """Play the programs under a policy. `order` says whose step comes next; then whoever can, in order of rank.

    Returns:
        What it cost: notices, calls undone, restarts, waits and repairs.
    """
    room = ScheduleRoom(policy, {tool.spec.name: tool for tool in tools})
    agents = {}
    for rank, (name, program) in enumerate(programs.items(), start=1):
        room.join(name, (rank,), None)
        agents[name] = Agent(name, program, room)
    for name in order:
        agents[name].turn()
    for _ in range(TURNS_MAX):
        moved = [agent.turn() for agent in agents.values() if not agent.done or _unheard(room, agent)]
        if not any(moved):
            break
    bodies = [event.body for event in room.log]
    acted = {call for body in bodies if (call := started(body))}
    return {
        "notices": sum(isinstance(body, OrderNoticed) for body in bodies),
        "undone": sum(isinstance(body, CallUndone) and body.call in acted for body in bodies),
        "restarts": sum(agent.restarts for agent in agents.values()),
        "waits": sum(agent.waited for agent in agents.values()),
        "repairs": sum(agent.judged for agent in agents.values()),
    }


def _unheard(room: ScheduleRoom, agent: Agent) -> bool:
    return any(notice.agent == agent.name for notice in room.state.order.notices.values())


LEGEND = (
    "notices: told that what it had read has changed. undone: calls taken back. restarts: begun again from the start.\n"
    "waits: turns spent waiting. repairs: calls made anew after a notice."
)
POLICIES_SHOWN = {"open": "naive", "locking": "locking", "optimistic": "optimistic", "preorder": "preorder"}


def line(policy: str, end: str, costs: Mapping[str, int], *, right: bool) -> str:
    """One line of an example's table."""
    counted = "  ".join(f"{name} {count}" for name, count in costs.items() if count)
    return f"{POLICIES_SHOWN[policy]:<11}{'right' if right else 'WRONG':<7}{end:<52}{counted}".rstrip()
