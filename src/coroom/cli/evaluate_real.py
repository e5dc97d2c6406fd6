"""`coroom evaluate --agent claude` and the like: trials with agents that cost time and money."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from coroom.cli.kinds import KINDS, PRICE_SAID, TAPE, price_missing
from coroom.cli.place import WrongCallError
from coroom.cli.progress import counted
from coroom.core.errors import unread
from coroom.evaluate.campaign import Evaluation
from coroom.evaluate.real.arrange import Crew
from coroom.evaluate.real.attempt import Setting
from coroom.evaluate.real.campaign import Caps, Told, evaluate_real, versions
from coroom.evaluate.results import Results
from coroom.run.run_limit import LimitError, parse_limit

KNOWN = ("claude", "codex", "opencode", "gemini", "builtin")


@dataclass(frozen=True, slots=True, kw_only=True)
class RealOptions:
    """What is said of real agents beside what every evaluation has."""

    model: str = ""
    isolation: str = ""
    price: str = ""
    silence_s: float = 300.0
    stop_at: str = ""
    jobs: int = 1
    keep: bool = False

    def said(self) -> str:
        """The options that differ from what they are when nothing is said; empty when none does."""
        usual, names = RealOptions(jobs=self.jobs), {"silence_s": "--silence", "stop_at": "--stop-at"}
        changed = [one.name for one in fields(self) if getattr(self, one.name) != getattr(usual, one.name)]
        return ", ".join(names.get(name, f"--{name}") for name in changed)

    def crew(self, agent: str) -> Crew:
        """The agents.

        Raises:
            WrongCallError: they cannot be had.
        """
        return Crew(
            kinds=_kinds(agent),
            model=self.model,
            isolation=self.isolation,
            price=_price(self.price),
            silence_s=self.silence_s,
        )

    def caps(self, evaluation: Evaluation, crew: Crew) -> Caps:
        """What everything together may use.

        Raises:
            WrongCallError: it is written wrongly, or a bound in money would never be reached.
        """
        try:
            limit = parse_limit(self.stop_at)
        except LimitError as problem:
            raise WrongCallError(f"--stop-at: {problem}") from problem
        missing = price_missing(crew.kinds, crew.price)
        if missing and (evaluation.budget.usd or limit.usd):
            raise WrongCallError(missing)
        return Caps(tokens=limit.tokens, usd=limit.usd, seconds=limit.seconds)


def real_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of real agents on a command, which is given them together, as `options`."""

    @wraps(command)
    def gathered(**given: Any) -> None:
        said = {one.name: given.pop(one.name) for one in fields(RealOptions) if one.name != "jobs"}
        command(options=RealOptions(**said), **given)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


_OPTIONS: tuple[Callable[[Callable[..., None]], Callable[..., None]], ...] = (
    click.option("--model", default="", help="Real agents: the model; for builtin anthropic:NAME or openai:NAME."),
    click.option("--price", default="", help=f"Real agents: {PRICE_SAID}"),
    click.option("--isolation", default="", help="Real agents: plain, bubblewrap or container."),
    click.option(
        "--silence",
        "silence_s",
        type=click.FloatRange(1),
        default=300.0,
        show_default=True,
        help="Real agents: seconds until one hangs.",
    ),
    click.option("--stop-at", default="", help="Real agents, all trials: usd=50,tokens=9000000,seconds=36000."),
    click.option("--keep", is_flag=True, help="Real agents: keep every trial's repository and mirrors."),
)


def installed(crew: Crew) -> None:
    """See that every program that is to work is here, and knows its model, before anything is written down.

    Raises:
        WrongCallError: one is not.
    """
    from coroom.cli.crew import ADAPTERS  # noqa: PLC0415 - all clients: slow to import
    from coroom.cli.crew import crew as workers  # noqa: PLC0415

    if "builtin" in crew.kinds and not crew.model:
        raise WrongCallError("The built-in agent needs a model: --model anthropic:NAME or --model openai:NAME.")
    clients = [kind for kind in crew.kinds if kind in ADAPTERS]
    workers(clients, len(clients), crew.model, Path(), isolation=crew.isolation)


def _kinds(agent: str) -> tuple[str, ...]:
    word, _, rest = agent.partition(":")
    if word == "tape":
        return tuple(f"{TAPE}{path}" for path in _tapes(rest))
    if word == "builtin" and rest:
        raise WrongCallError(f"The model of the built-in agent goes into --model: --agent builtin --model {rest}")
    if agent in KNOWN or (word == "command" and rest):
        return (agent,)
    raise WrongCallError(f"There is no agent '{agent}' for this. It is synthetic, or one of {KINDS}.")


def _tapes(named: str) -> list[Path]:
    """The tapes of a folder, or those named, joined by commas; each can be played."""
    from coroom.agents.scripted import TapeError, read_tape  # noqa: PLC0415 - slow to import

    places = [Path(one).absolute() for one in named.split(",")]
    tapes = sorted(places[0].glob("*.jsonl")) if len(places) == 1 and places[0].is_dir() else places
    for tape in tapes:
        try:
            read_tape(tape)
        except (OSError, UnicodeDecodeError, TapeError) as problem:
            why = problem if isinstance(problem, TapeError) else unread(problem)
            raise WrongCallError(f"{tape} is no tape: {why}.") from problem
    if not tapes:
        raise WrongCallError(f"{named} holds no tapes: they are files that end in .jsonl.")
    return tapes


def _price(text: str) -> str:
    from coroom.agents.price import PriceError, parse_price  # noqa: PLC0415 - only where a real agent is asked for

    try:
        return str(parse_price(text)) if text else ""
    except PriceError as problem:
        raise WrongCallError(str(problem)) from problem


def carry_out(
    evaluation: Evaluation, crew: Crew, options: RealOptions, caps: Caps, results: Results, out: Path, number: int
) -> str:
    """Do what is not done yet of the `number` trials. Returns why it ended early, empty when it did not.

    Raises:
        EvaluationError, SuiteError, ResultsError: it cannot be done as asked.
    """
    about = {
        "model": crew.model,
        "isolation": crew.isolation or "bubblewrap where it works",
        "versions": versions(crew),
        "bounds": evaluation.budget.limit(),
    }
    results.about(evaluation.about() | about)
    at_most = number * evaluation.budget.wall_s / max(1, options.jobs) / 60
    click.secho(
        f"{number} trials with {crew.label}, {options.jobs} at once, each within {evaluation.budget.limit()}: "
        f"at most {at_most:.0f} minutes of agents' time.",
        err=True,
        dim=True,
    )
    setting = Setting(crew=crew, budget=evaluation.budget, keep=options.keep)
    with _shown() as told:
        return evaluate_real(evaluation, setting, results, out, caps=caps, jobs=options.jobs, told=told)


@contextmanager
def _shown() -> Iterator[Told]:
    with counted("trials") as progress:
        yield Told(progress=progress, say=lambda line: click.echo(line, err=True))


def reachable(database: str) -> None:
    """See that a PostgreSQL answers, before anything is written down.

    Raises:
        WrongCallError: it does not.
    """
    try:
        import psycopg  # noqa: PLC0415 - who has no PostgreSQL needs no driver
    except ImportError as missing:
        raise WrongCallError("--database needs a driver: pip install 'coroom[postgres]'") from missing
    try:
        psycopg.connect(database, autocommit=True).close()
    except psycopg.Error as problem:
        why = " ".join(str(problem).split()).removesuffix(".")
        raise WrongCallError(
            f"--database cannot be used: {why}. Write it like 'host=127.0.0.1 dbname=office user=me', "
            "or leave it out: the rows are then in SQLite."
        ) from problem


def no_score(results: Results) -> str:
    """Why there is nothing to report, where no trial has ended with a score; empty when one has."""
    found = list(results.all())
    if not found or any(not one.infrastructure for one in found):
        return ""
    last = found[-1].infrastructure.removesuffix(".")
    return (
        f"No trial has ended with a score; {len(found)} failed for reasons of infrastructure, the last: {last}. "
        "Mend that; the same command goes on"
    )
