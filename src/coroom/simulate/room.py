"""The model of a host: the real core and codec over a log that forgets at a crash what was not yet durable."""

from functools import lru_cache
from typing import NamedTuple

from coroom.core.action import Phase
from coroom.core.agent import HOST
from coroom.core.codec import decode_body, decode_state, encode_body, encode_state
from coroom.core.command import Command, FinishAction, Good, MarkRead, Submission
from coroom.core.decide.decision import Decision
from coroom.core.errors import Refused
from coroom.core.event import Event, FileAccepted
from coroom.core.evolve import evolve
from coroom.core.invariants import check_state
from coroom.core.quick import maker, of_parts
from coroom.core.room import authenticate, decide, number
from coroom.core.state import RoomState
from coroom.simulate.history import History, Line, Performed, Recovery

Answer = Good | Refused

_decoded = lru_cache(maxsize=4096)(decode_body)
"""Three in ten of these texts have been read before, in a run of another seed."""

_event, _line = of_parts(Event), of_parts(Line)


class Request(NamedTuple):
    """A message on its way to the room. The secret proves the agent, the operation makes it safe to repeat, and
    `read` are the notices of earlier replies: coming back with another call says that they arrived.
    """

    agent: str
    incarnation: int
    secret: str
    operation: str
    command: Command
    read: tuple[str, ...] = ()


class Reply(NamedTuple):
    """A message on its way to an agent, with the unread notices that ride on it."""

    request: Request
    answer: Answer
    notices: tuple[str, ...]
    head: int
    line: str


_asked, _mark_read, _reply = maker(Submission), maker(MarkRead), of_parts(Reply)


class Rules:
    """How a sound host behaves, one choice a method. A mutant overrides one of them."""

    reply_before_storing = False
    perform_before_storing = False
    hears_void_secrets = False
    merges_before_storing = False

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """What is asked for makes happen."""
        return decide(state, asked, now_ms)

    def handed(self, room: "ModelRoom", agent: str) -> tuple[str, ...]:
        """The unread notices that ride on a reply, oldest first."""
        return room.durable.inboxes.get(agent, ())[:8]

    def feed(self, lines: list[Event]) -> list[Event]:
        """The order in which mirrors hear of events that became durable together."""
        return lines

    def surviving(self, durable: int) -> int:
        """How many durable events a crash leaves."""
        return durable

    def replayed(self, snapshot: int) -> int:
        """The sequence number after which a snapshot is replayed."""
        return snapshot

    def settle_conflict(self) -> str:
        """What becomes of an edit that does not merge: `hold`, or something worse."""
        return "hold"


class Beginning(NamedTuple):
    """What a room was when all of it was durable."""

    lines: tuple[Line, ...]
    published: tuple[Event, ...]
    state: RoomState
    read_back: RoomState


class ModelRoom:
    """One host and its disk. `checked` asks after every decision for what is true of every state."""

    def __init__(self, history: History, rules: Rules, *, checked: bool = False) -> None:
        self._history = history
        self._checked = checked
        self._rules = rules
        self._lines = history.lines
        self._snapshot: RoomState | None = None
        self._replayed: tuple[Line, RoomState] | None = None
        self.state = RoomState()
        self.durable = RoomState()
        self.published: list[Event] = []
        """The accepted versions, as mirrors hear of them."""
        self.outbox: list[Reply] = []
        self._sound: RoomState | None = None
        self._unsynced: list[Event] = []
        self._waiting: list[tuple[Request, Answer]] = []
        self._effects: list[str] = []
        self._done: set[str] = set()

    @property
    def seen(self) -> RoomState:
        """What edits are merged with: the durable state only, since a crash gives the numbers of versions that were
        not durable to other texts.
        """
        return self.state if self._rules.merges_before_storing else self.durable

    def so_far(self) -> "Beginning":
        """Where this room is once all is durable, and what its log gives when it is read back."""
        return Beginning(tuple(self._lines), tuple(self.published), self.durable, self._recovered(use_snapshot=False))

    def begin_as(self, other: "Beginning") -> None:
        """Be where another room was: with this in its log, this published, nothing under way."""
        lines, published, self.durable, read_back = other
        self._lines += lines
        self.published += published
        self.state = self.durable
        self._replayed = lines[-1], read_back

    def submit(self, by: str, command: Command, now_ms: int, operation: str = "") -> Answer:
        """Decide and apply in memory; nothing of it is durable before `flush`."""
        state = self.state
        reply, bodies, effects = self._rules.decide(state, _asked(by, command, operation), now_ms)
        if not bodies and not effects:
            return reply
        events = number(state, bodies, now_ms, by)
        for event in events:
            state = evolve(state, event)
        self.state = state
        self._unsynced += events
        if self._checked:
            wrong = check_state(self.state, self._sound)
            self._history.broken += [(self.state.seq, what) for what in wrong]
            self._sound = None if wrong else self.state
        for effect in effects:
            if self._rules.perform_before_storing:
                self._perform(effect.action, self.state)
            else:
                self._effects.append(effect.action)
        return reply

    def receive(self, request: Request, now_ms: int) -> None:
        """One request arrives: whoever has no valid secret is not heard."""
        agent, incarnation, secret, operation, command, read = request
        known = authenticate(self.state, secret) == agent
        if not known and not self._rules.hears_void_secrets:
            return
        self._history.heard.append((agent, incarnation, self.state.seq))
        if read:
            self.submit(agent, _mark_read(read), now_ms)
        answer = self.submit(agent, command, now_ms, operation)
        self._waiting.append((request, answer))
        if self._rules.reply_before_storing:
            self._send_replies()

    def flush(self) -> None:
        """What was decided becomes durable; then it is published, then answered, and then it acts."""
        unsynced = self._unsynced
        if unsynced:
            self._lines += [_line((seq, at_ms, by, body.kind, encode_body(body))) for seq, at_ms, by, body in unsynced]
            self.published += [e for e in self._rules.feed(unsynced) if type(e.body) is FileAccepted]
            self._unsynced = []
            self.durable = self.state
        if self._waiting:
            self._send_replies()

    def perform(self, now_ms: int) -> None:
        """Act on what is stored as started, and say how it ended. That is a decision of its own, so it may be lost."""
        effects, self._effects = self._effects, []
        for action in effects:
            if action in self.durable.actions:
                self._perform(action, self.durable)
                self.submit(HOST, FinishAction(action=action, ending="finished", result="did it"), now_ms)
            else:
                self._effects.append(action)

    def _perform(self, name: str, state: RoomState) -> None:
        action = state.actions[name]
        if name in self._done:
            return
        self._done.add(name)
        resource = str(action.footprint.writes[0]) if action.footprint.writes else ""
        self._history.performed.append(Performed(name, resource, action.fence, len(self._lines)))

    def _send_replies(self) -> None:
        line, head = self._lines[-1].body if self._lines else "", len(self._lines)
        for request, answer in self._waiting:
            notices = self._rules.handed(self, request.agent)
            self.outbox.append(_reply((request, answer, notices, head, line)))
        self._waiting = []

    def save(self) -> None:
        """Keep a snapshot of what is durable. It is written when it is first read: what it tells of does not change."""
        self._snapshot = self.durable

    def crash(self, now_ms: int, *, use_snapshot: bool) -> None:
        """Lose what was not durable, recover from the log, and find out about actions that were cut off."""
        before = self.durable
        survived = self._rules.surviving(len(self._lines))
        head_before = len(self._lines)
        del self._lines[survived:]
        self._unsynced, self._waiting, self._effects = [], [], []
        self._history.heard = [one for one in self._history.heard if one[2] <= survived]
        self.durable = self.state = self._recovered(use_snapshot=use_snapshot)
        self._history.recoveries.append(
            Recovery(
                head_before=head_before,
                head_after=self.durable.seq,
                same_lines=survived == head_before,
                same_state=self.durable == before,
            )
        )
        self.probe(now_ms)

    def _recovered(self, *, use_snapshot: bool) -> RoomState:
        if use_snapshot and self._snapshot:
            view = decode_state(encode_state(self._snapshot))
            return self._folded(view, self._rules.replayed(view.seq))
        state, after = RoomState(), 0
        if self._replayed and self._lines[self._replayed[1].seq - 1 :][:1] == [self._replayed[0]]:
            # So far this very log has been read back before.
            state = self._replayed[1]
            after = state.seq
        state = self._folded(state, after)
        if self._lines:
            self._replayed = self._lines[-1], state
        return state

    def _folded(self, state: RoomState, after: int) -> RoomState:
        for seq, at_ms, by, kind, text in self._lines[after:]:
            state = evolve(state, _event((seq, at_ms, by, _decoded(kind, text))))
        return state

    def probe(self, now_ms: int) -> None:
        """Ask the world outside how each cut-off action ended."""
        for action in self.state.actions.values():
            if action.phase is Phase.STARTED and action.id not in self._effects:
                ending = "finished" if action.id in self._done else "failed"
                self.submit(HOST, FinishAction(action=action.id, ending=ending, result="probed"), now_ms)

    def rebuilt(self) -> bool:
        """Whether the whole log, read back, gives the state that is held, byte for byte. Asked in one run of four,
        since it costs as much as the run; every crash asks nearly the same.
        """
        if len(self._lines) % 4:
            return True
        return encode_state(self._recovered(use_snapshot=False)) == encode_state(self.durable)
