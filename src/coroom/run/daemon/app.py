"""The daemon put together: the applications of all doors behind one guard, and how they are served."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from coroom.core.command import Good
from coroom.core.errors import Fault, Refused
from coroom.core.quick import dataclass
from coroom.hooks.brought import brought
from coroom.hooks.endpoint import Hooks
from coroom.host.door.caller import caller_of
from coroom.host.host import Host
from coroom.mcp.server import McpDoor
from coroom.run.daemon.guard import Guard, ServedRoom
from coroom.run.daemon.limits import CONNECTION_IDLE_S, STOP_WITHIN_S, SWITCH_S
from coroom.run.daemon.seats import Admit, seat_route
from coroom.web.app import routes


@dataclass(frozen=True, slots=True)
class OperatorPage:
    """What the live page of a room asks of the daemon: only the room's operator sees it and acts on it."""

    served: ServedRoom

    @property
    def host(self) -> Host:
        """The running room."""
        return self.served.door.host

    @property
    def room(self) -> str:
        """The room's name, as a title."""
        return self.served.name

    def allow_read(self, request: Request) -> bool:
        """Whether the guard has proved the sender to be this room's operator."""
        caller = caller_of(request.scope)
        return caller is not None and caller.is_operator and caller.room == self.served.name

    def allow_write(self, request: Request) -> bool:
        """See `allow_read`."""
        return self.allow_read(request)

    async def restore(self, path: str, name: str) -> Good | Refused:
        """See `web.app.Facade.restore`."""
        return await self.served.door.restore(path, name)


def build_app(
    rooms: Mapping[str, ServedRoom], hosts: Iterable[str] = (), seats: Mapping[str, Admit] | None = None
) -> ASGIApp:
    """The daemon's application. Belongs to the event loop of the rooms' hosts.

    Args:
        rooms: by name. At `/mcp`, `/hooks` and `/` a caller meets the room that its token belongs to (the page: the
            first room), at `/rooms/NAME/…` the room of that name.
        hosts: names beside those of loopback under which the daemon may be addressed.
        seats: what gives out seats, by the room's name; rooms without it take no newcomers over HTTP.
    """
    mcp, hooks = McpDoor(), Hooks()
    doors: list[BaseRoute] = [
        Route("/mcp", mcp),
        Route("/hooks/{client}/{moment}", hooks.answer, methods=["POST"]),
        Route("/tools/{act}", brought, methods=["POST"]),
    ]
    given = seats or {}
    pages = {
        name: [*([seat_route(given[name])] if name in given else []), *routes(OperatorPage(served))]
        for name, served in rooms.items()
    }
    inside: list[BaseRoute] = [Mount(f"/rooms/{name}", routes=[*doors, *page]) for name, page in pages.items()]
    default = next(iter(pages.values()), [])

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with mcp.run():
            yield
        await hooks.end()

    pages_of_all = Starlette(routes=[*doors, *inside, *default], lifespan=lifespan)
    calls_at = frozenset({"/mcp", *(f"/rooms/{name}/mcp" for name in rooms)})
    return Guard(_CallsFirst(mcp, calls_at, pages_of_all), rooms=rooms, hosts=hosts)


@dataclass(frozen=True, slots=True)
class _CallsFirst:
    """Calls of tools, of which there are a hundred for each other request, past the routes of all the others."""

    calls: ASGIApp
    calls_at: frozenset[str]
    others: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_call = scope["type"] == "http" and scope["path"] in self.calls_at
        await (self.calls if is_call else self.others)(scope, receive, send)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the command that serves decides what Ctrl-C means."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def loopback_socket(port: int = 0) -> socket.socket:
    """A listening socket on 127.0.0.1, at a free port unless one is given. Raises OSError when it is taken."""
    # Named as TCP, since asyncio turns Nagle's algorithm off (40 ms an answer) only for sockets that say so.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A daemon that was killed is started again at the port that its agents know.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening


def unix_socket(path: str) -> socket.socket:
    """A listening Unix socket that only its owner may open. Raises OSError when something is at `path`."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(path)
        os.chmod(path, 0o600)
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening


def address(listening: socket.socket) -> str:
    """Where clients reach it, without a path."""
    if listening.family == socket.AF_UNIX:
        return f"unix:{listening.getsockname()}"
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


async def serve(app: ASGIApp, listening: socket.socket, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Serve at `listening` until `stop` is set; answers under way then get `STOP_WITHIN_S` to end in.

    `ready` is called once requests are answered. Nothing is written to standard output. Closes `listening`.
    """
    sys.setswitchinterval(SWITCH_S)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        lifespan="on",
        timeout_graceful_shutdown=int(STOP_WITHIN_S),
        # Who comes back by the same connection has read the last reply; agents think for minutes between two calls.
        timeout_keep_alive=CONNECTION_IDLE_S,
        headers=[("Keep-Alive", f"timeout={CONNECTION_IDLE_S}")],
        ws="none",
    )
    server = _Server(config, ready)

    async def stop_when_told() -> None:
        await stop.wait()
        server.should_exit = True

    stopping = asyncio.get_running_loop().create_task(stop_when_told())
    try:
        await server.serve(sockets=[listening])
    finally:
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        listening.close()
    if not server.started:
        message = "the daemon did not start"
        raise Fault(message)
