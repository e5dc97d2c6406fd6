"""`coroom bisect`: which units of a candidate make the whole fail, when a reference builds the rest."""

import glob
import json
import sys
from pathlib import Path

import click

from coroom.cli.place import WrongCallError, any_repository_at
from coroom.cli.suite_options import shell_line
from coroom.cli.until import StoppedError, until_stopped
from coroom.run.oracle.runs import TIMEOUT_S, Job, Result, tasks_for
from coroom.run.oracle.runs import bisect as bisected

UNITS_MAX = 100_000


@click.command()
@click.option("--units", required=True, help="A file with one unit a line, - for standard input, or a glob of files.")
@click.option(
    "--build",
    callback=shell_line,
    required=True,
    help="Builds the units of $COROOM_CANDIDATE and of $COROOM_REFERENCE.",
)
@click.option(
    "--test",
    callback=shell_line,
    required=True,
    help="Judges what was built: 0 passes, 125 cannot say, all else fails.",
)
@click.option("--runners", type=click.IntRange(1, 64), default=1, show_default=True, help="Builds at a time.")
@click.option(
    "--repeat", type=click.IntRange(1, 99), default=1, show_default=True, help="Each run; most of them count."
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0.1),
    default=TIMEOUT_S,
    show_default=True,
    help="Seconds for each command.",
)
@click.option("--tasks", type=click.Path(path_type=Path), help="Write a task for each culprit there, as JSON.")
@click.option("--anew", is_flag=True, help="Forget what is known from an earlier call.")
@click.option("--directory", type=click.Path(path_type=Path), default=".", help="The repository (default: here).")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def bisect(
    units: str,
    build: str,
    test: str,
    runners: int,
    repeat: int,
    timeout_s: float,
    tasks: Path | None,
    anew: bool,
    directory: Path,
    as_document: bool,
) -> None:
    """Find which units of a candidate make the whole fail: every single one, and sets that fail only together.

    \b
    coroom bisect --units 'src/*.c' --build ./build.sh --test ./check.sh
    coroom bisect --units objects.txt --build 'make mixed' --test 'timeout 9 ./prog | cmp - expected' --runners 4

    For each try, BUILD gets two lists: the file named by $COROOM_CANDIDATE has the units to be built with the candidate
    (the new compiler, the new version), that of $COROOM_REFERENCE those to be built with the reference; what it makes
    goes into $COROOM_OUT, where TEST finds it. A build that fails counts as "cannot say", a test out of time as failed.

    Ctrl-C loses nothing: the same call goes on where it was. Exits 1 when culprits were found.
    """  # noqa: D301  click wants the character itself
    repository = any_repository_at(directory)
    job = Job(
        units=_units(units, directory),
        build=build,
        test=test,
        directory=directory,
        runners=runners,
        repeat=repeat,
        timeout_s=timeout_s,
    )
    kept = repository.common / "coroom" / "bisect"
    if anew:
        (kept / f"{job.identity}.jsonl").unlink(missing_ok=True)
    click.echo(f"{len(job.units)} units, {runners} at a time", err=True)
    try:
        result = until_stopped(bisected(job, kept, lambda text: click.echo(text, err=True)))
    except StoppedError as stopped:
        click.echo("Stopped. Every run is kept: the same call goes on from here.", err=True)
        sys.exit(stopped.exit_code)
    made = tasks_for(job.units, result.found)
    if tasks:
        tasks.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    if as_document:
        click.echo(json.dumps(_document(job, result, made)))
    else:
        _print(job, result, tasks)
    sys.exit(2 if result.found.why and not result.found.culprits else 1 if result.found.culprits else 0)


def _units(given: str, directory: Path) -> tuple[str, ...]:
    if given == "-":
        listed = sys.stdin.read().splitlines()
    elif (file := directory / given).is_file() and not glob.has_magic(given):
        listed = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    else:
        listed = sorted(glob.glob(given, root_dir=directory, recursive=True))
    units = tuple(dict.fromkeys(line.strip() for line in listed if line.strip()))
    if not 0 < len(units) <= UNITS_MAX:
        raise WrongCallError(
            f"'{given}' names {len(units)} units. Name a file with one unit a line, or files by a glob like 'src/*.c'."
        )
    return units


def _document(job: Job, result: Result, tasks: list[dict[str, object]]) -> dict[str, object]:
    return {
        "culprits": [
            {"units": sorted(job.units[n] for n in one.units), "exact": one.exact} for one in result.found.culprits
        ],
        "why": result.found.why,
        "runs": result.runs,
        "known": result.known,
        "rounds": result.rounds,
        "flaky": result.flaky,
        "tasks": tasks,
    }


def _print(job: Job, result: Result, tasks: Path | None) -> None:
    for one in result.found.culprits:
        names = ", ".join(sorted(job.units[n] for n in one.units))
        how = "" if len(one.units) == 1 else " (only together)" if one.exact else " (could not be taken apart)"
        click.echo(f"culprit: {names}{how}")
    if result.found.why:
        click.echo(f"It ended early: {result.found.why}.", err=True)
    elif not result.found.culprits:
        click.echo("The candidate passes: there is nothing to find.")
    known = f", {result.known} known from before" if result.known else ""
    flaky = f"; {result.flaky} subsets passed at one time and failed at another: raise --repeat" if result.flaky else ""
    click.echo(f"{result.runs} runs in {result.rounds} rounds{known}{flaky}", err=True)
    if tasks:
        click.echo(f"{len(result.found.culprits)} tasks in {tasks}: coroom loop --tasks {tasks}", err=True)
