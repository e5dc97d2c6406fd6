"""A room for tests: the two functions and nothing else, with a clock that the test turns."""

from typing import TypeVar

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Role
from coroom.core.claim import Mode
from coroom.core.codec import decode_body, encode_body
from coroom.core.errors import Code, Refused
from coroom.core.event import Body, Event
from coroom.core.evolve import evolve
from coroom.core.file import FileKind
from coroom.core.invariants import check_state
from coroom.core.limits import Limits
from coroom.core.notice import Notice, NoticeKind
from coroom.core.resource import Resource, parse
from coroom.core.room import decide, number
from coroom.core.state import RoomState

G = TypeVar("G", bound=c.Good)
B = TypeVar("B", bound=Body)


class Room:
    """One room under test. Every event goes through the codec, as it would through a log."""

    def __init__(self, *agents: str, policy: str = "open", limits: Limits | None = None) -> None:
        self.state = RoomState()
        self.now_ms = 1_000_000
        self.log: list[Event] = []
        self.last: tuple[Event, ...] = ()
        self.effects: tuple[object, ...] = ()
        self.stored_by_hand = False
        self.ok(OPERATOR, c.OpenRoom(room="r", policy=policy, limits=limits or Limits()), c.Ok)
        for agent in agents:
            self.join(agent)

    def do(self, by: str, command: c.Command, operation: str = "") -> c.Good | Refused:
        decision = decide(self.state, c.Submission(by, command, operation), self.now_ms)
        self.last = number(self.state, decision.events, self.now_ms, by)
        self.effects = decision.effects
        for event in self.last:
            body = decode_body(event.body.kind, encode_body(event.body))
            assert body == event.body
            self.state = evolve(self.state, Event(event.seq, event.at_ms, event.by, body))
            self.log.append(event)
        if not self.stored_by_hand:
            assert check_state(self.state) == ()
        return decision.reply

    def store(self, by: str, body: Body) -> None:
        """The event as if an earlier version had decided it."""
        self.stored_by_hand = True
        event = Event(self.state.seq + 1, max(self.now_ms, self.state.now_ms), by, body)
        self.state = evolve(self.state, event)
        self.log.append(event)

    def ok(self, by: str, command: c.Command, kind: type[G], operation: str = "") -> G:
        reply = self.do(by, command, operation)
        assert isinstance(reply, kind), reply
        return reply

    def refused(self, by: str, command: c.Command, code: Code, operation: str = "") -> Refused:
        """The command is refused with this code, says what to do next, and the caller changed nothing by it."""
        reply = self.do(by, command, operation)
        assert isinstance(reply, Refused), reply
        assert reply.code is code, reply
        assert reply.why, reply
        assert reply.next_step, reply
        return reply

    def join(self, agent: str, role: Role = Role.IMPLEMENTER, parent: str | None = None) -> c.Joined:
        return self.ok(HOST, c.Join(agent=agent, secret_hash=f"secret of {agent}", role=role, parent=parent), c.Joined)

    def claim(self, by: str, *names: str, mode: Mode = Mode.EXCLUSIVE, ttl_ms: int = 0) -> c.Granted:
        return self.ok(by, c.ClaimResources(resources=named(*names), mode=mode, ttl_ms=ttl_ms), c.Granted)

    def post(self, title: str, *, after: tuple[str, ...] = (), touches: tuple[str, ...] = ()) -> str:
        command = c.PostTask(title=title, after=after, touches=named(*touches), despite_duplicate=True)
        return self.ok(OPERATOR, command, c.Posted).task

    def reads(self, *paths: str) -> c.NoteReads:
        """Having read these paths as they are now."""
        heads = ((path, self.state.head(path)) for path in paths)
        return c.NoteReads(tuple((path, head.version if head else 0) for path, head in heads))

    def edit(self, by: str, path: str, blob: str, *, kind: FileKind = FileKind.TEXT, settles: str = "") -> c.Accepted:
        return self.ok(by, self.edit_of(path, blob, kind=kind, settles=settles), c.Accepted)

    def edit_of(
        self, path: str, blob: str, *, kind: FileKind = FileKind.TEXT, settles: str = "", expected: int | None = None
    ) -> c.AcceptEdit:
        head = self.state.head(path)
        return c.AcceptEdit(
            path=path,
            kind=kind,
            blob=blob,
            written=blob,
            expected=(head.version if head else 0) if expected is None else expected,
            touched=named(f"file:{path}"),
            settles=settles,
        )

    def hold(self, by: str, path: str, mine: str = "mine", theirs: str = "theirs") -> str:
        return self.ok(by, held_edit(path, mine=mine, theirs=theirs), c.Held).held

    def green(self, tree: str, check: str = "tests") -> None:
        self.ok(HOST, c.GiveVerdict(tree=tree, check=check, passed=True, summary="all pass"), c.Ok)

    def events(self, kind: type[B]) -> list[B]:
        """The bodies of this kind that the last command made happen."""
        return [event.body for event in self.last if isinstance(event.body, kind)]

    def unread(self, agent: str, kind: NoticeKind | None = None) -> list[Notice]:
        return [n for n in self.state.inbox(agent) if kind in {None, n.kind}]

    def read_all(self, agent: str) -> None:
        self.do(agent, c.MarkRead(tuple(n.id for n in self.state.inbox(agent))))


def named(*names: str) -> tuple[Resource, ...]:
    found = []
    for name in names:
        one = parse(name)
        assert isinstance(one, Resource), one
        found.append(one)
    return tuple(found)


def held_edit(path: str, *, mine: str = "mine", theirs: str = "theirs", reason: str = "both changed it") -> c.HoldEdit:
    return c.HoldEdit(path=path, base="base", theirs=theirs, mine=mine, mine_kind=FileKind.TEXT, reason=reason)
