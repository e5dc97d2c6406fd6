"""What a function asks of a cluster is seen whatever HTTP library it uses; libraries and server are real."""

import asyncio
import socket
import urllib.request
from collections.abc import Callable, Iterator

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3
from tests.tools.test_probe import acted

from coroom.testing.kubernetes_api import KubernetesApi
from coroom.testing.loopback import Loopback
from coroom.tools.python_observer import PythonObserver

_GEO = "/apis/apps/v1/namespaces/default/deployments/geo"
_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Loopback(KubernetesApi().application) as server:
        yield server.url


def by_urllib(url: str) -> None:
    """Look, and make."""
    for path, data in ((_MAPS, None), (_MAPS, b"{}")):
        request = urllib.request.Request(url + path, data=data, headers={"content-type": "application/json"})
        opener = urllib.request.build_opener(_Bears())
        opener.open(request).close()


class _Bears(urllib.request.HTTPErrorProcessor):
    def http_response(self, _request: object, response: object) -> object:
        return response


def by_requests(url: str) -> None:
    """Look, and make."""
    with requests.Session() as session:
        session.get(url + _MAPS)
        session.post(url + _MAPS, json={})


def by_urllib3(url: str) -> None:
    """Look, and make."""
    with urllib3.PoolManager() as pool:
        pool.request("GET", url + _MAPS)
        pool.request("POST", url + _MAPS, body=b"{}")


def by_httpx(url: str) -> None:
    """Look, and make, by another name of the same host."""
    with httpx.Client(base_url=url.replace("127.0.0.1", "localhost")) as client:
        client.get(_MAPS)
        client.post(_MAPS, json={})


def by_httpx2(url: str) -> None:
    """Look, and make."""
    with httpx2.Client(base_url=url) as client:
        client.get(_MAPS)
        client.post(_MAPS, json={})


def by_httpx_awaited(url: str) -> None:
    """Look, and make."""

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=url) as client:
            await asyncio.gather(client.get(_MAPS), client.post(_MAPS, json={}))

    asyncio.run(ask())


def by_aiohttp(url: str) -> None:
    """Look, and make."""

    async def ask() -> None:
        async with aiohttp.ClientSession(url) as session:
            async with session.get(_MAPS) as seen:
                await seen.read()
            async with session.post(_MAPS, json={}) as made:
                await made.read()

    asyncio.run(ask())


@pytest.mark.parametrize(
    "ask",
    [by_urllib, by_requests, by_urllib3, by_httpx, by_httpx2, by_httpx_awaited, by_aiohttp],
    ids=lambda ask: ask.__name__,
)
def test_each_library_is_seen_to_read_and_to_write_objects_that_were_not_declared(
    url: str, ask: Callable[[str], None]
) -> None:
    def act() -> None:
        """Act."""
        ask(url)

    observer = PythonObserver(cluster=url)
    maps = "k8s:v1/configmaps/default"
    assert acted(act, [], [maps, "key:network"], observer) == set()
    assert acted(act, [], ["key:network"], observer) == {f"it read {maps}", f"it wrote {maps}"}


def test_who_speaks_to_the_cluster_in_a_way_that_does_not_show_what_it_asks_is_seen_to_have_been_there(
    url: str,
) -> None:
    host, _, port = url.removeprefix("http://").partition(":")

    def act() -> None:
        """Speak by hand."""
        with socket.create_connection((host, int(port))) as speaks:
            speaks.sendall(f"DELETE {_GEO} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            speaks.recv(1 << 16)

    assert acted(act, [], ["key:network"], PythonObserver(cluster=url)) == {"it wrote key:cluster"}


def test_requests_to_another_server_are_nobodys_business(url: str) -> None:
    def act() -> None:
        """Ask elsewhere."""
        with Loopback(KubernetesApi().application) as other:
            by_httpx(other.url)

    assert acted(act, [], ["key:network"], PythonObserver(cluster=url)) == set()
