"""What an agent gives with a call, read: resources, and what it asks of the board."""

from coroom.core import command as c
from coroom.core.codec import Json
from coroom.core.errors import Code, Refused
from coroom.core.resource import Resource, parse


def unknown(what: str, given: str, known: list[str]) -> Refused:
    """A word that is none of those it can be."""
    return Refused(Code.BAD_INPUT, f"'{given[:60]}' is no {what}.", f"It is one of {', '.join(known)}.")


def number(given: dict[str, Json], name: str) -> float:
    """A number of what is given; 0 where there is none."""
    value = given.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def resources_in(texts: list[str]) -> tuple[Resource, ...] | Refused:
    """The resources that these name; a bare path is a file."""
    found = []
    for text in texts:
        one = parse(text if ":" in text else f"file:{text}")
        if isinstance(one, Refused):
            return one
        found.append(one)
    return tuple(found)


def task_command(do: str, given: dict[str, Json]) -> c.Command | Refused:
    """What is asked of the board."""

    def text(name: str) -> str:
        value = given.get(name)
        return value if isinstance(value, str) else ""

    def texts(name: str) -> list[str]:
        value = given.get(name)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

    match do:
        case "next" | "take":
            return c.TakeTask(text("task") if do == "take" else "")
        case "done":
            return c.FinishTask(text("summary"))
        case "give_back":
            return c.ReturnTask(text("summary"))
        case "post":
            touches = resources_in(texts("touches"))
            if isinstance(touches, Refused):
                return touches
            return c.PostTask(
                title=text("title"),
                description=text("description"),
                touches=touches,
                after=tuple(texts("after")),
                task=text("task"),
                despite_duplicate=given.get("despite_duplicate") is True,
            )
        case _:
            return unknown("do", do, ["next", "take", "list", "post", "done", "give_back"])
