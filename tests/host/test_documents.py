"""The live documents of a room: what follows one ends with the accepted text, or says what it lacks."""

import random
from collections.abc import AsyncIterator

import pytest

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.file import FileKind
from coroom.core.resource import file
from coroom.host.clock import SystemClock
from coroom.host.edits.documents import Documents
from coroom.host.host import Host
from coroom.log.memory import MemoryLog
from coroom.workspace.document import Replica
from coroom.workspace.states import content_hash
from coroom.workspace.updates import Applied, Gap, Update

PATH = "src/a.py"


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = await Host.open(MemoryLog(), SystemClock())
    await host.submit(OPERATOR, c.OpenRoom(room="r", policy="open"))
    await host.submit(HOST, c.Join(agent="ada", secret_hash="0" * 64))
    await write(host, "x = 1\n")
    yield host
    await host.close()


async def write(host: Host, text: str, kind: FileKind = FileKind.TEXT) -> None:
    data = text.encode()
    head = host.state.head(PATH)
    reply = await host.submit(
        "ada",
        c.AcceptEdit(
            path=PATH,
            kind=kind,
            blob=content_hash(data),
            written=content_hash(data),
            expected=head.version if head else 0,
            touched=(file(PATH),),
            size=len(data),
        ),
        blobs={content_hash(data): data},
    )
    assert isinstance(reply, c.Accepted), reply


def text_of(host: Host) -> str:
    head = host.state.head(PATH)
    assert head
    return (host.blob(head.blob) or b"").decode()


@pytest.mark.promise("doc:converges")
async def test_a_follower_ends_with_the_accepted_text_whatever_was_written(host: Host) -> None:
    documents = Documents(host)
    updates: list[Update] = []
    followed = documents.follow(PATH, updates.append)
    assert followed
    replica = Replica(followed[0].progress.file, 7)
    replica.repair(followed[0])
    chance = random.Random(1)
    lines = ["x = 1\n"]
    for number in range(60):
        lines.insert(chance.randrange(len(lines) + 1), f"é{number} = '{chance.choice('a😀漢')}'\n")
        if chance.random() < 0.3:
            del lines[chance.randrange(len(lines))]
        await write(host, "".join(lines))
    for update in updates:
        assert isinstance(replica.receive(update), Applied)
    assert replica.text() == text_of(host)


async def test_a_follower_that_missed_an_update_is_told_and_catches_up(host: Host) -> None:
    documents = Documents(host)
    updates: list[Update] = []
    followed = documents.follow(PATH, updates.append)
    assert followed
    replica = Replica(followed[0].progress.file, 7)
    replica.repair(followed[0])
    await write(host, "x = 1\ny = 2\n")
    await write(host, "x = 1\ny = 2\nz = 3\n")
    assert isinstance(replica.receive(updates[1]), Gap)
    again = documents.follow(PATH, lambda _update: None, replica.progress())
    assert again
    assert not again[0].whole
    replica.repair(again[0])
    assert replica.text() == text_of(host)


async def test_nobody_follows_what_is_no_text_or_not_there(host: Host) -> None:
    documents = Documents(host)
    assert documents.follow("nothing.py", lambda _update: None) is None
    await write(host, "\0", FileKind.BINARY)
    assert documents.follow(PATH, lambda _update: None) is None


async def test_a_document_ends_with_its_last_follower(host: Host) -> None:
    documents = Documents(host)
    heard: list[Update] = []
    followed = documents.follow(PATH, heard.append)
    assert followed
    followed[1]()
    await write(host, "gone = 1\n")
    assert heard == []
    fresh = documents.follow(PATH, heard.append)
    assert fresh
    assert fresh[0].whole
    documents.close()
    await write(host, "later = 1\n")
    assert heard == []
