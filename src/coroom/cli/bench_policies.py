"""`coroom bench policies`: what each policy makes of contended work, and what the middleware costs a call."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from coroom.run.bench.figures import machine, versions
from coroom.simulate.schedule.bench import LOW, MIX, PoliciesReport, measure_policies, plot
from coroom.simulate.schedule.play import POLICIES_PLAYED


@click.command()
@click.option("--agents", multiple=True, type=click.IntRange(2, 32), help="Repeat for several (default: 2, 4, 8, 16).")
@click.option("--policy", "chosen", multiple=True, type=click.Choice(POLICIES_PLAYED), help="Only this one; repeat.")
@click.option("--seeds", type=click.IntRange(1, 1_000), default=5, show_default=True, help="Plays of each workload.")
@click.option("--plot", "picture", type=click.Path(path_type=Path, dir_okay=False), help="Draw the speedups as SVG.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def policies(agents: Sequence[int], chosen: Sequence[str], seeds: int, picture: Path | None, as_document: bool) -> None:
    """Play contended workloads by scripted agents under every policy, in virtual time, then measure real calls.

    A step takes one inference of virtual time. work: inferences made, over those of running alone.
    Exits 1 when a policy other than open ended in a state that no serial order gives.
    """
    report = measure_policies(tuple(agents) or (2, 4, 8, 16), seeds, tuple(chosen), _say)
    if picture:
        picture.write_text(plot(report), encoding="utf-8")
    if as_document:
        click.echo(json.dumps({**report.document(), "machine": machine(), "versions": versions()}))
    else:
        _print(report)
    sys.exit(0 if all(line.correct == 1 for line in report.lines if line.policy != "open") else 1)


def _say(words: str) -> None:
    click.echo(words, err=True)


_COLUMNS = (
    "policy",
    "workload",
    "agents",
    "correct %",
    "speedup",
    "work",
    "notices",
    "undone",
    "waits",
    "deadlocks",
    "aborts",
)


def _print(report: PoliciesReport) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    table = Table(box=None, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column in {"policy", "workload"} else "right", no_wrap=True)
    for line in report.lines:
        figures = (line.speedup, line.work, line.notices, line.undone, line.waited, line.deadlocks, line.aborted)
        name = f"= {line.workload}" if line.workload in {MIX, LOW} else line.workload
        shown = (f"{one:.2f}" for one in figures)
        table.add_row(line.policy, name, str(line.agents), f"{line.correct:.0%}".rstrip("%"), *shown)
    console.print(table)
    for one in report.misjudging:
        console.print(
            f"{one.agents} agents, {one.probability:.0%} of notices misjudged: {one.wrong:.0%} of runs end wrong"
        )
    console.print(f"notices a run, 12 agents on 4 hot objects: {report.hot:.1f}")
    for name, cost in report.cost.items():
        spread = " / ".join(f"{one:.2f}" for one in (cost.min, cost.median, cost.p95, cost.max))
        console.print(f"a call, {name}: {spread} ms (min, median, p95, max)")
