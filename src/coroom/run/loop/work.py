"""What there is to do: failing tests of the branch, tasks of a list that have not landed, and the jobs of roles."""

import asyncio
import fcntl
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from coroom.agents.role_files import RoleFile
from coroom.checks.suites.command import SuiteCommand, find_command
from coroom.checks.suites.suite import run_suite
from coroom.core.command import PostTask
from coroom.core.errors import Refused
from coroom.core.resource import Resource, Scheme, parse
from coroom.git.command import Git
from coroom.git.commits import export_tree
from coroom.host.confined import Confined
from coroom.launch.leftover import end_leftover
from coroom.run.loop.failing import ALL, ANSWERS, Failing, answer_file, failing_in, read_answer, write_answer

LOG_BYTES_READ = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to do, under the key that it is claimed by."""

    key: Resource
    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What there is to do where the branch stands at `base`; `tests_s` is how long its tests took to say so."""

    base: str
    failing: Failing
    items: Sequence[Item]
    tests_s: float


async def failing_tests(
    git: Git,
    commit: str,
    place: Path,
    test: str,
    timeout_s: float,
    confined: Confined,
    found: Callable[[Failing], None] = lambda _failing: None,
) -> Failing:
    """Run the tests on a commit, or read what they said: once for each commit, whoever asks, one run at a time.

    Args:
        git: a repository that has the commit.
        commit: what is tested.
        place: of this loop alone, for a tree and the answers.
        test: the command; empty: found out from the tree.
        timeout_s: until it is stopped; a suite that is stopped says nothing about single tests.
        confined: in what isolation.
        found: told what they say when they had to be run.
    """
    answer = answer_file(place / ANSWERS, commit, test)
    async with _alone(place / "probe.lock"):
        known = read_answer(answer)
        if known:
            return known
        tree = place / "probe"
        tree.mkdir(exist_ok=True)
        home = place / "probe.home"
        await asyncio.to_thread(end_leftover, home)
        await asyncio.to_thread(export_tree, git, commit, tree, place / "probe.index")
        command = find_command(tree, test)
        if not isinstance(command, SuiteCommand):
            return Failing(commit=commit, passed=True, summary=command.why)
        start = partial(confined.start, home=home, noted=True)
        result = await run_suite(command, tree, place / "probe.log", timeout_s=timeout_s, start=start)
        text = (place / "probe.log").read_bytes()[-LOG_BYTES_READ:].decode("utf-8", "replace")
        ids = () if result.passed else failing_in(text) or (ALL,)
        failing = Failing(commit=commit, passed=result.passed, ids=ids, summary=result.summary)
        write_answer(answer, failing)
        found(failing)
        return failing


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("w", encoding="ascii") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


def items_for(
    role: RoleFile, failing: Failing, tasks: Sequence[PostTask], landed: Mapping[str, int], landings: int
) -> list[Item]:
    """What a role may take now.

    Args:
        role: what it takes, and how often.
        failing: what the tests say of the branch.
        tasks: the list; one is done once a landing names it, and ready once all that it comes after is.
        landed: by key, the number of the last landing that named it.
        landings: how many there are.
    """
    items: list[Item] = []
    if "tests" in role.takes:
        items += [Item(key=test_key(one), title=test_title(one), detail=failing.summary) for one in failing.ids]
    if "tasks" in role.takes:
        for task in tasks:
            key = task_key(task)
            if str(key) not in landed and all(str(_named(one)) in landed for one in task.after):
                items.append(Item(key=key, title=task.title, detail=task.description))
    if "job" in role.takes:
        key = Resource(Scheme.ROLE, role.name)
        since = landings - landed.get(str(key), 0)
        if since >= role.every_landings:
            items.append(Item(key=key, title=role.title, detail=f"{since} landings since this was last done"))
    return items


def test_key(test: str) -> Resource:
    """What a failing test is claimed by, whoever finds it: derived from its id, so that one loop takes it."""
    return Resource(Scheme.TEST, test)


def test_title(test: str) -> str:
    """What it is called as a task."""
    return f"the failing test {test}"


def task_key(task: PostTask) -> Resource:
    """What a task of the list is claimed by: its id if that names a resource, else a task of that name."""
    return _named(task.task or hashlib.sha256(task.title.encode()).hexdigest()[:12])


def _named(text: str) -> Resource:
    found = parse(text)
    return Resource(Scheme.TASK, text) if isinstance(found, Refused) else found


def landed_keys(git: Git, commits: str) -> tuple[dict[str, int], int]:
    """By key, the number of the last landing that named it, on a branch or in a range of its commits; and how many
    landings there are.
    """
    form = "--format=%(trailers:key=Coroom-Task,valueonly,separator=%x00)"
    lines = git.run("log", "--first-parent", "--reverse", form, commits).out.decode("utf-8", "replace").splitlines()
    landed, count = dict[str, int](), 0
    for line in filter(None, lines):
        count += 1
        for key in line.split("\0"):
            landed[key.strip()] = count
    return landed, count


def own_order(agent: str, items: Sequence[Item]) -> list[Item]:
    """The items in an order of this agent's own, that not all run for the same one; first what makes the branch red."""

    def place(item: Item) -> tuple[bool, bytes]:
        return item.key.scheme is not Scheme.TEST, hashlib.sha256(f"{agent}\0{item.key}".encode()).digest()

    return sorted(items, key=place)
