"""Work during which nobody looks for garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """For work that leaves no garbage in circles, such as imports of large packages: to look for some, again and again
    through all that there is, takes up to a third of their time. The collector is as it was afterwards, and looks at
    what was left as soon as it is back.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
