"""`coroom run`: a room, a board, N agents at once, and one landed branch."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import click

from coroom.agents.scripted import ROOM_TOOLS
from coroom.checks.types import CHECKERS
from coroom.cli.crew import crew, isolation_lines, isolation_of
from coroom.cli.kinds import KINDS, TAPE
from coroom.cli.place import POLICIES_SAID, WrongCallError, any_repository_at, known_policy, repository_at
from coroom.cli.stage import TerminalStage, print_summary
from coroom.cli.suite_options import bounds_options, confined_tests
from coroom.cli.toolsmith import TOOLSMITH_SAID, proposer_of
from coroom.cli.until import StoppedError, stop_when_input_ends, until_stopped
from coroom.core.agent import Role
from coroom.core.errors import Fault
from coroom.git.repository import Repository
from coroom.host.replanning import Edge
from coroom.host.rooms import Room, RoomPlan, mirrors_directory, state_directory
from coroom.plan.route import CycleError
from coroom.ports import LogBusy, LogCorrupt
from coroom.run.arrangement import Arrangement
from coroom.run.board import BoardError, tasks_from
from coroom.run.bounds import LimitError, RunLimit, parse_limit
from coroom.run.briefing import Coordination, first_words
from coroom.run.planned import planned
from coroom.run.selftest import bridge_checks
from coroom.run.session import Outcome, Run, RunPlan, Worker, role_prompt
from coroom.run.summary import Summary, as_json, summarise
from coroom.run.surroundings import nearest_directory
from coroom.run.workers import ProcessWorker, TapeWorker
from coroom.web.saved import saved_copy

ROOM = "run"
EVALUATOR = "evaluator"


@click.command()
@click.argument("tasks", required=False)
@click.option("--directory", type=click.Path(path_type=Path), default=".", help="The repository (default: here).")
@click.option("--agents", type=click.IntRange(1, 64), help="How many agents at most (default: as the plan says).")
@click.option("--agent", "kinds", multiple=True, help=f"{KINDS}; repeat to mix kinds (default: claude).")
@click.option("--model", help="The model the agents shall use; for builtin: anthropic:NAME or openai:NAME.")
@click.option("--evaluator", help="One more agent of this kind, which mends what the checks find (docs/checks.md).")
@click.option("--budget", help="Of a session of builtin: turns=300,tokens=20000000,usd=5,price=3/15.")
@click.option("--policy", help=f"{POLICIES_SAID} Default: what the plan says.")
@click.option("--tools", type=click.Path(path_type=Path), help="A file of tools on live state (docs/tools.md).")
@click.option("--toolsmith", help=TOOLSMITH_SAID)
@click.option("--room", default=ROOM, show_default=True, help="The room's name.")
@click.option("--mirrors", type=click.Path(path_type=Path), help="Where the agents' directories are made.")
@click.option("--branch", help="Where the result lands (default: coroom/ROOM).")
@click.option("--test", help="The command that must pass (default: found out).")
@click.option(
    "--types",
    type=click.Choice(["off", "auto", *CHECKERS]),
    help="Ask this type checker before landing about what does not fit together (default: off).",
)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="On 127.0.0.1 (default: a free one).")
@click.option("--resume", is_flag=True, help="Go on with the room as it was left.")
@click.option("--land/--no-land", "land", default=None, help="Land the result, or leave the work in the room.")
@click.option("--no-plan", is_flag=True, help="Take the tasks as they stand: no order, as many agents as said or 2.")
@click.option("--isolation", help="plain, bubblewrap or container (default: bubblewrap where it works).")
@click.option(
    "--coordination",
    type=click.Choice([one.value for one in Coordination]),
    help="What agents have: room (board, claims, notices; the default), prompt (told of one another), none.",
)
@click.option("--in-turn", is_flag=True, default=None, help="One agent after the other; without the room: in roles.")
@click.option("--limit", default="", help="Of the whole run: seconds=3600,tokens=2000000,usd=20; then all stop.")
@click.option("--silence", "silence_s", type=click.FloatRange(0), default=0.0, help="Seconds until an agent hangs.")
@click.option("--self-test", is_flag=True, help="Try the bridge first, as coroom doctor does.")
@click.option("--leash", is_flag=True, hidden=True, help="Stop when standard input ends.")
@bounds_options
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def run(
    tasks: str | None,
    directory: Path,
    agents: int | None,
    kinds: tuple[str, ...],
    model: str | None,
    evaluator: str | None,
    budget: str | None,
    policy: str | None,
    tools: Path | None,
    toolsmith: str | None,
    room: str,
    mirrors: Path | None,
    branch: str | None,
    test: str | None,
    types: str | None,
    port: int,
    resume: bool,
    land: bool | None,
    no_plan: bool,
    isolation: str | None,
    coordination: str | None,
    in_turn: bool | None,
    limit: str,
    silence_s: float,
    self_test: bool,
    leash: bool,
    test_reads: tuple[Path, ...],
    test_memory: float | None,
    as_document: bool,
) -> None:
    """Have several agents do TASKS on one repository at once, and land the result as one branch.

    TASKS is one task in words, or a file: Markdown (a list item a task), JSON or YAML. It is planned first, as
    coroom plan shows it: coupled tasks one after the other, no more agents than the work has independent parts.

    \b
    coroom run todo.md --agents 4
    coroom run "add a --json option to every command" --agent codex
    coroom run tasks.yaml --agent claude --agent codex --agents 4
    coroom run --resume

    Ctrl-C stops everything and loses nothing: go on with --resume, which needs no option said again.
    """  # noqa: D301  click wants the character itself
    if not tasks and not resume:
        raise WrongCallError("No tasks given. Name a file, say one task in words, or use --resume.")
    if leash:
        stop_when_input_ends()
    bounds = _limit(limit)
    repository = any_repository_at(directory) if resume else repository_at(directory)
    kept = state_directory(repository, room)
    try:
        before = _before(kept, room, resume=resume)
        wanted = before.changed(
            kinds=tuple(_lasting(kind) for kind in kinds) or None,
            agents=agents,
            model=model,
            evaluator=_lasting(evaluator) if evaluator else None,
            budget=budget,
            policy=known_policy(policy) if policy else None,
            tools=str(tools.absolute()) if tools else None,
            toolsmith=toolsmith,
            mirrors=str(mirrors.absolute()) if mirrors else None,
            branch=branch,
            test=test,
            types=types,
            land=land,
            isolation=isolation,
            coordination=Coordination(coordination) if coordination else None,
            in_turn=in_turn,
            test_reads=tuple(str(place.absolute()) for place in test_reads) or None,
            test_gib=test_memory,
        ).with_tasks(tasks_from(tasks) if tasks else ())
    except BoardError as problem:
        raise WrongCallError(f"{problem}.") from problem
    except Fault as fault:
        raise WrongCallError(f"{fault}.") from fault
    waits = frozenset[Edge]() if resume and not no_plan else None
    toolsmith_model = proposer_of(wanted.toolsmith, Path(wanted.tools) if wanted.tools else None)
    if not (no_plan or resume) and _is_worth_a_plan(wanted):
        wanted, waits = _planned(wanted, repository, agents, policy)
    if self_test:
        _tried(mirrors or mirrors_directory(repository, room))
    workers = _workers(wanted, kept / "agents", silence_s)
    confined = confined_tests(repository, wanted.isolation, map(Path, wanted.test_reads), wanted.test_gib)
    for line in (*isolation_lines(workers), *([confined.said] if wanted.land else [])):
        click.secho(line, err=True, dim=True)
    wanted = replace(wanted, crew=tuple(worker.name for worker in workers))
    plan = RunPlan(
        repository=repository,
        room=RoomPlan(
            name=room,
            policy=wanted.policy,
            mirrors=Path(wanted.mirrors) if wanted.mirrors else None,
            branch=wanted.branch,
            test=wanted.test,
            confined=confined,
            types=wanted.types,
            tools=Path(wanted.tools) if wanted.tools else None,
            silent=wanted.coordination is not Coordination.ROOM,
            toolsmith=toolsmith_model,
        ),
        tasks=wanted.tasks,
        workers=workers,
        before=before.crew,
        port=port,
        land=wanted.land,
        in_turn=wanted.in_turn,
        board=wanted.coordination is Coordination.ROOM,
        limit=bounds,
        roles={EVALUATOR: Role.EVALUATOR} if wanted.evaluator else {},
        planned=waits if _is_worth_a_plan(wanted) else None,
    )
    outcome, summary, page = perform(plan, kept / "room.html", lambda: wanted.write(kept))
    show_result(summary, page, as_document=as_document, isolation=isolation_of(workers))
    raise SystemExit(0 if outcome.ok else 1)


def _workers(wanted: Arrangement, homes: Path, silence_s: float) -> list[Worker]:
    """The agents as this run wants them: without a board each is told everything at the beginning."""
    made = crew(wanted.kinds, wanted.agents, wanted.model, homes, budget=wanted.budget, isolation=wanted.isolation)
    if wanted.evaluator:
        (mender,) = crew((wanted.evaluator,), 1, wanted.model, homes, budget=wanted.budget, isolation=wanted.isolation)
        if not isinstance(mender, ProcessWorker):
            raise WrongCallError("A tape cannot evaluate: it plays what was recorded. Name another kind of agent.")
        told = role_prompt(EVALUATOR, Role.EVALUATOR)
        made.append(replace(mender, name=EVALUATOR, home=homes / EVALUATOR, prompt=told))
    names, found = [worker.name for worker in made], list[Worker]()
    bare = wanted.coordination is not Coordination.ROOM
    for place, worker in enumerate(made):
        if isinstance(worker, ProcessWorker):
            words = worker.prompt
            if bare:
                words = first_words(names, place, wanted.tasks, wanted.coordination, in_turn=wanted.in_turn)
            found.append(replace(worker, prompt=words, bare=bare, silence_s=silence_s))
        elif bare and isinstance(worker, TapeWorker):
            found.append(replace(worker, steps=[step for step in worker.steps if step.tool not in ROOM_TOOLS]))
        else:
            found.append(worker)
    return found


def _limit(text: str) -> RunLimit:
    try:
        return parse_limit(text)
    except LimitError as problem:
        raise WrongCallError(str(problem)) from problem


def _tried(mirrors: Path) -> None:
    """Try the bridge where the mirrors will be. Raises WrongCallError when it does not work there."""
    failed = [check for check in asyncio.run(bridge_checks(nearest_directory(mirrors))) if not check.ok]
    if failed:
        raise WrongCallError(f"The bridge does not work here: {failed[0].name}: {failed[0].found}. Run: coroom doctor")


def _is_worth_a_plan(wanted: Arrangement) -> bool:
    """Whether there is anything to plan: a tape plays what was recorded, whatever the tasks are."""
    if wanted.coordination is not Coordination.ROOM:
        return False
    return len(wanted.tasks) > 1 and not any(kind.startswith(TAPE) for kind in wanted.kinds)


def _planned(
    wanted: Arrangement, repository: Repository, agents: int | None, policy: str | None
) -> tuple[Arrangement, frozenset[Edge]]:
    """The run as its plan has it, said to the person who watches, and the waits that the plan added."""
    try:
        made = planned(repository.toplevel, wanted.tasks, agents, policy)
    except (BoardError, CycleError) as problem:
        raise WrongCallError(f"The tasks cannot be planned: {problem}. Mend the list, or use --no-plan.") from problem
    for line in made.lines:
        click.secho(line, err=True, dim=True)
    return replace(wanted, tasks=made.tasks, agents=made.agents, policy=made.policy), made.added


def _before(kept: Path, room: str, *, resume: bool) -> Arrangement:
    """How the room was arranged when it was left; for a new one, as usual."""
    found = Arrangement.read(kept)
    if resume and found is None:
        raise WrongCallError(f"There is no run in room '{room}' to resume here. Start one with: coroom run TASKS")
    if found and not resume:
        raise WrongCallError(f"Room '{room}' has been here before. Go on with --resume, or name another with --room.")
    return found or Arrangement()


def _lasting(kind: str) -> str:
    """The word for an agent, as it can be used again from another directory."""
    word, colon, rest = kind.partition(":")
    return f"{word}:{Path(rest).absolute()}" if word == "tape" and colon else kind


def perform(plan: RunPlan, page: Path, begin: Callable[[], None] = lambda: None) -> tuple[Outcome, Summary, Path]:
    """Do the run with a person watching.

    Args:
        plan: what it is made of.
        page: where the copy of the live page goes.
        begin: called once the room is this run's alone, before anything happens in it.

    Raises:
        WrongCallError: the room cannot be opened as asked.
        click.ClickException: the room has failed under way.
        SystemExit: a signal has ended it.
    """
    summaries: list[Summary] = []

    def finish(room: Room, outcome: Outcome) -> None:
        page.write_text(saved_copy(room.host), encoding="utf-8")
        summaries.append(summarise(room, outcome))

    again = f"coroom run --resume --room {plan.room.name}"
    with TerminalStage() as stage:
        try:
            outcome = until_stopped(Run(plan, stage).perform(finish, begin))
        except StoppedError as stopped:
            click.echo(f"\nStopped. Everything is kept: go on with  {again}", err=True)
            raise SystemExit(stopped.exit_code) from None
        except LogBusy as busy:
            raise WrongCallError(str(busy)) from busy
        except LogCorrupt as damaged:
            raise click.ClickException(f"{damaged.told()} It is kept in {page.parent}.") from damaged
        except (Fault, OSError) as fault:
            why = str(fault).removesuffix(".")
            raise click.ClickException(f"{why}. What was stored is kept: mend that, then {again}") from fault
    if not summaries:
        raise WrongCallError(str(outcome.refused))
    return outcome, summaries[0], page


def show_result(
    summary: Summary, page: Path, *, as_document: bool, isolation: Mapping[str, list[str]] | None = None
) -> None:
    """The result on standard output: one JSON document, or words."""
    if as_document:
        click.echo(json.dumps({**as_json(summary), "page": str(page), "isolation": dict(isolation or {})}))
        return
    print_summary(summary)
    click.echo(f"The room, replayable: {page}")
