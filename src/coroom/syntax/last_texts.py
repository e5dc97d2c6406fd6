"""What was made of the last texts that were asked for, bounded by their size."""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import TypeVar, TypeVarTuple

Ts = TypeVarTuple("Ts")
T = TypeVar("T")


def of_last_texts(most: int) -> Callable[[Callable[[*Ts], T]], Callable[[*Ts], T]]:
    """Keep what a function makes of texts for those that were asked for last.

    Args:
        most: the size of all texts for which something is kept, in characters or bytes. Of a larger one what was made
            is kept until the next is asked for, so that a look which asks for it again and again works it out once.
    """

    def keeping(make: Callable[[*Ts], T]) -> Callable[[*Ts], T]:
        held: OrderedDict[tuple[*Ts], T] = OrderedDict()
        size = 0
        lock = Lock()

        @wraps(make)
        def kept(*given: *Ts) -> T:
            nonlocal size
            with lock:
                if given in held:
                    held.move_to_end(given)
                    return held[given]
            made = make(*given)
            with lock:
                # Another thread may have made the same meanwhile.
                size += _size(given) if given not in held else 0
                held[given] = made
                while size > most and len(held) > 1:
                    size -= _size(held.popitem(last=False)[0])
            return made

        return kept

    return keeping


def _size(given: tuple[object, ...]) -> int:
    return sum(len(each) for each in given if isinstance(each, str | bytes))
