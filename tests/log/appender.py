"""A host's log at work, to be traced: appends, and says on standard output how far it has answered.

Run as a program: appender.py FILE APPENDS
"""

import os
import sys

from coroom.log.sqlite import SqliteLog
from coroom.ports import Stored
from coroom.workspace.states import content_hash


def event(seq: int) -> Stored:
    return Stored(seq, 1_000 + seq, "ann", "kind", f'{{"number":{seq},"text":"{"x" * (seq % 700)}"}}')


def blob(number: int) -> bytes:
    return b"%d\n" % number * (1 + number % 900)


def main() -> None:
    file, appends = sys.argv[1], int(sys.argv[2])
    log = SqliteLog(file)
    seq = 0
    for number in range(appends):
        events = [event(seq + 1 + place) for place in range(1 + number % 4)]
        data = blob(number)
        log.append(seq, events, {content_hash(data): data})
        seq += len(events)
        os.write(1, b"answered %d %d\n" % (seq, number))
        if number % 15 == 14:
            log.save_view(seq, b"view of %d" % seq)
    log.compact(seq)
    os.write(1, b"answered %d %d\n" % (seq, appends - 1))
    log.close()


if __name__ == "__main__":
    main()
