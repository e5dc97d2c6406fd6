"""Plays a task on live state with synthetic agents: the real order of calls and the real tools, on a virtual clock."""

import json
from collections.abc import Callable
from typing import TypeVar, cast

from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.errors import Code, Fault, Refused
from coroom.core.notice import Notice
from coroom.core.ordering.call import Judgement, NoticeCause, OrderNotice
from coroom.core.ordering.difference import difference
from coroom.core.policies import POLICIES
from coroom.core.tool import canonical
from coroom.evaluate.live.played import LivePlayed, Worker
from coroom.evaluate.live.task import Due, Job, LiveTask, shares
from coroom.evaluate.live.turns import Turns
from coroom.evaluate.live.world import World
from coroom.evaluate.synthetic.hand import Hand, Traits, tokens_of
from coroom.evaluate.synthetic.virtual_room import VirtualRoom
from coroom.host.calls.carry import Called, Carrier, Failed, Gated, Request, Steps, Store
from coroom.host.calls.outcomes import worded
from coroom.host.door.overview import taken

TURNS_MAX = 20_000

R = TypeVar("R")


class LivePlay:
    """One trial on live state.

    Args:
        task: what is asked.
        policy: how calls are ordered.
        agents: how many.
        traits: what they are like.
        seed: of everything that is drawn.
        world: the live state, at its start.
        wall_s: when everybody has to stop.
        tokens: what all together may use; None: as much as they like.
    """

    def __init__(
        self,
        task: LiveTask,
        policy: str,
        agents: int,
        traits: Traits,
        seed: str,
        world: World,
        wall_s: float,
        tokens: int | None = None,
    ) -> None:
        self._task, self._policy, self._traits, self._seed = task, policy, traits, seed
        self._world, self._wall_s, self._tokens = world, wall_s, tokens
        self.room = VirtualRoom("trial", policy)
        self._names = {verb: tool.spec.name for verb, tool in world.tools.items()}
        self._carrier = Carrier(lambda: self.room.state, {tool.spec.name: tool for tool in world.tools.values()})
        self.workers: list[Worker] = []
        self._given_up = 0
        for share in shares(task, agents):
            for job in share:
                self.room.ask(OPERATOR, c.PostTask(title=job.words, task=job.id, despite_duplicate=True))
            self._join(list(share))

    def run(self) -> LivePlayed:
        """Play it to the end.

        Raises:
            Fault: nobody can go on; a mistake of ours.
        """
        seconds, out = self._loop()
        order = self.room.state.order
        names = [worker.name for worker in self.workers]
        return LivePlayed(
            end=self._world.state(),
            events=self.room.events,
            seconds=seconds,
            out_of_time=out,
            workers=tuple(self.workers),
            order=tuple(names.index(name) for name in order.committed if name in names),
            unfinished=self._given_up > 0
            or any(not worker.done for worker in self.workers)
            or bool(POLICIES[self._policy].ordered and order.calls),
            given_up=self._given_up,
        )

    def _join(self, jobs: list[Job]) -> Worker:
        name = f"agent-{len(self.workers) + 1}"
        worker = Worker(name, Hand(self._traits, f"{self._seed}/{len(self.workers) + 1}"), jobs)
        self.workers.append(worker)
        self.room.join(name)
        return worker

    def _loop(self) -> tuple[float, bool]:
        """Whoever is ready first acts first. Returns when all was done, and whether time or tokens ran out before."""
        queue = Turns([(self._think(worker), at) for at, worker in enumerate(self.workers)])
        released = self._released()
        for _ in range(TURNS_MAX):
            due = queue.next()
            if due is None:
                if any(not worker.done for worker in self.workers):
                    raise Fault(f"{self._task.id}: nobody can go on under {self._policy}")
                return queue.now_s, False
            if due > self._wall_s or self._spent():
                return min(due, self._wall_s), True
            self.room.now_ms = int(due * 1000)
            there, at = len(self.workers), queue.at
            spent_s = self._turn(self.workers[at])
            if spent_s is not None:
                queue.again(at, spent_s)
            elif not self.workers[at].done:
                queue.blocked.append(at)
            if self._released() != released:
                released = self._released()
                queue.wake()
            for other in queue.absent(len(self.workers)):
                if other >= there or self._news(self.workers[other]):
                    queue.again(other, self._think(self.workers[other]))
        raise Fault(f"{self._task.id}: no end under {self._policy}")

    def _released(self) -> tuple[int, int, int]:
        """Changes when something that somebody waits for may be free."""
        order = self.room.state.order
        standings = list(order.standings.values())
        return len(order.committed), sum(s.restarts for s in standings), sum(s.concluded for s in standings)

    def _spent(self) -> bool:
        used = sum(w.usage.input_tokens + w.usage.output_tokens for w in self.workers)
        return self._tokens is not None and used > self._tokens

    def _news(self, worker: Worker, *, asked: bool = False) -> tuple[Notice, ...]:
        """What the order has to say to it on its next reply: what may still change waits, unless it has to know."""
        of_order = self.room.state.order.notices
        found = self.room.news(worker.name, asked=asked) if of_order else ()
        return tuple(notice for notice in found if notice.id in of_order)

    def _turn(self, worker: Worker) -> float | None:
        """One inference and what comes of it. Returns the seconds until the next; None when it waits, or is done."""
        self._begin_again(worker)
        self._listen(worker)
        if self._news(worker):
            return self._heard(worker)
        program = worker.program
        while worker.next < len(program):
            number = program[worker.next][0]
            if number not in worker.begun:
                worker.begun.add(number)
                if not worker.gone and worker.hand.happens(worker.hand.traits.gives_up):
                    return self._give_up(worker)
            self._take(worker, number)
            due = self._due(worker, worker.next)
            if due is None:
                worker.next += 1
                continue
            if not self._call(worker, worker.next, *due):
                if worker.must_hear:
                    return self._heard(worker)
                return None if self._restarts(worker) == worker.restarts else self._think(worker)
            worker.next += 1
            return self._think(worker)
        return self._conclude(worker)

    def _conclude(self, worker: Worker) -> float | None:
        if not worker.done:
            self._finish(worker, len(worker.jobs) - 1)
            said = self._run(lambda: self._carrier.conclude(worker.name))
            worker.done = not isinstance(said, Refused)
            if worker.done and not POLICIES[self._policy].ordered:
                # Under preorder whoever is done may be told something yet, and stays.
                self.room.ask(worker.name, c.Leave(worker.name, "ended its session"))
        return None

    def _take(self, worker: Worker, number: int) -> None:
        """The job is its task on the board as soon as the policy lets it; the one before is done, as it believes."""
        if number not in worker.taken:
            self._finish(worker, number - 1)
            job = worker.jobs[number].id
            if not isinstance(self.room.ask(worker.name, c.TakeTask(job)), Refused):
                worker.usage.answered(taken(self.room.state.tasks[job]))
                worker.taken.add(number)

    def _finish(self, worker: Worker, number: int) -> None:
        if 0 <= number < len(worker.jobs):
            self.room.ask(worker.name, c.FinishTask("its calls are made", worker.jobs[number].id))

    def _give_up(self, worker: Worker) -> float | None:
        """It goes, what it has finished stays; where others are present, a fresh agent takes up what it left."""
        number = worker.program[worker.next][0]
        left = worker.jobs[number:]
        del worker.jobs[number:]
        worker.gone = True
        if len(self.workers) > 1:
            self._join(left)
        else:
            self._given_up += 1
        return self._conclude(worker)

    def _think(self, worker: Worker) -> float:
        worker.usage.steps += 1
        worker.usage.input_tokens += worker.hand.traits.prompt_tokens
        worker.usage.output_tokens += 60
        return worker.hand.step_s()

    def _due(self, worker: Worker, place: int) -> tuple[str, str] | None:
        if place in worker.slipped:
            return None
        program = worker.program
        number, step = program[place]
        known = {
            program[at][1].name: said for at, said in worker.known.items() if at < place and program[at][0] == number
        }
        due: Due = step.due(known)
        return due and (self._names[due[0]], canonical(dict(due[1])))

    def _call(self, worker: Worker, place: int, tool: str, arguments: str) -> bool:
        """Make the call. False: it was not made, and its agent waits or begins again."""
        if place >= worker.next and self._slips(worker, tool):
            worker.slipped.add(place)
            return True
        at = place + 1 if POLICIES[self._policy].by_rank else 0
        outcome = self._run(lambda: self._carrier.call(worker.name, tool, arguments, at))
        worker.usage.answered(worded(outcome))
        match outcome:
            case Called(call=call, result=result):
                worker.made[place], worker.known[place] = (tool, arguments, call), json.loads(result)
            case Gated(call=call):
                worker.made[place] = (tool, arguments, call)
            case Failed(why=why):
                worker.made[place], worker.known[place] = (tool, arguments, ""), {"failed": why}
            case Refused(code=Code.FENCED, why=why):
                raise Fault(f"{worker.name}: {why}")
            case Refused(code=Code.JUDGE):
                worker.must_hear = True
                return False
            case _:
                return False
        worker.usage.characters += len(arguments)
        worker.usage.output_tokens += tokens_of(arguments)
        return True

    def _slips(self, worker: Worker, tool: str) -> bool:
        writes = not tool.endswith(("_select", "_get", "_list"))
        return writes and worker.hand.errs(worker.hand.traits.slips)

    def _listen(self, worker: Worker) -> None:
        """Read what is no matter of the order, and asks for nothing."""
        plain = tuple(n for n in self.room.news(worker.name) if n.id not in self.room.state.order.notices)
        if plain:
            worker.usage.told(plain)
            self.room.ask(worker.name, c.MarkRead(tuple(notice.id for notice in plain)))

    def _heard(self, worker: Worker) -> float:
        """It judges what it is told. Returns the seconds until its next turn: a step for each call that it puts right
        after the first, which this one is, and one to go on with where it is not through.
        """
        through = worker.next >= len(worker.program)
        repairs = self._hear(worker)
        return sum(self._think(worker) for _ in range(max(repairs - 1, 0) if through else max(repairs, 1)))

    def _hear(self, worker: Worker) -> int:
        """Take in what the order has to say, and put right what rests on it. Returns how many calls that were."""
        repairs, asked, worker.must_hear = 0, worker.must_hear, False
        while told := self._news(worker, asked=asked):
            worker.done, names = False, tuple(notice.id for notice in told)
            self.room.ask(worker.name, c.HandNotices(worker.name, names))
            worker.usage.told(told)
            for name in names:
                self._take_in(worker, self.room.state.order.notices[name])
            careless = worker.hand.errs(worker.hand.traits.misjudges)
            verdict, put_right = (Judgement.NO_EFFECT, 0) if careless else self._judge(worker)
            repairs += put_right
            self._run(lambda v=verdict, n=names: self._carrier.judge(worker.name, n, v))  # type: ignore[misc]
        return repairs

    def _take_in(self, worker: Worker, notice: OrderNotice) -> None:
        for place, made in list(worker.made.items()):
            if made[2] != notice.call:
                continue
            if notice.value and notice.cause is not NoticeCause.UNDONE and difference(notice.held, notice.value).whole:
                worker.known[place] = json.loads(notice.value)
            else:
                # Undone, or changed into what only another look can tell: the judgement calls it again.
                del worker.made[place]

    def _judge(self, worker: Worker) -> tuple[Judgement, int]:
        verdict, repairs = Judgement.NO_EFFECT, 0
        for place in range(worker.next):
            due, was = self._due(worker, place), worker.made.get(place)
            if due == (was and was[:2]):
                continue
            repairs += 1
            if due:
                verdict = Judgement.REPAIRED
                self._call(worker, place, *due)
            elif was:
                verdict = Judgement.RETRACTED if verdict is Judgement.NO_EFFECT else verdict
                del worker.made[place]
                worker.known.pop(place, None)
                self._run(lambda call=was[2]: self._carrier.retract(worker.name, (call,)))  # type: ignore[misc]
        return verdict, repairs

    def _restarts(self, worker: Worker) -> int:
        return self.room.state.order.standing(worker.name).restarts

    def _begin_again(self, worker: Worker) -> None:
        """If the room took back all it did, it starts from its first step."""
        if self._restarts(worker) > worker.restarts:
            worker.restarts, worker.next, worker.done = self._restarts(worker), 0, False
            worker.made.clear()
            worker.known.clear()
            worker.slipped.clear()

    def _run(self, steps: Callable[[], Steps[R]]) -> R:
        """Carry requests of the carrier out at once."""
        asked = steps()
        try:
            request = next(asked)
            while True:
                try:
                    answer = self._answer(request)
                except Exception as raised:  # noqa: BLE001  a tool may raise anything; the carrier judges it
                    request = asked.throw(raised)
                else:
                    request = asked.send(answer)
        except StopIteration as finished:
            return cast("R", finished.value)

    def _answer(self, request: Request) -> object:
        if isinstance(request, Store):
            return self.room.ask(request.by, request.command, request.operation)
        return request.work()
