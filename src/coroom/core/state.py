"""The room as it stands: what `evolve` makes and `decide` reads."""

from collections.abc import Iterable, Mapping
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, TypeVar

from coroom.core.action import Action
from coroom.core.agent import Agent, Presence
from coroom.core.check import Finding, Verdict
from coroom.core.claim import Claim, Mode
from coroom.core.file import SHARED_LINE, FileVersion, HeldEdit, HeldState
from coroom.core.holdings import NOTHING_HELD, NOWHERE, Holdings, Places, brought_to, placed
from coroom.core.limits import Limits
from coroom.core.notice import Notice
from coroom.core.ordering.call import Order
from coroom.core.quick import dataclass
from coroom.core.resource import Resource
from coroom.core.table import Table
from coroom.core.task import Task
from coroom.core.tool import MadeTool, Stray

__all__ = ["EARLIER", "NOTHING_SPENT", "Landing", "RoomState", "Spent", "Wanted", "but"]


T = TypeVar("T")
_RANK, _OPENED = attrgetter("rank"), attrgetter("opened_seq")
_HOLDINGS, _PLACES, _ASKED = "_holdings", "_places", "_asked"
_OPERATION = itemgetter(0)
_Known = tuple[tuple[str, ...], ...]
_NOTHING_ASKED: Mapping[str, tuple[_Known, frozenset[str]]] = {}
_FEW_CLAIMS = 24
"""So many are looked at in the time that it takes to find out which."""

_new, _set = object.__new__, object.__setattr__
_NO_FILES: Table[FileVersion] = Table()
_NO_READS: Table[int] = Table()

EARLIER = "earlier"
"""Marks an answer that an agent got before it joined again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A refused claimant, first come first told when the resources are free."""

    agent: str
    resources: tuple[Resource, ...]
    mode: Mode


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a ref stands since a landing."""

    ref: str
    commit: str
    tree: str
    tasks: tuple[str, ...]
    version: int
    seq: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What an agent's clients have said that they used; money in millionths of a US dollar."""

    input_tokens: int
    output_tokens: int
    cost_micro_usd: int


NOTHING_SPENT = Spent(0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class RoomState:
    """A fold of a prefix of the log; equal prefixes give equal states, byte for byte when encoded.

    `numbered` is the last number that was given to a notice, task, claim or call, `version` the last that was given to
    a file. `notices` are the last ones, for whoever looks at the room; an agent's unread ones are named in `inboxes`,
    and `letters` has those that are in any inbox. `wanted` are refused claimants, who are told when it is free. `reads`
    has by agent and path the version that it saw last, `operations` by agent what its operation ids were answered.
    `landings_held` is why none may begin, empty when they may. `order` is all that is known of calls on live state.
    """

    seq: int = 0
    now_ms: int = 0
    room: str = ""
    policy: str = "open"
    repository: str = ""
    commit: str = ""
    closed: bool = False
    limits: Limits = Limits()
    numbered: int = 0
    fence: int = 0
    version: int = 0
    agents: Table[Agent] = Table()
    claims: Table[Claim] = Table()
    wanted: tuple[Wanted, ...] = ()
    tasks: Table[Task] = Table()
    notices: tuple[Notice, ...] = ()
    inboxes: Table[tuple[str, ...]] = Table()
    letters: Table[Notice] = Table()
    reads: Table[Table[int]] = Table()
    lines: Table[Table[FileVersion]] = Table()
    held: Table[HeldEdit] = Table()
    findings: Table[Finding] = Table()
    verdicts: Table[Verdict] = Table()
    actions: Table[Action] = Table()
    landings: tuple[Landing, ...] = ()
    landings_held: str = ""
    spent: Table[Spent] = Table()
    tools: Table[MadeTool] = Table()
    strays: tuple[Stray, ...] = ()
    operations: Table[tuple[tuple[str, ...], ...]] = Table()
    order: Order = Order()

    def files(self, line: str = SHARED_LINE) -> Table[FileVersion]:
        """The accepted versions on a line, by path; absent ones stay in it as tombstones."""
        return self.lines.get(line, _NO_FILES)

    def head(self, path: str, line: str = SHARED_LINE) -> FileVersion | None:
        """The accepted version of `path` on a line, if it ever had one."""
        return self.files(line).get(path)

    def reads_of(self, agent: str) -> Table[int]:
        """The version of each path that the agent has last seen."""
        return self.reads.get(agent, _NO_READS)

    def claims_of(self, agent: str) -> tuple[Claim, ...]:
        """The agent's claims, oldest first."""
        return self.holdings().of.get(agent, ())

    def holdings(self) -> Holdings:
        """Who holds what and until when."""
        own = self.__dict__
        known: Holdings = own.get(_HOLDINGS, NOTHING_HELD)
        if known.claims is not self.claims:
            own[_HOLDINGS] = known = brought_to(known, self.claims)
        return known

    def claims_near(self, wanted: Iterable[Resource]) -> Iterable[Claim]:
        """The claims among which are all that may overlap what is wanted, in the order of their names."""
        if len(self.claims) <= _FEW_CLAIMS:
            return [claim for _, claim in self.claims.ordered()]
        own = self.__dict__
        known: Places = own.get(_PLACES, NOWHERE)
        if known.claims is not self.claims:
            own[_PLACES] = known = placed(known, self.claims)
        return known.near(wanted)

    def has_asked(self, agent: str, operation: str) -> bool:
        """Whether the agent may have been answered for that operation id before; a no is certain, and nearly always
        the answer.
        """
        own, known = self.__dict__, self.operations.get(agent, ())
        asked = own.get(_ASKED, _NOTHING_ASKED)
        before = asked.get(agent)
        if before is None or before[0] is not known:
            before = known, _names(known, before)
            own[_ASKED] = {**asked, agent: before}
        return operation in before[1]

    def open_held(self, agent: str = "", path: str = "") -> tuple[HeldEdit, ...]:
        """Held edits still open, oldest first, of one agent and path where given."""
        found = [
            held
            for _, held in self.held.ordered()
            if held.state is HeldState.OPEN and agent in ("", held.agent) and path in ("", held.path)
        ]
        return tuple(sorted(found, key=_OPENED))

    def distrusted(self, tool: str) -> bool:
        """Whether a call of the tool was caught touching more than it declared: then it is gated."""
        return any(stray.tool == tool for stray in self.strays)

    def inbox(self, agent: str) -> tuple[Notice, ...]:
        """The notices the agent has not read, oldest first."""
        return tuple([self.letters[notice] for notice in self.inboxes.get(agent, ())])

    def present(self) -> tuple[Agent, ...]:
        """The agents that have not left, in rank order."""
        here = [agent for _, agent in self.agents.ordered() if agent.presence is not Presence.LEFT]
        return tuple(sorted(here, key=_RANK))


def _names(known: _Known, before: tuple[_Known, frozenset[str]] | None) -> frozenset[str]:
    """The operation ids of these answers, and perhaps some that are kept no longer, from those of other answers."""
    if before and before[0] and len(known) > 1 and known[-2] is before[0][-1] and len(before[1]) < 2 * len(known):
        return before[1] | {known[-1][0]}
    return frozenset(map(_OPERATION, known))


if TYPE_CHECKING:
    from dataclasses import replace as but
else:

    def but(record: T, **changes: object) -> T:
        """The record with these fields changed: `dataclasses.replace` for the checker, and several times as fast,
        since every event of every replay passes here. For records without slots: the state, agents, claims, tasks.
        """
        fresh = _new(record.__class__)
        _set(fresh, "__dict__", record.__dict__ | changes)
        return fresh
