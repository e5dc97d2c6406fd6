"""What a place is at work on: noted while a session works, so that after a kill the next loop keeps it."""

import json
from dataclasses import dataclass
from pathlib import Path

from coroom.core.errors import Refused
from coroom.core.resource import parse
from coroom.run.loop.work import Item


@dataclass(frozen=True, slots=True)
class Begun:
    """A session's item, and the commit that it began from."""

    item: Item
    base: str


def note_begun(file: Path, item: Item, base: str) -> None:
    """Note it. Raises OSError when it cannot be kept."""
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"key": str(item.key), "title": item.title, "base": base}), encoding="utf-8")
    fresh.replace(file)


def read_begun(file: Path) -> Begun | None:
    """What is noted; None when nothing is."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        key = parse(str(found["key"]))
        return None if isinstance(key, Refused) else Begun(Item(key=key, title=str(found["title"])), str(found["base"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
