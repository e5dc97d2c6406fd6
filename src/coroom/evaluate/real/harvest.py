"""What a finished run left, read off the log of its room: the events, the tree that is scored, and what was used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from coroom.core.event import AgentSpent, EditHeld, Event, FileAccepted, NoticeSent, NoticesRead
from coroom.core.evolve import evolve
from coroom.core.file import SHARED_LINE, FileKind
from coroom.core.state import RoomState
from coroom.evaluate.metrics import Used
from coroom.host.host import read_events
from coroom.log.sqlite import SqliteLog
from coroom.ports import Log

LOG = "room.sqlite3"
CHARS_A_TOKEN = 4
LABEL_TOKENS = 12
"""What a notice costs beside its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """All of it. `used` is what the agents said that they have used, and what the log shows."""

    events: Sequence[Event]
    state: RoomState
    tree: Mapping[str, bytes]
    used: Used


def harvest(room: Path, *, united: bool = False) -> Harvest:
    """Read the log in a room's directory.

    Args:
        room: where it lies.
        united: score the agents' own lines laid over one another, the later version of a file wins, in place of what
            they share.

    Raises:
        LogCorrupt: the log is damaged.
    """
    log = SqliteLog.reader(room / LOG)
    try:
        events = read_events(log, 0)
        state = RoomState()
        for event in events:
            state = evolve(state, event)
        tree = final_tree(state, log, united=united)
        return Harvest(events=events, state=state, tree=tree, used=_used(events, log))
    finally:
        log.close()


def final_tree(state: RoomState, log: Log, *, united: bool) -> dict[str, bytes]:
    """The files of the shared line, or of all lines with the newest version of each path."""
    newest = dict(state.files().items())
    for line in state.lines if united else ():
        for path, version in state.files(line).items():
            known = newest.get(path)
            if line != SHARED_LINE and (known is None or version.version > known.version):
                newest[path] = version
    tree = {}
    for path, version in newest.items():
        data = log.blob(version.blob) if version.kind in {FileKind.TEXT, FileKind.BINARY} else None
        if data is not None:
            tree[path] = data
    return tree


def _used(events: Sequence[Event], log: Log) -> Used:
    spent = [event.body for event in events if isinstance(event.body, AgentSpent)]
    words = {e.body.notice: e.body.text for e in events if isinstance(e.body, NoticeSent)}
    read = [name for e in events if isinstance(e.body, NoticesRead) for name in e.body.notices]
    return Used(
        turns=len(spent),
        input_tokens=sum(body.input_tokens for body in spent),
        output_tokens=sum(body.output_tokens for body in spent),
        told_tokens=sum(len(words.get(name, "")) // CHARS_A_TOKEN + LABEL_TOKENS for name in read),
        usd=sum(body.cost_micro_usd for body in spent) / 1e6,
        characters=sum(_written(event, log) for event in events),
    )


def _written(event: Event, log: Log) -> int:
    """The characters that an author put in by one edit, whether it was taken in as it was, merged or held."""
    match event.body:
        case FileAccepted(before=before, written=written, file=file) if file.kind is FileKind.TEXT:
            return _put_in(log.blob(before), log.blob(written or file.blob))
        case EditHeld(base=base, mine=mine, mine_kind=FileKind.TEXT):
            return _put_in(log.blob(base), log.blob(mine))
    return 0


def _put_in(before: bytes | None, after: bytes | None) -> int:
    old = (before or b"").decode("utf-8", "replace").splitlines(keepends=True)
    new = (after or b"").decode("utf-8", "replace").splitlines(keepends=True)
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return sum(len("".join(new[start:end])) for kind, _, _, start, end in codes if kind in {"insert", "replace"})
