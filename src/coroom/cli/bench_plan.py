"""`coroom bench plan`: what `coroom plan` says of pairs of real commits, held against what became of them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from coroom.cli.bench_pairs import named_repositories
from coroom.cli.place import WrongCallError
from coroom.core.errors import unread
from coroom.host.plans.resolving import CHOICES, NONE
from coroom.run.bench.figures import Spread, machine

if TYPE_CHECKING:
    from coroom.run.bench.planning import PlanReport


@click.command()
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
        report = measure_plans(data, named, files, progress.print, lines=lines, uses=uses, resolve=resolve)
    except (OSError, ValueError, GitFailed) as problem:
        why = unread(problem) if isinstance(problem, UnicodeError) else problem
        raise WrongCallError(f"{data}: {why}. Give the pairs and whole clones of their projects.") from problem
    if as_document:
        click.echo(json.dumps(report.document()))
        return
    _show(report, resolve)


def _show(report: "PlanReport", resolve: str) -> None:
    here, low_high = machine(), " to ".join(f"{one:.3f}" for one in report.interval)
    click.echo(f"{here['cpu']}, {here['cores']} cores, {here['system']}; load {here['load']}")
    click.echo(f"{len(report.judged)} pairs; no repository given for: {', '.join(report.missing) or 'none'}")
    click.echo(f"coupled or not, footprints given: balanced accuracy {report.accuracy:.3f} (95 %: {low_high})")
    before = sum(not one.is_without for one in report.judged)
    if before:
        click.echo(f"  {before} of them over the tree before the first, which cannot be taken out of what followed")
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
