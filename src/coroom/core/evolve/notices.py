"""Inboxes, and the letters in them."""

from coroom.core import event as e
from coroom.core.evolve.changes import Changes
from coroom.core.notice import LASTING, URGENT, Notice, NoticeKind
from coroom.core.state import RoomState, but

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
        kept = tuple(n for n in inboxes.get(reader, ()) if n != body.replaces)
        over = len(kept) + 1 - state.limits.inbox_notices_max
        if over > 0:
            gone = _least_needed(state, kept, over)
            dropped |= gone
            kept = tuple(n for n in kept if n not in gone)
        inboxes = inboxes.put(reader, (*kept, notice.id))
    letters = state.letters.put(notice.id, notice) if body.readers else state.letters
    changed = but(
        state,
        inboxes=inboxes,
        letters=letters,
        notices=(*state.notices, notice)[-state.limits.notices_kept_max :],
        numbered=state.numbered + 1,
    )
    if body.about_kind is NoticeKind.FREED:
        served = (body.to, body.resources)
        changed = but(changed, wanted=tuple(w for w in changed.wanted if (w.agent, w.resources) != served))
    return _count_words(_forget(changed, dropped), event, body)


def _count_words(state: RoomState, event: e.Event, body: e.NoticeSent) -> RoomState:
    agent = state.agents.get(body.sender)
    if agent is None or event.by != body.sender:
        return state
    minute = event.at_ms // 60_000
    count = agent.said_this_minute + 1 if agent.minute == minute else 1
    said = but(agent, minute=minute, said_this_minute=count)
    return but(state, agents=state.agents.put(agent.name, said))


def _least_needed(state: RoomState, inbox: tuple[str, ...], count: int) -> set[str]:
    def weight(name: str) -> int:
        kind = state.letters[name].kind
        if kind in LASTING:
            return 3
        return 0 if kind is NoticeKind.OBSERVED else 2 if kind in URGENT else 1

    return set(sorted(inbox, key=weight)[:count])


def _forget(state: RoomState, notices: set[str]) -> RoomState:
    if not notices:
        return state
    unread = {name for inbox in state.inboxes.values() for name in inbox if name in notices}
    letters = state.letters
    for name in sorted(notices - unread):
        letters = letters.without(name)
    return but(state, letters=letters)


@changes.on(e.NoticesRead)
def _notices_read(state: RoomState, _event: e.Event, body: e.NoticesRead) -> RoomState:
    read = set(body.notices)
    left = tuple(n for n in state.inboxes.get(body.agent, ()) if n not in read)
    return _forget(but(state, inboxes=state.inboxes.put(body.agent, left)), read)
