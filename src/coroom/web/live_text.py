"""`/document`: one file's live text as a stream, for editors, live views and peers that keep a replica of it.

The first message is a catch-up from wherever the follower stands, the rest are updates in order; all are Yjs updates in
base64, numbered and sealed. A follower that does not keep up is cut off, and comes back with its progress.
"""

import asyncio
import json
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import AsyncIterator, Callable, Mapping

from coroom.core.codec import Json
from coroom.host.edits.documents import Documents
from coroom.workspace.updates import CatchUp, Progress, Update

QUEUE_UPDATES_MAX = 256
"""Updates that wait for one follower; one that is further behind is better served by a catch-up."""

HEARTBEAT_S = 15.0


def progress_of(given: Mapping[str, str]) -> Progress | None:
    """Where a follower says that it stands; None when it has nothing or says it wrongly."""
    try:
        return Progress(
            file=given["file"],
            epoch=int(given["epoch"]),
            seq=int(given["seq"]),
            vector=b64decode(given["vector"], validate=True),
            text_crc32=int(given["text_crc32"]),
        )
    except (KeyError, ValueError, Error):
        return None


def stream(documents: Documents, path: str, progress: Progress | None) -> AsyncIterator[str] | None:
    """The messages of one follower, as server-sent events; None when there is no such text file."""
    waiting: asyncio.Queue[Update | None] = asyncio.Queue()

    def heard(update: Update) -> None:
        if waiting.qsize() < QUEUE_UPDATES_MAX:
            waiting.put_nowait(update)
        elif waiting.qsize() == QUEUE_UPDATES_MAX:
            waiting.put_nowait(None)

    followed = documents.follow(path, heard, progress)
    if followed is None:
        return None
    catch_up, leave = followed
    return _messages(catch_up, waiting, leave)


async def _messages(
    catch_up: CatchUp, waiting: "asyncio.Queue[Update | None]", leave: Callable[[], None]
) -> AsyncIterator[str]:
    try:
        yield _message("catch-up", _catch_up(catch_up))
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    update = await waiting.get()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if update is None:
                return
            yield _message("update", _update(update))
    finally:
        leave()


def _message(kind: str, data: Json) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def _catch_up(catch_up: CatchUp) -> Json:
    goal = catch_up.progress
    return {
        "whole": catch_up.whole,
        "file": goal.file,
        "epoch": goal.epoch,
        "seq": goal.seq,
        "vector": b64encode(goal.vector).decode(),
        "text_crc32": goal.text_crc32,
        "crc32": catch_up.crc32,
        "payload": b64encode(catch_up.payload).decode(),
    }


def _update(update: Update) -> Json:
    return {
        "file": update.file,
        "epoch": update.epoch,
        "seq": update.seq,
        "crc32": update.crc32,
        "payload": b64encode(update.payload).decode(),
    }
