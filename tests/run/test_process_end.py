"""What a run started is ended as a whole."""

import asyncio
import os

from coroom.run.process_end import end_group


async def test_what_a_process_left_running_ends_with_it_though_it_does_not_listen() -> None:
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", "trap '' TERM; sleep 600 & echo started", stdout=writing, start_new_session=True
        )
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as said:
        assert await asyncio.to_thread(said.readline) == b"started\n"
        await process.wait()
        await end_group(process)
        # Only when nobody is left who could write does reading come to an end.
        assert await asyncio.to_thread(said.read) == b""
