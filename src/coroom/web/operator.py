"""What a person may do from the page: each button is a command signed by the operator."""

from collections.abc import Callable, Mapping

from coroom.core import command as c
from coroom.core.agent import EVERYONE
from coroom.core.codec import Json
from coroom.core.errors import Code, Refused
from coroom.core.notice import NoticeKind

_Given = Mapping[str, str]


def _say(given: _Given) -> c.Command:
    about = given.get("about", "")
    kind = NoticeKind.ANSWER if about else NoticeKind.OPERATOR
    return c.Say(kind=kind, text=given["text"], to=given.get("to") or EVERYONE, about=about)


_COMMANDS: dict[str, tuple[tuple[str, ...], Callable[[_Given], c.Command]]] = {
    "say": (("text",), _say),
    "release": (("claim",), lambda given: c.TakeOver(given["claim"], given.get("reason", ""))),
    "pause": (("agent",), lambda given: c.Pause(given["agent"])),
    "resume": (("agent",), lambda given: c.Resume(given["agent"])),
    "drop-held": (("held",), lambda given: c.DropHeld(given["held"], given.get("note", ""))),
    "hold-landings": ((), lambda given: c.HoldLandings(given.get("reason", ""))),
    "release-landings": ((), lambda _given: c.ReleaseLandings()),
    "end": ((), lambda given: c.CloseRoom(given.get("reason") or "ended by the operator")),
}
"""Each act: the fields it needs, and the command it is."""


def command_of(act: str, given: Json) -> c.Command | Refused:
    """The command that the act `act` with these fields is; refused when there is no such act or a field is wrong."""
    if act not in _COMMANDS:
        return Refused(Code.NOT_FOUND, f"There is no act '{act[:40]}'.", f"It is one of {', '.join(_COMMANDS)}.")
    needed, make = _COMMANDS[act]
    if not isinstance(given, Mapping):
        return Refused(Code.BAD_INPUT, "The body is no JSON object.", f"Send an object with {_names(needed)}.")
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    if len(texts) < len(given) or any(not texts.get(name) for name in needed):
        return Refused(Code.BAD_INPUT, f"{act} needs text in {_names(needed)}.", "Send each field as a string.")
    return make(texts)


def _names(needed: tuple[str, ...]) -> str:
    return " and ".join(f"'{name}'" for name in needed) or "any reason"
