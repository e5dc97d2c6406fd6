"""What is asked of a Kubernetes API through one transport, request by request."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import create_default_context

import httpx2

from coroom.tools.observers import Observed, note_request


class KubernetesObserver(httpx2.HTTPTransport):
    """Objects that are asked for and written over the API. Give it to a `Cluster` as its transport."""

    def __init__(self, *, verify: str | bool = True) -> None:
        """See `Cluster` for `verify`. Each thread's requests are its own call's."""
        super().__init__(verify=create_default_context(cafile=verify) if isinstance(verify, str) else verify)
        self._here = threading.local()

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`."""
        self._here.observed = observed
        try:
            yield
        finally:
            del self._here.observed

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass the request on, and note what it is about."""
        observed = getattr(self._here, "observed", None)
        if observed:
            note_request(observed, request.method, request.url.path)
        return super().handle_request(request)
