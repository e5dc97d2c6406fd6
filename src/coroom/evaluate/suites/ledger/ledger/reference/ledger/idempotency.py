"""Calls that may come twice."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ledger.errors import Refused


class Once:
    """What was done under a key."""

    def __init__(self, keep: int = 1000) -> None:
        self._keep = keep
        self._done: OrderedDict[str, tuple[Any, Any]] = OrderedDict()

    def run(self, key: str, fingerprint: Any, action: Callable[[], Any]) -> Any:
        """Do it, or say again what it gave."""
        known = self._done.get(key)
        if known:
            if known[0] != fingerprint:
                raise Refused("duplicate", f"{key} was another call")
            self._done.move_to_end(key)
            return known[1]
        result = action()
        self._done[key] = (fingerprint, result)
        while len(self._done) > self._keep:
            self._done.popitem(last=False)
        return result
