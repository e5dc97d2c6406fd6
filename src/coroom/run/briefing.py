"""What agents have to coordinate by, and what those are told first that have no room to speak of."""

from collections.abc import Sequence
from enum import StrEnum

from coroom.core.command import PostTask


class Coordination(StrEnum):
    """What the agents of a run coordinate by: the whole room, words in their prompt, or nothing but the files."""

    ROOM = "room"
    PROMPT = "prompt"
    NONE = "none"


_ALONE = "You are at work on the repository in your working directory. Do all of the following."

_BESIDE = """You are {agent}, one of {count} agents at work on one repository at the same time: {names}.
All were given the same list. Your working directory is yours; what the others write appears in it as they write it.
Divide the work: of {count} agents you are number {number}, so begin with every {count}th task from number {number} on,
look before each whether its files are there already, then take what is left. Do not undo what others wrote."""

_DESIGN = """You are {agent}, the first of {count} agents that work on one repository one after the other.
You design: write down in DESIGN.md the modules, names and signatures that the following asks for, so that the others
can build on it. Write no implementation."""

_BUILD = """You are {agent}, number {number} of {count} agents that work on one repository one after the other.
You build: read DESIGN.md and what others have written, and do what is not there yet of the following."""

_REVIEW = """You are {agent}, the last of {count} agents that work on one repository one after the other.
You review: read what the others have written, compare it with the following, and mend what is wrong or missing."""

_ENDING = "Do not commit, push, switch branches or change git settings. End your turn when all of it is done."


def first_words(
    names: Sequence[str], place: int, tasks: Sequence[PostTask], coordination: Coordination, *, in_turn: bool
) -> str:
    """What the agent at `place` (from 0) of `names` is told at the beginning, where it has no board to ask."""
    head = _ALONE
    if in_turn and len(names) > 1:
        head = _DESIGN if place == 0 else _REVIEW if place == len(names) - 1 > 1 else _BUILD
    elif coordination is Coordination.PROMPT and len(names) > 1:
        head = _BESIDE
    told = head.format(agent=names[place], count=len(names), number=place + 1, names=", ".join(names))
    listed = [f"{number}. {_task(task)}" for number, task in enumerate(tasks, start=1)]
    return "\n\n".join([" ".join(told.split()), *listed, _ENDING]) + "\n"


def _task(task: PostTask) -> str:
    files = f" (files: {', '.join(str(one) for one in task.touches)})" if task.touches else ""
    return f"{task.title}{files}" + (f"\n{task.description}" if task.description else "")
