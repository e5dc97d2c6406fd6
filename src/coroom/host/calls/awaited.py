"""Functions that agents' processes had brought before their room was opened again, for as long as calls of them stand.

The process is mostly still there and comes back within a second. Until it has, nobody can tell what became of a call
that was under way, nor take one back; so whoever needs that waits, and only then is it given up.
"""

import time
from concurrent.futures import Future
from contextlib import suppress

from coroom.core.action import Effect
from coroom.core.errors import Code, Refused
from coroom.core.resource import Footprint, Resource
from coroom.core.tool import Probed, ToolCall, ToolSpec
from coroom.ports import Forgets, Tool, ToolFailed

AWAITED_WITHIN_S = 60.0
"""A process that is there finds its room again in this time, and has its functions tried there."""


class Awaited:
    """Stands in for one of them. What is asked of it waits in its thread until the function is there."""

    def __init__(self, name: str) -> None:
        self._come: Future[Tool] = Future()
        self._until = time.monotonic() + AWAITED_WITHIN_S
        self.spec = ToolSpec(name=name, description="", effect=Effect.OPAQUE, schema="{}")

    def come(self, tool: Tool) -> None:
        """The function is there again."""
        if not self._come.done():
            self._come.set_result(tool)

    def end(self) -> None:
        """Let nobody wait any longer."""
        self._until = 0.0
        if not self._come.done():
            self._come.set_exception(self._away())

    def footprint(self, _arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`: nobody can call it now."""
        return Refused(Code.WAIT, str(self._away()), "Call again in a moment.")

    def prepare(self, call: ToolCall) -> str:
        """See `ports.Tool.prepare`."""
        return self._there().prepare(call)

    def perform(self, call: ToolCall, prepared: str) -> str:
        """See `ports.Tool.perform`."""
        return self._there().perform(call, prepared)

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:
        """See `ports.Tool.undo`."""
        self._there().undo(call, prepared, result)

    def probe(self, call: ToolCall, prepared: str) -> Probed:
        """See `ports.Tool.probe`."""
        return self._there().probe(call, prepared)

    def image(self, resource: Resource) -> str:
        """See `ports.Tool.image`."""
        return self._there().image(resource)

    def value(self, resource: Resource) -> str:
        """See `ports.Tool.value`: a look that fails sees nothing."""
        with suppress(ToolFailed):
            return self._there().value(resource)
        return "null"

    def forget(self, calls: tuple[str, ...]) -> None:
        """See `ports.Forgets`; what is not forgotten now is when the room is opened the next time."""
        tool = self._come.result(0) if self._come.done() else None
        if isinstance(tool, Forgets):
            tool.forget(calls)

    def _there(self) -> Tool:
        try:
            return self._come.result(max(self._until - time.monotonic(), 0.0))
        except TimeoutError:
            raise self._away() from None

    def _away(self) -> ToolFailed:
        return ToolFailed(f"The process that brought {self.spec.name} has not come back to the room; nothing was done.")
