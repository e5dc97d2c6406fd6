"""What enactment keeps: what was made of the last texts, bounded by their size, and facts that go with their tree."""

from ast import AST
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar, TypeVarTuple

TEXTS_MAX = 1 << 18
"""Characters of the texts whose trees are kept; a tree takes some hundred times the memory of its text."""

Ts = TypeVarTuple("Ts")
P = ParamSpec("P")
N = TypeVar("N", bound=AST)
T = TypeVar("T")


def of_last_texts(most: int = TEXTS_MAX) -> Callable[[Callable[[*Ts], T]], Callable[[*Ts], T]]:
    """Keep what a function makes of texts for those that were asked for last.

    Args:
        most: the size of all texts for which something is kept, in characters or bytes. Of a larger one what was made
            is kept until the next is asked for, so that a look which asks for it again and again works it out once.
    """

    def keeping(make: Callable[[*Ts], T]) -> Callable[[*Ts], T]:
        held: OrderedDict[tuple[*Ts], T] = OrderedDict()
        lock = Lock()

        @wraps(make)
        def kept(*given: *Ts) -> T:
            with lock:
                if given in held:
                    held.move_to_end(given)
                    return held[given]
            made = make(*given)
            with lock:
                held[given] = made
                size = sum(map(_size, held))
                while size > most and len(held) > 1:
                    size -= _size(held.popitem(last=False)[0])
            return made

        return kept

    return keeping


def _size(given: tuple[object, ...]) -> int:
    return sum(len(each) for each in given if isinstance(each, str | bytes))


def on_the_node(tell: Callable[Concatenate[N, P], T]) -> Callable[Concatenate[N, P], T]:
    """Keep what a function tells of a node on the node itself: it goes when the tree goes.

    What is told must not hold the node, or only the cyclic collector frees the tree.
    """

    @wraps(tell)
    def told(node: N, /, *more: P.args, **named: P.kwargs) -> T:
        key: Any = (tell, *more, *named.items()) if more or named else tell
        known: dict[Any, T] | None = node.__dict__.get("_told")
        if known is None:
            known = node.__dict__["_told"] = {}
        elif key in known:
            return known[key]
        said = known[key] = tell(node, *more, **named)
        return said

    return told
