"""What enactment keeps: how much of the last texts, and facts that go with their tree."""

from ast import AST
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

TEXTS_MAX = 1 << 18
"""Characters of the texts whose trees are kept; a tree takes some hundred times the memory of its text."""

P = ParamSpec("P")
N = TypeVar("N", bound=AST)
T = TypeVar("T")


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
