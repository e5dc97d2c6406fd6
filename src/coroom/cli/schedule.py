"""`coroom schedule`: scripted programs on live state, through the real policies."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Never, cast

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from coroom.cli.place import WrongCallError
from coroom.core.codec import Json
from coroom.core.errors import unread
from coroom.simulate.schedule.campaign import random_programs
from coroom.simulate.schedule.play import POLICIES_PLAYED, played
from coroom.simulate.schedule.script import BadScheduleError, Schedule, read_schedule


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE", required=False)
@click.option(
    "--policy",
    type=click.Choice(POLICIES_PLAYED),
    default="preorder",
    show_default=True,
    help="How calls that meet are put in order.",
)
@click.option(
    "--random", "programs", type=click.IntRange(1), help="Without FILE: play so many programs drawn by chance."
)
@click.option("--first", type=click.IntRange(0), default=0, show_default=True, help="The first seed of --random.")
@click.option("--deaths", is_flag=True, help="With --random: the host dies at every step of each program, once a play.")
@click.option("--json", "as_document", is_flag=True, help="Print each result as one JSON document on a line.")
def schedule(file: Path | None, policy: str, programs: int | None, first: int, deaths: bool, as_document: bool) -> None:
    """Play scripted programs of agents on integer objects through the real policies, tools and undo; no model.

    FILE holds one schedule as JSON, or one a line (.jsonl): objects, agents with programs, the order of their steps.
    Each agent judges what it is told as a perfect one would. A step whose expression has no value (a division by
    nothing) is skipped, like one whose condition is false. Exits 1 when an end is not that of a serial order.
    """
    if programs is not None and file is not None:
        raise WrongCallError("There are two things to play. Give either a file or --random.")
    if deaths and programs is None:
        raise WrongCallError("--deaths goes with --random. In a file, give a step a fault instead.")
    if programs is not None:
        _campaign(policy, range(first, first + programs), deaths, as_document)
    if file is None:
        raise WrongCallError("There is nothing to play. Give a file with a schedule, or --random 100.")
    right = True
    for one in list(_schedules(file)):
        result = played(one, policy).result()
        right = right and result["serializable"] is True
        if as_document:
            click.echo(json.dumps(result))
        else:
            _print(result)
    sys.exit(0 if right else 1)


def _campaign(policy: str, seeds: range, deaths: bool, as_document: bool) -> Never:
    begun = time.process_time()
    with Progress(TextColumn("{task.description}"), BarColumn(), console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("programs", total=len(seeds))
        found = random_programs(policy, seeds, deaths, lambda done: bar.update(line, completed=done))
    seconds = time.process_time() - begun
    if as_document:
        click.echo(json.dumps({"policy": policy, **asdict(found), "seconds": round(seconds, 1)}))
    else:
        click.echo(
            f"{found.plays:,} plays under {policy}: {len(found.failures)} ended wrong. {found.agents:,} agents "
            f"({found.children:,} started by others, {found.arrivals:,} came later), {found.calls:,} calls, "
            f"{found.undone:,} undone, {found.notices:,} notices, {found.events:,} events; {seconds:.0f} s of processor"
        )
        for failure in found.failures:
            click.echo(f"  {failure}")
    sys.exit(1 if found.failures else 0)


def _schedules(file: Path) -> Iterator[Schedule]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise WrongCallError(f"{file} cannot be read: {unread(fault)}. Give a file with a schedule in it.") from None
    lines = [line for line in text.splitlines() if line.strip()] if file.suffix == ".jsonl" else [text]
    if not lines:
        raise WrongCallError(f"{file} is empty. Give a file with a schedule in it.")
    for number, line in enumerate(lines, start=1):
        try:
            yield read_schedule(line, number)
        except BadScheduleError as wrong:
            place = f", line {number}" if file.suffix == ".jsonl" else ""
            raise WrongCallError(f"{file}{place} is no schedule: {wrong}.") from None


def _print(result: dict[str, Json]) -> None:
    right = "as if one after another" if result["serializable"] else "as no serial order"
    order = f" ({', '.join(cast('list[str]', result['order']))})" if result.get("order") else ""
    click.echo(f"{result['id']} under {result['policy']}: {right}{order}")
    click.echo(f"  end     {_values(result['final'])}")
    click.echo(f"  serial  {_values(result['serial'])}")
    for notice in cast("list[dict[str, Json]]", result["notices"]):
        click.echo(f"  notice  to {notice['to']}: {notice['object']} is {notice['value']} ({notice['cause']})")
    for sent in cast("list[dict[str, Json]]", result["sent"]):
        click.echo(f"  sent    {sent['object']} {sent['value']} by {sent['by']}")
    if result["fenced"]:
        click.echo(f"  fenced  {', '.join(cast('list[str]', result['fenced']))}")
    click.echo(f"  counts  {_values(result['counts'])}")


def _values(values: Json) -> str:
    return " ".join(f"{name}={value}" for name, value in cast("dict[str, Json]", values).items())
