"""What agents tell one another, and what they have read."""

from coroom.core.agent import EVERYONE, OPERATOR, Permission
from coroom.core.command import MarkRead, Ok, Say
from coroom.core.decide.decision import Decision, decided, lacks, notice, present_agent, unknown_agent
from coroom.core.errors import Code, Refused
from coroom.core.event import NoticesRead, OrderNoticesHanded
from coroom.core.notice import SAID, NoticeKind
from coroom.core.quick import maker
from coroom.core.state import RoomState

_ok, _read = maker(Ok), maker(NoticesRead)
_NOTHING, _OK = Decision(), Ok()


def say(state: RoomState, by: str, command: Say, now_ms: int) -> Decision:
    """Tell one present agent or all. Text has no power: nothing but an inbox changes (promise voice:powerless)."""
    bad = lacks(state, by, Permission.SAY) or _bad_words(state, by, command, now_ms)
    if bad:
        return Decision(bad)
    kind = NoticeKind.OPERATOR if by == OPERATOR and command.kind is NoticeKind.NOTE else command.kind
    sent = notice(
        state,
        1,
        kind,
        sender=by,
        to=command.to,
        text=command.text,
        resources=command.resources,
        about=command.about,
    )
    return decided((_ok(sent.notice), (sent,), ()))


def _bad_words(state: RoomState, by: str, command: Say, now_ms: int) -> Refused | None:
    limits = state.limits
    if command.kind not in SAID or (command.kind is NoticeKind.OPERATOR and by != OPERATOR):
        return Refused(
            Code.BAD_INPUT,
            f"'{command.kind.value}' is not for saying.",
            "Say a note, contract, question, answer or done.",
        )
    if not command.text.strip() or len(command.text) > limits.text_chars_max:
        return Refused(
            Code.LIMIT,
            f"A message has 1 to {limits.text_chars_max} characters.",
            "Put longer text into a file and name it.",
        )
    if len(command.about) > limits.name_chars_max or len(command.resources) > limits.claim_resources_max:
        return Refused(
            Code.LIMIT,
            f"A message is about one id, of at most {limits.name_chars_max} characters, and names at most "
            f"{limits.claim_resources_max} resources.",
            "Name what it belongs to by its id, and directories instead of many files.",
        )
    if command.to not in {EVERYONE, OPERATOR} and present_agent(state, command.to) is None:
        return unknown_agent(command.to)
    agent = state.agents.get(by)
    if agent and agent.minute == now_ms // 60_000 and agent.said_this_minute >= limits.messages_per_minute_max:
        return Refused(
            Code.LIMIT,
            f"You have said {limits.messages_per_minute_max} things this minute.",
            "Wait, and say it in one message.",
        )
    return None


def mark_read(state: RoomState, by: str, command: MarkRead, _now_ms: int) -> Decision:
    """Move the caller's cursor; only over what is in its inbox, so that a repeat changes nothing."""
    asked, of_ranks = set(command.notices), state.order.notices
    read = tuple([n for n in state.inboxes.get(by, ()) if n in asked])
    if not read:
        return _NOTHING
    of_order = tuple([n for n in read if n in of_ranks and not of_ranks[n].handed]) if of_ranks else ()
    handed = (OrderNoticesHanded(agent=by, notices=of_order),) if of_order else ()
    return decided((_OK, (_read(agent=by, notices=read), *handed), ()))
