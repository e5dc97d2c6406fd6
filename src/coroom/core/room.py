"""The two functions everything hangs on: `decide` says what a command would make happen, `evolve` makes it so.

The host's rule, written once: the events of a decision are durable before any of its effects is performed or
its reply is sent.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from typing import cast, get_args

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.codec import decode_reply, encode_command, encode_reply
from coroom.core.decide import (
    actions,
    agents,
    calls,
    checks,
    claims,
    concluding,
    edits,
    judging,
    landings,
    notices,
    repairs,
    rooms,
    tasks,
    tools,
)
from coroom.core.decide.decision import Decision, decided
from coroom.core.errors import Code, Refused
from coroom.core.event import Answered, Body, ClaimsRenewed, Event
from coroom.core.evolve import foresee
from coroom.core.policies import POLICIES, policy_named
from coroom.core.quick import maker, of_parts
from coroom.core.state import EARLIER, RoomState

_Decide = Callable[[RoomState, str, c.Command, int], Decision]
_DECIDES = cast(
    "dict[type[object], _Decide]",
    {
        c.OpenRoom: rooms.open_room,
        c.CloseRoom: rooms.close_room,
        c.Join: agents.join,
        c.Leave: agents.leave,
        c.Pause: agents.pause,
        c.Resume: agents.resume,
        c.NoteSpent: agents.note_spent,
        c.Beat: agents.beat,
        c.Tick: rooms.tick,
        c.ClaimResources: claims.claim_resources,
        c.Release: claims.release,
        c.TakeOver: claims.take_over,
        c.PostTask: tasks.post_task,
        c.TakeTask: tasks.take_task,
        c.FinishTask: tasks.finish_task,
        c.ReturnTask: tasks.return_task,
        c.ReopenTask: tasks.reopen_task,
        c.OrderTask: tasks.order_task,
        c.CancelTask: tasks.cancel_task,
        c.Say: notices.say,
        c.MarkRead: notices.mark_read,
        c.NoteReads: edits.note_reads,
        c.SeedFiles: edits.seed_files,
        c.RaiseFinding: checks.raise_finding,
        c.CloseFinding: checks.close_finding,
        c.GiveVerdict: checks.give_verdict,
        c.AcceptEdit: edits.accept_edit,
        c.HoldEdit: edits.hold_edit,
        c.DropHeld: edits.drop_held,
        c.StartAction: actions.start_action,
        c.StartLanding: actions.start_landing,
        c.FinishAction: actions.finish_action,
        c.HoldLandings: landings.hold_landings,
        c.ReleaseLandings: landings.release_landings,
        c.PlaceCall: calls.place_call,
        c.NoteRead: calls.note_read,
        c.LookBack: calls.look_back,
        c.Retract: calls.retract,
        c.HandNotices: judging.hand_notices,
        c.JudgeNotices: judging.judge_notices,
        c.Conclude: concluding.conclude,
        c.Abandon: concluding.abandon,
        c.NoteStarted: repairs.note_started,
        c.NoteFinished: repairs.note_finished,
        c.NoteFailed: repairs.note_failed,
        c.NoteUndone: repairs.note_undone,
        c.NoteLook: repairs.note_look,
        c.NoteFenced: repairs.note_fenced,
        c.LiftFence: repairs.lift_fence,
        c.OpenGate: repairs.open_gate,
        c.AddTool: tools.add_tool,
        c.NoteStray: tools.note_stray,
    },
)
assert set(_DECIDES) == set(get_args(c.Command))

_ENDINGS = (c.FinishAction, c.NoteStarted, c.NoteFinished, c.NoteFailed, c.NoteUndone, c.NoteLook, c.NoteFenced)
_WHILE_CLOSED = (c.OpenRoom, c.MarkRead, *_ENDINGS)
_EDITS = (c.AcceptEdit, c.HoldEdit)
_CALLS = (c.PlaceCall, c.NoteRead)
_NOT_ALIVE = frozenset({HOST, OPERATOR})
_answered = maker(Answered)
_event = of_parts(Event)
_NO_SIGN_OF_LIFE = frozenset({c.Tick, c.Leave, c.Beat, c.Join})
_NOT_KEPT = (Refused, c.Waiting)
_OFTEN_ALIKE = frozenset({c.ClaimResources, c.Release, c.TakeTask, c.ReturnTask, c.Beat, c.StartAction, c.NoteReads})
"""Small as a rule, and the same ones are asked for again and again."""
_FINGERPRINTS: dict[c.Command, str] = {}
_FINGERPRINTS_MAX = 1_024
_SHORT_CHARS_MAX = 1_000
"""A longer command is not kept: whoever asks decides how long it is."""


def decide(state: RoomState, asked: c.Submission, now_ms: int) -> Decision:
    """What was asked would make happen at `now_ms`: events, effects and a reply. Never raises on bad input, never
    mutates.

    Time comes first: leases that ran out by now end before the command is looked at; in a closed room time stands
    still. An operation id that was answered before gets that answer again and changes nothing; it is refused where it
    was another call's. Whatever an agent asks is a sign of life.
    """
    by, command, operation = asked
    now_ms = max(now_ms, state.now_ms)
    held = state.holdings()
    due = claims.expired(state, now_ms) if held.any_late(now_ms) and not state.closed else ()
    current = fold(state, due, now_ms, HOST) if due else state
    fingerprint = fingerprint_of(command) if operation else ""
    before = answered_before(current, by, operation, fingerprint) if fingerprint else None
    if before is not None:
        return decided((before, due, ()))
    wrong = _not_now(current, command, operation)
    if wrong:
        return decided((wrong, due, ()))
    decision = _DECIDES[type(command)](current, by, command, now_ms)
    reply, events, effects = decision
    further: tuple[Body, ...] = _sign_of_life(current, by, command, events, now_ms) if by in held.of else ()
    if operation and not isinstance(reply, _NOT_KEPT):
        answer = _answered(agent=by, operation=operation, reply=encode_reply(reply), asked=fingerprint)
        further = (*further, answer)
    if not due and not further:
        return decision
    return decided((reply, (*due, *events, *further), effects))


def fingerprint_of(command: c.Command) -> str:
    """What the call behind this command is known by when it is repeated: a short hash, the same for the same call.

    Mostly it is that of the command. Of an edit the command does not count: it is made from the text as it stands,
    which a repeat of the same call finds changed. So it is with a call on live state, of which the tool, the arguments
    and the step count.
    """
    if isinstance(command, c.AcceptEdit) and command.asked:
        return command.asked
    if isinstance(command, _EDITS):
        return _fingerprint_of_path(command.path)
    if isinstance(command, _CALLS):
        return fingerprint_of_call(command.tool, command.arguments, command.step)
    if type(command) in _OFTEN_ALIKE:
        return _fingerprint_of_alike(command)
    return _short(encode_command(command))


def _fingerprint_of_alike(command: c.Command) -> str:
    known = _FINGERPRINTS.get(command)
    if known is None:
        text = encode_command(command)
        known = _short(text)
        if len(text) <= _SHORT_CHARS_MAX:
            if len(_FINGERPRINTS) >= _FINGERPRINTS_MAX:
                _FINGERPRINTS.clear()
            _FINGERPRINTS[command] = known
    return known


def fingerprint_of_edit(path: str, *texts: str) -> str:
    """The fingerprint of an edit of `path` with these texts."""
    return _short("\0".join((f"edit {path}", *(f"{len(text)} {text}" for text in texts))))


@lru_cache(maxsize=1024)
def _fingerprint_of_path(path: str) -> str:
    return fingerprint_of_edit(path)


def fingerprint_of_call(tool: str, arguments: str, step: int) -> str:
    """The fingerprint of a call on live state."""
    return _short(f"call {tool} {step} {arguments}")


def _short(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def answered_before(state: RoomState, by: str, operation: str, asked: str = "") -> c.Good | Refused | None:
    """What `by` was answered when it first asked for `operation`; None when it never did, or when there is no id.
    Refused when the id was used for something else than `asked`, where that is given. Who has joined again may number
    its operations from the start: what it was answered before is the answer only to the very same call.
    """
    if not operation or not state.has_asked(by, operation):
        return None
    for name, reply, *first in reversed(state.operations.get(by, ())):
        if name != operation:
            continue
        same = not asked or not any(first) or first[0] == asked
        if EARLIER in first[1:]:
            if asked and same:
                return decode_reply(reply)
        else:
            return decode_reply(reply) if same else other_call(operation)
    return None


def other_call(operation: str) -> Refused:
    """An operation id came again, with another call than the one that it stands for."""
    why = f"The operation id {operation} was used for another call; nothing of this one was done."
    return Refused(Code.BAD_INPUT, why, "Make the call again with a fresh id.")


def _not_now(state: RoomState, command: c.Command, operation: str) -> Refused | None:
    if len(operation) > state.limits.name_chars_max:
        return Refused(Code.LIMIT, "The operation id is too long.", "Use a short random word.")
    if not state.room and not isinstance(command, c.OpenRoom):
        return Refused(Code.NOT_FOUND, "There is no room yet.", "Open it first.")
    if state.policy not in POLICIES:
        unknown = policy_named(state.policy)
        return unknown if isinstance(unknown, Refused) else None
    if state.closed and not isinstance(command, _WHILE_CLOSED):
        return Refused(
            Code.ROOM_CLOSED,
            "The room is closed.",
            "The operator can open it again with coroom run --resume.",
        )
    return None


def _sign_of_life(
    state: RoomState, by: str, command: c.Command, events: tuple[Body, ...], now_ms: int
) -> tuple[Body, ...]:
    if by in _NOT_ALIVE or type(command) in _NO_SIGN_OF_LIFE:
        return ()
    due = claims.past_half(state, by, now_ms)
    if not due:
        return ()
    named = {getattr(body, "claim", None) for body in events}
    named |= {claim for body in events if isinstance(body, ClaimsRenewed) for claim in body.claims}
    left = tuple([claim for claim in due if claim not in named])
    return (ClaimsRenewed(agent=by, claims=left, now_ms=now_ms),) if left else ()


def fold(state: RoomState, bodies: Sequence[Body], now_ms: int, by: str) -> RoomState:
    """The state after these bodies, numbered on from it."""
    for event in number(state, bodies, now_ms, by):
        state = foresee(state, event)
    return state


def number(state: RoomState, bodies: Sequence[Body], now_ms: int, by: str) -> tuple[Event, ...]:
    """The bodies as the next events of the log."""
    if not bodies:
        return ()
    at_ms = max(now_ms, state.now_ms)
    first = state.seq + 1
    return tuple([_event((seq, at_ms, by, body)) for seq, body in enumerate(bodies, start=first)])


def authenticate(state: RoomState, secret_hash: str) -> str | None:
    """The agent whose secret has this hash. Constant work for each agent, whatever the hash is."""
    found, given = None, secret_hash.encode()
    for name, agent in state.agents.ordered():
        if agent.secret_hash and compare_digest(agent.secret_hash.encode(), given):
            found = name
    return found
