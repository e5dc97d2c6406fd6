"""`coroom bench check`: how often the checks are right, and how long they take."""

import json
import sys
from pathlib import Path

import click

from coroom.cli.place import WrongCallError, any_repository_at
from coroom.cli.progress import counted
from coroom.cli.suite_options import isolation_option
from coroom.core.errors import Refused
from coroom.host.confined import confined
from coroom.launch.isolation import Bounds
from coroom.run.bench.check import Accuracy, CheckReport, NoDataError, data_in, measure_check
from coroom.run.bench.figures import Spread, machine, versions
from coroom.run.bench.merges import MergeReport, judge_merges


@click.command("check")
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--tests", is_flag=True, help="Judge the cases a second time with the tests in their trees, too.")
@click.option(
    "--merges", type=click.IntRange(min=1), metavar="N", help="DATA is a repository: judge its last N clean merges."
)
@isolation_option
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def check(data: Path, tests: bool, merges: int | None, isolation: str, as_document: bool) -> None:
    """Judge known cases with the checks and count how often they are right.

    DATA is a folder of cases (JSON with base, a, b, merged and label; tests in the trees are left out) such as
    benchmarks/semantic, or a checkout of github.com/spugachev/CodeCRDT, whose 600 stored outputs are judged one by one.
    Then the fast checks are timed after one edit in a repository of 2,000 files. Exits 0.

    With --tests each case is judged again as coroom check --test does: with both sides' own tests run on the merged
    tree, by the command that the tree names, else each file of tests/ as a program (Python, or TypeScript with tsc and
    node on the path).

    With --merges N the last N merges in the history of a repository are judged, those in which both sides changed
    source code and which git makes again without a conflict. Nobody mended anything in them, so what is found is
    likely a false alarm: each is printed with its commit.
    """
    if merges is not None:
        if tests:
            raise WrongCallError("--merges looks at a history and runs no tests; leave --tests out.")
        with counted("merges") as told:
            judged = judge_merges(any_repository_at(data).git, merges, told)
        if as_document:
            click.echo(json.dumps(judged.document()))
        else:
            _print_merges(judged)
        sys.exit(0)
    apart = confined(isolation, Bounds(), Path.cwd()) if tests else None
    if isinstance(apart, Refused):
        raise WrongCallError(str(apart))
    try:
        known = data_in(data)
    except NoDataError as none:
        raise WrongCallError(str(none)) from none
    if apart is not None:
        click.echo(apart.said, err=True)
    with counted("judged") as told:
        report = measure_check(known, tests=apart, told=told)
    if as_document:
        click.echo(json.dumps(report.document()))
    else:
        _print(report)
    sys.exit(0)


def _print_merges(report: MergeReport) -> None:
    _print_machine()
    for each in report.alarms:
        click.echo(f"{each.merge[:12]}: {len(each.findings)} findings")
        for one in each.findings:
            blocks = " (blocks)" if one.blocks else ""
            click.echo(f"    {one.path}:{one.line}: {one.kind}{blocks}: {one.message}")
    said = f"something said of {len(report.alarms)}, of {report.blocking} something that blocks"
    click.echo(f"{report.judged} merges judged: {said}")
    if not report.judged:
        click.echo("There is no merge in its history in which both sides changed source code and git makes it again.")
    _time("a merge, processor time", report.ms)


def _print_machine() -> None:
    here = machine()
    click.echo(f"{here['cpu']}, {here['cores']} cores, {here['system']}; load {here['load']}")
    click.echo(", ".join(f"{name} {one}" for name, one in versions().items()))


def _print(report: CheckReport) -> None:
    _print_machine()
    if report.cases.ms is not None:
        _print_cases(report)
    for mode, table in sorted(report.outputs.items()):
        kinds = ", ".join(
            f"{count} {kind}" for kind, count in sorted(table.items()) if kind not in {"outputs", "with findings"}
        )
        click.echo(f"{mode} outputs: {table['with findings']} of {table['outputs']} with findings ({kinds or 'none'})")
    _time("fast checks after an edit, 2,000 files, processor time", report.edit_ms)


def _print_cases(report: CheckReport) -> None:
    ways = {"": report.cases, "with both sides' tests": report.with_tests, "the tests alone": report.tests_alone}
    made = {name: each for name, each in ways.items() if each is not None}
    for kind in [*sorted(report.cases.by_kind), None]:
        for way, judged in made.items():
            row = judged.whole if kind is None else judged.by_kind[kind]
            head = f"  {way}" if way else "all" if kind is None else kind or "cases"
            click.echo(f"{head:<26} {_figures(row)}")
    for way, judged in made.items():
        click.echo(f"judged wrongly{way and f', {way}'}: {', '.join(judged.wrong) or 'none'}")
    for each in report.not_run:
        click.echo(f"not run: {each}")
    for way, judged in made.items():
        _time(f"a case{way and f', {way}'}", judged.ms)


def _figures(each: Accuracy) -> str:
    found = f"found {each.found:>3} of {each.conflicts:>3} conflicts, {each.alarms} alarms on {each.clean:>3} clean"
    return f"{found}   recall {each.recall:.2f}  precision {each.precision:.2f}"


def _time(what: str, spread: Spread | None) -> None:
    if spread is not None:
        click.echo(
            f"{what}: min {spread.min:.1f}  median {spread.median:.1f}  p95 {spread.p95:.1f}  max {spread.max:.1f} ms"
        )
