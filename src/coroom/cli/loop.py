"""`coroom loop`: agents in fresh sessions, each on one claimed thing at a time, landing through the gate."""

import json
import os
import platform
import re
import statistics
from pathlib import Path

import click

from coroom.agents.adapter import ModelApi, model_api
from coroom.agents.role_files import RoleError, RoleFile, roles
from coroom.checks.suite import NoCommand, find_command
from coroom.cli.crew import TAPE, adapter_for, isolated, readable_for
from coroom.cli.place import WrongCallError, any_repository_at
from coroom.cli.suite_options import confined_tests
from coroom.cli.until import StoppedError, until_stopped
from coroom.core.command import PostTask
from coroom.core.errors import Refused
from coroom.git.command import GitFailed
from coroom.git.repository import Repository
from coroom.host.clean import one_line
from coroom.run.board import BoardError, tasks_from
from coroom.run.landing import ground_of
from coroom.run.loop.agent import AgentLoop, Bounds, Manner, Spent
from coroom.run.loop.place import Place
from coroom.run.loop.sitting import Seat
from coroom.run.loop.together import run_all

DEFAULT_ROLE = "core-developer"


@click.command()
@click.option("--directory", type=click.Path(path_type=Path), default=".", help="A clone of the repository.")
@click.option("--agents", type=click.IntRange(1, 64), default=2, show_default=True, help="How many.")
@click.option(
    "--agent", "kinds", multiple=True, help="claude, codex or command:'PROGRAM … {prompt}' (default: claude)."
)
@click.option("--role", "role_names", multiple=True, help="Repeat to give the agents roles in turn; see coroom roles.")
@click.option("--name", default="", help="What the agents' names begin with (default: this machine's name).")
@click.option("--tasks", help="A list of tasks, as for coroom run; failing tests are found without one.")
@click.option("--test", default="", help="The command that must pass (default: found out).")
@click.option("--test-time", default=1_800.0, show_default=True, help="Seconds for it.")
@click.option("--remote", default="", help="The shared repository: a remote's name or address (default: origin).")
@click.option("--onto", default="", help="The branch (default: main or master).")
@click.option("--isolation", default="", help="plain, bubblewrap or container (default: bubblewrap where it works).")
@click.option("--model", default="", help="The model the agents shall use.")
@click.option("--sessions", type=click.IntRange(1), help="Stop after so many sessions of all agents together.")
@click.option("--time", "seconds", type=click.FloatRange(0), help="Begin no session after so many seconds.")
@click.option("--usd", type=click.FloatRange(0), help="Begin no session once so much is spent, as the agents report.")
@click.option("--session-time", default=3_600.0, show_default=True, help="Seconds for one session.")
@click.option("--ttl", type=click.FloatRange(1, 3_600), default=600.0, show_default=True, help="A claim's, in seconds.")
@click.option("--until-done", is_flag=True, help="End when nothing is left to do, instead of waiting for more.")
@click.option("--state", type=click.Path(path_type=Path), help="Where the agents' places are kept.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def loop(
    directory: Path,
    agents: int,
    kinds: tuple[str, ...],
    role_names: tuple[str, ...],
    name: str,
    tasks: str | None,
    test: str,
    test_time: float,
    remote: str,
    onto: str,
    isolation: str,
    model: str,
    sessions: int | None,
    seconds: float | None,
    usd: float | None,
    session_time: float,
    ttl: float,
    until_done: bool,
    state: Path | None,
    as_document: bool,
) -> None:
    """Let agents work on a repository without end: each session fresh, on one thing that is claimed, landed if green.

    \b
    coroom loop --agents 4 --agent claude                    failing tests, until you stop it
    coroom loop --tasks todo.md --until-done --usd 20        a list, then end
    coroom loop --role core-developer --role documentation   roles in turn; coroom roles shows them

    Needs no server: claims are refs in the shared git remote, so that any number of machines may do the same. When
    there is nothing to do no model is called. Ctrl-C stops it and loses nothing: what is unfinished is kept in
    refs/coroom/wip, the claims are given up, and the same call goes on.
    """  # noqa: D301  click wants the character itself
    repository = any_repository_at(directory)
    place, branch, address = _ground(repository, remote, onto, state)
    listed, known = _tasks(tasks), _roles(repository)
    test = test or _found_test(repository)
    chosen = [_role(known, one) for one in role_names or (DEFAULT_ROLE,)]
    confined = confined_tests(repository, isolation, (), None)
    bounds, spent = Bounds(sessions=sessions, seconds=seconds, usd=usd, session_s=session_time), Spent()
    loops: list[tuple[str, AgentLoop]] = []
    said: dict[str, list[str]] = {}
    for number in range(max(agents, len(kinds))):
        kind = (kinds or ("claude",))[number % len(kinds or (1,))]
        role, api = chosen[number % len(chosen)], _api()
        agent = _name(name, kind, number)
        seat = _seat(kind, agent, place / agent, model, api, isolation)
        said[agent] = list(seat.isolating.launcher.in_force)
        manner = Manner(
            role=role,
            model=model or None,
            api=api,
            test=test,
            test_s=test_time,
            ttl_ms=int(ttl * 1000),
            tasks=listed,
            until_done=until_done,
            shared=place / "shared",
            isolation=isolation,
            confined=confined,
        )
        own = Place(agent=agent, root=place / agent, remote=address, branch=branch)
        loops.append((agent, AgentLoop(own, seat, manner, bounds, spent, _shower(agent))))
        click.secho(
            f"{agent}: {role.name}, {seat.isolating.launcher.isolation.value}. {' '.join(said[agent])}", err=True
        )
    click.secho(confined.said, err=True)
    failed, stopped = dict[str, str](), 0
    try:
        failed = until_stopped(run_all(loops))
    except StoppedError as signal:
        stopped = signal.exit_code
        click.echo("Stopped. What was unfinished is in refs/coroom/wip; the same call goes on.", err=True)
    _show(loops, failed, said, as_document=as_document)
    raise SystemExit(stopped or (1 if failed else 0))


def _ground(repository: Repository, remote: str, onto: str, state: Path | None) -> tuple[Path, str, str]:
    try:
        ground = ground_of(repository, remote, onto)
    except GitFailed as failed:
        raise WrongCallError(f"The remote does not answer: {failed.why}. Check it with: git remote -v") from failed
    if isinstance(ground, Refused):
        raise WrongCallError(str(ground))
    name = repository.toplevel.name
    if not ground.url:
        raise WrongCallError(
            "This repository has no remote, and a loop lands on one. Make one beside it: "
            f"git clone --bare . ../{name}.git && git remote add origin ../{name}.git"
        )
    place = state or ground.directory.parent.parent.parent / "loops" / ground.directory.parent.name
    return place.absolute(), ground.onto, ground.url


def _found_test(repository: Repository) -> str:
    found = find_command(repository.toplevel, checkout=repository.toplevel)
    if isinstance(found, NoCommand):
        raise WrongCallError(f"{found.why} {found.next_step}")
    return found.shown


def _tasks(given: str | None) -> list[PostTask]:
    try:
        return tasks_from(given) if given else []
    except BoardError as problem:
        raise WrongCallError(f"{problem}.") from problem


def _roles(repository: Repository) -> dict[str, RoleFile]:
    try:
        return roles(repository.toplevel)
    except RoleError as problem:
        raise WrongCallError(str(problem)) from problem


def _role(known: dict[str, RoleFile], name: str) -> RoleFile:
    if name not in known:
        raise WrongCallError(f"There is no role '{name}'. There are: {', '.join(sorted(known))}.")
    return known[name]


def _api() -> ModelApi | None:
    try:
        return model_api(os.environ)
    except ValueError as problem:
        raise WrongCallError(f"{problem}. Set it to the address of a model provider, without a path.") from problem


def _name(given: str, kind: str, number: int) -> str:
    base = given or platform.node().partition(".")[0] or "agent"
    name = f"{base}-{kind.partition(':')[0]}-{number + 1}" if not given else f"{base}-{number + 1}"
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name)[:60]


def _seat(kind: str, agent: str, root: Path, model: str, api: ModelApi | None, isolation: str) -> Seat:
    if kind.startswith(TAPE) or kind in {"builtin", "opencode", "gemini"}:
        raise WrongCallError(f"'{kind}' works in a room only: coroom run. A loop starts claude, codex or command:….")
    adapter = adapter_for(kind, model, "")
    isolating = isolated(adapter.name, api, isolation)
    return Seat(
        agent=agent, adapter=adapter, isolating=readable_for(isolating, adapter, root / "hub.git"), home=root / "home"
    )


def _shower(agent: str):  # type: ignore[no-untyped-def]
    return lambda text: click.echo(f"{agent}: {one_line(text, 300)}", err=True)


def _show(
    loops: list[tuple[str, AgentLoop]], failed: dict[str, str], said: dict[str, list[str]], *, as_document: bool
) -> None:
    turns = [turn for _, one in loops for turn in one.turns]
    landed = [turn for turn in turns if turn.outcome == "landed"]
    harness = [turn.harness_s for turn in turns]
    if as_document:
        document = {
            "turns": [{name: getattr(turn, name) for name in turn.__slots__} for turn in turns],
            "landed": len(landed),
            "sessions": len(turns),
            "cost_usd": round(sum(turn.cost_usd for turn in turns), 4),
            "harness_s": {"median": statistics.median(harness), "max": max(harness)} if harness else None,
            "isolation": said,
            "ended": {name: failed.get(name) or one.ended for name, one in loops},
        }
        click.echo(json.dumps(document))
        return
    for name, one in loops:
        mine = [turn for turn in one.turns if turn.outcome == "landed"]
        click.echo(f"{name}: {len(one.turns)} sessions, {len(mine)} landed. {failed.get(name) or one.ended}".rstrip())
    if harness:
        click.echo(
            f"{len(turns)} sessions, {len(landed)} landed; the harness took {statistics.median(harness):.2f} s a turn "
            f"beside agents and tests (median), {max(harness):.2f} s at most."
        )
