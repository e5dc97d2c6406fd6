"""`coroom bench gate`: what the gate's train lands in the time of one test run, simulated."""

import json
import sys
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from coroom.run.bench.gate import GateFigure, GateLoad, simulate_gate

MERGES_MIN = 3.0
"""What four runners must reach at 10 % bad changes."""


@click.command()
@click.option("--runners", multiple=True, type=click.IntRange(1, 64), help="Repeat for several (default: 1, 2, 4, 8).")
@click.option(
    "--bad", multiple=True, type=click.FloatRange(0, 0.9), help="Share of bad changes (default: 0.02 to 0.3)."
)
@click.option(
    "--flaky", multiple=True, type=click.FloatRange(0, 0.5), help="Share of runs failing for no reason (0, 0.02)."
)
@click.option("--merges", type=click.IntRange(100, 1_000_000), default=4_000, show_default=True, help="In each run.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same figures.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def gate(
    runners: Sequence[int],
    bad: Sequence[float],
    flaky: Sequence[float],
    merges: int,
    seed: int,
    as_document: bool,
) -> None:
    """Simulate the gate under full load, with the very train that `coroom gate` runs, in virtual time.

    Merges are by test time: one change at a time lands 0.9 of them at 10 % bad changes.
    Exits 1 when a bad change landed, or when four runners at 10 % bad land fewer than 3.
    """
    loads = [
        GateLoad(runners=r, bad=b, flaky=f, merges=merges, seed=seed)
        for f in flaky or (0.0, 0.02)
        for b in bad or (0.02, 0.05, 0.1, 0.2, 0.3)
        for r in runners or (1, 2, 4, 8)
    ]
    figures = [simulate_gate(load) for load in loads]
    if as_document:
        click.echo(json.dumps({"benchmark": "gate", "ok": _ok(figures), "figures": [f.document() for f in figures]}))
    else:
        _print(figures)
    sys.exit(0 if _ok(figures) else 1)


def _ok(figures: Sequence[GateFigure]) -> bool:
    wanted = [f for f in figures if f.load.runners == 4 and f.load.bad == 0.1 and f.load.flaky <= 0.02]
    return all(f.red == 0 for f in figures) and all(f.merges >= MERGES_MIN for f in wanted)


def _print(figures: Sequence[GateFigure]) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    table = Table(box=None, pad_edge=False)
    for name in ("flaky", "bad", "runners", "merges", "one at a time", "runs a merge", "innocent", "longest", "red"):
        table.add_column(name, justify="right")
    for one in figures:
        table.add_row(
            f"{one.load.flaky:.0%}",
            f"{one.load.bad:.0%}",
            str(one.load.runners),
            f"{one.merges:.2f}",
            f"{one.serial:.2f}",
            f"{one.runs_by_merge:.2f}",
            f"{one.innocent:.2%}",
            f"{one.wait_max:.0f}",
            str(one.red),
        )
    console.print(table)
    console.print(
        "merges: by test time, under full load. innocent: good changes given back. longest: test times from a change's "
        "first test to its end. red: commits of main with a bad change."
    )
