"""Inboxes, and the letters in them."""

from coroom.core import event as e
from coroom.core.agent import Agent
from coroom.core.evolve.changes import Changes
from coroom.core.notice import LASTING, URGENT, Notice, NoticeKind
from coroom.core.quick import maker
from coroom.core.state import RoomState, but
from coroom.core.table import Table

changes = Changes()
_notice = maker(Notice)


@changes.on(e.NoticeSent)
def _notice_sent(state: RoomState, event: e.Event, body: e.NoticeSent) -> RoomState:
    notice = _notice(
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
    inboxes, letters = _delivered(state, notice, body.readers, body.replaces)
    wanted = state.wanted
    if body.about_kind is NoticeKind.FREED:
        served = (body.to, body.resources)
        wanted = tuple(w for w in wanted if (w.agent, w.resources) != served)
    return but(
        state,
        agents=_count_words(state, event, body),
        inboxes=inboxes,
        letters=letters,
        notices=(*state.notices, notice)[-state.limits.notices_kept_max :],
        numbered=state.numbered + 1,
        wanted=wanted,
    )


def _delivered(
    state: RoomState, notice: Notice, readers: tuple[str, ...], replaces: str
) -> tuple[Table[tuple[str, ...]], Table[Notice]]:
    """The inboxes with the notice in those of its readers, in place of another; a full one gives up what is needed
    least. And the letters that are then in any inbox.
    """
    if not readers:
        return state.inboxes, state.letters
    inboxes, most = state.inboxes, state.limits.inbox_notices_max
    dropped: set[str] = set()
    for reader in dict.fromkeys(readers):
        kept = inboxes.get(reader, ())
        if replaces in kept:
            dropped.add(replaces)
            kept = tuple([n for n in kept if n != replaces])
        over = len(kept) + 1 - most
        if over > 0:
            gone = _least_needed(state, kept, over)
            dropped |= gone
            kept = tuple([n for n in kept if n not in gone])
        inboxes = inboxes.put(reader, (*kept, notice.id))
    letters = state.letters.put(notice.id, notice)
    return inboxes, _without(letters, inboxes, dropped) if dropped else letters


def put_letter(state: RoomState, notice: Notice, reader: str, replaces: str = "") -> RoomState:
    """The notice in the reader's inbox, in place of another."""
    inboxes, letters = _delivered(state, notice, (reader,), replaces)
    return but(state, inboxes=inboxes, letters=letters)


def take_letters(state: RoomState, reader: str, notices: tuple[str, ...]) -> RoomState:
    """The reader's inbox without these."""
    read = set(notices)
    left = tuple([n for n in state.inboxes.get(reader, ()) if n not in read])
    inboxes = state.inboxes.put(reader, left)
    return but(state, inboxes=inboxes, letters=_without(state.letters, inboxes, read))


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
    unread: set[str] = set()
    for _, inbox in inboxes.ordered():
        unread.update(notices.intersection(inbox))
    return letters.without_all(notices - unread)


@changes.on(e.NoticesRead)
def _notices_read(state: RoomState, _event: e.Event, body: e.NoticesRead) -> RoomState:
    return take_letters(state, body.agent, body.notices)
