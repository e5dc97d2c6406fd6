"""Which isolation a run gets: the one that was asked for or none at all; bubblewrap where nobody said and it works."""

from coroom.launch.bubblewrap import bubblewrap
from coroom.launch.container import container
from coroom.launch.isolation import Bounds, Isolation, Launcher, Unavailable
from coroom.launch.plain import Plain

DEFAULT = Bounds()


def launcher(asked: str, bounds: Bounds = DEFAULT, *, look: bool = False) -> Launcher | Unavailable:
    """The launcher that `asked` names; empty: bubblewrap if it works here, else plain, which says so.

    Never another one than was asked for. With `look` nothing is made that starting an agent would need.
    """
    match asked:
        case "":
            found = bubblewrap(bounds)
            return Plain(bounds) if isinstance(found, Unavailable) else found
        case Isolation.PLAIN:
            return Plain(bounds)
        case Isolation.BUBBLEWRAP:
            return bubblewrap(bounds)
        case Isolation.CONTAINER:
            return container(bounds, look=look)
        case _:
            names = ", ".join(one.value for one in Isolation)
            return Unavailable(f"There is no isolation '{asked[:40]}'.", f"It is one of {names}.")
