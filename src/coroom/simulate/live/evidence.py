"""What a run on live state leaves behind for the checkers: the raw log, and what the world outside saw."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from coroom.simulate.history import History
from coroom.simulate.schedule.script import Schedule


class Deed(NamedTuple):
    """A tool acted: what it was asked, and how much of the log was durable then."""

    what: str
    head: int


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything the checkers of live state may look at. Somebody outside wrote on `touched_outside`, and was the last
    to do so on `meddled`.
    """

    history: History
    schedule: Schedule
    policy: str
    born_as: dict[str, str] = field(default_factory=dict)
    final: Mapping[str, int] = field(default_factory=dict)
    sent: list[tuple[str, str, int]] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    meddled: dict[str, int] = field(default_factory=dict)
    touched_outside: set[str] = field(default_factory=set)
    can_fail: bool = False
