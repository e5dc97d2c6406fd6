"""Shell commands as a tool: rehearsed in a sandbox, held to what they declared, then carried out as file changes.

The rehearsal shows what a command reads and writes while nothing is changed yet. One that strays from what it declared
is refused with the words that would have covered it; one that does not is performed by putting what it wrote in place,
by compare-and-swap, with before-images for the undo. So a footprint is never a matter of trust.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable

from coroom.core.action import Effect
from coroom.core.errors import Refused
from coroom.core.resource import Footprint, Resource, Scheme, covers, parse
from coroom.core.tool import NotPerformed, Performed, Probed, ToolCall, ToolSpec, Unknown, canonical
from coroom.ports import Files, ToolFailed
from coroom.tools.contents import held_at, state_of, swap, take_back, text_of
from coroom.tools.files import Read
from coroom.tools.json_text import object_of
from coroom.tools.registry import digest
from coroom.tools.sandbox import Outcome, Sandbox
from coroom.tools.signature import Signature

_SHOWN_MAX = 5


class Strayed(ToolFailed):
    """A command would touch more than it declared: `more`. Nothing was changed."""

    def __init__(self, why: str, more: Footprint) -> None:
        super().__init__(why)
        self.more = more


class RehearsedTool(ABC):
    """A command on the files of a directory: rehearsed, held to its footprint, then put in place."""

    spec: ToolSpec

    def __init__(self, files: Files, sandbox: Sandbox) -> None:
        self._files = files
        self._sandbox = sandbox
        self._look = Read(files, "file")

    @abstractmethod
    def footprint(self, arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`."""

    @abstractmethod
    def rehearse(self, arguments: str) -> Outcome:
        """What the call would do now. Raises ToolFailed where it cannot be told."""

    def prepare(self, call: ToolCall) -> str:
        """See `ports.Tool.prepare`: the rehearsal."""
        footprint = self.footprint(call.arguments)
        if isinstance(footprint, Refused):
            raise ToolFailed(str(footprint))
        outcome = self.rehearse(call.arguments)
        _hold(outcome, footprint)
        before = held_at(self._files, outcome.writes)
        answer = {"exit_code": outcome.exit_code, "output": outcome.output, "changed": sorted(outcome.writes)}
        return canonical(
            {
                "before": {path: text_of(content) for path, content in before.items()},
                "after": {path: text_of(content) for path, content in outcome.writes.items()},
                "seen": {path: self._seen(path) for path in sorted(outcome.reads)},
                "answer": answer,
            }
        )

    def perform(self, call: ToolCall, prepared: str) -> str:
        """See `ports.Tool.perform`."""
        kept = object_of(prepared or self.prepare(call))
        before, after = state_of(kept["before"]), state_of(kept["after"])
        standing = held_at(self._files, after)
        if standing != after or not after:
            seen = kept["seen"]
            assert isinstance(seen, dict)
            moved = [path for path, image in seen.items() if self._seen(path) != image]
            if moved:
                raise ToolFailed(f"'{moved[0]}', which it read, was changed since it was rehearsed; call it again.")
            swap(self._files, before, after)
        return canonical(kept["answer"])

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:  # noqa: ARG002  it follows from what was prepared
        """See `ports.Tool.undo`."""
        kept = object_of(prepared)
        before, after = state_of(kept["before"]), state_of(kept["after"])
        take_back(self._files, after, before, f"{self.spec.name} ({call.id})")

    def probe(self, call: ToolCall, prepared: str) -> Probed:  # noqa: ARG002  it is seen on the files
        """See `ports.Tool.probe`."""
        kept = object_of(prepared)
        before, after = state_of(kept["before"]), state_of(kept["after"])
        standing = held_at(self._files, after)
        if standing == before:
            return NotPerformed()
        return Performed(canonical(kept["answer"])) if standing == after else Unknown()

    def image(self, resource: Resource) -> str:
        """See `ports.Tool.image`."""
        return self._look.image(resource)

    def value(self, resource: Resource) -> str:
        """See `ports.Tool.value`."""
        return self._look.value(resource)

    def _seen(self, path: str) -> str:
        found = self._files.read(path)
        return digest(json.dumps(None if isinstance(found, Refused) else text_of(found)))


class ShellTool(RehearsedTool):
    """`shell`: one command line on the files of a directory."""

    def __init__(self, files: Files, sandbox: Sandbox, name: str = "shell") -> None:
        super().__init__(files, sandbox)

        def shell(command: str, reads: list[str] = ["."], writes: list[str] = []) -> object:  # noqa: B006
            ...

        self._signature = Signature(shell)
        self.spec = ToolSpec(
            name=name,
            description=(
                "Run a command line with sh, without network, on the shared files. Declare the files and directories "
                "(with a final '/') that it reads (by default all) and writes; a command that strays changes nothing."
            ),
            effect=Effect.OPAQUE,
            schema=self._signature.schema(),
            undoable=True,
        )

    def footprint(self, arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`."""
        given = self._signature.read(arguments)
        if isinstance(given, Refused):
            return given
        reads, writes = _declared(given["reads"]), _declared(given["writes"])
        if isinstance(reads, Refused):
            return reads
        return writes if isinstance(writes, Refused) else Footprint(reads, writes)

    def rehearse(self, arguments: str) -> Outcome:
        """See `RehearsedTool.rehearse`."""
        given = self._signature.read(arguments)
        if isinstance(given, Refused):
            raise ToolFailed(str(given))
        return self._sandbox.rehearse(str(given["command"]))


def _hold(outcome: Outcome, footprint: Footprint) -> None:
    """Refuse what strays from its declaration, with what would have covered it."""
    written = [Resource(Scheme.FILE, path) for path in sorted(outcome.writes)]
    _covered(written, footprint.writes, "write")
    read = [Resource(Scheme.FILE, path) for path in sorted(outcome.reads - outcome.writes.keys())]
    listed = [Resource(Scheme.DIR, f"{path}/" if path else "") for path in sorted(outcome.listed)]
    _covered([*read, *listed], (*footprint.reads, *footprint.writes), "read")


def _covered(touched: Iterable[Resource], declared: tuple[Resource, ...], verb: str) -> None:
    strays = tuple(each for each in touched if not any(covers(one, each) for one in declared))
    if strays:
        more = len(strays) - _SHOWN_MAX
        names = ", ".join(each.name or "." for each in strays[:_SHOWN_MAX])
        shown = names + (f" and {more} more" if more > 0 else "")
        raise Strayed(
            f"Nothing was changed: the command would {verb} {shown}, which it did not declare. "
            f"Add it to `{verb}s` and call again.",
            Footprint((), strays) if verb == "write" else Footprint(strays),
        )


def _declared(paths: object) -> tuple[Resource, ...] | Refused:
    assert isinstance(paths, list)
    named = []
    for path in paths:
        resource = parse(f"file:{path}" if path not in {".", "./"} else "dir:.")
        if isinstance(resource, Refused):
            return resource
        named.append(resource)
    return tuple(dict.fromkeys(named))
