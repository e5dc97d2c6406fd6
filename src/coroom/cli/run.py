"""`coroom run`: a room, a board, N agents at once, and one landed branch."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from coroom.checks.types import CHECKERS
from coroom.cli.arrange import (
    EVALUATOR,
    Asked,
    arrangements_of,
    limit_of,
    ordered,
    resolver_of,
    room_plan_of,
    toolsmith_of,
    workers_of,
)
from coroom.cli.crew import isolation_lines, isolation_of
from coroom.cli.kinds import KINDS, PRICE_SAID
from coroom.cli.place import POLICIES_SAID, WrongCallError, any_repository_at, repository_at
from coroom.cli.screen import TerminalScreen, print_summary
from coroom.cli.suite_options import bounds_options, confined_tests, shell_line
from coroom.cli.toolsmith import TOOLSMITH_SAID
from coroom.cli.until import StoppedError, stop_when_input_ends, until_stopped
from coroom.core.agent import Role
from coroom.core.decide.rooms import bad_room_name
from coroom.core.errors import Fault
from coroom.core.limits import Limits
from coroom.host.landing.landing import branch_of, no_landing_on
from coroom.host.plans.resolving import CHOICES
from coroom.host.rooms import Room, unready
from coroom.host.served import mirrors_directory, state_directory
from coroom.ports import LogBusy, LogCorrupt
from coroom.run.briefing import Coordination
from coroom.run.machine import nearest_directory
from coroom.run.outcome import Outcome
from coroom.run.selftest import bridge_checks
from coroom.run.session import Run, RunPlan
from coroom.run.summary import Summary, as_json, summarise
from coroom.web.saved import saved_copy

ROOM = "run"


@click.command()
@click.argument("tasks", required=False)
@click.option("--directory", type=click.Path(path_type=Path), default=".", help="The repository (default: here).")
@click.option("--agents", type=click.IntRange(1, 64), help="How many agents at most (default: as the plan says).")
@click.option("--agent", "kinds", multiple=True, help=f"{KINDS}; repeat to mix kinds (default: claude).")
@click.option("--model", help="The model the agents shall use; for builtin: anthropic:NAME or openai:NAME.")
@click.option("--evaluator", help="One more agent of this kind, which mends what the checks find (docs/checks.md).")
@click.option("--budget", help="Of a session of builtin: turns=300,tokens=20000000,usd=5,price=3/15.")
@click.option("--price", help=PRICE_SAID)
@click.option("--policy", help=f"{POLICIES_SAID} Default: what the plan says.")
@click.option("--tools", type=click.Path(path_type=Path), help="A file of tools on live state (docs/tools.md).")
@click.option("--toolsmith", help=TOOLSMITH_SAID)
@click.option("--room", default=ROOM, show_default=True, help="The room's name.")
@click.option("--mirrors", type=click.Path(path_type=Path), help="Where the agents' directories are made.")
@click.option("--branch", help="Where the result lands (default: coroom/ROOM).")
@click.option("--test", callback=shell_line, help="The command that must pass (default: found out).")
@click.option(
    "--types",
    type=click.Choice(["off", "auto", *CHECKERS]),
    help="Ask this type checker before landing about what does not fit together (default: off).",
)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="On 127.0.0.1 (default: a free one).")
@click.option("--resume", is_flag=True, help="Go on with the room as it was left.")
@click.option("--land/--no-land", "land", default=None, help="Land the result, or leave the work in the room.")
@click.option("--no-plan", is_flag=True, help="Take the tasks as they stand: no order, as many agents as said or 2.")
@click.option(
    "--resolve",
    type=click.Choice(CHOICES),
    metavar="NAME",
    help="Language server that the plan asks, as for coroom plan (default: auto).",
)
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
def run(**said: Any) -> None:
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
    asked = Asked(**said)
    if not asked.tasks and not asked.resume:
        raise WrongCallError("No tasks given. Name a file, say one task in words, or use --resume.")
    if asked.leash:
        stop_when_input_ends()
    repository = any_repository_at(asked.directory) if asked.resume else repository_at(asked.directory)
    kept = state_directory(repository, asked.room)
    before, wanted = arrangements_of(asked, kept)
    limit = limit_of(asked.limit, wanted)
    # What cannot be had is said before anything is planned, which takes a while and is kept.
    toolsmith = toolsmith_of(wanted)
    workers_of(wanted, kept / "agents", asked.silence_s)
    confined = confined_tests(repository, wanted.isolation, map(Path, wanted.test_reads), wanted.test_gib)
    bad = bad_room_name(asked.room, Limits().name_chars_max)
    if wanted.land and not bad:
        bad = no_landing_on(repository.git, branch_of(asked.room, wanted.branch))
    bad = bad or unready(repository, room_plan_of(asked.room, wanted, confined, toolsmith))
    if bad:
        raise WrongCallError(str(bad))
    wanted, waits = ordered(asked, wanted, repository)
    if asked.self_test:
        _tried(asked.mirrors or mirrors_directory(repository, asked.room))
    workers = workers_of(wanted, kept / "agents", asked.silence_s)
    for line in (*isolation_lines(workers), *([confined.said] if wanted.land else [])):
        click.secho(line, err=True, dim=True)
    wanted = replace(wanted, crew=tuple(worker.name for worker in workers))
    plan = RunPlan(
        repository=repository,
        room=room_plan_of(asked.room, wanted, confined, toolsmith),
        tasks=wanted.tasks,
        workers=workers,
        before=before.crew,
        port=asked.port,
        land=wanted.land,
        in_turn=wanted.in_turn,
        board=wanted.coordination is Coordination.ROOM,
        limit=limit,
        roles={EVALUATOR: Role.EVALUATOR} if wanted.evaluator else {},
        planned=waits,
        resolver=resolver_of(wanted),
    )
    outcome, summary, page = perform(plan, kept / "room.html", lambda: wanted.write(kept))
    show_result(summary, page, as_document=asked.as_document, isolation=isolation_of(workers))
    raise SystemExit(0 if outcome.ok else 1)


def _tried(mirrors: Path) -> None:
    """Try the bridge where the mirrors will be. Raises WrongCallError when it does not work there."""
    failed = [check for check in asyncio.run(bridge_checks(nearest_directory(mirrors))) if not check.ok]
    if failed:
        raise WrongCallError(f"The bridge does not work here: {failed[0].name}: {failed[0].found}. Run: coroom doctor")


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
    with TerminalScreen() as screen:
        try:
            outcome = until_stopped(Run(plan, screen).perform(finish, begin))
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
