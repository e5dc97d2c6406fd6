"""What a person may do from the page or a command line: each act is signed by the operator."""

from collections.abc import Callable, Mapping

from coroom.core import command as c
from coroom.core.agent import EVERYONE
from coroom.core.codec import Json
from coroom.core.errors import Code, Refused
from coroom.core.notice import NoticeKind
from coroom.core.quick import dataclass

_Given = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Restore:
    """The operator wants a version of a file back, which takes more than one command."""

    path: str
    version: str


def _say(given: _Given) -> c.Command:
    about = given.get("about", "")
    kind = NoticeKind.ANSWER if about else NoticeKind.OPERATOR
    return c.Say(kind=kind, text=given["text"], to=given.get("to") or EVERYONE, about=about)


_ACTS: dict[str, tuple[tuple[str, ...], Callable[[_Given], c.Command | Restore]]] = {
    "say": (("text",), _say),
    "release": (("claim",), lambda given: c.TakeOver(given["claim"], given.get("reason", ""))),
    "pause": (("agent",), lambda given: c.Pause(given["agent"])),
    "resume": (("agent",), lambda given: c.Resume(given["agent"])),
    "drop-held": (("held",), lambda given: c.DropHeld(given["held"], given.get("note", ""))),
    "restore": (("path", "version"), lambda given: Restore(given["path"], given["version"])),
    "lift-fence": (("call",), lambda given: c.LiftFence(given["call"])),
    "hold-landings": ((), lambda given: c.HoldLandings(given.get("reason", ""))),
    "release-landings": ((), lambda _given: c.ReleaseLandings()),
    "end": ((), lambda given: c.CloseRoom(given.get("reason") or "ended by the operator")),
}
"""Each act: the fields it needs, and what is asked by it."""


def asked_of(act: str, given: Json) -> c.Command | Restore | Refused:
    """What the act `act` with these fields asks; refused when there is no such act or a field is wrong."""
    if act not in _ACTS:
        return Refused(Code.NOT_FOUND, f"There is no act '{act[:40]}'.", f"It is one of {', '.join(_ACTS)}.")
    needed, make = _ACTS[act]
    if not isinstance(given, Mapping):
        return Refused(Code.BAD_INPUT, "The body is no JSON object.", f"Send an object with {_names(needed)}.")
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    if len(texts) < len(given) or any(not texts.get(name) for name in needed):
        return Refused(Code.BAD_INPUT, f"{act} needs text in {_names(needed)}.", "Send each field as a string.")
    return make(texts)


def _names(needed: tuple[str, ...]) -> str:
    return " and ".join(f"'{name}'" for name in needed) or "any reason"
