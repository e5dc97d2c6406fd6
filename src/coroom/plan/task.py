"""What is planned: tasks, and what each of them will touch."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from coroom.core.resource import Resource
from coroom.plan.index import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTask:
    """One piece of work as it is given. `seconds` is how long it is thought to take, None when nobody says."""

    id: str
    title: str
    description: str = ""
    touches: tuple[Resource, ...] = ()
    after: tuple[str, ...] = ()
    seconds: float | None = None


class Touch(NamedTuple):
    """One definition or file that a task will change.

    `known` is whether the index has it: what is not there yet will be made. `whole` says that of this file nothing is
    known but its name, so any part of it may be meant. `lines` are the first and the last line, from 1, where they are
    said; of lines that are put in between two, the lower and the upper of these two.
    """

    place: Place
    known: bool
    whole: bool = False
    lines: tuple[int, int] | None = None


class Impossible(NamedTuple):
    """A declared resource that cannot be, and why, how it is planned all the same, and how it should be."""

    resource: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFootprint:
    """What a task will change, as far as it is known.

    `predicted` is whether it was guessed from words; `unknown` are declared resources that nothing in the repository
    answers to, `impossible` those of a file that is there and has no such part; `others` declared resources that are
    no files.
    """

    task: PlanTask
    touches: frozenset[Touch]
    predicted: bool = False
    unknown: tuple[str, ...] = ()
    impossible: tuple[Impossible, ...] = ()
    others: tuple[Resource, ...] = ()
    words: frozenset[str] = field(default_factory=frozenset)

    @property
    def paths(self) -> frozenset[str]:
        """The files that it touches."""
        return frozenset(each.place.path for each in self.touches)


_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_IDLE = frozenset(
    {"the", "and", "for", "with", "are", "not", "but", "its", "fix", "add", "use", "remove", "update", "from", "when"}
    | {"this", "that", "into", "more", "new", "support", "allow", "close", "closes", "ref", "refs", "merge", "pull"}
    | {"request", "test", "tests", "doc", "docs", "make", "bug", "issue"}
)


def words_in(text: str) -> frozenset[str]:
    """The words of a sentence or a name as they are compared: small letters, singular, without idle ones."""
    parts = (part.lower() for word in _WORD.findall(text) for part in _PART.findall(word))
    plain = (part[:-1] if part.endswith("s") and len(part) > 3 else part for part in parts)
    return frozenset(part for part in plain if len(part) > 2 and part not in _IDLE)


def names_in(text: str) -> frozenset[str]:
    """The words of a text that could be names, as they are written."""
    return frozenset(_WORD.findall(text))
