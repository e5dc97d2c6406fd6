"""A trial made ready: a repository with what agents begin with, the tasks, and the command that sets them to work."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coroom.evaluate.campaign import Budget
from coroom.evaluate.conditions import Condition
from coroom.evaluate.real.assignment import Assignment
from coroom.git.command import Git

ROOM = "run"
"""What the room of every trial is called."""

IDENTITY = {"user.name": "coroom evaluate", "user.email": "evaluate@coroom.local", "commit.gpgSign": "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who works in every trial: `kinds` as `coroom run --agent` takes them.

    `price` is that of their model's tokens, as `coroom run --price` takes it; `silence_s` is how long
    nothing may come from an agent before it counts as hanging.
    """

    kinds: tuple[str, ...]
    model: str = ""
    isolation: str = ""
    price: str = ""
    silence_s: float = 300.0

    @property
    def label(self) -> str:
        """One word for it, as it stands in keys and tables."""
        word, _, rest = self.kinds[0].partition(":")
        named = Path(rest.split()[0]).stem if rest else self.model.rpartition(":")[2]
        return f"{word}:{named}" if named else word

    @property
    def tapes(self) -> int:
        """How many tapes are played; each is one agent."""
        return sum(kind.startswith("tape:") for kind in self.kinds)


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one attempt at a trial."""

    root: Path

    @property
    def repository(self) -> Path:
        """Where the agents' clones come from."""
        return self.root / "repository"

    @property
    def mirrors(self) -> Path:
        """Below it the agents' directories."""
        return self.root / "mirrors"

    @property
    def tasks(self) -> Path:
        """The list that `coroom run` is given."""
        return self.root / "tasks.json"

    @property
    def room(self) -> Path:
        """What the room keeps: its log, its page, tapes, and what the agents printed."""
        return self.repository / ".git" / "coroom" / ROOM

    @property
    def printed(self) -> Path:
        """What `coroom run` said for people."""
        return self.root / "run.log"


def make_ready(place: Place, assignment: Assignment) -> str:
    """Make the repository and the list of tasks in an empty folder. Returns the commit that the agents begin with."""
    for path, content in assignment.start.items():
        target = place.repository / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    git = Git(place.repository)
    git.run("init", "--quiet", "--initial-branch=main")
    git.run("add", "--all", "--force")
    git.run("commit", "--quiet", "--message=What the task begins with", config=IDENTITY)
    place.tasks.write_text(json.dumps(list(assignment.listed), indent=1), encoding="utf-8")
    return git.line("rev-parse", "HEAD")


def argv(place: Place, condition: Condition, agents: int, crew: Crew, budget: Budget) -> Sequence[str]:
    """The `coroom run` of a trial: every condition is its switches."""
    words = [sys.executable, "-m", "coroom.cli", "run", str(place.tasks), "--directory", str(place.repository)]
    words += ["--room", ROOM, "--mirrors", str(place.mirrors), "--no-plan", "--no-land", "--json"]
    words += ["--self-test", "--leash", "--agents", str(agents), "--silence", f"{crew.silence_s:g}"]
    words += ["--policy", condition.policy if condition.shared else "isolated"]
    words += ["--coordination", "room" if condition.tools else "prompt" if condition.prompted else "none"]
    words += ["--in-turn"] if condition.roles else []
    words += ["--limit", budget.limit()]
    for kind in crew.kinds:
        words += ["--agent", kind]
    words += ["--model", crew.model] if crew.model else []
    words += ["--isolation", crew.isolation] if crew.isolation else []
    words += ["--price", crew.price] if crew.price else []
    return words
