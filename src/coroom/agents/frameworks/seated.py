"""What the adapters have in common: a seat in a room, entered by `with` or `async with`."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from coroom.agents.frameworks.brought import Function
from coroom.agents.frameworks.participant import STAY_S, Participant
from coroom.tools.observers import Observer


class Seated:
    """One agent of a framework in a room."""

    def __init__(
        self,
        url: str = "",
        token: str = "",
        *,
        own: Mapping[str, str] | None = None,
        also: tuple[str, ...] = (),
        stay_s: float = STAY_S,
        functions: Sequence[Function] = (),
        watched_by: Sequence[Observer] = (),
    ) -> None:
        """See `Participant`."""
        super().__init__()
        self._room = Participant(
            url, token, own=own, also=also, stay_s=stay_s, functions=functions, watched_by=watched_by
        )

    @property
    def instructions(self) -> str:
        """How to work in a room, for the head of a prompt."""
        return self._room.instructions

    def __enter__(self) -> Self:
        self._room.__enter__()
        self._entered()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._room.__exit__(kind, error, traceback)
        finally:
            self._left()

    async def __aenter__(self) -> Self:
        await self._room.__aenter__()
        self._entered()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._room.__aexit__(kind, error, traceback)

    def _entered(self) -> None:
        """The room's tools are known."""

    def _left(self) -> None:
        """It was left by an end of `with`."""
