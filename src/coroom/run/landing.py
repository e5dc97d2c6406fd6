"""Landing what a checkout holds: into the queue, through the gate, onto the branch, or back with the reason."""

import asyncio
import hashlib
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from coroom.agents.adapter import AGENT_VARIABLE
from coroom.checks.suites.command import NoCommand, find_command
from coroom.checks.suites.suite import TIMEOUT_S
from coroom.core.errors import Code, Refused
from coroom.core.resource import Resource
from coroom.git.command import Git, GitFailed, own_setting
from coroom.git.commits import checked_out_at, is_ancestor
from coroom.git.gate import is_running, key_of, turn
from coroom.git.landing import QUEUE, RETURNED, Entry, HeldClaim, claims_of, forget, queued, settle, submit
from coroom.git.repository import Repository
from coroom.git.shared import NotPublished, Obstacle, is_locked
from coroom.host.confined import confined
from coroom.host.landing.gate import LOOK_FAR_S, LOOK_S, TROUBLE_S, Gate, GatePlan, GateStopped, Settled
from coroom.host.landing.runners import PATHS, Rule, Suite
from coroom.launch.isolation import Bounds
from coroom.run.destination import Destination, claimant, destination_of
from coroom.run.radar import meetings_at, shown_paths

T = TypeVar("T")

LOCKED_S = 2.0
"""Between two looks at a lock: git holds one for milliseconds."""

RETURNED_MAX = 20
"""Changes of one name that came back and that nobody has read yet: those from other checkouts are theirs to read, but
a checkout may be gone.
"""

LEFT = "a killed git left {} behind; nobody uses it, so it was removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingWish:
    """What shall land, and how. Empty texts stand for what a repository itself says.

    `remote`: its name or address, `.` for the repository itself. `claims`: what `agent` holds; it lands only
    while it does, and they end with it; `claim` is that claim's id, where another of the same name is not meant.
    `wait`: stay until it has landed or was given back. `affected`: a command for the tests that a change affects, with
    `{paths}`. `isolation`: what the tests run in, empty for bubblewrap where it works; `bounds` on them, and `readable`
    places that they need to see. `rule` says what may fail all the same. `radar`: say which live branches it will not
    merge with.
    """

    onto: str = ""
    remote: str = ""
    agent: str = ""
    task: str = ""
    title: str = ""
    claims: tuple[Resource, ...] = ()
    claim: str = ""
    test: str = ""
    timeout_s: float = TIMEOUT_S
    runners: int = 1
    wait: bool = True
    affected: str = ""
    isolation: str = ""
    bounds: Bounds = field(default_factory=Bounds)
    readable: tuple[Path, ...] = ()
    rule: Rule | None = None
    radar: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingEnd:
    """How it ended. Landed: `commit` of the branch holds it. Not: `kind` and `why`, and where the change is now."""

    change: str = ""
    onto: str = ""
    commit: str = ""
    kind: str = ""
    why: str = ""

    @property
    def landed(self) -> bool:
        """Whether the branch holds it."""
        return bool(self.commit)


async def land_here(repository: Repository, wish: LandingWish, say: Callable[[str], None]) -> LandingEnd | Refused:
    """Land what the checkout's HEAD holds, and wait for the end of it.

    Promises: the branch moves to a commit that contains HEAD, whose exact tree has passed, and the claims end in the
    same step; or nothing of that, and the answer says why. Killed at any instant, the change is in the checkout, and
    in the queue or in the branch; to call again goes on from there. No checkout is touched.

    Args:
        repository: the checkout, without uncommitted changes.
        wish: what and how.
        say: told what is happening.

    Raises:
        GitFailed: git cannot read or reach a repository.
        OSError: the disk is full.
    """
    begun = await asyncio.to_thread(_begun, repository, wish)
    if isinstance(begun, Refused):
        return begun
    goal, suite = begun
    untested = await asyncio.to_thread(_untested, repository, goal, wish)
    if untested:
        return untested
    for path in await asyncio.to_thread(goal.unlock):
        say(LEFT.format(path))
    stands = await asyncio.to_thread(_stands_against, repository, goal)
    if stands:
        return stands
    there = await _there_already(repository, goal, say)
    if there:
        return there
    agent = wish.agent or _name_of(repository)
    held = await _unlocked(goal, say, lambda: _held(goal, wish, agent))
    if isinstance(held, Refused):
        # Claims end with what lands under them: another process may have landed this very commit since.
        return await _there_already(repository, goal, say) or held
    asked = replace(wish, agent=agent)
    entry = await _unlocked(goal, say, lambda: _queue(repository, goal, asked, held))
    if isinstance(entry, NotPublished):
        return Refused(Code.CONFLICT, f"{entry.why}.", "Nothing is lost: your commits are here. Mend that, land again.")
    say(f"in the queue of {goal.onto}: {entry.title}")
    for meeting in await asyncio.to_thread(meetings_at, goal.shared, goal.onto, entry) if wish.radar else ():
        say(f"it will not merge with {meeting.earlier.name}, which came before: {shown_paths(meeting)}")
    if not wish.wait:
        return LandingEnd(change=entry.id, onto=goal.onto, kind="waiting", why="It waits in the queue.")
    return await _ended(goal, plan_of(goal, wish, suite), entry, say)


def _begun(repository: Repository, wish: LandingWish) -> tuple[Destination, Suite] | Refused:
    """Where it lands, and how it is tested."""
    goal = destination_of(repository, wish.remote, wish.onto)
    if isinstance(goal, Refused):
        return goal
    suite = suite_of(wish, repository)
    return suite if isinstance(suite, Refused) else (goal, suite)


def suite_of(wish: LandingWish, repository: Repository) -> Suite | Refused:
    """How the tests are run, in the isolation that was asked for or not at all."""
    if wish.affected and PATHS not in wish.affected:
        why = f"--affected does not say where the changed paths go: there is no {PATHS} in it."
        return Refused(Code.BAD_INPUT, why, f"Write it like --affected 'npx jest --findRelatedTests {PATHS}'.")
    found = confined(wish.isolation, wish.bounds, repository.toplevel, wish.readable)
    if isinstance(found, Refused):
        return found
    return Suite(
        test=wish.test,
        timeout_s=wish.timeout_s,
        checkout=repository.toplevel,
        affected=wish.affected,
        confined=found,
        rule=wish.rule,
    )


async def _unlocked(goal: Destination, say: Callable[[str], None], work: Callable[[], T]) -> T:
    """Do it, as soon as what is locked is free, or was seen for so long that a killed git must have left it."""
    began, told = time.monotonic(), False
    while True:
        late = time.monotonic() - began > TROUBLE_S
        try:
            done = await asyncio.to_thread(work)
        except GitFailed as failed:
            if late or not is_locked(failed.why):
                raise
            why = failed.why
        else:
            if late or not (isinstance(done, NotPublished) and done.obstacle is Obstacle.LOCKED):
                return done
            why = done.why
        if not told:
            say(f"not now, waiting for it: {why}")
            told = True
        await asyncio.sleep(LOCKED_S)
        for path in await asyncio.to_thread(goal.unlock):
            say(LEFT.format(path))


def _stands_against(repository: Repository, goal: Destination) -> Refused | None:
    where = "" if goal.url else checked_out_at(Git(repository.common), f"refs/heads/{goal.onto}")
    if not where:
        return None
    why = f"{goal.onto} is checked out in {where}, and no branch is moved under a checkout."
    return Refused(
        Code.CONFLICT,
        why,
        "Put your work on a branch there (git switch -c NAME), or land through a bare remote (--remote).",
    )


def _untested(repository: Repository, goal: Destination, wish: LandingWish) -> Refused | None:
    """Why nothing could be judged here: neither the call nor the tree says how it is tested. A gate that is at work, or
    comes later, has been told its own command.
    """
    if not wish.wait or is_running(goal.directory):
        return None
    found = find_command(repository.toplevel, wish.test, repository.toplevel)
    return Refused(Code.BAD_INPUT, found.why, found.next_step) if isinstance(found, NoCommand) else None


def _held(goal: Destination, wish: LandingWish, agent: str) -> tuple[HeldClaim, ...] | Refused:
    """What it lands under; where nobody has said who lands, what is claimed here without a name is meant as well."""
    names = [agent] if wish.agent else list(dict.fromkeys((agent, claimant())))
    for name in names:
        held = claims_of(goal.shared, name, wish.claims, wish.claim)
        if not isinstance(held, Resource):
            return held
    why = f"Neither {' nor '.join(names)} holds {held}." if names[1:] else f"{agent} does not hold {held}."
    return Refused(Code.NOT_YOURS, why, "See who does: coroom claims")


async def _there_already(
    repository: Repository, goal: Destination, say: Callable[[str], None]
) -> LandingEnd | Refused | None:
    """The end, where the branch holds the commit or there is no branch; None while it is still to land."""
    main = await _unlocked(goal, say, lambda: _known_main(goal))
    if not main:
        why = f"{goal.shared.name} has no branch {goal.onto}."
        return Refused(Code.NOT_FOUND, why, "Name another with --onto.")
    if await asyncio.to_thread(is_ancestor, Git(repository.common), repository.commit, main):
        return LandingEnd(onto=goal.onto, commit=main, why="It was there already.")
    return None


def _known_main(goal: Destination) -> str:
    """Where the branch is, once what a killed lander left half done is finished."""
    ref = f"refs/heads/{goal.onto}"
    refs = goal.shared.fetch(goal.shared.read(ref, QUEUE))
    main = refs.get(ref, "")
    if main:
        settle(goal.shared, goal.onto, queued(goal.shared, refs), main)
    return main


def _queue(
    repository: Repository, goal: Destination, wish: LandingWish, held: tuple[HeldClaim, ...]
) -> Entry | NotPublished:
    """The entry of this very commit: the one that an earlier call has left there, else a fresh one."""
    agent = wish.agent
    for entry in queued(goal.shared):
        if (entry.tip, entry.onto, entry.agent, entry.claims) == (repository.commit, goal.onto, agent, held):
            return entry
    here = _mark_of(repository)
    back = [e for e in queued(goal.shared, below=RETURNED) if (e.onto, e.agent) == (goal.onto, agent)]
    elsewhere = [e for e in back if e.checkout != here]
    for entry in (*(e for e in back if e.checkout == here), *elsewhere[: max(0, len(elsewhere) - RETURNED_MAX)]):
        forget(goal.shared, entry)
    return submit(
        goal.shared,
        repository.commit,
        onto=goal.onto,
        agent=agent,
        task=wish.task,
        title=wish.title,
        claims=held,
        checkout=here,
    )


def _mark_of(repository: Repository) -> str:
    """A word for this checkout, which no other that is used at the same time has."""
    where = f"{platform.node()}\0{repository.toplevel}\0{repository.toplevel.stat().st_ino}"
    return hashlib.sha256(where.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _name_of(repository: Repository) -> str:
    said = os.environ.get(AGENT_VARIABLE, "") or repository.git.run("config", "user.name", expect=(0, 1)).line
    return said or own_setting("user.name") or claimant()


async def _ended(goal: Destination, plan: GatePlan, entry: Entry, say: Callable[[str], None]) -> LandingEnd:
    told = False
    while True:
        with turn(goal.directory) as mine:
            if mine:
                return await _through_own_gate(goal, plan, entry, say)
        if not told:
            say("another gate is at work on this branch; waiting for it")
            told = True
        end = await asyncio.to_thread(_end_of, goal, entry)
        if end:
            return end
        await asyncio.sleep(LOOK_FAR_S if goal.is_far else LOOK_S)


async def _through_own_gate(goal: Destination, plan: GatePlan, entry: Entry, say: Callable[[str], None]) -> LandingEnd:
    say(plan.suite.confined.said)
    gate = Gate(await asyncio.to_thread(goal.for_gate), plan, say)
    try:
        await gate.serve(lambda: entry.id not in gate.waiting or (gate.main_is_red and gate.is_idle))
    except GateStopped as stopped:
        return _still_waiting(goal, entry, f"{stopped}.")
    if entry.id in gate.waiting:
        return _still_waiting(goal, entry, f"{goal.onto} itself fails its tests, and this does not mend it.")
    settled = gate.settled.get(entry.id)
    if settled is None or settled.kind:
        found = await asyncio.to_thread(_end_of, goal, entry)
        return found or _still_waiting(goal, entry, "It is not known how it ended.")
    return _of(goal, settled)


def plan_of(goal: Destination, wish: LandingWish, suite: Suite) -> GatePlan:
    """The gate over this destination."""
    key = os.environ.get("COROOM_GATE_KEY", "") or (key_of(goal.store) if goal.store else "")
    return GatePlan(
        onto=goal.onto,
        directory=goal.directory,
        suite=suite,
        runners=wish.runners,
        key=key,
        unlock=goal.unlock,
        look_s=LOOK_FAR_S if goal.is_far else LOOK_S,
    )


def _end_of(goal: Destination, entry: Entry) -> LandingEnd | None:
    """How a change has ended, as the refs say; None while it waits. Its author then knows, so the reason is dropped."""
    branch = f"refs/heads/{goal.onto}"
    returned = f"{RETURNED}/{entry.id}"
    seen = goal.shared.read(branch, entry.ref, returned)
    if entry.ref in seen:
        return None
    refs = goal.shared.fetch(seen)
    # None where another who waits for this very change has heard the reason since the look, and dropped it.
    back = next(iter(queued(goal.shared, refs, RETURNED)), None)
    if back:
        forget(goal.shared, back)
        return _of(goal, Settled(entry=back, kind=back.kind, why=back.why))
    if branch in refs and is_ancestor(goal.shared.git, entry.tip, refs[branch]):
        return LandingEnd(change=entry.id, onto=goal.onto, commit=refs[branch])
    return LandingEnd(change=entry.id, onto=goal.onto, kind="withdrawn", why="It was taken out of the queue.")


def _of(goal: Destination, settled: Settled) -> LandingEnd:
    return LandingEnd(
        change=settled.entry.id, onto=goal.onto, commit=settled.commit, kind=settled.kind, why=settled.why
    )


def _still_waiting(goal: Destination, entry: Entry, why: str) -> LandingEnd:
    more = "The change waits in the queue; coroom land goes on with it."
    return LandingEnd(change=entry.id, onto=goal.onto, kind="waiting", why=f"{why} {more}")


async def run_gate(
    repository: Repository, wish: LandingWish, say: Callable[[str], None], *, once: bool = False
) -> Refused | None:
    """Run the gate over a repository's branch until cancelled; `once`: until nothing waits any more.

    Raises:
        GateStopped: the repository refuses, or cannot be reached or locked.
        GitFailed: git cannot read the repository.
        OSError: the disk is full.
    """
    begun = await asyncio.to_thread(_begun, repository, wish)
    if isinstance(begun, Refused):
        return begun
    goal, suite = begun
    for path in await asyncio.to_thread(goal.unlock):
        say(LEFT.format(path))
    with turn(goal.directory) as mine:
        if not mine:
            why = f"A gate is at work on {goal.onto} of {goal.shared.name} already."
            return Refused(Code.WAIT, why, "One is enough; coroom gate shows what it does.")
        gate = Gate(await asyncio.to_thread(goal.for_gate), plan_of(goal, wish, suite), say)
        say(f"the gate of {goal.onto} of {goal.shared.name}: {wish.runners} runners, kept in {goal.directory}")
        say(suite.confined.said)
        await gate.serve(lambda: once and gate.is_idle and (not gate.waiting or gate.main_is_red))
    return None


def waiting_at(goal: Destination) -> tuple[list[Entry], list[Entry], bool]:
    """Who waits, who was given back and has not looked yet, and whether a gate of this machine is at work.

    Raises:
        GitFailed: the repository cannot be reached.
    """
    mine = [entry for entry in queued(goal.shared) if entry.onto == goal.onto]
    back = [entry for entry in queued(goal.shared, below=RETURNED) if entry.onto == goal.onto]
    return mine, back, is_running(goal.directory)
