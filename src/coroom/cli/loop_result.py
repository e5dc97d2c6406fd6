"""What came of a `coroom loop`, in words or as a document."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import click

from coroom.run.loop.agent import AgentLoop
from coroom.run.loop.turn import LANDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One agent of the loop, and what stands between it and the machine, in sentences."""

    name: str
    loop: AgentLoop
    in_force: tuple[str, ...]


def print_document(members: Sequence[Member], failed: Mapping[str, str]) -> None:
    """As one JSON document. `failed`: by agent, what ended it."""
    turns = [turn for one in members for turn in one.loop.turns]
    harness = [turn.harness_s for turn in turns]
    document = {
        "turns": [asdict(turn) for turn in turns],
        "landed": sum(turn.outcome == LANDED for turn in turns),
        "sessions": len(turns),
        "cost_usd": round(sum(turn.cost_usd for turn in turns), 4),
        "harness_s": {"median": statistics.median(harness), "max": max(harness)} if harness else None,
        "isolation": {one.name: list(one.in_force) for one in members},
        "ended": {one.name: failed.get(one.name) or one.loop.ended for one in members},
    }
    click.echo(json.dumps(document))


def print_words(members: Sequence[Member], failed: Mapping[str, str]) -> None:
    """For people: a line for each agent, and one for all."""
    for one in members:
        mine = [turn for turn in one.loop.turns if turn.outcome == LANDED]
        why = failed.get(one.name) or one.loop.ended
        click.echo(f"{one.name}: {len(one.loop.turns)} sessions, {len(mine)} landed. {why}".rstrip())
    turns = [turn for one in members for turn in one.loop.turns]
    if not turns:
        return
    harness, cost = [turn.harness_s for turn in turns], sum(turn.cost_usd for turn in turns)
    spent = f", {cost:.2f} US dollars" if cost else ""
    click.echo(
        f"{len(turns)} sessions{spent}, {sum(turn.outcome == LANDED for turn in turns)} landed; the harness took "
        f"{statistics.median(harness):.2f} s a turn beside agents and tests (median), {max(harness):.2f} s at most."
    )
