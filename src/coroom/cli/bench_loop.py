"""`coroom bench loop`: what a turn of `coroom loop` costs beside the agent and the tests."""

import json
import sys

import click
from rich.console import Console
from rich.table import Table

from coroom.cli.until import StoppedError, until_stopped
from coroom.core.errors import Fault
from coroom.launch.isolation import Isolation
from coroom.run.bench.figures import Spread
from coroom.run.bench.loop import TARGET_S, TurnCost, document, measure_turns, ok

_ISOLATIONS = [one.value for one in Isolation]


@click.command()
@click.option("--turns", type=click.IntRange(1, 1_000), default=20, show_default=True, help="In each isolation.")
@click.option(
    "--isolation",
    "isolations",
    multiple=True,
    type=click.Choice(_ISOLATIONS),
    help="Repeat for several (default: plain and bubblewrap).",
)
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def loop(turns: int, isolations: tuple[str, ...], as_document: bool) -> None:
    """Land tasks one a turn, with an agent and a test that take no time, and say what the harness takes.

    A turn: look at the branch, claim, orient, make the workplace ready, one session, land through the gate.
    Exits 1 when it takes more than a second in the median.
    """
    chosen = [Isolation(one) for one in isolations or ("plain", "bubblewrap")]
    try:
        costs = until_stopped(measure_turns(turns, chosen, Console(stderr=True, highlight=False).print))
    except StoppedError as stopped:
        click.echo("Stopped; what was written is removed.", err=True)
        sys.exit(stopped.exit_code)
    except Fault as problem:
        raise click.ClickException(str(problem)) from problem
    if as_document:
        click.echo(json.dumps(document(costs)))
    else:
        _print(costs)
    sys.exit(0 if ok(costs) else 1)


def _print(costs: list[TurnCost]) -> None:
    table = Table("isolation", "of a turn", "min", "median", "p95", "max", title=f"seconds; target {TARGET_S:g}")
    for one in costs:
        for name, spread in (("harness", one.harness_s), ("landing", one.landing_s), ("both", one.whole_s)):
            table.add_row(one.isolation, name, *_cells(spread))
        table.add_row(one.isolation, "processor time", "", f"{one.processor_s:.2f}", "", "")
    Console().print(table)


def _cells(spread: Spread) -> tuple[str, ...]:
    return tuple(f"{figure:.2f}" for figure in (spread.min, spread.median, spread.p95, spread.max))
