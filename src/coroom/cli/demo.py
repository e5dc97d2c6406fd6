"""`coroom demo`: the main job on a real package, with nothing to install, no key and no account."""

import asyncio
import json
import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from coroom.agents.scripted import Marks, read_tape
from coroom.cli.stage import TerminalStage, print_summary
from coroom.core.command import PostTask
from coroom.core.errors import Refused
from coroom.core.resource import Resource, parse
from coroom.git.repository import NotUsable, Repository, inspect
from coroom.host.rooms import Room, RoomPlan
from coroom.run.demo import Demo, load_demo
from coroom.run.package import DemoUnavailableError, SuiteEnvironment, cache_directory, prepare, test_environment
from coroom.run.session import Outcome, Run, RunPlan, Worker
from coroom.run.summary import Summary, as_json, summarise
from coroom.run.workers import TapeWorker

ROOM = "demo"


@click.command()
@click.option("--directory", type=click.Path(path_type=Path), help="Where to put the repository (default: the cache).")
@click.option("--speed", type=float, default=1.0, show_default=True, help="Play the tapes this many times as fast.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def demo(directory: Path | None, speed: float, as_document: bool) -> None:
    """Four agents change one real package at the same time; watch it merged, tested and landed.

    Fetches a public package with its own test suite, makes a repository of it, and has four scripted agents carry out
    four real changes at once: two in one file, two that truly conflict, and one that makes another's reading stale.
    The same door, hooks and merge as for real agents.
    """
    with TerminalStage() as stage:
        try:
            outcome, summary, page = asyncio.run(_perform(directory, speed, stage))
        except DemoUnavailableError as problem:
            raise click.ClickException(str(problem)) from problem
    if as_document:
        click.echo(json.dumps({**as_json(summary), "page": str(page)}))
    else:
        print_summary(summary)
        click.echo(f"The room, replayable: {page}")
    raise SystemExit(0 if outcome.ok else 1)


async def _perform(directory: Path | None, speed: float, stage: TerminalStage) -> tuple[Outcome, Summary, Path]:
    content = load_demo()
    environment = await asyncio.to_thread(test_environment, stage.say)
    place = directory or cache_directory() / "demo"
    repository = await asyncio.to_thread(_fresh, place, stage)
    plan = RunPlan(
        repository=repository,
        room=RoomPlan(name=ROOM, mirrors=place / "mirrors", test=_test_command(content, environment)),
        tasks=_tasks(content),
        workers=_workers(content, environment, speed),
    )
    page = place / "room.html"
    kept: list[Summary] = []

    def finish(room: Room, outcome: Outcome) -> None:
        kept.append(summarise(room, outcome))

    run = Run(plan, stage)
    outcome = await run.perform(finish)
    return outcome, kept[0], page


def _fresh(place: Path, stage: TerminalStage) -> Repository:
    if place.exists():
        shutil.rmtree(place)
    place.mkdir(parents=True)
    repository = inspect(prepare(place / "repository", stage.say))
    if isinstance(repository, NotUsable):
        raise DemoUnavailableError("the demo's repository cannot be used", repository.why, repository.next_step)
    return repository


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


def _workers(content: Demo, environment: SuiteEnvironment, speed: float) -> Sequence[Worker]:
    marks = Marks()
    variables = environment.variables(os.environ)
    return [
        TapeWorker(name=name, steps=read_tape(tape), marks=marks, environment=variables, speed=speed)
        for name, tape in content.agents.items()
    ]
