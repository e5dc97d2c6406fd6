"""Serves an ASGI application on a free port of 127.0.0.1, in a thread of its own, for as long as a context is open."""

import threading
import time
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette

_START_S = 10.0


class Loopback:
    """`port` is 0 for a free one. Open connections are cut when the context is left: clients see a server that died."""

    def __init__(self, application: Starlette, *, port: int = 0) -> None:
        config = uvicorn.Config(
            application, host="127.0.0.1", port=port, log_level="critical", timeout_graceful_shutdown=0
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="loopback", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the server on loopback did not start")
            time.sleep(0.005)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._server.servers[0].sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.port}"
