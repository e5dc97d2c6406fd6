"""`coroom gate`: the queue before main, the gate at work, and the hook that leaves no other way."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from coroom.cli.land import failed_outside, told
from coroom.cli.place import WrongCallError, any_repository_at
from coroom.cli.suite_options import affected_option, bounds_of, bounds_options, isolation_option, shell_line
from coroom.cli.until import StoppedError, until_stopped
from coroom.core.errors import Fault, Refused
from coroom.git.command import Git, GitFailed
from coroom.git.gate import guard, unguard
from coroom.git.landing import Entry
from coroom.host.door.clean import cleaned, one_line
from coroom.host.landing.gate import STATE_FILE
from coroom.run.destination import Destination, destination_of, gates_directory
from coroom.run.landing import LandingWish, run_gate, waiting_at
from coroom.run.radar import meetings_at, shown_paths

WHY_CHARS_MAX = 90


@click.group(invoke_without_command=True)
@click.option("--directory", type=click.Path(path_type=Path), default=".", help="A checkout (default: here).")
@click.option("--onto", default="", help="The branch (default: main or master).")
@click.option(
    "--remote", default="", help="Its name or address; . for this repository itself (default: origin if any)."
)
@click.option("--json", "as_document", is_flag=True, help="Print the queue as one JSON document.")
@click.pass_context
def gate(context: click.Context, directory: Path, onto: str, remote: str, as_document: bool) -> None:
    """Show who waits to land, what is tested right now, and what was given back.

    \b
    coroom gate                    the queue
    coroom gate run --runners 4    test and land what waits and what comes
    coroom gate radar              which live branches will not merge with one another
    coroom gate install up.git     main of that bare repository moves in no other way
    """  # noqa: D301  click wants the character itself
    context.obj = (directory, onto, remote)
    if context.invoked_subcommand:
        return
    try:
        goal = destination_of(any_repository_at(directory), remote, onto)
        if isinstance(goal, Refused):
            raise WrongCallError(str(goal))
        waiting, back, running = waiting_at(goal)
    except GitFailed as failed:
        raise click.ClickException(f"{failed}") from failed
    state = _state(goal) if running else {}
    if as_document:
        document = {"onto": goal.onto, "at": goal.shared.name, "running": running, "gate": state}
        listed = {"waiting": [_plain(entry) for entry in waiting], "returned": [_plain(entry) for entry in back]}
        click.echo(json.dumps({**document, **listed}))
        return
    _print(goal, waiting, back, running, state)


@gate.command()
@click.option("--runners", type=click.IntRange(1, 64), default=2, show_default=True, help="Tests at the same time.")
@click.option("--test", callback=shell_line, default="", help="The command that must pass (default: found out).")
@affected_option
@click.option("--timeout", type=click.FloatRange(1, 86_400), default=1_800, show_default=True, help="Seconds for it.")
@isolation_option
@bounds_options
@click.option("--once", is_flag=True, help="End when nothing waits any more.")
@click.pass_obj
def run(
    place: tuple[Path, str, str],
    runners: int,
    test: str,
    affected: str,
    timeout: float,
    isolation: str,
    test_reads: tuple[Path, ...],
    test_memory: float | None,
    once: bool,
) -> None:
    """Test what waits, as a train of candidates, and land what passes, until it is stopped.

    Stopping or killing it loses nothing: whoever runs the gate next goes on with the queue.
    """
    directory, onto, remote = place
    wish = LandingWish(
        onto=onto,
        remote=remote,
        test=test,
        affected=affected,
        timeout_s=timeout,
        isolation=isolation,
        readable=test_reads,
        bounds=bounds_of(test_memory),
        runners=runners,
    )
    repository = any_repository_at(directory)
    try:
        refused = until_stopped(run_gate(repository, wish, told, once=once))
    except StoppedError as stopped:
        click.echo("Stopped. What waits is in the queue.", err=True)
        sys.exit(stopped.exit_code)
    except (GitFailed, Fault, OSError) as problem:
        raise failed_outside(problem, repository.common, gates_directory()) from problem
    if refused:
        raise WrongCallError(str(refused))


@gate.command()
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
@click.pass_obj
def radar(place: tuple[Path, str, str], as_document: bool) -> None:
    """Probe all live branches against one another: those in the queue, saved work, and other branches pushed there.

    Which two will not merge, and in which files, long before either lands. Exits 1 when there are any.
    """
    directory, onto, remote = place
    try:
        goal = destination_of(any_repository_at(directory), remote, onto)
        if isinstance(goal, Refused):
            raise WrongCallError(str(goal))
        found = meetings_at(goal.shared, goal.onto)
    except GitFailed as failed:
        raise click.ClickException(f"{failed}") from failed
    if as_document:
        listed = [{"earlier": m.earlier.name, "later": m.later.name, "paths": list(m.paths)} for m in found]
        click.echo(json.dumps({"onto": goal.onto, "meetings": listed}))
    else:
        for meeting in found:
            click.echo(
                cleaned(f"{meeting.later.name} will not merge with {meeting.earlier.name}: {shown_paths(meeting)}")
            )
        if not found:
            click.echo("All live branches merge with one another.")
    sys.exit(1 if found else 0)


@gate.command()
@click.argument("repository", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--branch", "branches", multiple=True, help="A branch to guard; repeat for several (default: main).")
@click.option("--undo", is_flag=True, help="Take the hook away again.")
def install(repository: Path, branches: tuple[str, ...], undo: bool) -> None:
    """Guard branches of the bare REPOSITORY: a pre-receive hook refuses every push to them but the gate's.

    The gate proves itself with a key that is kept in the repository, readable by its owner only; a gate elsewhere is
    given it in COROOM_GATE_KEY.
    """
    git = Git(repository)
    try:
        if git.line("rev-parse", "--is-bare-repository") != "true":
            why = f"{repository} is not bare: a hook cannot keep its owner from committing there."
            raise WrongCallError(f"{why} Name the bare repository that all push to (git clone --bare makes one).")
        if undo:
            click.echo("The hook is gone." if unguard(git) else "There was no hook of the gate.")
            return
        changed = guard(git, branches or ("main",), sys.executable)
    except FileExistsError as other:
        raise WrongCallError(f"There is another hook already, which is left alone: {other}.") from other
    except GitFailed as failed:
        raise WrongCallError(f"{repository} is no repository: {failed.why}") from failed
    except OSError as problem:
        raise click.ClickException(f"{repository} cannot be written: {problem.strerror}") from problem
    for path in changed:
        click.echo(f"wrote {path}")
    click.echo(f"{', '.join(branches or ('main',))} moves through the gate only: coroom land, coroom gate run.")


def _state(goal: Destination) -> dict[str, Any]:
    try:
        found = json.loads((goal.directory / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _plain(entry: Entry) -> dict[str, str]:
    facts = {"change": entry.id, "agent": entry.agent, "task": entry.task, "title": entry.title, "tip": entry.tip}
    return {**facts, **({"kind": entry.kind, "why": entry.why} if entry.kind else {})}


def _print(goal: Destination, waiting: list[Entry], back: list[Entry], running: bool, state: dict[str, Any]) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    at_work = "a gate of this machine is at work" if running else "no gate of this machine is at work"
    console.print(f"{goal.onto} of {goal.shared.name}: {at_work}", markup=False)
    if state:
        base = {True: "green", False: "RED", None: "not tested yet"}[state.get("base")]
        console.print(
            f"{state.get('runners')} runners, {state.get('batch')} changes a car, "
            f"{state.get('failing', 0):.0%} fail; main is {base}",
            markup=False,
        )
    if not waiting and not back:
        console.print("Nothing waits. Put something in with: coroom land")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("change", "agent", "task", "what", "where"):
        table.add_column(column, no_wrap=column != "where")
    for entry in waiting:
        table.add_row(*_cells(entry), _where(entry.id, state))
    for entry in back:
        table.add_row(*_cells(entry), f"given back ({entry.kind}): {one_line(entry.why, WHY_CHARS_MAX)}")
    console.print(table, markup=False)


def _cells(entry: Entry) -> tuple[str, str, str, str]:
    return entry.id[-12:], one_line(entry.agent, 20), one_line(entry.task, 20), one_line(entry.title, 40)


def _where(change: str, state: dict[str, Any]) -> str:
    for place, words in (("siding", "tested again, alone"), ("cars", "in the train")):
        for number, car in enumerate(state.get(place, ()), start=1):
            if change in car.get("changes", ()):
                ahead = f", place {number}" if place == "cars" else ""
                return f"{words}{ahead}{', passed' if car.get('passed') else ''}"
    if change in state.get("deferred", ()):
        return "waits for one it conflicts with, or for main to be mended"
    return "waits"
