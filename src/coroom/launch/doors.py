"""Doors through an isolation, on their outer side: Unix sockets, each for one agent, that lead to one address alone."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOM_PORT = 4100
"""Where an isolated agent has the room, on its own 127.0.0.1."""

MODEL_PORT = 4101
"""Where it has its model."""

PATH_BYTES_MAX = 100
"""A Unix socket's address has 108 bytes."""

PIECE = 65_536


@asynccontextmanager
async def socket_place(prefix: str) -> AsyncIterator[Path]:
    """A directory for the sockets of one agent, which only this user can enter, and short enough for their names."""
    with tempfile.TemporaryDirectory(prefix=f"coroom-{prefix[:20]}-") as name:
        place = Path(name)
        assert len(os.fsencode(place)) < PATH_BYTES_MAX, "the directory for temporary files has too long a name"
        yield place


@asynccontextmanager
async def door_to(url: str, path: Path) -> AsyncIterator[Path]:
    """Listen at `path` and lead each connection to the room at `url` (http:// on loopback, or unix:)."""
    parts = urlsplit(url)

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if parts.scheme == "unix":
                inner_reader, inner_writer = await asyncio.open_unix_connection(parts.path)
            else:
                inner_reader, inner_writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        except OSError:
            writer.close()
            return
        ways = ((reader, inner_writer), (inner_reader, writer))
        both = [asyncio.ensure_future(_copy(source, target)) for source, target in ways]
        try:
            await asyncio.wait(both)
        finally:
            for one in both:
                one.cancel()
            for end in (writer, inner_writer):
                end.close()

    leading: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(lead(reader, writer))
        leading.add(task)
        task.add_done_callback(leading.discard)

    server = await asyncio.start_unix_server(accept, path)
    try:
        yield path
    finally:
        server.close()
        for task in list(leading):
            task.cancel()
        await asyncio.gather(*leading, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
