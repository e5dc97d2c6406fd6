"""A tool as one room uses it: its calls are told from those of all other rooms, and before-images have an end.

Rooms number their calls from one on, while what tools leave behind (a mark on an object, a row in a table of calls, a
key for a service to know a request by) outlives a room. So tools are given names of calls that no other room gives.

A tool's `prepare` may give whole files or manifests. They are kept in the room's journal under the call, and the log,
which is for ever, has their digest; once the call is final they are dropped.
"""

import re
from hashlib import sha256

from coroom.core.errors import Refused
from coroom.core.resource import Footprint, Resource
from coroom.core.tool import Probed, ToolCall, ToolSpec, Unknown, canonical
from coroom.ports import Forgets, Tool, ToolFailed, UndoFailed
from coroom.tools.journal import Journal

IN_LOG_CHARS_MAX = 512
"""What is shorter is kept in the log itself: no second write for it."""

_KEPT = re.compile(r'\{"/kept":"(?P<digest>[0-9a-f]{64})"\}')
"""Stands for what is kept: no tool prepares such a text, since no path and no field is called so."""


class Kept:
    """See above. `room` is a word that no other room has; empty for a room from before there were any."""

    def __init__(self, tool: Tool, journal: Journal, room: str) -> None:
        self._tool, self._journal, self._room = tool, journal, room

    @property
    def spec(self) -> ToolSpec:
        """See `ports.Tool.spec`."""
        return self._tool.spec

    def footprint(self, arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`."""
        return self._tool.footprint(arguments)

    def prepare(self, call: ToolCall) -> str:
        """See `ports.Tool.prepare`: what it gives is durable in the journal before the room stores that it did."""
        call = self._own(call)
        prepared = self._tool.prepare(call)
        if len(prepared) <= IN_LOG_CHARS_MAX:
            return prepared
        digest = sha256(prepared.encode()).hexdigest()
        self._journal.keep(call.id, digest, prepared)
        return canonical({"/kept": digest})

    def perform(self, call: ToolCall, prepared: str) -> str:
        """See `ports.Tool.perform`."""
        call = self._own(call)
        whole = self._whole(call, prepared)
        if whole is None:
            raise ToolFailed("What its undo would need is gone from the room's journal; call it again.")
        return self._tool.perform(call, whole)

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:
        """See `ports.Tool.undo`."""
        call = self._own(call)
        whole = self._whole(call, prepared)
        if whole is None:
            raise UndoFailed("What its undo needs is gone from the room's journal.")
        self._tool.undo(call, whole, result)

    def probe(self, call: ToolCall, prepared: str) -> Probed:
        """See `ports.Tool.probe`."""
        call = self._own(call)
        whole = self._whole(call, prepared)
        return Unknown() if whole is None else self._tool.probe(call, whole)

    def forget(self, calls: tuple[str, ...]) -> None:
        """See `ports.Forgets`."""
        own = tuple(map(self._name, calls))
        self._journal.prune(own)
        if isinstance(self._tool, Forgets):
            self._tool.forget(own)

    def image(self, resource: Resource) -> str:
        """See `ports.Tool.image`."""
        return self._tool.image(resource)

    def value(self, resource: Resource) -> str:
        """See `ports.Tool.value`."""
        return self._tool.value(resource)

    def _own(self, call: ToolCall) -> ToolCall:
        return ToolCall(self._name(call.id), call.tool, call.arguments)

    def _name(self, call: str) -> str:
        return own_name(self._room, call)

    def _whole(self, call: ToolCall, prepared: str) -> str | None:
        reference = _KEPT.fullmatch(prepared)
        return self._journal.kept(call.id, reference["digest"]) if reference else prepared


def own_name(room: str, call: str) -> str:
    """What the tools of a room know one of its calls by."""
    return f"{room}-{call}" if room else call
