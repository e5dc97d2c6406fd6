"""How a run was arranged, kept beside its room, so that `--resume` needs nothing said again."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coroom.core.codec import Json
from coroom.core.command import PostTask
from coroom.core.errors import Fault
from coroom.run.board import BoardError, entries_of, tasks_of
from coroom.run.briefing import Coordination

FILE = "run.json"

LATER = frozenset({"test_reads"})
"""What an older run has not written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What a person chose for a run. `crew` are the names of the agents that it started; `test_reads` and `test_gib`
    are what isolated tests may read and take, 0 for the usual.
    """

    kinds: tuple[str, ...] = ("claude",)
    agents: int = 2
    model: str = ""
    evaluator: str = ""
    budget: str = ""
    price: str = ""
    policy: str = "open"
    mirrors: str = ""
    branch: str = ""
    test: str = ""
    types: str = "off"
    resolve: str = "auto"
    land: bool = True
    isolation: str = ""
    test_reads: tuple[str, ...] = ()
    test_gib: float = 0.0
    tools: str = ""
    coordination: Coordination = Coordination.ROOM
    in_turn: bool = False
    toolsmith: str = ""
    crew: tuple[str, ...] = ()
    tasks: tuple[PostTask, ...] = ()

    def changed(self, **given: Any) -> "Arrangement":
        """The same, with whatever is given and not None in place of what was."""
        return replace(self, **{name: value for name, value in given.items() if value is not None})

    def with_tasks(self, more: Sequence[PostTask]) -> "Arrangement":
        """The same with further tasks, each with an id; one that is there already is not added again."""
        tasks = list(self.tasks)
        for task in more:
            if all(known.title != task.title and known.task != (task.task or None) for known in tasks):
                tasks.append(replace(task, task=task.task or _free_id(tasks)))
        return replace(self, tasks=tuple(tasks))

    def write(self, directory: Path) -> None:
        """Keep it. A reader finds the old or the new one, never half of it."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        document: dict[str, Json] = {
            "kinds": list(self.kinds),
            "agents": self.agents,
            "model": self.model,
            "evaluator": self.evaluator,
            "budget": self.budget,
            "price": self.price,
            "policy": self.policy,
            "mirrors": self.mirrors,
            "branch": self.branch,
            "test": self.test,
            "types": self.types,
            "resolve": self.resolve,
            "land": self.land,
            "isolation": self.isolation,
            "test_reads": list(self.test_reads),
            "test_gib": self.test_gib,
            "tools": self.tools,
            "coordination": self.coordination.value,
            "in_turn": self.in_turn,
            "toolsmith": self.toolsmith,
            "crew": list(self.crew),
            "tasks": entries_of(self.tasks),
        }
        fresh = directory / f"{FILE}.new"
        fresh.write_text(json.dumps(document, indent=1), encoding="utf-8")
        fresh.replace(directory / FILE)

    @staticmethod
    def read(directory: Path) -> "Arrangement | None":
        """What was kept there, None when nothing was.

        Raises:
            Fault: it is damaged.
        """
        try:
            found = json.loads((directory / FILE).read_text(encoding="utf-8"))
            return _arranged(found)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, BoardError) as problem:
            message = f"{directory / FILE} is damaged ({problem}); remove it and give the options again"
            raise Fault(message) from problem


def _free_id(tasks: Sequence[PostTask]) -> str:
    """An id that a room would not give by itself, so that posting twice is posting once."""
    taken = {task.task for task in tasks}
    return next(name for name in (f"task-{number}" for number in itertools.count(1)) if name not in taken)


def _arranged(found: Mapping[str, object]) -> Arrangement:
    def texts(name: str) -> tuple[str, ...]:
        value = found.get(name, []) if name in LATER else found[name]
        if not isinstance(value, list):
            raise TypeError(name)
        return tuple(str(one) for one in value)

    return Arrangement(
        kinds=texts("kinds"),
        agents=int(str(found["agents"])),
        model=str(found["model"]),
        evaluator=str(found.get("evaluator", "")),
        budget=str(found["budget"]),
        price=str(found.get("price", "")),
        policy=str(found["policy"]),
        mirrors=str(found["mirrors"]),
        branch=str(found["branch"]),
        test=str(found["test"]),
        types=str(found.get("types", "off")),
        resolve=str(found.get("resolve", "auto")),
        land=bool(found["land"]),
        isolation=str(found.get("isolation", "")),
        test_reads=texts("test_reads"),
        test_gib=float(str(found.get("test_gib", 0))),
        tools=str(found.get("tools", "")),
        coordination=Coordination(str(found.get("coordination", "room"))),
        in_turn=bool(found.get("in_turn", False)),
        toolsmith=str(found.get("toolsmith", "")),
        crew=texts("crew"),
        tasks=tuple(tasks_of(found["tasks"])) if found["tasks"] else (),
    )
