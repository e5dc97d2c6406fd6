"""The tasks that were done in the rooms of a repository, with how long each took, from their logs."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from coroom.core.codec import decode_body
from coroom.core.event import TaskDone, TaskPosted, TaskReturned, TaskTaken
from coroom.log.sqlite import SqliteLog
from coroom.plan.durations import Done
from coroom.ports import LogCorrupt, LogFull, Stored

ROOMS_MAX = 8
"""So many rooms are looked at, those last written to."""

EVENTS_MAX = 20_000
"""Of each, so many events are read, the last ones."""

SECONDS_MIN = 5.0
"""What took less was played back, or ticked off, and says nothing of work."""

_KINDS = frozenset(each.kind for each in (TaskPosted, TaskTaken, TaskReturned, TaskDone))


def tasks_done(rooms: Path) -> list[Done]:
    """The tasks done in the rooms below a directory; a log that cannot be read is left out."""
    logs = [(path.stat().st_mtime, path) for path in rooms.glob("*/room.sqlite3") if path.is_file()]
    found: list[Done] = []
    for _, path in sorted(logs, reverse=True)[:ROOMS_MAX]:
        try:
            with closing(SqliteLog.reader(path)) as log:
                found += _done_in(log.read(log.head() - EVENTS_MAX, EVENTS_MAX))
        except (LogCorrupt, LogFull, OSError):
            continue
    return found


def _done_in(events: Iterable[Stored]) -> Iterator[Done]:
    posted: dict[str, TaskPosted] = {}
    taken_ms: dict[str, int] = {}
    for event in events:
        match decode_body(event.kind, event.body) if event.kind in _KINDS else None:
            case TaskPosted() as body:
                posted[body.task] = body
            case TaskTaken(task=task):
                taken_ms[task] = event.at_ms
            case TaskReturned(task=task):
                taken_ms.pop(task, None)
            case TaskDone(task=task) if task in taken_ms and task in posted:
                seconds = (event.at_ms - taken_ms.pop(task)) / 1_000
                if seconds >= SECONDS_MIN:
                    yield Done(title=posted[task].title, touches=len(posted[task].touches), seconds=seconds)
            case _:
                continue
