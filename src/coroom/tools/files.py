"""Files as tools: read, list, write, edit, append, delete, move; undone by before-images that are stored with the call.

What each makes of the files it touches is a function of its arguments and of what stood there. So nothing needs to be
remembered beside the before-images: whether a call acted is seen by looking which of the two stands there now.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

from coroom.core.action import Effect
from coroom.core.errors import Refused
from coroom.core.resource import Footprint, Resource, Scheme, clean_path, parse
from coroom.core.tool import NotPerformed, Performed, Probed, ToolCall, ToolSpec, Unknown, canonical
from coroom.ports import Content, Files, Tool, ToolFailed
from coroom.tools.contents import State, held_at, state_of, swap, take_back, text_of
from coroom.tools.json_text import object_of
from coroom.tools.naming import resources_of
from coroom.tools.registry import Toolbox, digest
from coroom.tools.signature import Signature

_EMPTY = Content(b"")


def file_tools(files: Files, prefix: str = "file") -> Toolbox:
    """The seven tools of one directory: `file_read`, `file_list`, `file_write` and so on."""
    kinds: tuple[Callable[[Files, str], Tool], ...] = (Read, List, Write, Edit, Append, Delete, Move)
    return Toolbox(kind(files, prefix) for kind in kinds)


class FileTool(ABC):
    """What they have in common."""

    verb: ClassVar[str]
    about: ClassVar[str]
    effect = Effect.REPLAYABLE
    reads_value: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("file:{path}",)
    writes: ClassVar[tuple[str, ...]] = ("file:{path}",)

    def __init__(self, files: Files, prefix: str) -> None:
        self._files = files
        self._signature = Signature(self._form())
        self.spec = ToolSpec(
            name=f"{prefix}_{self.verb}",
            description=self.about,
            effect=self.effect,
            schema=self._signature.schema(),
            undoable=True,
            reads_value=self.reads_value,
        )

    @abstractmethod
    def _form(self) -> Callable[..., object]: ...

    @abstractmethod
    def _made(self, given: Mapping[str, str], before: State) -> State:
        """What will stand at the paths that are written. Raises ToolFailed where it cannot be done."""

    def _said(self, given: Mapping[str, str], before: State) -> object:
        """What the agent is answered, once it is done."""
        return {"written": sorted(before)} if given else None

    def footprint(self, arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`."""
        given = self._signature.read(arguments)
        if isinstance(given, Refused):
            return given
        reads, writes = resources_of(self.reads, given), resources_of(self.writes, given)
        if isinstance(reads, Refused):
            return reads
        return writes if isinstance(writes, Refused) else Footprint(reads, writes)

    def prepare(self, call: ToolCall) -> str:
        """See `ports.Tool.prepare`."""
        before = held_at(self._files, self._paths(call))
        self._made(self._given(call), before)
        return canonical({path: text_of(content) for path, content in before.items()})

    def perform(self, call: ToolCall, prepared: str) -> str:
        """See `ports.Tool.perform`."""
        given, before = self._given(call), state_of(object_of(prepared or self.prepare(call)))
        after = self._made(given, before)
        if not after or held_at(self._files, after) != after:
            swap(self._files, before, after)
        return canonical(self._said(given, before))

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:  # noqa: ARG002  it follows from the others
        """See `ports.Tool.undo`."""
        before = state_of(object_of(prepared))
        after = self._made(self._given(call), before)
        take_back(self._files, after, before, f"{self.spec.name} ({call.id})")

    def probe(self, call: ToolCall, prepared: str) -> Probed:
        """See `ports.Tool.probe`."""
        given, before = self._given(call), state_of(object_of(prepared))
        try:
            after = self._made(given, before)
        except ToolFailed:
            return NotPerformed()
        standing = held_at(self._files, after)
        if standing == {path: before[path] for path in after}:
            return NotPerformed()
        return Performed(canonical(self._said(given, before))) if standing == after else Unknown()

    def image(self, resource: Resource) -> str:
        """See `ports.Tool.image`."""
        return digest(self.value(resource))

    def value(self, resource: Resource) -> str:
        """See `ports.Tool.value`: a file's text (or bytes in base64), or what lies below a directory."""
        if resource.path is not None:
            found = self._files.read(resource.path)
            return canonical(None if isinstance(found, Refused) else text_of(found))
        if resource.scheme is not Scheme.DIR:
            return "null"
        return canonical([[path, self.value(Resource(Scheme.FILE, path))] for path in self._files.paths(resource.name)])

    def _given(self, call: ToolCall) -> Mapping[str, str]:
        given = self._signature.read(call.arguments)
        if isinstance(given, Refused):
            raise ToolFailed(str(given))
        return {name: str(value) for name, value in given.items()}

    def _paths(self, call: ToolCall) -> list[str]:
        footprint = self.footprint(call.arguments)
        if isinstance(footprint, Refused):
            raise ToolFailed(str(footprint))
        named = [each for each in footprint.writes or footprint.reads if each.scheme is not Scheme.DIR]
        wrong = [each for each in named if each.scheme is not Scheme.FILE]
        if wrong:
            raise ToolFailed(f"'{wrong[0]}' is a pattern; name one file.")
        return [each.name for each in named]


class Read(FileTool):
    """Reads one file."""

    verb, about, writes = "read", "The text of a file, null when there is none.", ()
    reads_value = True

    def _form(self) -> Callable[..., object]:
        def read(path: str) -> object: ...

        return read

    def _made(self, given: Mapping[str, str], before: State) -> State:  # noqa: ARG002  it changes nothing
        return {}

    def _said(self, given: Mapping[str, str], before: State) -> object:  # noqa: ARG002  one path is read
        (content,) = before.values()
        return text_of(content)


class List(FileTool):
    """Names the files below a directory."""

    verb, about, reads, writes = (
        "list",
        "The paths of all files below a directory ('.': all there are).",
        ("dir:{directory}",),
        (),
    )

    def _form(self) -> Callable[..., object]:
        def list_files(directory: str) -> object: ...

        return list_files

    def _made(self, given: Mapping[str, str], before: State) -> State:  # noqa: ARG002  it changes nothing
        return {}

    def _said(self, given: Mapping[str, str], before: State) -> object:  # noqa: ARG002  it looks by itself
        named = parse(f"dir:{given['directory']}")
        return list(self._files.paths(named.name)) if isinstance(named, Resource) else []


class Write(FileTool):
    """Overwrites one file."""

    verb, about, effect = "write", "Make a file hold this text; it need not be there before.", Effect.BLIND
    reads = ()

    def _form(self) -> Callable[..., object]:
        def write(path: str, text: str) -> object: ...

        return write

    def _made(self, given: Mapping[str, str], before: State) -> State:
        (path,) = before
        return {path: _with(before[path], given["text"].encode())}


class Edit(FileTool):
    """Replaces one passage."""

    verb, about = "edit", "Put `new` in place of `old`, which must stand in the file exactly once."

    def _form(self) -> Callable[..., object]:
        def edit(path: str, old: str, new: str) -> object: ...

        return edit

    def _made(self, given: Mapping[str, str], before: State) -> State:
        ((path, content),) = before.items()
        times = content.data.count(given["old"].encode()) if content and given["old"] else 0
        if not content or times != 1:
            raise ToolFailed(f"The old text stands {times} times in {path}; it must stand there once.")
        return {path: _with(content, content.data.replace(given["old"].encode(), given["new"].encode()))}


class Append(FileTool):
    """Adds to the end."""

    verb, about = "append", "Add text to the end of a file; it need not be there before."

    def _form(self) -> Callable[..., object]:
        def append(path: str, text: str) -> object: ...

        return append

    def _made(self, given: Mapping[str, str], before: State) -> State:
        ((path, content),) = before.items()
        return {path: _with(content, (content or _EMPTY).data + given["text"].encode())}


class Delete(FileTool):
    """Removes one file."""

    verb, about = "delete", "Remove a file."

    def _form(self) -> Callable[..., object]:
        def delete(path: str) -> object: ...

        return delete

    def _made(self, given: Mapping[str, str], before: State) -> State:  # noqa: ARG002  the path is in both
        ((path, content),) = before.items()
        if content is None:
            raise ToolFailed(f"There is no {path}.")
        return {path: None}


class Move(FileTool):
    """Gives a file another path."""

    verb, about = "move", "Move a file to a path where nothing stands."
    reads: ClassVar[tuple[str, ...]] = ("file:{path}", "file:{to}")
    writes: ClassVar[tuple[str, ...]] = ("file:{path}", "file:{to}")

    def _form(self) -> Callable[..., object]:
        def move(path: str, to: str) -> object: ...

        return move

    def _made(self, given: Mapping[str, str], before: State) -> State:
        path, to = clean_path(given["path"]) or "", clean_path(given["to"]) or ""
        content, there = before[path], before[to]
        if content is None or there is not None:
            raise ToolFailed(f"There is no {path}." if content is None else f"Something stands at {to}.")
        return {to: content, path: None}


def _with(content: Content | None, data: bytes) -> Content:
    return Content(data, content.executable if content else False)
