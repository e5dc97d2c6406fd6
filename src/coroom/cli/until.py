"""Work that a person may stop: Ctrl-C, a closed terminal and SIGTERM all let it end tidily, once."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(Exception):
    """A signal has ended the work; `exit_code` is what shells expect of a command that it ends."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


def stop_when_input_ends() -> None:
    """Have this process stop, as by SIGTERM, when its standard input ends: whoever started it is no more."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="leash", daemon=True).start()


def until_stopped(work: Coroutine[None, None, T]) -> T:
    """Run `work` to its end, or cancel it at the first signal; a second one ends the process at once.

    Raises:
        StoppedError: a signal came, and the work has ended.
    """

    async def watched() -> T:
        loop, working = asyncio.get_running_loop(), asyncio.ensure_future(work)
        came: list[int] = []

        def stop(number: int) -> None:
            came.append(number)
            for one in STOPPING:
                loop.remove_signal_handler(one)
                signal.signal(one, signal.SIG_DFL)
            working.cancel()

        for one in STOPPING:
            loop.add_signal_handler(one, stop, one)
        try:
            return await working
        except asyncio.CancelledError:
            if came:
                raise StoppedError(came[0]) from None
            raise

    return asyncio.run(watched())
