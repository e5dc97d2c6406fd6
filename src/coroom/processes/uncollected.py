"""Imports during which nobody looks for garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """For imports of large packages: nothing that they make is garbage, and to look for some, again and again through
    all that there is, takes up to a third of their time. The collector is as it was afterwards.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
