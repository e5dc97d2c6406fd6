"""Claims by many processes at once: one winner in every round, and how many a second when nobody is in the way."""

import asyncio
import multiprocessing as mp
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from coroom.core.errors import Refused
from coroom.core.resource import Resource, Scheme
from coroom.git.claims import RefClaims
from coroom.git.command import Git
from coroom.git.workplace import make_workplace
from coroom.ports import Claims
from coroom.run.bench.figures import Contention, Spread, machine, versions

Maker = Callable[[int], AbstractAsyncContextManager[Claims]]
"""Makes the claims of one claimant, in that claimant's own process."""

WITHIN_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsPlan:
    """What to measure: rounds in which all want one task, own tasks for each, and workplaces made at once."""

    claimants: int = 64
    rounds: int = 300
    tasks: int = 3
    starts: int = 0
    agents: int = 16
    scratch: Path | None = None


@dataclass(slots=True)
class ClaimsReport:
    """What came of it; `errors` are claims that ended neither granted nor refused."""

    contention: Contention
    claim_ms: Spread
    per_s: float
    rejected: int
    started: list[int] = field(default_factory=list)
    agents: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every round had one winner, nobody was rejected who met nobody, and every workplace was made."""
        whole = all(count == self.agents for count in self.started)
        return self.contention.fair and not self.rejected and not self.errors and whole

    def document(self) -> dict[str, object]:
        """All of it as plain data for JSON."""
        return {
            "benchmark": "claims",
            "ok": self.ok,
            "machine": machine(),
            "versions": versions(),
            "contention": {
                "claimants": self.contention.clients,
                "rounds": self.contention.rounds,
                "winners": self.contention.winners,
                "fair": self.contention.fair,
            },
            "distinct": {
                "claims": self.claim_ms.count,
                "per_s": self.per_s,
                "rejected": self.rejected,
                "median_ms": self.claim_ms.median,
                "p95_ms": self.claim_ms.p95,
            },
            "starts": {"agents": self.agents, "rounds": len(self.started), "made": self.started},
            "errors": self.errors,
        }


def measure_claims(plan: ClaimsPlan, say: Callable[[str], None]) -> ClaimsReport:
    """Measure claims over refs in a scratch repository."""
    with TemporaryDirectory(prefix="coroom-claims-", dir=plan.scratch) as name:
        place = Path(name)
        shared = scratch_remote(place)
        say(f"making {plan.claimants} workplaces")
        for number in range(plan.claimants):
            make_workplace(str(shared), place / "claimants" / str(number), f"agent-{number}")

        @asynccontextmanager
        async def claims(number: int) -> Any:
            yield RefClaims(Git(place / "claimants" / str(number)), f"agent-{number}")

        say(f"{plan.claimants} processes, {plan.rounds} rounds for one task")
        contention, errors = race(claims, plan.claimants, plan.rounds)
        say(f"{plan.claimants} processes, {plan.tasks} tasks of its own for each")
        spread, per_s, rejected, more = distinct(claims, plan.claimants, plan.tasks)
        started = [_start(shared, place / f"start-{turn}", plan.agents) for turn in range(plan.starts)]
    return ClaimsReport(
        contention=contention,
        claim_ms=spread,
        per_s=per_s,
        rejected=rejected,
        started=started,
        agents=plan.agents,
        errors=errors + more,
    )


def scratch_remote(place: Path) -> Path:
    """A bare repository with one commit on main."""
    shared = place / "shared.git"
    git = Git(place)
    git.run("init", "--quiet", "--bare", "--initial-branch=main", str(shared))
    bare = Git(shared, {f"GIT_{who}_{what}": "bench" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")})
    tree = bare.run("mktree", stdin=b"").line
    bare.run("update-ref", "refs/heads/main", bare.line("commit-tree", "-m", "first", tree))
    return shared


def race(make: Maker, claimants: int, rounds: int) -> tuple[Contention, list[str]]:
    """Let that many processes want one task at the same moment, again and again; the winner releases it each time."""

    async def compete(claims: Claims, barrier: Barrier, _number: int) -> list[Any]:
        results: list[Any] = []
        for turn in range(rounds):
            await asyncio.to_thread(barrier.wait, WITHIN_S)
            results.append(await _won(claims, Resource(Scheme.ISSUE, f"round-{turn}"), barrier))
        return results

    told = _processes(make, claimants, compete)
    errors = [one for results in told for one in results if isinstance(one, str)]
    winners: dict[int, int] = {}
    for turn in range(rounds):
        count = sum(results[turn] is True for results in told if len(results) > turn)
        winners[count] = winners.get(count, 0) + 1
    return Contention(clients=claimants, rounds=rounds, winners=winners, errors=len(errors)), errors


async def _won(claims: Claims, wanted: Resource, barrier: Barrier) -> bool | str:
    try:
        got = await claims.claim([wanted], "racing")
    except Exception as fault:  # noqa: BLE001 - every claimant must come to the barrier
        got, failed = None, str(fault)
    else:
        failed = ""
    await asyncio.to_thread(barrier.wait, WITHIN_S)
    if failed:
        return failed
    if isinstance(got, Refused) or got is None:
        return False
    ended = await claims.release(got)
    return True if ended is None else str(ended)


def distinct(make: Maker, claimants: int, tasks: int) -> tuple[Spread, float, int, list[str]]:
    """Let each process claim tasks that nobody else wants, all at the same time: spread, claims a second, pushes that
    were rejected all the same, errors.
    """

    async def work(claims: Claims, barrier: Barrier, number: int) -> list[Any]:
        results: list[Any] = []
        await asyncio.to_thread(barrier.wait, WITHIN_S)
        for turn in range(tasks):
            began = time.monotonic()
            got = await claims.claim([Resource(Scheme.ISSUE, f"own-{number}-{turn}")], "mine alone")
            results.append((began, time.monotonic()) if not isinstance(got, Refused) else str(got))
        return [*results, int(getattr(claims, "rejected", 0))]

    told = _processes(make, claimants, work)
    spans = [one for results in told for one in results if isinstance(one, tuple)]
    errors = [one for results in told for one in results if isinstance(one, str)]
    if not spans:
        return Spread.of([0.0]), 0.0, 0, errors or ["nobody has claimed anything"]
    took = max(end for _, end in spans) - min(begin for begin, _ in spans)
    rejected = sum(one for results in told for one in results if isinstance(one, int))
    return Spread.of([(end - begin) * 1000 for begin, end in spans]), len(spans) / took, rejected, errors


def _processes(make: Maker, count: int, work: Callable[[Claims, Barrier, int], Any]) -> list[list[Any]]:
    """Fork that many processes, so that each starts in milliseconds, and gather what they tell."""
    context = mp.get_context("fork")
    barrier, told = context.Barrier(count), context.SimpleQueue()

    def one(number: int) -> None:
        async def all_of_it() -> list[Any]:
            async with make(number) as claims:
                return list(await work(claims, barrier, number))

        try:
            results = asyncio.run(all_of_it())
        except BaseException as fault:  # noqa: BLE001 - the others must not wait for it
            barrier.abort()
            results = [f"{type(fault).__name__}: {fault}"]
        told.put(results)
        os._exit(0)

    processes = [context.Process(target=one, args=(number,), daemon=True) for number in range(count)]
    for process in processes:
        process.start()
    gathered = [told.get() for _ in processes]
    for process in processes:
        process.join(WITHIN_S)
    return gathered


def _start(shared: Path, place: Path, agents: int) -> int:
    """Make that many workplaces at the same moment, each in a process of its own; how many were made."""
    context = mp.get_context("fork")
    barrier, made = context.Barrier(agents), context.SimpleQueue()

    def one(number: int) -> None:
        barrier.wait(WITHIN_S)
        try:
            git = make_workplace(str(shared), place / str(number), f"agent-{number}")
            made.put(git.run("status", "--porcelain").out == b"")
        except BaseException:  # noqa: BLE001 - it counts as not made
            made.put(False)
        os._exit(0)

    processes = [context.Process(target=one, args=(number,), daemon=True) for number in range(agents)]
    for process in processes:
        process.start()
    count = sum(bool(made.get()) for _ in processes)
    for process in processes:
        process.join(WITHIN_S)
    return count


def words(report: ClaimsReport) -> Sequence[str]:
    """The result as lines for a person."""
    c, spread = report.contention, report.claim_ms
    verdict = "exactly one winner in each" if c.fair else f"WRONG: rounds by winners {c.winners}"
    rate = f"{report.per_s:.0f} claims/s, {report.rejected} rejected"
    lines = [f"{c.clients} processes, {c.rounds} rounds for one task: {verdict}"] if c.rounds else []
    lines += [
        f"{spread.count} own tasks: {rate}, median {spread.median:.0f} ms, p95 {spread.p95:.0f} ms",
    ]
    if report.started:
        whole = sum(count == report.agents for count in report.started)
        lines.append(f"{report.agents} workplaces made at once, {len(report.started)} times: {whole} times all of them")
    return [*lines, *(f"error: {one}" for one in report.errors[:10])]
