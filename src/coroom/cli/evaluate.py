"""`coroom evaluate`: does a room help, when, and why, measured by hidden tests."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coroom.cli.evaluate_real import RealOptions, carry_out, installed, no_score, reachable, real_options
from coroom.cli.kinds import KINDS
from coroom.cli.place import WrongCallError
from coroom.cli.progress import counted
from coroom.core.codec import Json
from coroom.evaluate.campaign import Budget, Evaluation, EvaluationError, evaluate_synthetic, keys_of
from coroom.evaluate.conditions import CONDITIONS, LADDER, POLICIES_COMPARED
from coroom.evaluate.real.arrange import Crew
from coroom.evaluate.real.campaign import keys_for
from coroom.evaluate.report.real import harness_line
from coroom.evaluate.results import Results, ResultsError
from coroom.evaluate.suite import ON_LIVE_STATE, SHIPPED, Suite, SuiteError, load
from coroom.evaluate.synthetic.hand import MODELS

if TYPE_CHECKING:
    from coroom.evaluate.report.tables import Row
    from coroom.evaluate.report.write import Written

AGENTS_MAX = 64


# What is a command of its own below `evaluate`, and the module that holds it.
OTHERS = {
    "power": "coroom.cli.evaluate_power",
    "rescore": "coroom.cli.evaluate_rescore",
    "show": "coroom.cli.evaluate_show",
}


_WITH_STATISTICS = ("power", "show")
_NEEDED = ("scipy", "statsmodels", "matplotlib", "pytest")


def _equipped() -> None:
    """See that what evaluations need beyond the rest of Coroom is installed, before any trial is played for nothing."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise WrongCallError(
            f"Evaluations need {', '.join(missing)} as well: pip install 'coroom[evaluate]' (in a clone '.[evaluate]')."
        )


class _Evaluate(click.Command):
    """The command itself, but for words that name another one: a suite's folder of such a name is given as ./NAME."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and args[0] in OTHERS:
            name, *rest = args
            if name in _WITH_STATISTICS:
                _equipped()
            other: click.Command = getattr(import_module(OTHERS[name]), name)
            return other.make_context(f"{info_name} {name}", rest, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(cls=_Evaluate)
@click.argument("suites", nargs=-1)
@click.option(
    "--conditions", default="", help="Names joined by commas; or ladder, policies, all (default: each suite's own)."
)
@click.option("--agents", help="Numbers of agents, joined by commas (default: 1,2,4,8,16; real ones 1,2).")
@click.option("--trials", type=click.IntRange(1, 10_000), help="Of each cell and task (default: 10; real agents 1).")
@click.option("--agent", default="synthetic", show_default=True, help=f"{', '.join(MODELS)}; real: {KINDS}.")
@real_options
@click.option(
    "--match", type=click.Choice(["wall", "tokens", "usd"]), default="wall", help="What is alike (default: wall)."
)
@click.option(
    "--wall", "wall_s", type=click.FloatRange(1), default=600.0, show_default=True, help="Seconds of a trial."
)
@click.option("--tokens", type=click.IntRange(1), help="Of all agents of a trial together (--match tokens).")
@click.option("--usd", type=click.FloatRange(0, min_open=True), help="What a trial may cost (--match usd).")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything that is drawn.")
@click.option("--jobs", type=click.IntRange(0, 64), default=0, help="At once (default: a core each; real trials 1).")
@click.option(
    "--out", type=click.Path(path_type=Path), default="coroom-evaluation", show_default=True, help="A folder."
)
@click.option("--database", default="", help="A PostgreSQL for the rows of office: its tables of those names go.")
@click.option("--replay", metavar="KEY", help="Only write the replay of one finished trial, and say where.")
@click.option(
    "--open/--no-open", "opens", default=None, help="Open the report in a browser (default: where there is a screen)."
)
@click.option("--json", "as_document", is_flag=True, help="Print the cells as one JSON document.")
def evaluate(
    suites: tuple[str, ...],
    conditions: str,
    agents: str | None,
    trials: int | None,
    agent: str,
    options: RealOptions,
    match: str,
    wall_s: float,
    tokens: int | None,
    usd: float | None,
    seed: int,
    jobs: int,
    out: Path,
    database: str,
    replay: str | None,
    opens: bool | None,
    as_document: bool,
) -> None:
    """Put agents to work on SUITES under several conditions, and measure by hidden tests what comes of it.

    SUITES are six, ledger (programs to write), races (files that all change), office, cluster (rows and objects to
    change), cooperbench:FOLDER (that data on your disk), or folders of your own: docs/evaluate.md shows a suite.yaml.

    \b
    coroom evaluate six                          the published ladder, synthetic agents
    coroom evaluate six --trials 66 --jobs 2
    coroom evaluate office cluster               policies compared on live state
    coroom evaluate six --conditions solo,full,serial --match tokens --tokens 200000
    coroom evaluate my-suite --agent claude --conditions solo,full --agents 2 --trials 5 --stop-at usd=20
    coroom evaluate --replay six/pomodoro/full/2xsynthetic/0
    coroom evaluate show coroom-evaluation       the report and every trial's replay, in a browser
    coroom evaluate power --difference 0.08      how many trials a contrast needs, beforehand
    coroom evaluate rescore codecrdt PATH        a published evaluation's outputs, judged again (see its --help)

    A trial that has ended is never done again: stop with Ctrl-C and call it again. Synthetic agents test the room and
    this harness and prove nothing about models. A real trial is a coroom run of its own, in a folder below --out; one
    that could not be carried out as asked is counted as failed, and is no score.
    """  # noqa: D301  click wants the character itself
    _equipped()
    if replay:
        click.echo(_replayed(out, replay))
        return
    with _in_words():
        evaluation = _asked(suites, conditions, agents, trials, agent, seed, Budget(match, wall_s, tokens, usd))
        crew = _crew(agent, options)
        options = replace(options, jobs=jobs or 1)
        results, early = _carried_out(replace(evaluation, database=database), crew, options, out, jobs)
        from coroom.evaluate.report.write import write_report  # noqa: PLC0415 - statistics and plots: slow to import

        written = write_report(results, out, str(evaluation.budget))
    if as_document:
        _print_cells(results, written, early)
    else:
        _tell(results, written, opens=_has_a_screen() if opens is None else opens)
    if early:
        click.echo(f"Stopped early: {early}. What has ended is kept: the same command goes on.", err=True)
        raise SystemExit(1)


@contextmanager
def _in_words() -> Iterator[None]:
    """What goes wrong as a sentence of the command line."""
    try:
        yield
    except (EvaluationError, SuiteError, ResultsError, ValueError) as problem:
        raise WrongCallError(f"{str(problem).removesuffix('.')}.") from problem
    except KeyboardInterrupt:
        click.echo("\nStopped. What has ended is kept: the same command goes on.", err=True)
        raise SystemExit(130) from None


def _crew(agent: str, options: RealOptions) -> Crew | None:
    """Real agents, or None for synthetic ones."""
    if agent not in MODELS:
        return options.crew(agent)
    if unread := options.said():
        raise WrongCallError(
            f"{unread} is for real agents, and {agent} is none. Leave it out, or name another --agent."
        )
    return None


def _tell(results: Results, written: "Written", *, opens: bool) -> None:
    click.echo(f"The report: {written.page}\nAs Markdown: {written.markdown}\nReplays: {written.replays}")
    if line := harness_line(list(results.all())):
        click.echo(line)
    if opens:
        click.launch(str(written.page))


def _carried_out(
    evaluation: Evaluation, crew: Crew | None, options: RealOptions, out: Path, jobs: int
) -> tuple[Results, str]:
    """Everything that is not done yet, and why it ended early. A call that cannot be carried out leaves nothing."""
    loaded = [load(name) for name in evaluation.suites]
    if crew is None:
        keys_of(evaluation, loaded)
        _see_rows(evaluation.database, loaded)
        results = Results(out / "results.sqlite")
        results.about(evaluation.about())
        with counted("trials") as progress:
            # One database has one trial at a time.
            evaluate_synthetic(evaluation, results, out / "grades", progress, 1 if evaluation.database else jobs)
        return results, ""
    evaluation, caps = replace(evaluation, agent=crew.label), options.caps(evaluation, crew)
    number = len(keys_for(evaluation, loaded, crew))
    installed(crew)
    if evaluation.database and options.jobs > 1:
        raise WrongCallError("--database has one trial at a time: leave out --jobs, or the database.")
    _see_rows(evaluation.database, loaded)
    results = Results(out / "results.sqlite")
    early = carry_out(evaluation, crew, options, caps, results, out, number)
    if why := no_score(results):
        raise EvaluationError(why)
    return results, early


def _see_rows(database: str, suites: Sequence[Suite]) -> None:
    """See that a database that is named is one, and of use."""
    if database and not any(task.world == "office" for suite in suites for task in suite.live):
        raise WrongCallError("--database is for the rows of office, which is not among the suites. Leave it out.")
    if database:
        reachable(database)


def _print_cells(results: Results, written: "Written", early: str) -> None:
    from coroom.evaluate.report.tables import rows  # noqa: PLC0415 - statistics are slow to import

    cells = [_cell(row) for row in rows(results.all())]
    pages = {"page": str(written.page), "markdown": str(written.markdown)}
    click.echo(json.dumps({"cells": cells, **pages, "stopped": early}))


def _has_a_screen() -> bool:
    """Whether somebody sits before this terminal and could see a browser."""
    shown = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.stdout.isatty() and bool(shown)


def _asked(
    suites: tuple[str, ...],
    conditions: str,
    agents: str | None,
    trials: int | None,
    agent: str,
    seed: int,
    budget: Budget,
) -> Evaluation:
    if not suites:
        raise WrongCallError(f"No suite given. Name {', '.join((*SHIPPED, *ON_LIVE_STATE))} or a folder of your own.")
    if budget.match != "wall" and {"tokens": budget.tokens, "usd": budget.usd}[budget.match] is None:
        raise WrongCallError(f"--match {budget.match} needs --{budget.match}: how much every trial may use.")
    groups = {"": (), "ladder": LADDER, "policies": POLICIES_COMPARED, "all": tuple(CONDITIONS)}
    named = groups.get(conditions)
    return Evaluation(
        suites=suites,
        conditions=tuple(name.strip() for name in conditions.split(",")) if named is None else named,
        agents=_numbers(agents or ("1,2,4,8,16" if agent in MODELS else "1,2")),
        trials=trials or (10 if agent in MODELS else 1),
        agent=agent,
        seed=seed,
        budget=budget,
    )


def _replayed(out: Path, key: str) -> Path:
    kept = out / "results.sqlite"
    from coroom.evaluate.report.write import replay_page  # noqa: PLC0415 - plots are slow to import

    page = replay_page(Results(kept), key) if kept.exists() else None
    if page is None:
        raise WrongCallError(f"No trial '{key}' has ended in {out}. Its report lists some.")
    target = out / "replays" / (key.replace("/", "_") + ".html")
    target.parent.mkdir(exist_ok=True)
    target.write_text(page, encoding="utf-8")
    return target


def _cell(row: "Row") -> dict[str, Json]:
    return {
        "condition": row.condition,
        "agents": row.agents,
        "trials": row.trials,
        "failed": row.infrastructure,
        "score": row.score.value,
        "low": row.score.low,
        "high": row.score.high,
        "abandoned": row.abandoned.value,
        "seconds": row.seconds.value,
        "tokens": row.tokens,
        "usd": row.usd,
        "whole": row.whole.value,
        "whole_without_mistakes": None if isnan(row.unerring.value) else row.unerring.value,
        "read_tokens_a_turn": None if isnan(row.read_a_turn) else row.read_a_turn,
        "told_tokens_a_turn": row.told_a_turn,
        "told_tokens_a_readers_turn": None if isnan(row.told_a_readers_turn) else row.told_a_readers_turn,
    }


def _numbers(text: str) -> tuple[int, ...]:
    try:
        found = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        found = ()
    if not found or min(found) < 1 or max(found) > AGENTS_MAX:
        raise WrongCallError(f"'{text}' is no list of numbers of agents. Write 1,2,4 (1 to {AGENTS_MAX} each).")
    return found
