"""What agents were answered, so that a call that is repeated with its operation id is carried out once."""

from collections.abc import Iterable
from dataclasses import replace

from coroom.core import event as e
from coroom.core.codec import encode_reply, reply_begins, reply_in
from coroom.core.command import Granted, Placed, Taken
from coroom.core.evolve.changes import Changes
from coroom.core.ordering.call import CallPhase, OrderedCall
from coroom.core.state import EARLIER, RoomState, but
from coroom.core.table import Table

changes = Changes()

Answers = Table[tuple[tuple[str, ...], ...]]
_PLACED = reply_begins(Placed)


@changes.on(e.Answered)
def _answered(state: RoomState, _event: e.Event, body: e.Answered) -> RoomState:
    known = (*state.operations.get(body.agent, ()), (body.operation, body.reply, body.asked))
    kept = known[-state.limits.operations_per_agent_max :]
    return but(state, operations=state.operations.put(body.agent, kept))


def kept(state: RoomState, agent: str) -> Answers:
    """The answers that are kept when the agent joins again: those of what it did, marked as `EARLIER`.

    What was done stays done, whichever client it has now: the same call under the same id is not carried out twice,
    though the id may be used for another one. What it only looked at, and claims and tasks, which may be over, are
    asked for anew.
    """
    known = state.operations.get(agent, ())
    kept = tuple((*answer[:3], EARLIER) for answer in known if len(answer) > 2 and _stays(answer[1], answer[2]))
    return state.operations.put(agent, kept) if known else state.operations


def _stays(text: str, asked: str) -> bool:
    reply = reply_in(text)
    over = reply is None or isinstance(reply, Granted | Taken) or (isinstance(reply, Placed) and reply.looked)
    return bool(asked) and not over


def completed(state: RoomState, final: Iterable[OrderedCall]) -> Answers:
    """The answers, with how these calls ended: nobody can look that up once they are final. What was taken back because
    its agent was given up was never done, and is not answered for.
    """
    calls = {f'{_PLACED}{{"call":"{call.id}",': call for call in final}
    operations = state.operations
    for agent in sorted({call.agent for call in calls.values()}):
        known = operations.get(agent, ())
        lost = state.order.standing(agent).abandoned
        told: list[tuple[str, ...]] = []
        for answer in known:
            text = answer[1] if len(answer) > 1 else ""
            call = calls.get(text[: text.find(",", len(_PLACED)) + 1])
            if call is None or not (lost and call.phase is CallPhase.RETRACTED):
                told.append(_with_end(answer, call, state.limits.result_chars_kept_max) if call else answer)
        if tuple(told) != known:
            operations = operations.put(agent, tuple(told))
    return operations


def _with_end(answer: tuple[str, ...], call: OrderedCall, chars_max: int) -> tuple[str, ...]:
    placed = reply_in(answer[1])
    if not isinstance(placed, Placed):
        return answer
    result = call.told or call.result
    long = len(result) > chars_max
    ended = replace(placed, ended=call.phase.value, result="" if long else result, long=long)
    return (answer[0], encode_reply(ended), *answer[2:])
