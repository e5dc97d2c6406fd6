"""The room's index of symbols follows what its agents write, one file at a time."""

from collections.abc import AsyncIterator

import pytest

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.file import FileKind
from coroom.core.resource import file
from coroom.host.clock import SystemClock
from coroom.host.host import Host
from coroom.host.plans.symbols import RoomSymbols
from coroom.log.memory import MemoryLog
from coroom.plan.index import Place
from coroom.workspace.states import content_hash


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = await Host.open(MemoryLog(), SystemClock())
    await host.submit(OPERATOR, c.OpenRoom(room="r", policy="open"))
    await host.submit(HOST, c.Join(agent="ada", secret_hash="0" * 64))
    yield host
    await host.close()


async def write(host: Host, path: str, text: str, kind: FileKind = FileKind.TEXT) -> None:
    data = text.encode()
    head = host.state.head(path)
    name = content_hash(data) if kind is FileKind.TEXT else ""
    command = c.AcceptEdit(
        path=path,
        kind=kind,
        blob=name,
        written=name,
        expected=head.version if head else 0,
        touched=(file(path),),
        size=len(data),
    )
    reply = await host.submit("ada", command, blobs={name: data} if name else {})
    assert isinstance(reply, c.Accepted), reply


async def test_a_written_file_is_read_again_and_a_deleted_one_forgotten(host: Host) -> None:
    await write(host, "b.py", "def go(): pass\n")
    symbols = RoomSymbols(host)
    await write(host, "a.py", "from b import go\n\n\ndef run():\n    go()\n")
    assert symbols.index.uses_of(Place("a.py", "run")) == {Place("b.py", "go")}
    await write(host, "b.py", "def stop(): pass\n")
    assert symbols.index.uses_of(Place("a.py", "run")) == frozenset()
    assert symbols.index.symbol(Place("b.py", "stop")) is not None
    await write(host, "b.py", "", FileKind.ABSENT)
    assert symbols.index.inventory("b.py") is None
    await write(host, "notes.txt", "no code\n")
    assert list(symbols.index.paths) == ["a.py"]
    symbols.close()
    await write(host, "a.py", "x = 1\n")
    assert symbols.index.symbol(Place("a.py", "run")) is not None
