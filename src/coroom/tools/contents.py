"""Contents of files as JSON, and moving several files from one state to another."""

from base64 import b64decode, b64encode
from collections.abc import Iterable

from coroom.core.errors import Refused
from coroom.core.resource import Resource, Scheme
from coroom.ports import Content, Files, OutsideChange, ToolFailed, UndoFailed

State = dict[str, Content | None]
"""What stands at some paths."""


def text_of(content: Content | None) -> object:
    """A content as JSON: text where it is text, base64 where not."""
    if content is None:
        return None
    try:
        text: dict[str, object] = {"text": content.data.decode()}
    except UnicodeDecodeError:
        text = {"base64": b64encode(content.data).decode()}
    return text | ({"executable": True} if content.executable else {})


def content_of(value: object) -> Content | None:
    """The content that `text_of` wrote."""
    if not isinstance(value, dict):
        return None
    data = value["text"].encode() if "text" in value else b64decode(value["base64"])
    return Content(data, bool(value.get("executable")))


def state_of(value: object) -> State:
    """The contents of an object of them."""
    assert isinstance(value, dict)
    return {path: content_of(each) for path, each in value.items()}


def held_at(files: Files, paths: Iterable[str]) -> State:
    """What stands at these paths now.

    Raises:
        ToolFailed: one of them cannot be read.
    """
    found: State = {}
    for path in paths:
        content = files.read(path)
        if isinstance(content, Refused):
            raise ToolFailed(str(content))
        found[path] = content
    return found


def swap(files: Files, old: State, new: State) -> None:
    """From one state to the other, file by file; back again as soon as one refuses. What is there already is skipped.

    Raises:
        ToolFailed: a file is not what was expected; none is changed.
    """
    done: list[str] = []
    for path, content in new.items():
        if files.read(path) == content:
            continue
        refused: Refused | None = files.replace(path, old[path], content)
        if refused:
            for other in reversed(done):
                files.replace(other, new[other], old[other])
            raise ToolFailed(str(refused))
        done.append(path)


def take_back(files: Files, after: State, before: State, left_by: str) -> None:
    """From what a call left to what was there before it.

    Args:
        files: where.
        after: what the call left; a file that stands as before is back already.
        before: what was there.
        left_by: the call, in words.

    Raises:
        OutsideChange: a file is neither.
        UndoFailed: it could not be put back.
        ToolFailed: a file cannot be read.
    """
    for path, content in held_at(files, after).items():
        if content not in (after[path], before[path]):
            raise OutsideChange(Resource(Scheme.FILE, path), f"it is not what {left_by} left.")
    try:
        swap(files, after, before)
    except (ToolFailed, OSError) as error:
        raise UndoFailed(str(error)) from error
