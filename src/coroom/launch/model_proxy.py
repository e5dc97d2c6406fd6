"""The model behind a Unix socket: requests of an isolated agent go to one provider, with a key that it never sees."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

BODY_BYTES_MAX = 64 << 20
"""A long conversation with pictures in it."""

ANSWER_WITHIN_S = 600.0

PLACEHOLDER = "kept-outside"
"""What an isolated agent has for a key: clients want one to be set."""

_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "host", "content-length", "accept-encoding", "authorization", "x-api-key", "x-goog-api-key"}
)


@dataclass(frozen=True, slots=True)
class Provider:
    """A model's address, without a path, and the key it wants."""

    base_url: str
    key: str = field(repr=False)


def proxy(provider: Provider, client: httpx2.AsyncClient) -> Starlette:
    """An application that hands every request on to the provider, and to nobody else."""

    async def hand_on(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES_MAX:
                return JSONResponse({"error": {"message": "The request is too large."}}, 413)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        headers = [*_kept(request.headers.items()), *_proofs(request, provider.key)]
        asked = client.build_request(request.method, provider.base_url + path, headers=headers, content=bytes(body))
        try:
            answer = await client.send(asked, stream=True)
        except httpx2.HTTPError as problem:
            return JSONResponse({"error": {"message": f"The model's provider does not answer: {problem}"}}, 502)
        answered = dict(_kept(answer.headers.items()))
        answered.pop("content-encoding", None)
        return StreamingResponse(
            answer.aiter_bytes(), answer.status_code, headers=answered, background=BackgroundTask(answer.aclose)
        )

    return Starlette(routes=[Route("/{path:path}", hand_on, methods=["GET", "POST"])])


def _kept(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _HOP]


def _proofs(request: Request, key: str) -> list[tuple[str, str]]:
    """The key in the places where the client's own way of speaking has one."""
    places = (("authorization", f"Bearer {key}"), ("x-api-key", key), ("x-goog-api-key", key))
    return [(name, value) for name, value in places if name in request.headers]


@asynccontextmanager
async def model_door(provider: Provider, path: Path) -> AsyncIterator[Path]:
    """Serve the proxy at `path` until the block ends."""
    async with httpx2.AsyncClient(timeout=ANSWER_WITHIN_S, follow_redirects=False) as client:
        config = uvicorn.Config(
            proxy(provider, client), uds=str(path), lifespan="off", log_level="warning", access_log=False
        )
        server = _Quiet(config)
        serving = asyncio.ensure_future(server.serve())
        waiting = asyncio.ensure_future(server.up.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        try:
            yield path
        finally:
            server.should_exit = True
            await serving


class _Quiet(uvicorn.Server):
    """Leaves the process's signals to whoever runs it, and says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Not ours."""
        yield
