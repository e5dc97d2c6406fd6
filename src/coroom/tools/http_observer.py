"""Requests of HTTP libraries that do not go through `http.client`, told as they are made: httpx and aiohttp."""

from collections.abc import Callable
from functools import lru_cache, wraps
from importlib import import_module
from importlib.util import find_spec
from socket import AF_UNSPEC, SOCK_STREAM, getaddrinfo
from typing import Any
from urllib.parse import urlsplit

Asked = Callable[[str, int, str, str], None]
"""Told of a request: host, port, method, and path with query."""

_PORTS = {"http": 80, "https": 443}
_LOOPBACK = "loopback"
_SENDS_LATER = "handle_async_request"


def watch_requests(asked: Asked) -> None:
    """Have the requests of those libraries told that are installed here, however early or late they are imported."""
    for core in ("httpcore", "httpcore2"):
        if find_spec(core):
            module = import_module(core)
            for pool, sends in ((module.ConnectionPool, "handle_request"), (module.AsyncConnectionPool, _SENDS_LATER)):
                _wrap(pool, sends, lambda _, request: _of_core(request, asked))
    if find_spec("aiohttp"):
        requests = import_module("aiohttp.client_reqrep").ClientRequest
        _wrap(requests, "send", lambda request, _: asked(*_of_aiohttp(request)))


def server_of(url: str) -> tuple[str, int]:
    """Host and port that a URL leads to."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def same_server(one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Whether two hosts and ports are the same server, as far as names tell: `localhost` is 127.0.0.1."""
    return one[1] == other[1] and bool(_addresses(one[0]) & _addresses(other[0]))


@lru_cache(maxsize=256)
def _addresses(host: str) -> frozenset[str]:
    try:
        found = {str(each[4][0]) for each in getaddrinfo(host, None, AF_UNSPEC, SOCK_STREAM)}
    except OSError:
        return frozenset({host})
    loopback = {_LOOPBACK} if any(each == "::1" or each.startswith("127.") for each in found) else set[str]()
    return frozenset(found | loopback)


def _of_core(request: Any, asked: Asked) -> None:
    url = request.url
    port = url.port or _PORTS.get(url.scheme.decode(), 0)
    asked(url.host.decode(), port, request.method.decode(), url.target.decode("latin-1"))


def _of_aiohttp(request: Any) -> tuple[str, int, str, str]:
    return request.url.host or "", request.url.port or 0, request.method, request.url.raw_path_qs


def _wrap(owner: Any, name: str, note: Callable[[Any, Any], None]) -> None:
    """Have `note` called with what a method is called with, before it runs."""
    plain = getattr(owner, name)
    if hasattr(plain, "__wrapped__"):
        return

    @wraps(plain)
    def noted(subject: Any, argument: Any) -> Any:
        note(subject, argument)
        return plain(subject, argument)

    setattr(owner, name, noted)
