"""The live text of a file over HTTP: a replica that follows the stream holds what the room accepted."""

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from typing import Any

from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.file import FileKind
from coroom.core.resource import file
from coroom.host.edits.documents import Documents
from coroom.host.host import Host
from coroom.testing.sample_room import SampleRoom
from coroom.web.live_text import QUEUE_UPDATES_MAX, progress_of, stream
from coroom.workspace.document import Replica
from coroom.workspace.states import content_hash
from coroom.workspace.updates import Applied, CatchUp, Progress, Update

PATH = "notes/live.md"


async def write(host: Host, text: str) -> None:
    data = text.encode()
    head = host.state.head(PATH)
    reply = await host.submit(
        OPERATOR,
        c.AcceptEdit(
            path=PATH,
            kind=FileKind.TEXT,
            blob=content_hash(data),
            written=content_hash(data),
            expected=head.version if head else 0,
            touched=(file(PATH),),
            size=len(data),
        ),
        blobs={content_hash(data): data},
    )
    assert isinstance(reply, c.Accepted), reply


def read(message: str) -> tuple[str, dict[str, Any]]:
    kind, data = message.strip().split("\n")
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def caught_up(told: dict[str, Any]) -> CatchUp:
    goal = Progress(
        file=told["file"],
        epoch=told["epoch"],
        seq=told["seq"],
        vector=b64decode(told["vector"]),
        text_crc32=told["text_crc32"],
    )
    return CatchUp(whole=told["whole"], progress=goal, crc32=told["crc32"], payload=b64decode(told["payload"]))


def updated(told: dict[str, Any]) -> Update:
    return Update(
        file=told["file"], epoch=told["epoch"], seq=told["seq"], crc32=told["crc32"], payload=b64decode(told["payload"])
    )


async def followed(documents: Documents, progress: Progress | None = None) -> tuple[AsyncIterator[str], CatchUp]:
    messages = stream(documents, PATH, progress)
    assert messages is not None
    kind, told = read(await anext(messages))
    assert kind == "catch-up"
    return messages, caught_up(told)


async def test_a_replica_that_follows_the_stream_holds_the_accepted_text(sample: SampleRoom) -> None:
    await write(sample.host, "# Notes\n")
    messages, first = await followed(Documents(sample.host))
    replica = Replica(first.progress.file, 99)
    assert isinstance(replica.repair(first), Applied)
    for text in ("# Notes\n\none 😀\n", "# Notes\n\nzero\none 😀\n", "# 漢字\n"):
        await write(sample.host, text)
        kind, told = read(await anext(messages))
        assert kind == "update"
        assert isinstance(replica.receive(updated(told)), Applied)
        assert replica.text() == text


async def test_a_follower_that_comes_back_gets_only_what_it_lacks(sample: SampleRoom) -> None:
    await write(sample.host, "one\n" * 200)
    documents = Documents(sample.host)
    kept, first = await followed(documents)
    replica = Replica(first.progress.file, 99)
    replica.repair(first)
    await write(sample.host, "one\n" * 200 + "two\n")
    progress = replica.progress()
    given = {
        "file": progress.file,
        "epoch": str(progress.epoch),
        "seq": str(progress.seq),
        "vector": b64encode(progress.vector).decode(),
        "text_crc32": str(progress.text_crc32),
    }
    _, again = await followed(documents, progress_of(given))
    assert not again.whole
    assert len(again.payload) < len(first.payload) / 4
    replica.repair(again)
    assert replica.text().endswith("two\n")
    assert kept is not None


async def test_a_follower_that_does_not_keep_up_is_cut_off_and_costs_no_more(sample: SampleRoom) -> None:
    await write(sample.host, "0\n")
    messages, _ = await followed(Documents(sample.host))
    for number in range(QUEUE_UPDATES_MAX + 5):
        await write(sample.host, f"{number}\n" * 2)
    told = [message async for message in messages]
    assert len(told) == QUEUE_UPDATES_MAX


async def test_what_is_no_progress_counts_as_having_nothing() -> None:
    assert progress_of({}) is None
    bad = {"file": "f", "epoch": "1", "seq": "x", "vector": "AA==", "text_crc32": "0"}
    assert progress_of(bad) is None
    assert progress_of(bad | {"seq": "1", "vector": "no base64"}) is None
