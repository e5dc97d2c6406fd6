"""A copy of the live page in one file that opens anywhere, with the room at every sampled moment in it."""

import base64
import json
import re
from collections.abc import Sequence
from hashlib import sha256

from coroom.core.codec import Json
from coroom.core.event import Event
from coroom.core.evolve import evolve
from coroom.core.file import HeldState
from coroom.core.state import RoomState
from coroom.core.view import page
from coroom.host.host import Host
from coroom.web.app import asset
from coroom.web.history import sampled
from coroom.web.marks import marks
from coroom.web.sides import held_page

MOMENTS_MAX = 200
"""Moments a saved scrubber stops at: more than it has pixels that a hand can tell apart."""

MARKS_MAX = 20_000
"""The newest events kept; a page with more is slow to open."""

HELD_MAX = 50
"""Held edits whose three sides are kept."""

Moment = tuple[int, dict[str, Json]]

_MODULES = ("dom", "source", "timeline", "graph", "view", "sheet", "main")
"""Each after those it imports."""

_IMPORT = re.compile(r'^import .* from "\./\w+\.js";\n', re.MULTILINE)
_IMPORT_WHOLE = re.compile(r'^import \* as (\w+) from "\./\1\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) )", re.MULTILINE)
_EXPORTED = re.compile(r"^export (?:async )?(?:function|class|const) ([$\w]+)", re.MULTILINE)


def saved_copy(host: Host) -> str:
    """The page of a room as one HTML file, made from its whole log. Reads and folds: call it beside the loop."""
    events = host.events(0)
    held = [edit for edit in host.state.held.values() if edit.state is HeldState.OPEN][:HELD_MAX]
    sides: dict[str, Json] = {edit.id: held_page(host, edit) for edit in held}
    return save(moments(events), events, sides)


def moments(events: Sequence[Event]) -> list[Moment]:
    """The page after each sampled event, with that event's number. The last event is always among them."""
    wanted = set(sampled(len(events), MOMENTS_MAX))
    state, found = RoomState(), []
    for place, event in enumerate(events, start=1):
        state = evolve(state, event)
        if place in wanted:
            found.append((state.seq, page(state, state.now_ms)))
    return found


def save(pages: Sequence[Moment], events: Sequence[Event], held: dict[str, Json]) -> str:
    """One self-contained HTML file: no request leaves it, and nothing but the page's own script runs in it.

    Args:
        pages: the page at each moment that the scrubber shall stop at, oldest first.
        events: the room's events, for timeline and log.
        held: the three sides of each open held edit, by its id.
    """
    pool = _Pool()
    data: Json = {
        "moments": [[seq, {name: pool.take(value) for name, value in shown.items()}] for seq, shown in pages],
        "pool": pool.items,
        "marks": marks(events)[-MARKS_MAX:],
        "held": held,
    }
    script, style = _script(), asset("page.css")
    icon = base64.b64encode(asset("icon.svg").encode()).decode()
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    text = asset("index.html").replace("{root}", "")
    for old, new in (
        ('<meta charset="utf-8">', f'<meta charset="utf-8">\n{meta}'),
        ('href="/static/icon.svg"', f'href="data:image/svg+xml;base64,{icon}"'),
        ('<link rel="stylesheet" href="/static/page.css">', f"<style>{style}</style>"),
        ('<script type="module" src="/static/main.js"></script>\n', ""),
        ("</body>", f'{_embedded(data)}\n<script type="module">{script}</script>\n</body>'),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


class _Pool:
    """Each different part once: of two moments that follow one another, most is alike."""

    def __init__(self) -> None:
        self.items: list[Json] = []
        self._known: dict[str, int] = {}

    def take(self, value: Json) -> Json:
        """Where a value is, or where each of a list's items is."""
        if isinstance(value, list | tuple):
            return [self._place(item) for item in value]
        return self._place(value)

    def _place(self, item: Json) -> int:
        text = json.dumps(item, sort_keys=True)
        if text not in self._known:
            self._known[text] = len(self.items)
            self.items.append(item)
        return self._known[text]


def _embedded(data: Json) -> str:
    """JSON that cannot end its script element, whatever an agent wrote: there is no '<' in it."""
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="saved">{text}</script>'


def _script() -> str:
    """The page's modules as one script: each in a function of its own, with what it exports as constants."""
    texts = {name: asset(f"{name}.js") for name in _MODULES}
    whole = {found[1] for text in texts.values() for found in _IMPORT_WHOLE.finditer(text)}
    return "\n".join(_part(name, text, as_object=name in whole) for name, text in texts.items())


def _part(name: str, text: str, *, as_object: bool) -> str:
    exported = f"{{ {', '.join(_EXPORTED.findall(text))} }}"
    body = _EXPORT.sub("", _IMPORT.sub("", text))
    return f"const {name if as_object else exported} = (() => {{\n{body}\nreturn {exported};\n}})();"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"
