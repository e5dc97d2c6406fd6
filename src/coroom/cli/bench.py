"""`coroom bench`: what a room costs on this machine, as a table or as JSON; and the other benchmarks beside it."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from coroom.cli.bench_check import check
from coroom.cli.bench_fast import fast
from coroom.cli.bench_gate import gate
from coroom.cli.bench_loop import loop
from coroom.cli.bench_pairs import pairs
from coroom.cli.bench_plan import plan
from coroom.cli.bench_policies import policies
from coroom.cli.place import WrongCallError
from coroom.cli.until import StoppedError, until_stopped
from coroom.run.bench.bisect import document as document_of
from coroom.run.bench.bisect import measure_bisect
from coroom.run.bench.claims import ClaimsPlan, measure_claims, words
from coroom.run.bench.figures import Report, Row, machine, versions
from coroom.run.bench.room import PARTS, Plan, measure_room


@click.group()
def bench() -> None:
    """Measure Coroom on this machine."""


bench.add_command(gate)
bench.add_command(loop)
bench.add_command(policies)
bench.add_command(fast)
bench.add_command(check)
bench.add_command(pairs)
bench.add_command(plan)


def _counts(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    found = tuple(int(one) for one in text.split(",") if one.strip().isdigit())
    if len(found) != len(text.split(",")) or not all(1 <= one <= 64 for one in found):
        raise WrongCallError(f"'{text}' is no list of clients. Give numbers from 1 to 64, like 1,4,16.")
    return found


@bench.command()
@click.option("--clients", default="1,4,16", show_default=True, callback=_counts, help="Levels, separated by commas.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 60),
    default=2.0,
    show_default=True,
    help="For each level and each kind of client.",
)
@click.option("--only", multiple=True, type=click.Choice([*PARTS]), help="Only this part; repeat for several.")
@click.option(
    "--events",
    type=click.IntRange(10_000, 100_000_000),
    default=1_000_000,
    show_default=True,
    help="In the log that is opened again.",
)
@click.option("--rounds", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Of contention.")
@click.option("--scratch", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A disk to measure on.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def room(
    clients: tuple[int, ...],
    seconds: float,
    only: tuple[str, ...],
    events: int,
    rounds: int,
    scratch: Path | None,
    as_document: bool,
) -> None:
    """Start a real room over a scratch repository and measure it through its own door.

    Claims, releases and syncs with several clients at once; rounds in which all want one thing; how soon others see an
    edit; a cold start; opening a long log; and the daemon's memory. Takes one to three minutes, as the machine is.
    Exits 1 when a call failed or a round had not exactly one winner.
    """
    plan = Plan(
        clients=clients,
        seconds=seconds,
        parts=frozenset(only),
        contention_rounds=rounds,
        events=events,
        scratch=scratch,
    )
    progress, report, code = Console(stderr=True, highlight=False), Report(), 0
    try:
        until_stopped(measure_room(plan, progress.print, report))
    except StoppedError as stopped:
        code = stopped.exit_code
        click.echo("Stopped; the daemon has ended and what was written is removed. Measured until then:", err=True)
    if as_document:
        click.echo(json.dumps(report.document()))
    else:
        _print(report)
    sys.exit(code or (0 if report.ok else 1))


@bench.command()
@click.option("--claimants", type=click.IntRange(1, 256), default=64, show_default=True, help="Processes.")
@click.option("--rounds", type=click.IntRange(0, 100_000), default=300, show_default=True, help="For one task.")
@click.option("--tasks", type=click.IntRange(1, 1_000), default=3, show_default=True, help="Own tasks for each.")
@click.option("--starts", type=click.IntRange(0, 1_000), default=0, help="Times that 16 workplaces are made at once.")
@click.option("--scratch", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A disk to measure on.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def claims(claimants: int, rounds: int, tasks: int, starts: int, scratch: Path | None, as_document: bool) -> None:
    """Claim by refs from many processes at once, in a scratch repository of its own.

    Exits 1 when a round had not exactly one winner, or a claim was rejected that met nobody.
    """
    plan = ClaimsPlan(claimants=claimants, rounds=rounds, tasks=tasks, starts=starts, scratch=scratch)
    report = measure_claims(plan, Console(stderr=True, highlight=False).print)
    if as_document:
        click.echo(json.dumps(report.document()))
    else:
        _print_place()
        for line in words(report):
            click.echo(line)
    sys.exit(0 if report.ok else 1)


@bench.command()
@click.option("--units", type=click.IntRange(2, 100_000), default=2_000, show_default=True, help="In the row.")
@click.option("--seeds", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Sets of culprits.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def bisect(units: int, seeds: int, as_document: bool) -> None:
    """Count the runs that coroom bisect takes, over many seeded sets of culprits, with 1 and with 4 runners.

    Exits 1 when a set was not found exactly.
    """
    cases = measure_bisect(units, seeds)
    if as_document:
        click.echo(json.dumps(document_of(cases, units, seeds)))
    else:
        _print_place()
        for one in cases:
            runs, rounds = one.runs, one.rounds
            found = "all found exactly" if one.exact else "NOT all found"
            click.echo(
                f"{one.case}, {one.runners} at a time: {runs.median:.0f} runs (at most {runs.max:.0f}) "
                f"in {rounds.median:.0f} rounds (at most {rounds.max:.0f}); {found}"
            )
    sys.exit(0 if all(one.exact for one in cases) else 1)


def _print_place() -> None:
    here = machine()
    click.echo(f"{here['cpu']}, {here['cores']} cores, {here['system']}; load {here['load']}")
    click.echo(", ".join(f"{name} {one}" for name, one in versions().items()))


def _print(report: Report) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    here = machine()
    told = ", ".join(f"{name} {one}" for name, one in versions().items())
    console.print(f"{here['cpu']}, {here['cores']} cores, {here['system']}; load {here['load']}")
    console.print(told)
    console.print("Clients are real MCP clients over HTTP on loopback, in another process than the daemon.")
    table = Table(box=None, pad_edge=False)
    for column in ("", "clients", "min", "median", "p95", "max", "unit", "samples", "a second", "measured with"):
        right = column not in {"", "measured with", "unit"}
        table.add_column(column, justify="right" if right else "left", no_wrap=column != "measured with")
    for row in report.rows:
        table.add_row(*_cells(row))
    console.print(table)
    for c in report.contention:
        verdict = "exactly one winner in each" if c.fair else f"WRONG: rounds by winners {c.winners}"
        console.print(f"contention: {c.clients} clients, {c.rounds} rounds: {verdict}, {c.errors} errors")
    for error in report.errors:
        console.print(f"error: {error}", markup=False)
    console.print(f"{report.seconds:.0f} s in all")


def _cells(row: Row) -> tuple[str, ...]:
    spread = row.spread
    figures = (
        f"{value:.2f}" if value < 10 else f"{value:.1f}"
        for value in (spread.min, spread.median, spread.p95, spread.max)
    )
    per_s = f"{row.per_s:,.0f}" if row.per_s else ""
    return (f"{row.part}: {row.what}", str(row.clients), *figures, row.unit, str(spread.count), per_s, row.note)
