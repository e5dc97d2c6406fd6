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
from coroom.cli.bench_pairs import named_repositories, pairs
from coroom.cli.bench_policies import policies
from coroom.cli.place import WrongCallError
from coroom.cli.until import StoppedError, until_stopped
from coroom.host.plans.resolving import CHOICES, NONE
from coroom.run.bench.bisect import document as document_of
from coroom.run.bench.bisect import measure_bisect
from coroom.run.bench.claims import ClaimsPlan, measure_claims, words
from coroom.run.bench.figures import Report, Row, Spread, machine, versions
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


@bench.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("repositories", metavar="NAME=REPO…", nargs=-1, required=True)
@click.option(
    "--files", type=click.IntRange(0, 20_000), default=2_000, show_default=True, help="For the index's speed."
)
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
@click.option("--lines", is_flag=True, help="Tell the plan the lines that each commit changed, not its definitions.")
@click.option("--uses", is_flag=True, help="Tell it, too, the names that each commit's new lines say.")
@click.option(
    "--resolve",
    type=click.Choice(CHOICES),
    default=NONE,
    show_default=True,
    metavar="NAME",
    help="Ask this language server, as coroom plan does, and say what it knew.",
)
def plan(
    data: Path, repositories: tuple[str, ...], files: int, as_document: bool, lines: bool, uses: bool, resolve: str
) -> None:
    """Judge pairs of real commits as coroom plan does, and compare with what running them has shown.

    DATA holds a pair a line: repo, the commits A and B, and label (coupled or independent); coroom bench pairs makes
    some. Where it says why (textual, or anything else), what could be had by knowing only which texts collide is told
    too. Each NAME=REPO is a clone of a project under the name that the pairs know it by.

    \b
      coroom bench plan pairs.jsonl click=../click jinja=../jinja

    Routing is simulated over the same pairs, and over lists of independent tasks of their lengths.
    """  # noqa: D301  click wants the character itself
    from coroom.run.bench.planning import GitFailed, measure_plans  # noqa: PLC0415 - the other benchmark needs none

    named = named_repositories(repositories)
    progress = Console(stderr=True, highlight=False)
    try:
        report = measure_plans(
            data,
            named,
            files,
            progress.print,
            lines=lines,
            uses=uses,
            resolve=resolve,
        )
    except (OSError, ValueError, GitFailed) as problem:
        raise WrongCallError(f"{data}: {problem}. Give the pairs and whole clones of their projects.") from problem
    if as_document:
        click.echo(json.dumps(report.document()))
        return
    here, low_high = machine(), " to ".join(f"{one:.3f}" for one in report.interval)
    click.echo(f"{here['cpu']}, {here['cores']} cores, {here['system']}; load {here['load']}")
    click.echo(f"{len(report.judged)} pairs; no repository given for: {', '.join(report.missing) or 'none'}")
    click.echo(f"coupled or not, footprints given: balanced accuracy {report.accuracy:.3f} (95 %: {low_high})")
    click.echo(f"  sensitivity {report.sensitivity:.3f}, specificity {report.specificity:.3f}")
    if report.text_alone is not None:
        alone = report.text_alone
        click.echo(f"  knowing which texts collide, and nothing else: {alone.accuracy:.3f}")
        click.echo(
            f"  coupled though their texts do not collide: {alone.beyond}, of which {alone.beyond_found} were found"
        )
    click.echo(
        f"routed against serial: {report.gain_mean:.1%} of the time saved on average, "
        f"worst {report.slowdown_worst:+.1%}"
    )
    click.echo(f"  worst if nobody were told of a conflict before the end: {report.slowdown_worst_untold:+.1%}")
    click.echo(f"independent work: at least {report.bound_share_least:.3f} of the critical path")
    if resolve != NONE:
        told = report.resolved
        click.echo(f"{resolve}: {told.settled} of {told.uses} open uses settled, in {len(told.seconds)} pairs")
        click.echo(f"  that changed the verdict in {told.verdicts}, and who uses whom or goes first in {told.orders}")
        for what, samples in (("seconds", told.seconds), ("processor seconds of its plan", told.processor_seconds)):
            if samples:
                took = Spread.of(samples)
                spread = f"min {took.min:.2f}, median {took.median:.2f}, p95 {took.p95:.2f}, max {took.max:.2f}"
                click.echo(f"  for each of these {spread} {what}")
    if report.index is not None:
        made = report.index
        click.echo(
            f"index: {made.files} new files of {made.megabytes:.0f} MB in {made.seconds:.1f} s "
            f"({made.processor_seconds:.1f} s of processor); a changed one in {made.again_ms:.1f} ms"
        )
