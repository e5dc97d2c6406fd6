"""`coroom demo`: the main job on a real package, with nothing to install, no key and no account."""

import json
import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

import click

from coroom.agents.scripted import Marks, read_tape
from coroom.cli.crew import crew
from coroom.cli.kinds import KINDS
from coroom.cli.place import WrongCallError
from coroom.cli.run import perform, show_result
from coroom.cli.screen import TerminalScreen
from coroom.cli.suite_options import confined_tests
from coroom.cli.until import StoppedError, until_stopped
from coroom.core.command import PostTask
from coroom.core.errors import Fault, Refused
from coroom.core.resource import Resource, parse
from coroom.git.repository import NotUsable, Repository, inspect
from coroom.host.rooms import RoomPlan
from coroom.host.served import state_directory
from coroom.run.arrangement import Arrangement
from coroom.run.demo import Demo, load_demo
from coroom.run.loop.scene import perform as perform_loops
from coroom.run.package import DemoUnavailableError, SuiteEnvironment, cache_directory, prepare, test_environment
from coroom.run.session import RunPlan
from coroom.run.worker import Worker
from coroom.run.workers import TapeWorker

ROOM = "demo"
OURS = "coroom-demo"
"""The file that marks a directory as the demo's own, which may be made anew."""


@click.command()
@click.option("--directory", type=click.Path(path_type=Path), help="Where to put the repository (default: the cache).")
@click.option("--agent", "kind", default="tape", show_default=True, help=f"tape, or one of {KINDS}.")
@click.option("--model", default="", help="The model that real agents shall use.")
@click.option("--speed", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="Of the tapes.")
@click.option("--loop", "loops", is_flag=True, help="Fresh sessions instead: failing tests become green.")
@click.option("--faults", type=click.IntRange(3, 20), default=20, show_default=True, help="Of --loop: failing tests.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def demo(
    directory: Path | None, kind: str, model: str, speed: float, loops: bool, faults: int, as_document: bool
) -> None:
    """Four agents change one real package at the same time; watch it merged, tested and landed.

    Fetches a public package with its own test suite, makes a repository of it, and has four scripted agents carry out
    four real changes at once: two in one file, two that truly conflict, and one that makes another's reading stale.
    The same door, hooks and merge as for real agents, which do the same four tasks with --agent claude (or another).

    With --loop it shows the other way to work, without a server: three loops of scripted agents, one in bubblewrap and
    one killed on the way, bring the package with twenty seeded failing tests to green through the gate.
    """
    if loops:
        place = (directory or cache_directory() / "demo-loop").absolute()
        raise SystemExit(_loops(place, faults, as_document=as_document))
    place = (directory or cache_directory() / "demo").absolute()
    content = load_demo()
    scripted = kind == "tape"
    if not scripted:
        crew([kind], len(content.agents), model, place)
    try:
        with TerminalScreen() as screen:
            environment = test_environment(screen.say)
            repository = _fresh(place, screen)
    except DemoUnavailableError as problem:
        raise click.ClickException(str(problem)) from problem
    kept = state_directory(repository, ROOM)
    workers = (
        _players(content, environment, speed) if scripted else crew([kind], len(content.agents), model, kept / "agents")
    )
    tasks = _tasks(content)
    confined = confined_tests(repository, "", (environment.directory,), None)
    click.secho(confined.said, err=True, dim=True)
    plan = RunPlan(
        repository=repository,
        room=RoomPlan(
            name=ROOM, mirrors=place / "mirrors", test=_test_command(content, environment), confined=confined
        ),
        tasks=tasks,
        workers=workers,
    )
    arrangement = Arrangement(
        kinds=tuple(f"tape:{tape}" for tape in content.agents.values()) if scripted else (kind,),
        agents=len(workers),
        model=model,
        mirrors=str(place / "mirrors"),
        test=plan.room.test,
        test_reads=(str(environment.directory),),
        crew=tuple(worker.name for worker in workers),
        tasks=tuple(tasks),
    )
    outcome, summary, page = perform(plan, place / "room.html", lambda: arrangement.write(kept))
    show_result(summary, page, as_document=as_document)
    raise SystemExit(0 if outcome.ok else 1)


def _fresh(place: Path, screen: TerminalScreen) -> Repository:
    """The package's repository, made anew."""
    _cleared(place)
    repository = inspect(prepare(place / "repository", screen.say))
    if isinstance(repository, NotUsable):
        raise DemoUnavailableError("the demo's repository cannot be used", repository.why, repository.next_step)
    return repository


def _cleared(place: Path) -> None:
    """Make the place empty. Only a directory that an earlier demo made is removed for it."""
    if place.exists() and any(place.iterdir()):
        if not (place / OURS).exists():
            raise WrongCallError(f"{place} is not empty and no demo made it. Name another with --directory.")
        shutil.rmtree(place)
    place.mkdir(parents=True, exist_ok=True)
    (place / OURS).touch()


def _loops(place: Path, faults: int, *, as_document: bool) -> int:
    """The scene of the loops; its exit code."""
    _cleared(place)
    with TerminalScreen() as screen:
        try:
            scene = until_stopped(perform_loops(place, screen.say, faults))
        except StoppedError as stopped:
            click.echo("Stopped; the agents have ended.", err=True)
            return stopped.exit_code
        except (DemoUnavailableError, Fault, OSError) as problem:
            raise click.ClickException(str(problem)) from problem
    if as_document:
        click.echo(json.dumps({"ok": scene.ok, **asdict(scene)}))
        return 0 if scene.ok else 1
    for agent, tasks in sorted(scene.landed.items()):
        click.echo(f"{agent} landed {len(tasks)} of {scene.failing_before}")
    if scene.killed_on:
        click.echo(
            f"{scene.killed_on} was begun by an agent that was killed, and finished by {scene.taken or 'nobody'}"
        )
    for agent, said in sorted(scene.isolation.items()):
        click.echo(f"{agent}: {said}")
    if scene.harness_s:
        click.echo(f"Beside agents and tests a turn took {median(scene.harness_s):.2f} s (median).")
    click.echo(f"{scene.failing_after} tests fail now, {scene.failing_before} did; {scene.seconds:.0f} s in all.")
    if scene.problem:
        click.echo(scene.problem, err=True)
    return 0 if scene.ok else 1


def _test_command(content: Demo, environment: SuiteEnvironment) -> str:
    words = [str(environment.python) if word == "python" else word for word in content.test_command]
    return shlex.join(words)


def _tasks(content: Demo) -> list[PostTask]:
    return [
        PostTask(
            task=task.id,
            title=task.title,
            description=task.description,
            touches=tuple(_resource(text) for text in task.touches),
            after=task.after,
        )
        for task in content.tasks
    ]


def _resource(text: str) -> Resource:
    found = parse(text)
    assert not isinstance(found, Refused), found
    return found


def _players(content: Demo, environment: SuiteEnvironment, speed: float) -> Sequence[Worker]:
    marks = Marks()
    variables = environment.variables(os.environ)
    return [
        TapeWorker(name=name, steps=read_tape(tape), marks=marks, environment=variables, speed=speed)
        for name, tape in content.agents.items()
    ]
