"""The model of an agent and its mirror: it works, believes what it was told, and may be wrong or late about it."""

from dataclasses import dataclass, field
from functools import lru_cache

from coroom.core import command as c
from coroom.core.action import Effect
from coroom.core.claim import Mode
from coroom.core.errors import Code, Refused
from coroom.core.file import FileKind, FileVersion
from coroom.core.notice import NoticeKind
from coroom.core.quick import maker, of_parts
from coroom.core.resource import Footprint, Resource, Scheme, file
from coroom.core.state import RoomState
from coroom.simulate.chance import Chance
from coroom.simulate.history import History, Intent
from coroom.simulate.room import Answer, Request

PATHS = ("a.py", "b.py", "src/c.py", "src/d.py")
CLAIMABLE = (*(file(path) for path in PATHS), Resource(Scheme.DIR, "src/"), Resource(Scheme.ROW, "db/t/1"))
ROW = Resource(Scheme.ROW, "db/t/1")
MODES = (Mode.EXCLUSIVE, Mode.EXCLUSIVE, Mode.SHARED, Mode.ANNOUNCED)

_request, _intent = maker(Request), of_parts(Intent)
_accept_edit, _claim = maker(c.AcceptEdit), maker(c.ClaimResources)

Text = frozenset[str]
"""A file in the model is a set of lines, so that a merge is two set operations."""


@lru_cache(maxsize=4096)
def text_of(blob: str) -> Text:
    """The lines of a blob; in the model a blob is named by what is in it."""
    return frozenset(blob.split())


def blob_of(text: Text) -> str:
    """The name of a text."""
    return " ".join(sorted(text))


@dataclass(slots=True)
class Mirror:
    """An agent's disk. `known` is what it last heard of the room, `base` what was last put on its disk."""

    known: dict[str, Text] = field(default_factory=dict)
    base: dict[str, Text] = field(default_factory=dict)
    disk: dict[str, Text] = field(default_factory=dict)
    cursor: int = 0

    def hear(self, version: FileVersion) -> None:
        """The room has accepted this."""
        self.known[version.path] = text_of(version.blob)
        self.put(version.path)

    def put(self, path: str) -> None:
        """Put the room's text on the disk, unless the agent has written there since."""
        if self.disk.get(path, frozenset()) == self.base.get(path, frozenset()):
            self.base[path] = self.disk[path] = self.known.get(path, frozenset())

    def write(self, path: str, text: Text) -> None:
        """What the agent's own tool does to its disk."""
        self.disk[path] = text

    def change(self, path: str) -> tuple[Text, Text]:
        """What the agent added to and took out of what was put there."""
        base, disk = self.base.get(path, frozenset()), self.disk.get(path, frozenset())
        return disk - base, base - disk

    def taken_in(self, path: str) -> None:
        """The room has the change, accepted or held: the disk follows the room again."""
        self.disk[path] = self.base[path] = self.known.get(path, frozenset())


class Actor:
    """One agent. It has one request under way at a time, and repeats it until it is answered."""

    def __init__(self, name: str, history: History) -> None:
        self.name = name
        self.incarnation = 1
        self.mirror = Mirror()
        self.pending: Request | None = None
        self.sent: list[Request] = []
        self.stalled = 0
        self.task: str | None = None
        self.held: str | None = None
        self._dirty: str | None = None
        self._handed: tuple[str, ...] = ()
        self._counted = 0
        self._history = history
        history.handed.setdefault(name, [])

    @property
    def secret(self) -> str:
        """The hash of what this incarnation proves itself with."""
        return f"{self.name}/{self.incarnation}"

    def act(self, state: RoomState, salt: int, conflict: str = "hold") -> Request:
        """The next request: what is under way again, what its disk needs, or something new."""
        if self.pending is None:
            return self.ask(self._take_in(state, self._dirty, conflict) if self._dirty else self._chosen(state, salt))
        return self.pending

    def ask(self, command: c.Command) -> Request:
        """Make this the request under way."""
        self._counted += 1
        operation = f"{self.name}.{self._counted}"
        self.pending = _request(self.name, self.incarnation, self.secret, operation, command, self._handed)
        self.sent.append(self.pending)
        return self.pending

    def again(self) -> None:
        """A new incarnation: it knows its disk and nothing else."""
        self.incarnation += 1
        self.pending = None
        self._handed = ()

    def last_needs(self, state: RoomState) -> Request | None:
        """What is left to do when all faults are over: be answered, take in the disk, settle, read; else nothing."""
        if self.pending:
            return self.pending
        if self._dirty:
            return self.ask(self._take_in(state, self._dirty, "hold"))
        held = state.open_held(self.name)
        if held:
            return self.ask(c.DropHeld(held[0].id))
        return self.ask(c.Beat()) if self._handed or state.inboxes.get(self.name) else None

    def _take_in(self, state: RoomState, path: str, conflict: str) -> c.Command:
        """The bridge: merge what is on the disk with what is accepted, or hold it."""
        adds, removes = self.mirror.change(path)
        head = state.head(path)
        theirs = text_of(head.blob) if head else frozenset()
        if removes - theirs and conflict == "hold":
            return self._hold(state, path, "both changed a line")
        held = state.held.get(self.held or "")
        merged = blob_of((theirs - removes) | adds)
        return _accept_edit(
            path=path,
            kind=FileKind.TEXT,
            blob=blob_of(theirs) if removes - theirs else merged,
            written=blob_of(self.mirror.disk[path]),
            expected=head.version if head else 0,
            touched=(file(path),),
            settles=held.id if held and held.path == path else "",
        )

    def _hold(self, state: RoomState, path: str, reason: str) -> c.HoldEdit:
        head = state.head(path)
        return c.HoldEdit(
            path=path,
            base=blob_of(self.mirror.base.get(path, frozenset())),
            theirs=head.blob if head else "",
            mine=blob_of(self.mirror.disk[path]),
            mine_kind=FileKind.TEXT,
            reason=reason,
        )

    def _chosen(self, state: RoomState, salt: int) -> c.Command:
        chance = Chance(salt)
        draw = chance.below(100)
        if draw < 42:
            return self._write(state, chance)
        if draw < 60:
            resources = (chance.pick(CLAIMABLE), chance.pick(CLAIMABLE)) if draw < 48 else (chance.pick(CLAIMABLE),)
            ttl_ms = 20_000 if chance.percent(50) else 0
            return _claim(resources=resources, mode=chance.pick(MODES), ttl_ms=ttl_ms)
        if draw < 70:
            return c.FinishTask("did it", self.task) if self.task else c.TakeTask()
        if draw < 75:
            return c.Release() if draw < 73 else c.ReturnTask("no", self.task or "")
        if draw < 83:
            return c.Say(kind=NoticeKind.NOTE, text=f"{self.name} says {self._counted}")
        if draw < 89:
            return c.StartAction(tool="sql", footprint=Footprint(writes=(ROW,)), effect=Effect.BLIND)
        return self._other(state, chance, draw)

    def _other(self, state: RoomState, chance: Chance, draw: int) -> c.Command:
        if draw < 91:
            return c.PostTask(title=f"{self.name} wants {self._counted}", despite_duplicate=True)
        if draw < 93 and self.held:
            return c.DropHeld(self.held)
        if draw < 97:
            newest = max(state.verdicts.values(), key=lambda v: v.seq, default=None)
            tree = newest.tree if newest and chance.percent(80) else f"tree{state.version}"
            return c.StartLanding(ref="main", commit=f"of {tree}", tree=tree, tasks=(), version=state.version)
        heads = ((path, state.head(path)) for path in (chance.pick(PATHS), chance.pick(PATHS)))
        return c.NoteReads(tuple((path, head.version if head else 0) for path, head in heads))

    def _write(self, state: RoomState, chance: Chance) -> c.Command:
        path = chance.pick(PATHS)
        disk = self.mirror.disk.get(path, frozenset())
        adds = frozenset({f"{self.name}.{len(self._history.intents)}"})
        removes = frozenset({chance.pick(sorted(disk))}) if disk and chance.percent(45) else frozenset()
        self.mirror.write(path, (disk - removes) | adds)
        self._history.intents.append(_intent((self.name, path, adds, removes)))
        self._dirty = path
        return self._take_in(state, path, "hold")

    def hear(self, request: Request, answer: Answer, notices: tuple[str, ...], state: RoomState) -> None:
        """A reply arrives, perhaps late, perhaps twice; notices count whenever they come."""
        if request.incarnation != self.incarnation:
            return
        if notices:
            seen = self._history.handed[self.name]
            seen += [n for n in notices if n not in seen]
            self._handed = tuple(dict.fromkeys((*self._handed, *notices)))
        if request is not self.pending:
            return
        self.pending = None
        if request.read:
            self._handed = tuple([n for n in self._handed if n not in request.read or n in notices])
        self._believe(request.command, answer, state)

    def _believe(self, command: c.Command, answer: Answer, state: RoomState) -> None:
        match command:
            case c.AcceptEdit():
                self._edited(command, answer, state)
            case c.HoldEdit() if isinstance(answer, c.Held):
                self.held = answer.held
                self._clean(command.path)
            case c.HoldEdit():
                self._clean(command.path)
            case c.DropHeld():
                self.held = None
            case c.TakeTask():
                self.task = answer.task if isinstance(answer, c.Taken) else self.task
            case c.FinishTask() | c.ReturnTask():
                self.task = None
            case _:
                pass

    def _edited(self, command: c.AcceptEdit, answer: Answer, state: RoomState) -> None:
        adds, _ = self.mirror.change(command.path)
        if isinstance(answer, c.Accepted):
            self._history.accepted.append((self.name, command.path, adds))
            self.held = None if command.settles else self.held
            self._clean(command.path)
        elif isinstance(answer, Refused) and answer.code is not Code.STALE:
            self.ask(self._hold(state, command.path, answer.code.value))

    def _clean(self, path: str) -> None:
        self.mirror.taken_in(path)
        self._dirty = None
