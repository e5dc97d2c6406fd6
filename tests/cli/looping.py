"""A repository with two failing tests and a shared remote, and `coroom loop` over it."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.commands import Place, place_at
from tests.git.repositories import git

from coroom.agents.adapter import AgentAdapter
from coroom.agents.command_line import CommandLine
from coroom.agents.role_files import roles
from coroom.run.isolating import Isolating
from coroom.run.loop.agent import AgentLoop
from coroom.run.loop.bounds import Bounds, Spent
from coroom.run.loop.peers import RoomSeat
from coroom.run.loop.place import Place as AgentPlace
from coroom.run.loop.sessions import Sessions
from coroom.run.loop.turn import Manner

FILES = {
    "check.sh": b"#!/bin/sh\nfor n in a b c; do\n"
    b'grep -q good $n.txt && echo "ok $n" || { echo "not ok 1 - $n"; bad=1; }\ndone\nexit ${bad:-0}\n',
    "a.txt": b"bad\n",
    "b.txt": b"bad\n",
    "c.txt": b"good\n",
}
MENDS = "echo good > ${COROOM_TASK#test:}.txt"


def loop_place(root: Path) -> Place:
    place = place_at(root, FILES)
    git(root, "clone", "--quiet", "--bare", str(place.repository), "shared.git")
    git(place.repository, "remote", "add", "origin", str(root / "shared.git"))
    git(place.repository, "fetch", "--quiet", "origin")
    return place


def shared(place: Place, *words: str) -> str:
    return git(place.root / "shared.git", *words)


def looped(place: Place, command: str, *more: str, agents: int = 1) -> tuple[str, ...]:
    agent = f"command:sh -c '{command}'"
    words = ("loop", "--agent", agent, "--agents", str(agents), "--test", "sh check.sh", "--name", "x")
    return (*words, "--isolation", "plain", "--json", *more)


def landed_in(place: Place) -> list[str]:
    """The tasks that main says have landed, each as often as it has."""
    form = "--format=%(trailers:key=Coroom-Task,valueonly,separator=%x20)"
    return shared(place, "log", form, "--first-parent", "main").split()


def agent_loop(
    place: Place,
    command: str,
    *,
    show: Callable[[str], None] = lambda _text: None,
    room: RoomSeat | None = None,
    bounds: Bounds | None = None,
    test: str = "sh check.sh",
    test_s: float = 1_800.0,
    adapter: AgentAdapter | None = None,
) -> AgentLoop:
    """The loop of one agent, x-1, in this process. The gate is kept where XDG_STATE_HOME says."""
    root = place.root / "loops" / "x-1"
    started = adapter or CommandLine(("sh", "-c", command))
    sessions = Sessions(agent="x-1", adapter=started, isolating=Isolating(), home=root / "home")
    role = roles(place.root)["core-developer"]
    shared_place = place.root / "loops" / "shared"
    manner = Manner(role=role, test=test, test_s=test_s, until_done=True, shared=shared_place, isolation="plain")
    own = AgentPlace(agent="x-1", root=root, remote=str(place.root / "shared.git"), branch="main")
    return AgentLoop(own, sessions, manner, bounds or Bounds(), Spent(), show, room)


def kept_of(place: Place, agent: str = "x-1") -> list[str]:
    """The refs with what sessions of an agent had not finished."""
    return shared(place, "for-each-ref", "--format=%(refname)", f"refs/coroom/wip/{agent}-*").split()
