"""The loop's scene: a real package with twenty failing tests, three agents in three processes, one of them killed."""

import asyncio
import json
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coroom.git.command import Git
from coroom.git.mirror import email_of
from coroom.host.confined import Confined
from coroom.launch.choose import launcher
from coroom.launch.isolation import Isolation, Unavailable
from coroom.launch.leftover import end_leftover
from coroom.processes.groups import kill_group, signal_group
from coroom.run.loop.work import failing_tests
from coroom.run.package import SuiteEnvironment, prepare, test_environment

Say = Callable[[str], None]

SEEDS = Path(__file__).with_name("seeds.json")
MENDER = Path(__file__).with_name("mender.py")

FAULTS = 20

TTL_S = 15
"""Of a claim: how long the killed agent's task waits for somebody else."""

FEW_TTL_S = 5
"""The same with fewer faults: the others have mended theirs before, and only wait."""

WITHIN_S = 1_200.0

AGENTS = {"cyd": Isolation.PLAIN, "ann": Isolation.PLAIN, "bob": Isolation.BUBBLEWRAP}
KILLED = "cyd"
"""Which comes first, since it has to be in the middle of something before the others have done everything."""

BEGUN = ".begun"
"""Beside the mark: a line for each session that it has begun (`mender.py`)."""


@dataclass(frozen=True, slots=True)
class _Kill:
    """The session in which one agent is to be killed, the file that says that it is half done, and the claims' time."""

    at: int
    mark: Path
    ttl_s: int


@dataclass(slots=True)
class Scene:
    """What came of it. `landed`: by agent, the tasks; `taken`: who finished what the killed one had begun."""

    failing_before: int = 0
    failing_after: int = 0
    landed: dict[str, list[str]] = field(default_factory=dict)
    killed_on: str = ""
    taken: str = ""
    isolation: dict[str, str] = field(default_factory=dict)
    harness_s: list[float] = field(default_factory=list)
    claims_left: int = 0
    seconds: float = 0.0
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything is green, by landing each task once, with one agent killed on the way."""
        count = sum(map(len, self.landed.values()))
        whole = not self.failing_after and count == self.failing_before and not self.claims_left
        return not self.problem and whole and bool(self.killed_on) and bool(self.taken)


async def perform(place: Path, say: Say, faults: int = FAULTS) -> Scene:
    """Play it below `place`, which must be empty, with so many faults in the package.

    Raises:
        DemoUnavailableError: the package or its test environment cannot be had.
        Fault: the repository cannot be made.
    """
    scene, began = Scene(), time.monotonic()
    ready = await asyncio.to_thread(launcher, Isolation.BUBBLEWRAP)
    if isinstance(ready, Unavailable):
        scene.problem = f"One agent of the scene works in bubblewrap. {ready}"
        return scene
    environment = await asyncio.to_thread(test_environment, say)
    seeds = json.loads(SEEDS.read_text(encoding="utf-8"))["seeds"][:faults]
    repository, shared = await asyncio.to_thread(_repository, place, say, seeds)
    test = _test(environment, seeds)
    git, probe = Git(shared), place / "judge"
    scene.failing_before = len(
        (await failing_tests(git, git.line("rev-parse", "main"), probe, test, WITHIN_S, Confined())).ids
    )
    say(f"{scene.failing_before} tests of the package fail, each for a reason of its own")
    at, ttl_s = (2, TTL_S) if faults >= FAULTS else (1, FEW_TTL_S)
    kill = _Kill(at, place / "stalled", ttl_s)
    processes: dict[str, asyncio.subprocess.Process] = {}
    listening: dict[str, asyncio.Task[dict[str, Any]]] = {}
    try:
        async with asyncio.timeout(WITHIN_S):
            for name in AGENTS:
                processes[name] = await _start(name, place, repository, test, environment, kill)
                listening[name] = asyncio.create_task(_listen(name, processes[name], say))
                if name == KILLED:
                    await _until_it_works(processes[name], kill.mark)
            await _kill_on_the_way(processes[KILLED], place, kill, scene, say)
            told = {name: await task for name, task in listening.items()}
    except TimeoutError:
        scene.problem = f"it did not end within {WITHIN_S:g} s"
        return scene
    finally:
        await _end_all(processes.values())
    await _judge(scene, place, git, probe, test, told)
    scene.seconds = time.monotonic() - began
    return scene


def _repository(place: Path, say: Say, seeds: Sequence[dict[str, str]]) -> tuple[Path, Path]:
    """The package with its faults on main, and the bare repository that all share."""
    repository, shared = prepare(place / "repository", say), place / "shared.git"
    for seed in seeds:
        path = repository / seed["path"]
        lines = path.read_text(encoding="utf-8").split("\n")
        lines[lines.index(seed["old"])] = seed["new"]
        path.write_text("\n".join(lines), encoding="utf-8")
    git = Git(repository)
    who = {"user.name": "scene", "user.email": email_of("scene")}
    git.run("commit", "--quiet", "--all", f"--message={len(seeds)} faults", config=who)
    git.run("branch", "--move", "--force", "main")
    Git(place).run("clone", "--quiet", "--bare", "repository", "shared.git", config={"protocol.file.allow": "always"})
    git.run("remote", "add", "origin", str(shared))
    return repository, shared


def _test(environment: SuiteEnvironment, seeds: Sequence[dict[str, str]]) -> str:
    files = sorted({seed["test"].partition("::")[0] for seed in seeds})
    # Which tests fail is all that the agents here read: to tell why takes a third of pytest's time.
    brief = ("-q", "-p", "no:cacheprovider", "--tb=line", "--assert=plain")
    return shlex.join((str(environment.python), "-m", "pytest", *brief, *files))


async def _start(
    name: str, place: Path, repository: Path, test: str, environment: SuiteEnvironment, kill: _Kill
) -> asyncio.subprocess.Process:
    stall = ("--stall", str(kill.mark), "--at", str(kill.at)) if name == KILLED else ()
    agent = f"command:{shlex.join((sys.executable, str(MENDER), str(SEEDS), *stall))}"
    words = ("--name", name, "--agents", "1", "--agent", agent, "--isolation", AGENTS[name].value, "--test", test)
    more = ("--ttl", str(kill.ttl_s), "--until-done", "--state", str(place / "loops"), "--json")
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "coroom.cli", "loop", *words, *more),
        cwd=repository,
        env=environment.variables(os.environ) | {"XDG_STATE_HOME": str(place / "state")},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def _listen(name: str, process: asyncio.subprocess.Process, say: Say) -> dict[str, Any]:
    """Hand on what it says, and give back its result; nothing for one that was killed."""
    assert process.stdout is not None
    assert process.stderr is not None
    out = asyncio.create_task(process.stdout.read())
    async for line in process.stderr:
        say(line.decode("utf-8", "replace").rstrip())
    text = await out
    code = await process.wait()
    if code and name != KILLED:
        say(f"{name} ended with exit code {code}")
    return dict(json.loads(text)) if text.strip() else {}


async def _until_it_works(process: asyncio.subprocess.Process, mark: Path) -> None:
    """Wait for the first session of the one that is to be killed: on a busy machine the others could do all before."""
    while not mark.with_suffix(BEGUN).exists() and process.returncode is None:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


async def _kill_on_the_way(
    process: asyncio.subprocess.Process, place: Path, kill: _Kill, scene: Scene, say: Say
) -> None:
    """Wait until the agent is in the middle of something, and kill -9 its harness and what that had started."""
    # Another process makes the file; there is nothing else to hear of it by.
    while not kill.mark.exists() and process.returncode is None:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    if process.returncode is not None:
        scene.problem = f"{KILLED} ended before it could be killed"
        return
    held = await asyncio.to_thread(_claims, Git(place / "shared.git"))
    scene.killed_on = held.get(f"{KILLED}-1", "")
    kill_group(process.pid)
    await asyncio.to_thread(end_leftover, place / "loops" / f"{KILLED}-1" / "home")
    ends = f"its claim ends by itself within {kill.ttl_s} s"
    say(f"killed {KILLED} (kill -9) in the middle of {scene.killed_on}; {ends}")


def _claims(shared: Git) -> dict[str, str]:
    """By holder, the first thing that it holds."""
    found = {}
    for oid in shared.run("for-each-ref", "--format=%(objectname)", "refs/coroom/claims/").out.decode().split():
        record = json.loads(shared.run("cat-file", "blob", oid).out)
        found[str(record["holder"])] = str(record["resources"][0])
    return found


async def _judge(scene: Scene, place: Path, git: Git, probe: Path, test: str, told: dict[str, dict[str, Any]]) -> None:
    """Look at what is there, in the shared repository; the agents' own words are not taken for it."""
    head = git.line("rev-parse", "main")
    shutil.rmtree(probe / "failing", ignore_errors=True)
    after = await failing_tests(git, head, probe, test, WITHIN_S, Confined())
    scene.failing_after = 0 if after.passed else max(1, len(after.ids))
    for key, agent in await asyncio.to_thread(_landings, git):
        scene.landed.setdefault(agent, []).append(key)
    scene.taken = next((agent for agent, keys in scene.landed.items() if scene.killed_on in keys), "")
    turns = [turn for name in AGENTS for turn in _turns(place / "loops" / f"{name}-1" / "turns.jsonl")]
    scene.harness_s = [turn["harness_s"] for turn in turns if turn["outcome"] == "landed"]
    stated = (found.get("isolation", {}) for found in told.values())
    scene.isolation = {agent: " ".join(lines) for one in stated for agent, lines in one.items()}
    scene.claims_left = len(await asyncio.to_thread(_claims, git))


def _landings(git: Git) -> list[tuple[str, str]]:
    """What main says has landed: each task, and whose work it was."""
    form = "%(trailers:key=Coroom-Task,key=Coroom-Agent,valueonly,separator=%x00)"
    lines = git.run("log", "--first-parent", f"--format={form}", "main").out.decode().splitlines()
    words = [line.split("\0") for line in lines if line]
    return [(key, agent) for line in words for key, agent in zip(line[::2], line[1::2], strict=True)]


def _turns(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []


async def _end_all(processes: Any) -> None:
    for process in processes:
        if process.returncode is None:
            signal_group(process.pid, signal.SIGTERM)
    for process in processes:
        await process.wait()
