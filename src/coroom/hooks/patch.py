"""The paths that a patch in Codex's own format changes."""

import re

from coroom.host.door.answer import Touch

_FILE = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+)$|^\*\*\* Move to: (.+)$", re.MULTILINE)
_BEGIN = "*** Begin Patch"
_TOUCHES = {"Add": Touch.WRITE, "Update": Touch.EDIT, "Delete": Touch.DELETE}


def patched(text: str) -> tuple[Touch, tuple[str, ...]] | None:
    """What the patch inside `text` does, and to which paths (both ends of a move); None when there is none.

    A patch that does several things counts as an edit.
    """
    if _BEGIN not in text:
        return None
    found = [(verb, (path or target).strip()) for verb, path, target in _FILE.findall(text)]
    touches = {_TOUCHES.get(verb, Touch.EDIT) for verb, _ in found}
    paths = tuple(dict.fromkeys(path for _, path in found))
    return (touches.pop() if len(touches) == 1 else Touch.EDIT), paths
