"""From the words of `coroom run` to the arrangement that is kept, and from there to the plan that is carried out."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coroom.agents.price import Price, PriceError, parse_price
from coroom.agents.scripted import ROOM_TOOLS
from coroom.cli.crew import crew
from coroom.cli.kinds import TAPE, price_missing
from coroom.cli.place import WrongCallError, known_policy
from coroom.cli.tasks import tasks_given
from coroom.cli.toolsmith import proposer_of
from coroom.core.agent import Role
from coroom.core.errors import Fault
from coroom.git.repository import Repository
from coroom.host.confined import Confined
from coroom.host.door.clean import cleaned
from coroom.host.plans.replanning import Edge
from coroom.host.plans.resolving import Resolver
from coroom.host.rooms import RoomPlan
from coroom.plan.route import CycleError
from coroom.run.arrangement import Arrangement
from coroom.run.board import BoardError
from coroom.run.briefing import Coordination, first_words
from coroom.run.planned import planned
from coroom.run.run_limit import LimitError, RunLimit, parse_limit
from coroom.run.worker import Worker, role_prompt
from coroom.run.workers import ProcessWorker, TapeWorker

if TYPE_CHECKING:
    from coroom.tools.smith import Proposer

EVALUATOR = "evaluator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The words of one call; None or empty where nothing was said."""

    tasks: str | None
    directory: Path
    agents: int | None
    kinds: tuple[str, ...]
    model: str | None
    evaluator: str | None
    budget: str | None
    price: str | None
    policy: str | None
    tools: Path | None
    toolsmith: str | None
    room: str
    mirrors: Path | None
    branch: str | None
    test: str | None
    types: str | None
    port: int
    resume: bool
    land: bool | None
    no_plan: bool
    resolve: str | None
    isolation: str | None
    coordination: str | None
    in_turn: bool | None
    limit: str
    silence_s: float
    self_test: bool
    leash: bool
    test_reads: tuple[Path, ...]
    test_memory: float | None
    as_document: bool


def arrangements_of(asked: Asked, kept: Path) -> tuple[Arrangement, Arrangement]:
    """How the room was arranged when it was left, and how this call wants it.

    Raises:
        WrongCallError: there is nothing to resume, or too much; or what is asked cannot be.
    """
    try:
        before = _before(asked, kept)
        return before, _changed(before, asked)
    except Fault as problem:
        raise WrongCallError(f"{problem}.") from problem


def _changed(before: Arrangement, asked: Asked) -> Arrangement:
    return before.changed(
        kinds=tuple(_lasting(kind) for kind in asked.kinds) or None,
        agents=asked.agents,
        model=asked.model,
        evaluator=_lasting(asked.evaluator) if asked.evaluator else None,
        budget=asked.budget,
        price=str(_price_of(asked.price)) if asked.price else None,
        policy=known_policy(asked.policy) if asked.policy else None,
        tools=str(asked.tools.absolute()) if asked.tools else None,
        toolsmith=asked.toolsmith,
        mirrors=str(asked.mirrors.absolute()) if asked.mirrors else None,
        branch=asked.branch,
        test=asked.test,
        types=asked.types,
        resolve=asked.resolve,
        land=asked.land,
        isolation=asked.isolation,
        coordination=Coordination(asked.coordination) if asked.coordination else None,
        in_turn=asked.in_turn,
        test_reads=tuple(str(place.absolute()) for place in asked.test_reads) or None,
        test_gib=asked.test_memory,
    ).with_tasks(tasks_given(asked.tasks))


def _before(asked: Asked, kept: Path) -> Arrangement:
    """How the room was arranged when it was left; for a new one, as usual."""
    found = Arrangement.read(kept)
    if asked.resume and found is None:
        raise WrongCallError(f"There is no run in room '{asked.room}' to resume here. Start one with: coroom run TASKS")
    if found and not asked.resume:
        raise WrongCallError(
            f"Room '{asked.room}' has been here before. Go on with --resume, or name another with --room."
        )
    return found or Arrangement()


def _lasting(kind: str) -> str:
    """The word for an agent, as it can be used again from another directory."""
    word, colon, rest = kind.partition(":")
    return f"{word}:{Path(rest).absolute()}" if word == "tape" and colon else kind


def ordered(asked: Asked, wanted: Arrangement, repository: Repository) -> tuple[Arrangement, frozenset[Edge] | None]:
    """The arrangement as its plan has it, and the waits that the plan added; None where nothing is planned.

    A run that is resumed was planned when it began.

    Raises:
        WrongCallError: the tasks cannot be planned.
    """
    if asked.no_plan or not _is_worth_a_plan(wanted):
        return wanted, None
    return (wanted, frozenset()) if asked.resume else _planned(asked, wanted, repository)


def _is_worth_a_plan(wanted: Arrangement) -> bool:
    """Whether there is anything to plan: a tape plays what was recorded, whatever the tasks are."""
    if wanted.coordination is not Coordination.ROOM:
        return False
    return len(wanted.tasks) > 1 and not any(kind.startswith(TAPE) for kind in wanted.kinds)


def _planned(asked: Asked, wanted: Arrangement, repository: Repository) -> tuple[Arrangement, frozenset[Edge]]:
    """The run as its plan has it, said to the person who watches, and the waits that the plan added."""
    try:
        made = planned(repository.toplevel, wanted.tasks, asked.agents, asked.policy, resolver_of(wanted))
    except (BoardError, CycleError) as problem:
        raise WrongCallError(f"The tasks cannot be planned: {problem}. Mend the list, or use --no-plan.") from problem
    for line in made.lines:
        click.secho(cleaned(line), err=True, dim=True)
    return replace(wanted, tasks=made.tasks, agents=made.agents, policy=made.policy), made.added


def resolver_of(wanted: Arrangement) -> Resolver:
    """Who asks what names leave open, in the isolation of the agents."""
    return Resolver(wanted=wanted.resolve, isolation=wanted.isolation)


def toolsmith_of(wanted: Arrangement) -> "Proposer | None":
    """The model that makes tools, if one is named; the file of tools is known to be one.

    Raises:
        WrongCallError: the file is none, or the model cannot be had.
    """
    proposer = proposer_of(wanted.toolsmith, Path(wanted.tools) if wanted.tools else None)
    if wanted.tools:
        from coroom.host.calls.tools_file import read_tools_file  # noqa: PLC0415  slow to import, for rooms with tools
        from coroom.tools.signature import BadTool  # noqa: PLC0415

        try:
            read_tools_file(Path(wanted.tools))
        except BadTool as wrong:
            raise WrongCallError(str(wrong)) from wrong
    return proposer


def limit_of(text: str, wanted: Arrangement) -> RunLimit:
    """The bounds of the whole run.

    Raises:
        WrongCallError: they are written wrongly, or one would never be reached.
    """
    try:
        limit = parse_limit(text)
    except LimitError as problem:
        raise WrongCallError(str(problem)) from problem
    if limit.usd is not None and (missing := price_missing(wanted.kinds, wanted.price)):
        raise WrongCallError(missing)
    return limit


def _price_of(text: str) -> Price:
    try:
        return parse_price(text)
    except PriceError as problem:
        raise WrongCallError(str(problem)) from problem


def workers_of(wanted: Arrangement, homes: Path, silence_s: float) -> list[Worker]:
    """The agents as this run wants them: without a board each is told everything at the beginning.

    Raises:
        WrongCallError: an agent cannot be had.
    """
    made = crew(wanted.kinds, wanted.agents, wanted.model, homes, budget=wanted.budget, isolation=wanted.isolation)
    if wanted.evaluator:
        (mender,) = crew((wanted.evaluator,), 1, wanted.model, homes, budget=wanted.budget, isolation=wanted.isolation)
        if not isinstance(mender, ProcessWorker):
            raise WrongCallError("A tape cannot evaluate: it plays what was recorded. Name another kind of agent.")
        told = role_prompt(EVALUATOR, Role.EVALUATOR)
        made.append(replace(mender, name=EVALUATOR, home=homes / EVALUATOR, prompt=told))
    names, found = [worker.name for worker in made], list[Worker]()
    bare = wanted.coordination is not Coordination.ROOM
    for place, worker in enumerate(made):
        if isinstance(worker, ProcessWorker):
            words = worker.prompt or role_prompt(worker.name, on_live_state=bool(wanted.tools))
            if bare:
                words = first_words(names, place, wanted.tasks, wanted.coordination, in_turn=wanted.in_turn)
            price = _price_of(wanted.price)
            found.append(replace(worker, prompt=words, bare=bare, silence_s=silence_s, price=price))
        elif bare and isinstance(worker, TapeWorker):
            found.append(replace(worker, steps=[step for step in worker.steps if step.tool not in ROOM_TOOLS]))
        else:
            found.append(worker)
    return found


def room_plan_of(name: str, wanted: Arrangement, confined: Confined, toolsmith: "Proposer | None") -> RoomPlan:
    """The room of a run that is arranged so."""
    return RoomPlan(
        name=name,
        policy=wanted.policy,
        mirrors=Path(wanted.mirrors) if wanted.mirrors else None,
        branch=wanted.branch,
        test=wanted.test,
        confined=confined,
        types=wanted.types,
        tools=Path(wanted.tools) if wanted.tools else None,
        silent=wanted.coordination is not Coordination.ROOM,
        toolsmith=toolsmith,
    )
