"""`coroom simulate`: play seeds against the real core and say which promises broke."""

import json
import sys
import time

import click

from coroom.cli.place import WrongCallError
from coroom.simulate.live.mutants import LIVE_MUTANTS
from coroom.simulate.mutants import MUTANTS
from coroom.simulate.run import AGENTS, LIVE, OPEN, STEPS, Outcome, shortest, simulate_all

PROGRESS_EVERY_S = 2.0
FAILURES_SHOWN_MAX = 10


@click.command()
@click.option("--seed", default=0, show_default=True, help="The first seed.")
@click.option(
    "--seeds", type=click.IntRange(1), default=1, show_default=True, help="How many seeds, counting up from the first."
)
@click.option(
    "--steps", type=click.IntRange(1), default=STEPS, show_default=True, help="How many steps a schedule has."
)
@click.option(
    "--agents", type=click.IntRange(1), default=AGENTS, show_default=True, help="How many agents work in the room."
)
@click.option(
    "--policy",
    type=click.Choice((OPEN, *LIVE)),
    default=OPEN,
    show_default=True,
    help="open: files, claims, tasks. The others: agents that call tools on live state.",
)
@click.option(
    "--mutant", type=click.Choice(sorted({**MUTANTS, **LIVE_MUTANTS})), help="A room that is wrong on purpose."
)
@click.option("--jobs", type=click.IntRange(0), default=0, help="In how many processes. [default: one a core]")
@click.option("--shrink", "shrunk", is_flag=True, help="Cut the first failing schedule down to what matters.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def simulate(
    *,
    seed: int,
    seeds: int,
    steps: int,
    agents: int,
    policy: str,
    mutant: str | None,
    jobs: int,
    shrunk: bool,
    as_json: bool,
) -> None:
    """Play the room under a seeded scheduler with crashes, delays, late duplicates and stale holders.

    Ends with 1 when a promise broke; each failing seed prints the one line that plays it again.

    \b
    coroom simulate --seeds 200                       files, claims and tasks
    coroom simulate --policy preorder --seeds 100     agents that call tools on live state
    coroom simulate --mutant two-holders --seeds 20   a room that is wrong on purpose, found out
    """  # noqa: D301  click wants the character itself
    if mutant and mutant not in (MUTANTS if policy == OPEN else LIVE_MUTANTS):
        other = "preorder" if policy == OPEN else OPEN
        raise WrongCallError(f"{mutant} is no mutant of what is played under {policy}. Add --policy {other}.")
    started = time.monotonic()
    told = started
    failed: list[Outcome] = []
    events, last = 0, None
    asked = range(seed, seed + seeds)
    for last in simulate_all(asked, steps=steps, agents=agents, mutant=mutant or "", policy=policy, jobs=jobs):
        events += last.events
        if last.violations:
            failed.append(last)
        if time.monotonic() - told >= PROGRESS_EVERY_S:
            told = time.monotonic()
            click.echo(f"{last.seed - seed + 1} of {seeds} seeds, {len(failed)} failed", err=True)
    seconds = time.monotonic() - started
    hashes = last.log_hash if last and seeds == 1 else None
    if as_json:
        click.echo(json.dumps(_as_json(failed, seeds, events, seconds, hashes), indent=2))
    else:
        _tell(failed, seeds, events, seconds, hashes)
    if failed and shrunk:
        click.echo("\n".join(map(str, shortest(failed[0]))))
    sys.exit(1 if failed else 0)


def _tell(failed: list[Outcome], seeds: int, events: int, seconds: float, log_hash: str | None) -> None:
    for outcome in failed[:FAILURES_SHOWN_MAX]:
        click.echo(f"{outcome.replay}  # {outcome.violations[0]}")
    rate = seeds / seconds if seconds else 0.0
    click.echo(f"{seeds} seeds, {events} events, {len(failed)} failed, {rate:.0f} seeds/s")
    if log_hash:
        click.echo(f"log {log_hash}")


def _as_json(failed: list[Outcome], seeds: int, events: int, seconds: float, log_hash: str | None) -> dict[str, object]:
    return {
        "seeds": seeds,
        "events": events,
        "seconds": round(seconds, 3),
        "log": log_hash,
        "failed": [{"seed": o.seed, "replay": o.replay, "violations": [str(v) for v in o.violations]} for o in failed],
    }
