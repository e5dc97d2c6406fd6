"""`coroom loop`: agents in fresh sessions, each on one claimed thing at a time, landing through the gate."""

import os
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from coroom.agents.adapter import AgentAdapter, ModelApi, model_api
from coroom.agents.price import PriceError, parse_price
from coroom.agents.role_files import RoleError, RoleFile, roles
from coroom.checks.suites.command import NoCommand, find_command
from coroom.cli.crew import adapter_for, isolated_for, readable_for
from coroom.cli.join import admit
from coroom.cli.kinds import COMMAND, PRICE_SAID, TAPE, price_missing
from coroom.cli.loop_result import Member, print_document, print_words
from coroom.cli.place import ROOM, Running, WrongCallError, any_repository_at, running_room
from coroom.cli.suite_options import confined_tests, shell_line
from coroom.cli.tasks import tasks_given
from coroom.cli.until import StoppedError, until_stopped
from coroom.core.errors import Refused
from coroom.git.command import GitFailed
from coroom.git.repository import Repository
from coroom.host.door.clean import one_line
from coroom.host.served import Serving, state_directory
from coroom.run.destination import destination_of
from coroom.run.loop.agent import AgentLoop
from coroom.run.loop.bounds import Bounds, Spent
from coroom.run.loop.peers import RoomSeat
from coroom.run.loop.place import Place
from coroom.run.loop.sessions import Sessions
from coroom.run.loop.together import run_all
from coroom.run.loop.turn import Manner

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
@click.option("--test", callback=shell_line, default="", help="The command that must pass (default: found out).")
@click.option("--test-time", default=1_800.0, show_default=True, help="Seconds for it.")
@click.option("--remote", default="", help="The shared repository: a remote's name or address (default: origin).")
@click.option("--onto", default="", help="The branch (default: main or master).")
@click.option("--room", default=ROOM, show_default=True, help="The room to work in, if it is open here.")
@click.option("--isolation", default="", help="plain, bubblewrap or container (default: bubblewrap where it works).")
@click.option("--model", default="", help="The model the agents shall use.")
@click.option("--sessions", type=click.IntRange(1), help="Stop after so many sessions of all agents together.")
@click.option("--time", "seconds", type=click.FloatRange(0), help="Begin no session after so many seconds.")
@click.option("--usd", type=click.FloatRange(0), help="Stop once so much is spent, as the agents report.")
@click.option("--tokens", type=click.IntRange(1), help="Stop once so many are used, in and out, as the agents report.")
@click.option("--price", default="", help=PRICE_SAID)
@click.option("--session-time", default=3_600.0, show_default=True, help="Seconds for one session.")
@click.option("--ttl", type=click.FloatRange(1, 3_600), default=600.0, show_default=True, help="A claim's, in seconds.")
@click.option("--until-done", is_flag=True, help="End when nothing is left to do, instead of waiting for more.")
@click.option("--state", type=click.Path(path_type=Path), help="Where the agents' places are kept.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def loop(**given: Any) -> None:
    """Let agents work on a repository without end: each session fresh, on one thing that is claimed, landed if green.

    \b
    coroom loop --agents 4 --agent claude                    failing tests, until you stop it
    coroom loop --tasks todo.md --until-done --usd 20        a list, then end
    coroom loop --role core-developer --role documentation   roles in turn; coroom roles shows them

    Needs no server: claims are refs in the shared git remote, so that any number of machines may do the same. Where a
    room is open (coroom up) the agents join it: its tasks, its claims and what is said there count too. When there is
    nothing to do no model is called. Ctrl-C stops it and loses nothing: what is unfinished is kept in
    refs/coroom/wip, the claims are given up, and the same call goes on.
    """  # noqa: D301  click wants the character itself
    asked = Asked(**given)
    members = _crew(asked)
    failed, stopped = dict[str, str](), 0
    try:
        failed = until_stopped(run_all([(one.name, one.loop) for one in members]))
    except StoppedError as signal:
        stopped = signal.exit_code
        click.echo("Stopped. What was unfinished is in refs/coroom/wip; the same call goes on.", err=True)
    (print_document if asked.as_document else print_words)(members, failed)
    raise SystemExit(stopped or (1 if failed else 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says."""

    directory: Path
    agents: int
    kinds: tuple[str, ...]
    role_names: tuple[str, ...]
    name: str
    tasks: str | None
    test: str
    test_time: float
    remote: str
    onto: str
    room: str
    isolation: str
    model: str
    sessions: int | None
    seconds: float | None
    usd: float | None
    tokens: int | None
    price: str
    session_time: float
    ttl: float
    until_done: bool
    state: Path | None
    as_document: bool


def _crew(asked: Asked) -> list[Member]:
    """The agents that are asked for, each at its place and, where there is a room, with a seat in it.

    Raises:
        WrongCallError: something asked for is not there, or cannot be.
    """
    kinds, api = asked.kinds or ("claude",), _api()
    # What is wrong with the call itself is said first, before anything is looked for in the repository.
    bounds, spent = _bounds(asked, kinds), Spent()
    adapters = [_adapter(kind, asked.model) for kind in kinds]
    isolatings = [isolated_for(kind, one, api, asked.isolation) for kind, one in zip(kinds, adapters, strict=True)]
    repository = any_repository_at(asked.directory)
    known = _roles(repository)
    chosen = [_role(known, one) for one in asked.role_names or (DEFAULT_ROLE,)]
    listed = tasks_given(asked.tasks)
    place, branch, address = _ground(repository, asked.remote, asked.onto, asked.state)
    test = asked.test or _found_test(repository)
    running = _room(repository, asked.room)
    confined = confined_tests(repository, asked.isolation, (), None)
    manner = Manner(
        role=chosen[0],
        model=asked.model or None,
        api=api,
        test=test,
        test_s=asked.test_time,
        ttl_ms=int(asked.ttl * 1000),
        tasks=listed,
        until_done=asked.until_done,
        shared=place / "shared",
        isolation=asked.isolation,
        confined=confined,
    )
    members = []
    for number in range(max(asked.agents, len(kinds))):
        kind, role = kinds[number % len(kinds)], chosen[number % len(chosen)]
        agent = _name(asked.name, kind, number)
        adapter = _adapter(kind, asked.model)
        kind_of_ids = repository.object_format
        own = Place(agent=agent, root=place / agent, remote=address, branch=branch, object_format=kind_of_ids)
        isolating = readable_for(isolatings[number % len(kinds)], adapter, own.hub.directory)
        sessions = Sessions(agent=agent, adapter=adapter, isolating=isolating, home=own.home)
        room = _seated(running, agent, role, kind) if running else None
        work = AgentLoop(own, sessions, replace(manner, role=role), bounds, spent, _shower(agent), room)
        members.append(Member(name=agent, loop=work, in_force=tuple(isolating.launcher.in_force)))
        where = f", in the room '{asked.room}' as {role.room_role.value}" if room else ""
        launched = isolating.launcher
        click.secho(f"{agent}: {role.name}{where}, {launched.isolation.value}. {' '.join(launched.in_force)}", err=True)
    click.secho(confined.said, err=True)
    return members


def _room(repository: Repository, name: str) -> Running | None:
    """The room over the repository, if one is being served."""
    kept = state_directory(repository, name)
    if Serving.read(kept) is None:
        return None
    running = running_room(repository.toplevel, name)
    if not running.url.startswith("http"):
        raise WrongCallError(
            f"The room '{name}' is served on a Unix socket, which a loop does not reach. Serve it on a port (coroom up "
            "without --socket), or name another room with --room."
        )
    return running


def _seated(running: Running, agent: str, role: RoleFile, kind: str) -> RoomSeat:
    told = admit(running, agent, role.room_role.value, kind.partition(":")[0])
    return RoomSeat(running.url, str(told["token"]))


def _bounds(asked: Asked, kinds: Sequence[str]) -> Bounds:
    """The bounds, with a price where a client tells of tokens and not of money: a bound that never comes is none."""
    try:
        price = parse_price(asked.price)
    except PriceError as problem:
        raise WrongCallError(str(problem)) from problem
    wordless = next((one.partition(":")[0] for one in kinds if one.startswith(COMMAND)), "")
    if wordless and (asked.usd is not None or asked.tokens is not None):
        why = f"A {wordless} tells neither what it costs nor how many tokens it used."
        raise WrongCallError(f"{why} Bound it with --sessions, --time and --session-time.")
    if asked.usd is not None and (missing := price_missing(kinds, asked.price)):
        raise WrongCallError(missing)
    return Bounds(
        sessions=asked.sessions,
        seconds=asked.seconds,
        usd=asked.usd,
        tokens=asked.tokens,
        price=price,
        session_s=asked.session_time,
    )


def _ground(repository: Repository, remote: str, onto: str, state: Path | None) -> tuple[Path, str, str]:
    try:
        goal = destination_of(repository, remote, onto)
    except GitFailed as failed:
        raise WrongCallError(f"The remote does not answer: {failed.why}. Check it with: git remote -v") from failed
    if isinstance(goal, Refused):
        raise WrongCallError(str(goal))
    name = repository.toplevel.name
    if not goal.url:
        raise WrongCallError(
            "This repository has no remote, and a loop lands on one. Make one beside it: "
            f"git clone --bare . ../{name}.git && git remote add origin ../{name}.git"
        )
    place = state or goal.directory.parent.parent.parent / "loops" / goal.directory.parent.name
    return place.absolute(), goal.onto, goal.url


def _found_test(repository: Repository) -> str:
    found = find_command(repository.toplevel, checkout=repository.toplevel)
    if isinstance(found, NoCommand):
        raise WrongCallError(f"{found.why} {found.next_step}")
    return found.shown


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


def _adapter(kind: str, model: str) -> AgentAdapter:
    if kind.startswith(TAPE) or kind in {"builtin", "opencode", "gemini"}:
        raise WrongCallError(f"'{kind}' works in a room only: coroom run. A loop starts claude, codex or command:….")
    return adapter_for(kind, model, "")


def _shower(agent: str) -> Callable[[str], None]:
    return lambda text: click.echo(f"{agent}: {one_line(text, 300)}", err=True)
