"""The raw log of a run on live state, read once: who wrote and read what where, and what stands at the end.

Knows integers and JSON, nothing of the core.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from coroom.simulate.live.evidence import Evidence

Body = dict[str, Any]
Key = tuple[int, ...]
ADDS = "add"
COMMUTING = frozenset({"add"})
"""The tools whose calls commute with one another; those with a forced class do not."""


@dataclass(slots=True)
class Write:
    """A call that acted and stands: what it wrote, when it last acted, and where it stands in the serial order."""

    call: str
    agent: str
    tool: str
    position: Key
    values: dict[str, int]
    acted: int = 0
    key: Key = ()

    @property
    def commutes(self) -> bool:
        """Whether it commutes with others of its kind."""
        return self.tool in COMMUTING

    def after(self, name: str, value: int) -> int:
        """What the object is once it has acted."""
        return self.values[name] + (value if self.tool.startswith(ADDS) else 0)


@dataclass(slots=True)
class Read:
    """A call that looked at one object; `given` is all that its agent was told it is, the last at the end."""

    call: str
    agent: str
    object: str
    position: Key
    seq: int
    given: list[int] = field(default_factory=list)
    key: Key = ()


@dataclass(slots=True, kw_only=True)
class Told:
    """A notice: what it said, and what stood there below its reader when it was said."""

    notice: str
    agent: str
    call: str
    said: str
    held: str
    true: int
    open: bool = True


class Ledger:
    """One run's log, folded."""

    def __init__(self, evidence: Evidence) -> None:
        self.first = dict(evidence.schedule.objects)
        self.ordered = evidence.policy in {"preorder", "serial"}
        self.writes: dict[str, Write] = {}
        self.standing: dict[str, Write] = {}
        self.reads: dict[str, Read] = {}
        self.started: dict[str, int] = {}
        self.planned: dict[str, int] = {}
        self.told: dict[str, Told] = {}
        self.wrongly_judged: list[str] = []
        self.ranks: dict[str, Key] = {}
        self.left: set[str] = set()
        self.committed: list[str] = []
        self.fenced: set[str] = set()
        self.acted_for_good: set[str] = set()
        for line in evidence.history.lines:
            change = getattr(self, "_" + line.kind.replace("-", "_"), None)
            if change:
                change(json.loads(line.body), line.seq, line.by)
        self._place()

    def _agent_joined(self, body: Body, _seq: int, _by: str) -> None:
        self.ranks.setdefault(body["agent"], tuple(body["rank"]))

    def _agent_ranked(self, body: Body, _seq: int, _by: str) -> None:
        self.ranks[body["agent"]] = tuple(body["rank"])

    def _call_placed(self, body: Body, seq: int, _by: str) -> None:
        given = json.loads(body["arguments"])
        values = {} if body["tool"] == "send" else given
        self.writes[body["call"]] = Write(body["call"], body["agent"], body["tool"], tuple(body["position"]), values)
        self.reads.pop(body["replaces"], None)
        self._repair_begun(body, seq, _by)
        if body["attempt"]:
            self._call_started(body, seq, _by)

    def _repair_begun(self, body: Body, seq: int, _by: str) -> None:
        for step in body["steps"]:
            self.planned.setdefault(f"{step['kind']} {step['call']}", seq)

    def _call_read(self, body: Body, seq: int, _by: str) -> None:
        name = json.loads(body["arguments"])["object"]
        read = Read(body["call"], body["agent"], name, tuple(body["position"]), seq, [int(body["result"])])
        self.reads.pop(body["replaces"], None)
        self.reads[read.call] = read

    def _call_started(self, body: Body, seq: int, _by: str) -> None:
        self.started.setdefault(f"{body['call']} {body['attempt']}", seq)

    def _call_finished(self, body: Body, seq: int, _by: str) -> None:
        write = self.writes[body["call"]]
        write.acted = seq
        self.standing[write.call] = write

    def _call_undone(self, body: Body, _seq: int, _by: str) -> None:
        self.standing.pop(body["call"], None)
        self.reads.pop(body["call"], None)

    def _call_fenced(self, body: Body, _seq: int, _by: str) -> None:
        self.fenced |= {one["name"] for one in body["resources"]}
        for call in (body["call"], *body["also"]):
            self.standing.pop(call, None)

    def _order_noticed(self, body: Body, _seq: int, _by: str) -> None:
        read = self.reads.get(body["call"])
        if read and body["cause"] == "changed":
            if body["renews"] in self.told:
                self.told[body["renews"]].open = False
            true = self.below(read.position, read.object, by_position=True)
            self.told[body["notice"]] = Told(
                notice=body["notice"],
                agent=body["agent"],
                call=body["call"],
                said=body["value"],
                held=str(read.given[-1]),
                true=true,
            )

    def _order_notices_handed(self, body: Body, _seq: int, _by: str) -> None:
        for told in (self.told[name] for name in body["notices"] if name in self.told):
            read = self.reads.get(told.call)
            if read and told.said:
                read.given.append(int(told.said))

    def _order_notices_judged(self, body: Body, _seq: int, by: str) -> None:
        for name in body["notices"]:
            told = self.told.get(name)
            if told:
                told.open = False
                if by != told.agent:
                    self.wrongly_judged.append(name)

    def _order_notices_withdrawn(self, body: Body, _seq: int, _by: str) -> None:
        for name in body["notices"]:
            if name in self.told:
                self.told[name].open = False

    def _agent_abandoned(self, body: Body, _seq: int, _by: str) -> None:
        self.left.add(body["agent"])
        self._forget(body["agent"])

    def _agent_restarted(self, body: Body, _seq: int, _by: str) -> None:
        self._forget(body["agent"])

    def _forget(self, agent: str) -> None:
        self.reads = {call: read for call, read in self.reads.items() if read.agent != agent}
        for told in self.told.values():
            told.open = told.open and told.agent != agent

    def _order_committed(self, body: Body, _seq: int, _by: str) -> None:
        self.committed += [name for name in body["agents"] if name not in self.committed]

    def _place(self) -> None:
        """Where each call stands in the serial order: by position, or by when its agent was final and then by time."""
        final = dict(zip(self.committed, count(), strict=False))
        for write in self.writes.values():
            write.key = write.position if self.ordered else (final.get(write.agent, len(final)), write.acted)
        for read in self.reads.values():
            read.key = read.position if self.ordered else (final.get(read.agent, len(final)), read.seq)

    def on(self, name: str) -> list[Write]:
        """The standing writes on an object, as they last acted."""
        return sorted((w for w in self.standing.values() if name in w.values), key=lambda w: w.acted)

    def below(self, key: Key | None, name: str, *, by_position: bool = False) -> int:
        """What the object is after the standing writes below a place in the serial order; all of them for None."""

        def place(write: Write) -> Key:
            return write.position if by_position else write.key

        value = self.first[name]
        for write in sorted(self.on(name), key=place):
            if key is None or place(write) < key:
                value = write.after(name, value)
        return value

    def object_of(self, call: str) -> str:
        """The object that a call looked at, as long as its agent rests on that."""
        read = self.reads.get(call)
        return read.object if read else ""

    def names(self) -> Iterator[str]:
        """The objects that nothing is fenced on."""
        return (name for name in self.first if name not in self.fenced)
