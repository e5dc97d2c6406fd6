"""`coroom bench check`: how often the checks are right, and how long they take."""

import json
import sys
from pathlib import Path

import click

from coroom.cli.place import WrongCallError
from coroom.run.bench.check import Accuracy, CheckReport, NoDataError, measure_check
from coroom.run.bench.figures import Spread, machine, versions


@click.command("check")
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def check(data: Path, as_document: bool) -> None:
    """Judge known cases with the checks and count how often they are right.

    DATA is a folder of cases (JSON with base, a, b, merged and label; tests in the trees are left out), or a checkout
    of github.com/spugachev/CodeCRDT, whose 600 stored outputs are judged one by one. Then the fast checks are timed
    after one edit in a repository of 2,000 files. Exits 0.
    """
    try:
        report = measure_check(data)
    except NoDataError as none:
        raise WrongCallError(str(none)) from none
    if as_document:
        click.echo(json.dumps(report.document()))
    else:
        _print(report)
    sys.exit(0)


def _print(report: CheckReport) -> None:
    here = machine()
    click.echo(f"{here['cpu']}, {here['cores']} cores, {here['system']}; load {here['load']}")
    click.echo(", ".join(f"{name} {one}" for name, one in versions().items()))
    if report.whole.conflicts or report.whole.clean:
        for name, each in sorted(report.by_kind.items()):
            click.echo(f"{name or 'cases':<26} {_figures(each)}")
        click.echo(f"{'all':<26} {_figures(report.whole)}")
        click.echo(f"judged wrongly: {', '.join(report.wrong) or 'none'}")
        _time("a case", report.case_ms)
    for mode, table in sorted(report.outputs.items()):
        kinds = ", ".join(
            f"{count} {kind}" for kind, count in sorted(table.items()) if kind not in {"outputs", "with findings"}
        )
        click.echo(f"{mode} outputs: {table['with findings']} of {table['outputs']} with findings ({kinds or 'none'})")
    _time("fast checks after an edit, 2,000 files, processor time", report.edit_ms)


def _figures(each: Accuracy) -> str:
    found = f"found {each.found:>3} of {each.conflicts:>3} conflicts, {each.alarms} alarms on {each.clean:>3} clean"
    return f"{found}   recall {each.recall:.2f}  precision {each.precision:.2f}"


def _time(what: str, spread: Spread | None) -> None:
    if spread is not None:
        click.echo(
            f"{what}: min {spread.min:.1f}  median {spread.median:.1f}  p95 {spread.p95:.1f}  max {spread.max:.1f} ms"
        )
