"""`coroom plan`: which tasks can be done side by side, in which order, and why."""

import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.text import Text
from rich.tree import Tree

from coroom.cli.place import WrongCallError
from coroom.cli.tasks import tell_unread
from coroom.cli.until import StoppedError, until_stopped
from coroom.core.errors import Fault
from coroom.host.door.clean import cleaned, one_line
from coroom.host.plans.planning import Ground, Plan, document, ground_of, plan_for
from coroom.host.plans.resolving import AUTO, CHOICES, Resolver
from coroom.plan.coupling import Pair
from coroom.plan.route import CycleError
from coroom.plan.task import PlanTask
from coroom.run.board import BoardError
from coroom.run.planned import plan_tasks_from

if TYPE_CHECKING:
    from coroom.agents.outliner import Outline

TITLE_CHARS_MAX = 300
"""Of one task in the tree of a plan, with what it waits for."""


@click.command()
@click.argument("repository", metavar="REPO", type=click.Path(path_type=Path))
@click.argument("tasks", metavar="TASKS")
@click.option("--agents", type=click.IntRange(1, 64), help="At most this many agents (default: as the work allows).")
@click.option("--model", help="Let this model split TASKS into parts first: anthropic:NAME or openai:NAME.")
@click.option(
    "--again",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An earlier plan of this task (--json): with --model it is mended where the code has moved, else kept.",
)
@click.option(
    "--resolve",
    type=click.Choice(CHOICES),
    default=AUTO,
    show_default=True,
    metavar="NAME",
    help=f"Language server to ask what names alone leave open: {', '.join(CHOICES)}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one JSON document.")
def plan(
    repository: Path,
    tasks: str,
    agents: int | None,
    model: str | None,
    again: Path | None,
    resolve: str,
    as_json: bool,
) -> None:
    """Say which of TASKS can be done side by side in REPO, which in order, under which policy, and why.

    TASKS is a file: Markdown (a list item a task), JSON or YAML, as for coroom run. What a task touches may be said
    (touches: file:src/a.py, symbol:src/a.py#Parser.parse, dir:docs/; file:src/a.py#L10-L40 for lines, #L10+ for new
    ones after line 10), else it is predicted from its words. Nothing is changed, and no model is asked unless one is
    named with --model: it splits one task in words into parts, and --json then prints what coroom run takes as its
    list.

    Where a task changes what has the same name as something that another uses, and only types tell whether it is the
    same, a language server is asked if one is here (--resolve): in a copy of the code, in bubblewrap where that works.

    \b
      coroom plan . todo.md
      coroom plan . tasks.yaml --agents 3
      coroom plan path/to/repository tasks.json --json
      coroom plan . "add a --json option to every command" --model anthropic:NAME --json > tasks.json
      coroom plan . "add a --json option to every command" --model anthropic:NAME --again tasks.json --json

    Exits 0 with a plan, 2 when the call or its input is wrong.
    """  # noqa: D301  click wants the character itself
    try:
        given = plan_tasks_from(tasks)
        tell_unread(tasks)
        ground = _ground(repository)
        if again is not None and model is None:
            raise WrongCallError("--again needs --model, which mends the plan where the code has moved.")
        outline = _split(ground, given, model, again) if model else None
        tasks_given = outline.tasks if outline is not None else given
        made = plan_for(ground, tasks_given, agents, Resolver(wanted=resolve))
    except BoardError as problem:
        raise WrongCallError(f"{problem}.") from problem
    except CycleError as circle:
        raise WrongCallError(
            f"{tasks}: tasks wait for one another in a circle ({circle}). Take one 'after' out."
        ) from circle
    if as_json:
        fresh = {"made": sorted(outline.made)} if outline is not None else {}
        click.echo(json.dumps({**document(made), **fresh}, ensure_ascii=False))
    else:
        _print(made)
    for note in made.notes:
        click.echo(f"note: {cleaned(note)}", err=True)


def _split(ground: Ground, given: Sequence[PlanTask], model: str, again: Path | None) -> "Outline":
    """The one task in the parts that a model splits it into; in those of before where the code has not moved."""
    from coroom.agents.builtin import unready  # noqa: PLC0415 - a plan without a model needs none of it
    from coroom.agents.loop import model_of  # noqa: PLC0415
    from coroom.agents.models.model import ModelError  # noqa: PLC0415
    from coroom.agents.outliner import Outliner  # noqa: PLC0415

    if len(given) != 1:
        raise WrongCallError(
            f"--model splits one task, and these are {len(given)}. Plan them as they are, without --model."
        )
    why = unready(model, "", os.environ)
    if why:
        raise WrongCallError(why)

    before = _earlier(again) if again is not None else None

    async def split() -> "Outline":
        asked = model_of(model)
        try:
            words = f"{given[0].title}\n\n{given[0].description}"
            outliner = Outliner(asked, ground)
            outline = await (outliner.again(words, before) if before is not None else outliner.split(words))
        finally:
            await asked.close()
        if outline is before:
            click.echo(f"nothing that {again} touches has moved: it is kept, and {model} was not asked", err=True)
        else:
            click.echo(f"{model} used {outline.input_tokens} tokens in and {outline.output_tokens} out", err=True)
        return outline

    try:
        return until_stopped(split())
    except ModelError as problem:
        raise WrongCallError(str(problem)) from problem
    except StoppedError as stopped:
        raise SystemExit(stopped.exit_code) from None


def _earlier(path: Path) -> "Outline":
    """The parts of an earlier plan, with what they were going to make."""
    from coroom.agents.outliner import Outline  # noqa: PLC0415

    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("made", []), list):
        raise WrongCallError(f"{path} is no earlier plan. Give --again what coroom plan --model … --json printed.")
    made = frozenset(str(each) for each in told.get("made", []))
    return Outline(tasks=tuple(plan_tasks_from(str(path))), made=made)


def _ground(directory: Path) -> Ground:
    if not directory.is_dir():
        raise WrongCallError(f"{directory} is no directory. Name the directory of a checkout.")
    with _Progress() as progress:
        try:
            return ground_of(directory, progress)
        except Fault as fault:
            raise WrongCallError(f"{fault}.") from fault
        except OSError as problem:
            raise WrongCallError(
                f"{directory} cannot be read: {problem.strerror}. Name a directory you may read."
            ) from problem


class _Progress:
    """One line on a terminal while many files are read for the first time; nothing elsewhere."""

    def __init__(self) -> None:
        self._shown = False

    def __enter__(self) -> Callable[[int, int], None]:
        return self._tell

    def __exit__(self, *_: object) -> None:
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)

    def _tell(self, done: int, of: int) -> None:
        if of > 200 and done % 50 == 0 and sys.stderr.isatty():
            self._shown = True
            click.echo(f"\rreading {of} files for the first time: {done}", err=True, nl=False)


def _print(made: Plan) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    route = made.route
    many = "1 agent" if route.agents == 1 else f"{route.agents} agents"
    tree = Tree(Text(f"{many}, policy {route.policy}, {_time(route.serial_seconds, route.seconds)}", style="bold"))
    tasks = {each.task.id: each for each in made.footprints}
    waits = {wait.task: wait.after for wait in route.waits}
    for number, lane in enumerate(route.lanes, start=1):
        branch = tree.add(Text(f"lane {number}", style="bold"))
        for name in lane:
            each = tasks[name]
            late = f"  (after {waits[name]})" if name in waits else ""
            said = one_line(f"{each.task.title}{late}", TITLE_CHARS_MAX)
            leaf = branch.add(f"[bold]{escape(cleaned(name))}[/bold]  {escape(said)}")
            leaf.add(Text(cleaned(_touching(made, name)), style="dim"))
    console.print(tree)
    for reason in route.reasons:
        console.print(cleaned(reason), markup=False)
    _print_pairs(console, made.pairs)


def _touching(made: Plan, name: str) -> str:
    each = next(one for one in made.footprints if one.task.id == name)
    places = sorted({str(touch.place) for touch in each.touches} | {str(one) for one in each.others})
    if not places:
        return "nothing known"
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return f"{'probably ' if each.predicted else ''}touches {', '.join(places[:3])}{more}"


def _print_pairs(console: Console, pairs: Sequence[Pair]) -> None:
    shown = sorted((pair for pair in pairs if pair.coupled), key=lambda pair: -pair.score)
    for pair in shown[:12]:
        said = f"{pair.a} and {pair.b} are coupled ({pair.score:.2f}): {'; '.join(pair.reasons)}."
        console.print(cleaned(said), markup=False)
    if len(shown) > 12:
        console.print(f"… and {len(shown) - 12} more coupled pairs: coroom plan --json lists all.", markup=False)


def _time(serial: float, planned: float) -> str:
    share = planned / serial if serial else 1.0
    if share > 0.995:
        return "as long as one agent takes"
    return f"about {math.ceil(share * 100)} % of the time that one agent takes"


__all__ = ["PlanTask", "plan"]
