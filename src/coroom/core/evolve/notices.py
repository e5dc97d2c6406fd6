"""Inboxes, and the letters in them."""

from coroom.core import event as e
from coroom.core.agent import Agent
from coroom.core.evolve.changes import Changes
from coroom.core.notice import LASTING, URGENT, Notice, NoticeKind
from coroom.core.state import RoomState, but
from coroom.core.table import Table

changes = Changes()


@changes.on(e.NoticeSent)
def _notice_sent(state: RoomState, event: e.Event, body: e.NoticeSent) -> RoomState:
    notice = Notice(
        id=body.notice,
        seq=event.seq,
        at_ms=event.at_ms,
        kind=body.about_kind,
        sender=body.sender,
        to=body.to,
        text=body.text,
        resources=body.resources,
        about=body.about,
    )
    inboxes = state.inboxes
    dropped = {body.replaces} if body.replaces else set()
    for reader in dict.fromkeys(body.readers):
        kept = inboxes.get(reader, ())
        if body.replaces in kept:
            kept = tuple([n for n in kept if n != body.replaces])
        over = len(kept) + 1 - state.limits.inbox_notices_max
        if over > 0:
            gone = _least_needed(state, kept, over)
            dropped |= gone
            kept = tuple([n for n in kept if n not in gone])
        inboxes = inboxes.put(reader, (*kept, notice.id))
    letters = state.letters.put(notice.id, notice) if body.readers else state.letters
    wanted = state.wanted
    if body.about_kind is NoticeKind.FREED:
        served = (body.to, body.resources)
        wanted = tuple(w for w in wanted if (w.agent, w.resources) != served)
    return but(
        state,
        agents=_count_words(state, event, body),
        inboxes=inboxes,
        letters=_without(letters, inboxes, dropped),
        notices=(*state.notices, notice)[-state.limits.notices_kept_max :],
        numbered=state.numbered + 1,
        wanted=wanted,
    )


def _count_words(state: RoomState, event: e.Event, body: e.NoticeSent) -> Table[Agent]:
    agent = state.agents.get(body.sender)
    if agent is None or event.by != body.sender:
        return state.agents
    minute = event.at_ms // 60_000
    count = agent.said_this_minute + 1 if agent.minute == minute else 1
    return state.agents.put(agent.name, but(agent, minute=minute, said_this_minute=count))


def _least_needed(state: RoomState, inbox: tuple[str, ...], count: int) -> set[str]:
    def weight(name: str) -> int:
        kind = state.letters[name].kind
        if kind in LASTING:
            return 3
        return 0 if kind is NoticeKind.OBSERVED else 2 if kind in URGENT else 1

    return set(sorted(inbox, key=weight)[:count])


def _without(letters: Table[Notice], inboxes: Table[tuple[str, ...]], notices: set[str]) -> Table[Notice]:
    """The letters without those of these notices that are in no inbox any more."""
    if not notices:
        return letters
    unread = {name for _, inbox in inboxes.ordered() for name in inbox if name in notices}
    for name in sorted(notices - unread):
        letters = letters.without(name)
    return letters


@changes.on(e.NoticesRead)
def _notices_read(state: RoomState, _event: e.Event, body: e.NoticesRead) -> RoomState:
    read = set(body.notices)
    left = tuple([n for n in state.inboxes.get(body.agent, ()) if n not in read])
    inboxes = state.inboxes.put(body.agent, left)
    return but(state, inboxes=inboxes, letters=_without(state.letters, inboxes, read))
