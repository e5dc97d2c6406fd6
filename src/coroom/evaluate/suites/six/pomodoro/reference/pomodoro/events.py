"""Who is told."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

Callback = Callable[..., None]


class Events:
    """Callbacks by the name of an event."""

    def __init__(self) -> None:
        self._callbacks: dict[str, list[Callback]] = {}

    def on(self, name: str, callback: Callback) -> Callable[[], None]:
        """Until what is returned is called."""

        def told(*args: Any) -> None:
            callback(*args)

        self._callbacks.setdefault(name, []).append(told)

        def end() -> None:
            with suppress(ValueError):
                self._callbacks[name].remove(told)

        return end

    def once(self, name: str, callback: Callback) -> Callable[[], None]:
        """For the first one."""

        def told(*args: Any) -> None:
            end()
            callback(*args)

        end = self.on(name, told)
        return end

    def emit(self, name: str, *args: Any) -> None:
        """Tell everybody of it."""
        for callback in list(self._callbacks.get(name, ())):
            with suppress(Exception):
                callback(*args)
