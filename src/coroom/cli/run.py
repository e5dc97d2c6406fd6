"""`coroom run`: a room, a board, N agents at once, and one landed branch."""

import asyncio
import json
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from coroom.agents.adapter import AgentAdapter
from coroom.agents.claude_code import ClaudeCode
from coroom.agents.codex import Codex
from coroom.agents.command import Command
from coroom.agents.gemini import Gemini
from coroom.agents.opencode import OpenCode
from coroom.agents.scripted import Marks, Step, TapeError, read_tape
from coroom.cli.place import WrongCallError, any_repository_at, repository_at
from coroom.cli.stage import TerminalStage, print_summary
from coroom.core.errors import Fault
from coroom.host.rooms import Room, RoomPlan, state_directory
from coroom.run.board import BoardError, tasks_from
from coroom.run.session import Outcome, Run, RunPlan, Worker, finished
from coroom.run.summary import Summary, as_json, summarise
from coroom.run.workers import ProcessWorker, TapeWorker
from coroom.web.saved import save_room

ROOM = "run"

ADAPTERS: dict[str, type[AgentAdapter]] = {
    "claude": ClaudeCode,
    "codex": Codex,
    "opencode": OpenCode,
    "gemini": Gemini,
}


@click.command()
@click.argument("tasks", required=False)
@click.option("--directory", type=click.Path(path_type=Path), default=".", help="The repository (default: here).")
@click.option("--agents", type=click.IntRange(1, 64), default=2, show_default=True, help="How many agents.")
@click.option(
    "--agent",
    "kinds",
    multiple=True,
    default=("claude",),
    show_default=True,
    help="claude, codex, opencode, gemini, tape:FILE or command:'PROGRAM … {prompt}'; repeat to mix kinds.",
)
@click.option("--model", help="The model the agents shall use.")
@click.option("--policy", default="open", show_default=True, help="open, serial or isolated.")
@click.option("--room", default=ROOM, show_default=True, help="The room's name.")
@click.option("--mirrors", type=click.Path(path_type=Path), help="Where the agents' directories are made.")
@click.option("--branch", default="", help="Where the result lands (default: coroom/ROOM).")
@click.option("--test", default="", help="The command that must pass (default: found out).")
@click.option("--port", type=int, default=0, help="On 127.0.0.1 (default: a free one).")
@click.option("--resume", is_flag=True, help="Go on with the room as it was left.")
@click.option("--no-land", is_flag=True, help="Do not land; leave the work in the room.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def run(
    tasks: str | None,
    directory: Path,
    agents: int,
    kinds: tuple[str, ...],
    model: str | None,
    policy: str,
    room: str,
    mirrors: Path | None,
    branch: str,
    test: str,
    port: int,
    resume: bool,
    no_land: bool,
    as_document: bool,
) -> None:
    r"""Have several agents do TASKS on one repository at once, and land the result as one branch.

    TASKS is one task in words, or a file: Markdown (a list item a task), JSON or YAML.

    \b
    coroom run todo.md --agents 4
    coroom run "add a --json option to every command" --agent codex
    coroom run tasks.yaml --agent claude --agent codex --agents 4
    coroom run --resume

    Ctrl-C stops everything and loses nothing: go on with --resume.
    """
    if not tasks and not resume:
        raise WrongCallError("No tasks given. Name a file, say one task in words, or use --resume.")
    repository = any_repository_at(directory) if resume else repository_at(directory)
    kept = state_directory(repository, room)
    if resume and not kept.exists():
        raise WrongCallError(f"There is no room '{room}' to resume here. Start one with: coroom run TASKS")
    if not resume and (kept / "room.sqlite3").exists():
        raise WrongCallError(f"Room '{room}' has been here before. Go on with --resume, or name another with --room.")
    runs: list[Run] = []

    def left() -> bool:
        return bool(runs and runs[0].room and not finished(runs[0].room))

    try:
        plan = RunPlan(
            repository=repository,
            room=RoomPlan(name=room, policy=policy, mirrors=mirrors, branch=branch, test=test),
            tasks=tasks_from(tasks) if tasks else (),
            workers=_workers(kinds, agents, model, kept, left),
            resume=resume and not tasks,
            port=port,
            land=not no_land,
        )
    except (BoardError, TapeError) as problem:
        raise WrongCallError(f"{problem}.") from problem
    outcome, summary, page = _perform(plan, kept, runs)
    if as_document:
        click.echo(json.dumps({**as_json(summary), "page": str(page)}))
    else:
        print_summary(summary)
        click.echo(f"The room, replayable: {page}")
    raise SystemExit(0 if outcome.ok else 1)


def _perform(plan: RunPlan, kept: Path, runs: list[Run]) -> tuple[Outcome, Summary, Path]:
    page = kept / "room.html"
    summaries: list[Summary] = []

    def finish(room: Room, outcome: Outcome) -> None:
        page.write_text(save_room(room.host, room.name), encoding="utf-8")
        summaries.append(summarise(room, outcome))

    with TerminalStage() as stage:
        runs.append(Run(plan, stage))
        try:
            outcome = asyncio.run(runs[0].perform(finish))
        except KeyboardInterrupt:
            click.echo("\nStopped. Everything is kept: go on with  coroom run --resume", err=True)
            raise SystemExit(130) from None
        except Fault as fault:
            raise click.ClickException(f"{fault}.") from fault
    if not summaries:
        raise WrongCallError(str(outcome.refused))
    return outcome, summaries[0], page


def _workers(
    kinds: Sequence[str], agents: int, model: str | None, kept: Path, left: Callable[[], bool]
) -> list[Worker]:
    marks = Marks()
    tapes = [kind for kind in kinds if kind.startswith("tape:")]
    count = max(agents, len(tapes)) if tapes else agents
    workers: list[Worker] = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        if kind.startswith("tape:"):
            path = Path(kind.removeprefix("tape:"))
            name = path.stem.removeprefix("tape_")
            workers.append(TapeWorker(name=name, steps=_tape(path), marks=marks, environment=dict(os.environ)))
            continue
        name = f"{kind.partition(':')[0]}-{number + 1}"
        adapter = _adapter(kind)
        workers.append(ProcessWorker(name=name, adapter=adapter, home=kept / "agents" / name, left=left, model=model))
    return workers


def _adapter(kind: str) -> AgentAdapter:
    if kind.startswith("command:"):
        return Command(tuple(shlex.split(kind.removeprefix("command:"))))
    if kind not in ADAPTERS:
        known = ", ".join([*ADAPTERS, "tape:FILE", "command:…"])
        raise WrongCallError(f"'{kind}' is no kind of agent. It is one of {known}.")
    return ADAPTERS[kind]()


def _tape(path: Path) -> list[Step]:
    if not path.is_file():
        raise WrongCallError(f"{path} is no tape: there is no such file.")
    return read_tape(path)
