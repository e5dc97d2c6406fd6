"""The gate at work: it reads the queue, drives the train, tests in clones, and lands what passed. No model decides."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coroom.core.errors import Fault
from coroom.git.command import GitFailed
from coroom.git.gate import TreeVerdict, Verdicts, pass_for
from coroom.git.landing import (
    QUEUE,
    Candidate,
    ClaimLost,
    Clash,
    Entry,
    candidate,
    give_back,
    land,
    queued,
    settle,
)
from coroom.git.shared import NotPublished, Obstacle, Published, SharedRefs
from coroom.git.train import (
    Car,
    Step,
    Train,
    arrive,
    base_is,
    defer,
    fill,
    judge,
    moved,
    take_back,
    withdraw,
)
from coroom.host.landing.runners import Runners, Suite, broken_by_merge

LOOK_S = 0.5
"""How often the queue is looked at while nothing else happens."""

LOOK_FAR_S = 5.0
"""The same over a network, where each look costs a round trip and somebody's patience."""

TROUBLE_S = 20.0
"""How long the repository may be out of reach or locked before the gate says so and ends; a stale lock goes earlier."""

BASE_TRIES = 2
"""Main is called red only when it has failed this often in a row."""

STATE_FILE = "state.json"


class GateStopped(Fault):
    """The gate cannot go on: what stands against it. Every change waits in the queue as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePlan:
    """What a gate is made of. `directory` keeps clones, verdicts and logs; `key` opens a guarded remote; `unlock`
    is called when something is in the way, and removes locks that nobody can be using; `look_s`: how often it looks.
    """

    onto: str
    directory: Path
    suite: Suite
    runners: int = 1
    key: str = ""
    unlock: Callable[[], object] = lambda: None
    look_s: float = LOOK_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a change ended: landed as `commit`, or given back with a `kind` (conflict, red, claim) and why."""

    entry: Entry
    commit: str = ""
    kind: str = ""
    why: str = ""


@dataclass(slots=True)
class _World:
    """What the gate knows of the shared repository: where main is, and what waits."""

    main: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)


class Gate:
    """One gate over one branch. Two at once are safe, since main moves by compare-and-swap, and wasteful."""

    def __init__(self, shared: SharedRefs, plan: GatePlan, say: Callable[[str], None] = lambda _text: None) -> None:
        self._shared = shared
        self._git = shared.git
        self._plan = plan
        self._say = say
        self._train = Train(runners=plan.runners)
        self._world = _World()
        self._built: dict[int, Candidate] = {}
        self._tests: dict[int, asyncio.Task[TreeVerdict]] = {}
        self._base: asyncio.Task[bool] | None = None
        self._began: dict[int, float] = {}
        self._red: dict[str, TreeVerdict] = {}
        self._trouble_since = 0.0
        self._troubles = 0
        self._verdicts = Verdicts(plan.directory / "verdicts")
        self._runners = Runners(self._git, plan.directory / "runners", plan.runners, plan.suite, say)
        self.settled: dict[str, Settled] = {}

    @property
    def waiting(self) -> frozenset[str]:
        """The changes that are neither landed nor given back, as far as the gate has looked."""
        return frozenset(self._world.entries)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being tested, so that nothing will change until somebody else does something."""
        return not self._tests and self._base is None

    @property
    def main_is_red(self) -> bool:
        """Whether the branch itself fails its tests."""
        return self._train.base is False

    async def serve(self, done: Callable[[], bool]) -> None:
        """Land what waits and what comes, until `done` says so. Cancelled, no test goes on and nothing is half landed.

        Raises:
            GateStopped: the repository refuses, or cannot be reached or locked, again and again.
        """
        try:
            while True:
                before = self._troubles
                try:
                    await self._look()
                    await self._start()
                except (GitFailed, OSError) as failed:
                    self._trouble(str(failed))
                if done():
                    return
                await self._next()
                if self._troubles == before:
                    self._trouble_since = 0.0
                else:
                    await asyncio.to_thread(self._plan.unlock)
        finally:
            running = [*self._tests.values(), *([self._base] if self._base else [])]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            (self._plan.directory / STATE_FILE).unlink(missing_ok=True)

    async def _look(self) -> None:
        """Find out what has changed in the shared repository."""
        branch = f"refs/heads/{self._plan.onto}"
        seen = await asyncio.to_thread(self._shared.read, branch, QUEUE)
        refs = await asyncio.to_thread(self._shared.fetch, seen)
        main = refs.get(branch, "")
        if not main:
            raise GateStopped(f"{self._shared.name} has no branch {self._plan.onto}")
        if main != self._world.main:
            if self._world.main:
                self._say(f"{self._plan.onto} was moved by somebody else to {main[:12]}: everything is tested on that")
            self._world.main = main
            self._train = moved(self._train)
            self._built.clear()
            if await asyncio.to_thread(self._is_proven, main):
                self._train = base_is(self._train, green=True)
        names = {ref.removeprefix(QUEUE + "/"): (ref, oid) for ref, oid in refs.items() if ref != branch}
        gone = [name for name in self._world.entries if name not in names]
        for name in gone:
            del self._world.entries[name]
        fresh = {ref: oid for name, (ref, oid) in names.items() if name not in self._world.entries}
        listed = await asyncio.to_thread(queued, self._shared, fresh)
        waiting = await asyncio.to_thread(settle, self._shared, self._plan.onto, listed, main)
        self._world.entries.update((entry.id, entry) for entry in waiting)
        left = [name for name in self._train.changes if name not in self._world.entries]
        if left:
            self._train = withdraw(self._train, left)
        self._train = arrive(self._train, sorted(self._world.entries))

    async def _start(self) -> None:
        """Build what each car would be, and test it."""
        self._train = fill(self._train)
        while await self._build():
            self._train = fill(self._train)
        live = {car.run for car in self._train.running}
        for run in [run for run in self._tests if run not in live]:
            self._tests.pop(run).cancel()
        for car in self._train.running:
            if car.run not in self._tests:
                self._began[car.run] = time.time()
                self._tests[car.run] = asyncio.create_task(self._test(car, self._built[car.run]))
        self._write_state()

    async def _build(self) -> bool:
        """Build the first car that is not built. Whether the train was changed by it, or there may be more to build."""
        for car in self._train.running:
            if car.run in self._built:
                continue
            before = self._train.before(car.run)
            base = self._built[before[-1].run].commit if before else self._world.main
            entries = [self._world.entries[change] for change in car.group.changes]
            made = await asyncio.to_thread(candidate, self._git, base, entries)
            if isinstance(made, Candidate):
                self._built[car.run] = made
            else:
                await self._clashed(made)
            return True
        return False

    async def _clashed(self, clash: Clash) -> None:
        entry = clash.entry
        alone = await asyncio.to_thread(candidate, self._git, self._world.main, [entry])
        if isinstance(alone, Candidate):
            self._train = defer(self._train, entry.id)
            return
        paths = ", ".join(path.encode("utf-8", "replace").decode() for path in alone.paths[:10])
        await self._give_back(entry, "conflict", f"It does not merge with {self._plan.onto}: {paths}.")

    async def _test(self, car: Car, made: Candidate) -> TreeVerdict:
        definition = self._plan.suite.definition
        known = self._verdicts.get(made.tree, definition)
        if known and known.passed:
            return known
        main = self._world.main
        tips = [self._world.entries[change].tip for change in car.group.changes]
        broken = await asyncio.to_thread(broken_by_merge, self._git, main, made.commit, tips)
        if broken:
            return TreeVerdict(passed=False, summary=f"{broken} does not parse any more once it is merged")
        log = self._plan.directory / "logs" / f"{made.tree[:16]}-{car.run}.log"
        verdict = await self._runners.judge(made.commit, main, log)
        await asyncio.to_thread(self._verdicts.put, made.tree, definition, verdict)
        return verdict

    async def _next(self) -> None:
        """Wait for a verdict, or until it is time to look again, and do what follows from it."""
        waiting = {*self._tests.values(), *([self._base] if self._base else [])}
        if waiting:
            await asyncio.wait(waiting, timeout=self._plan.look_s, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(self._plan.look_s)
        if self._base and self._base.done():
            await self._base_told(self._base)
        for run in [run for run, task in self._tests.items() if task.done()]:
            await self._told(run, self._tests.pop(run))

    async def _told(self, run: int, task: "asyncio.Task[TreeVerdict]") -> None:
        car = next((car for car in self._train.running if car.run == run), None)
        if car is None or task.cancelled():
            return
        if task.exception():
            self._trouble(f"{task.exception()}")
            return
        verdict = task.result()
        if not verdict.passed:
            self._red.update((change, verdict) for change in car.group.changes)
        self._say(f"{self._named(car)}: {'passed' if verdict.passed else 'FAILED'}: {verdict.summary}")
        await self._follow(judge(self._train, run, passed=verdict.passed))

    async def _follow(self, step: Step) -> None:
        self._train = step.train
        if step.ask_base and self._base is None:
            self._base = asyncio.create_task(self._base_passes(self._world.main))
        for change in step.returned:
            verdict = self._red.pop(change)
            why = f"It fails twice, alone on {self._plan.onto}: {verdict.summary}\n{verdict.tail}"
            await self._give_back(self._world.entries[change], "red", f"{why}\nAll of it: {verdict.log}")
        if step.landed:
            await self._land(step.landed)

    async def _base_passes(self, main: str) -> bool:
        if await asyncio.to_thread(self._is_proven, main):
            return True
        self._say(f"testing {self._plan.onto} itself before anybody is blamed")
        tree = await asyncio.to_thread(self._git.line, "rev-parse", f"{main}^{{tree}}")
        definition = self._plan.suite.definition
        for number in range(BASE_TRIES):
            log = self._plan.directory / "logs" / f"{tree[:16]}-base-{number}.log"
            verdict = await self._runners.judge(main, main, log)
            await asyncio.to_thread(self._verdicts.put, tree, definition, verdict)
            if verdict.passed:
                return True
            self._say(f"{self._plan.onto} at {main[:12]} FAILED: {verdict.summary}")
        return False

    def _is_proven(self, commit: str) -> bool:
        tree = self._git.line("rev-parse", f"{commit}^{{tree}}")
        known = self._verdicts.get(tree, self._plan.suite.definition)
        return bool(known and known.passed)

    async def _base_told(self, task: "asyncio.Task[bool]") -> None:
        self._base = None
        if task.exception():
            self._trouble(f"{task.exception()}")
            return
        self._train = base_is(self._train, green=task.result())
        if not task.result():
            self._say(f"{self._plan.onto} itself is red: nobody is blamed, and only what mends it lands")
            if self._plan.suite.confined.hint:
                self._say(self._plan.suite.confined.hint)

    async def _land(self, cars: Sequence[Car]) -> None:
        entries = [self._world.entries[change] for car in cars for change in car.group.changes]
        base, made = self._world.main, self._built[cars[-1].run].commit
        ref = f"refs/heads/{self._plan.onto}"
        options = [pass_for(self._plan.key, ref, base, made)] if self._plan.key else []
        done = await asyncio.to_thread(land, self._shared, self._plan.onto, base, made, entries, options)
        if isinstance(done, Published):
            self._world.main = made
            for entry in entries:
                self.settled[entry.id] = Settled(entry=entry, commit=made)
                self._world.entries.pop(entry.id, None)
                self._red.pop(entry.id, None)
                self._say(f"landed {entry.title} ({entry.agent}) as {made[:12]}")
            return
        self._train = take_back(self._train, cars)
        self._built.clear()
        if isinstance(done, ClaimLost):
            await self._give_back(done.entry, "claim", f"{done.why}, so its work was not landed.")
        elif done.obstacle is Obstacle.REJECTED:
            raise GateStopped(done.why)
        elif done.obstacle is not Obstacle.STALE:
            self._trouble(done.why)
            await asyncio.sleep(LOOK_S)

    async def _give_back(self, entry: Entry, kind: str, why: str) -> None:
        self._train = withdraw(self._train, [entry.id])
        done = await asyncio.to_thread(give_back, self._shared, entry, kind, why)
        if isinstance(done, NotPublished):
            self._trouble(done.why)
            return
        self._world.entries.pop(entry.id, None)
        self.settled[entry.id] = Settled(entry=entry, kind=kind, why=why)
        self._say(f"given back to {entry.agent}: {entry.title}: {why.splitlines()[0]}")

    def _trouble(self, why: str) -> None:
        """Something outside is in the way: try again for a while, then end in words."""
        now = time.monotonic()
        self._troubles += 1
        if not self._trouble_since:
            self._trouble_since = now
            self._say(f"not now: {why}")
        if now - self._trouble_since > TROUBLE_S:
            raise GateStopped(why)

    def _named(self, car: Car) -> str:
        return ", ".join(self._world.entries[change].title for change in car.group.changes)

    def _write_state(self) -> None:
        """For whoever looks at the gate; what counts is in the refs."""
        train = self._train
        told = {
            "runners": train.runners,
            "batch": train.batch,
            "failing": round(train.failure, 4),
            "main": self._world.main,
            "base": train.base,
            "cars": [_shown(car, self._began) for car in train.cars],
            "siding": [_shown(car, self._began) for car in train.siding],
            "waiting": [change for group in train.waiting for change in group.changes],
            "questioned": [change for group in train.questioned for change in group.changes],
            "deferred": [change for group in train.deferred for change in group.changes],
        }
        fresh = self._plan.directory / f"{STATE_FILE}.new"
        fresh.write_text(json.dumps(told), encoding="utf-8")
        fresh.replace(self._plan.directory / STATE_FILE)


def _shown(car: Car, began: dict[int, float]) -> dict[str, object]:
    return {"changes": list(car.group.changes), "passed": car.passed, "since": began.get(car.run, 0.0)}
