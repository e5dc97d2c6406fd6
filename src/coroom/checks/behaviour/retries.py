"""A function tries again by itself, and the other side tries it again, too."""

import re
from collections.abc import Iterator

from coroom.checks.behaviour.uses import Said, Use
from coroom.syntax import Term, shown, walk


def tried_twice(use: Use) -> Iterator[Said]:
    """Trying again, on both sides."""
    if (_tries(use.after.body) and not _tries(use.before.body)) or _asks_again(use):
        place = use.above.get(id(use.call))
        seen = set[str]()
        while place is not None:
            seen.add(place.kind)
            place = use.above.get(id(place))
        again = "try" in seen and bool(seen & {"for", "while"})
        inner = use.above.get(id(use.call))
        while inner is not None and inner.kind != "function":
            inner = use.above.get(id(inner))
        handed = (
            inner is not None
            and (outer := use.above.get(id(inner))) is not None
            and outer.kind == "call"
            and _RETRY.search(shown(outer.parts[0]))
        )
        if again or handed:
            said = f"{use.after.name}() tries again by itself now, and is tried again here, too"
            yield use.call, said, 0.86, "doubled-concern"


def _asks_again(use: Use) -> bool:
    """Whether a call that was made once is made in a loop now, until it comes to something: the loop can be left."""
    once = {each.key for each in walk(use.before.body) if each.kind == "call"}
    once -= {part.key for loop in _loops(use.before.body) for part in walk(loop)}
    return any(
        any(part.kind == "call" and part.key in once for step in loop.parts[1:] for part in walk(step))
        and any(part.kind == "return" or (part.kind == "jump" and part.text == "break") for part in walk(loop))
        for loop in _loops(use.after.body)
    )


def _loops(body: Term) -> list[Term]:
    return [each for each in walk(body) if each.kind in {"for", "while"} and len(each.parts) > 1]


_RETRY = re.compile(r"retr|again|attempt|tries|repeat", re.IGNORECASE)


def _tries(body: Term) -> bool:
    return any(part.kind == "try" for each in _loops(body) for part in walk(each))
