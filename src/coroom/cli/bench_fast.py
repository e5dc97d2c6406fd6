"""`coroom bench fast`: how much of a suite several agents see together, each running a part of it."""

import json
import random
import sys

import click
from rich.console import Console
from rich.table import Table

from coroom.checks.suites.sample import Share


@click.command()
@click.option("--tests", type=click.IntRange(1, 200_000), default=2_000, show_default=True, help="In the suite.")
@click.option("--agents", type=click.IntRange(1, 256), default=16, show_default=True, help="Running at the same time.")
@click.option("--part", type=click.FloatRange(0.001, 1), default=0.1, show_default=True, help="Of the suite, for each.")
@click.option("--epochs", type=click.IntRange(1, 100), default=10, show_default=True, help="To take the mean over.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def fast(tests: int, agents: int, part: float, epochs: int, as_document: bool) -> None:
    """Compare the shares of `pytest --fast` with samples that each agent draws for itself.

    Exits 1 when the shares together leave something out that they have the room for.
    """
    names = [f"test_{number}" for number in range(tests)]
    rows = [_coverage(names, agents, part, str(epoch)) for epoch in range(epochs)]
    shares, drawn = (sum(column) / epochs for column in zip(*rows, strict=True))
    ok = shares == 1.0 or agents * part < 1
    if as_document:
        facts = {"benchmark": "fast", "ok": ok, "tests": tests, "agents": agents, "part": part, "epochs": epochs}
        click.echo(json.dumps({**facts, "shares": shares, "drawn": drawn}))
    else:
        table = Table(box=None, pad_edge=False)
        for column in ("agents", "part of each", "seen together: shares", "each draws for itself"):
            table.add_column(column, justify="right")
        table.add_row(str(agents), f"{part:.1%}", f"{shares:.1%}", f"{drawn:.1%}")
        Console(highlight=False).print(table)
    sys.exit(0 if ok else 1)


def _coverage(names: list[str], agents: int, part: float, epoch: str) -> tuple[float, float]:
    shares = [Share(agent=number, agents=agents, part=part, epoch=epoch) for number in range(agents)]
    seen = sum(any(share.holds(name) for share in shares) for name in names)
    chance = random.Random(epoch)  # noqa: S311  a comparison, not a secret
    drawn = {name for _ in range(agents) for name in chance.sample(names, round(len(names) * part))}
    return seen / len(names), len(drawn) / len(names)
