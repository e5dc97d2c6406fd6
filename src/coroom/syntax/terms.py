"""One small language for what programs say, into which Python, JavaScript and TypeScript are read.

A check that is written over terms holds for each of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Term:
    """One piece of a program. What `text`, `parts`, `note` and `marks` hold depends on `kind`.

    ==============  =====================================================================================
    name            text: the name
    member          text: the attribute; parts: the object. Flag `optional` for `a?.b`
    index           parts: the object and the key. Flag `optional` for `a?.[0]`
    slice           parts: what bounds it
    call            parts: what is called, then arguments, some of kind `keyword` (text: its name) or `spread`
    string, number  text: the value
    bool, none      text: `True`, `False`; `None`, `null` and `undefined` are one, with a flag for the latter two
    template        text: the literal stretches; parts: what is put between them; note: how each is to look, in Python
    binary, unary   text: the operator; parts: the operands
    compare         text: `==`, `!=`, `<` …, `is`, `in`, `instanceof` and their `not` forms; parts: two operands;
                    flag `exact` for a script's `===` and `!==`
    and, or, not    parts: the operands; `??` is `or` with text `??`
    conditional     parts: test, then, else
    list, tuple, set, dict    parts: elements; of a dict `pair` (parts: key, value) and `spread`
    comprehension   text: list, set, dict or generator; parts: the element, then `for` and `if` clauses
    function        text: its name or nothing; parts: parameters, then a block; note: the type it returns;
                    marks: decorators; flags: async, generator, abstract, static, getter, class
    parameter       text: its name; parts: the default; note: its type; flags: required, rest, options, keyword
    class           text: its name; parts: a block; marks: decorators; bases: what it extends;
                    flags: interface, enum, abstract, type
    field           text: its name; parts: its value; note: its type; flags: required, optional, static
    assign          text: the operator; parts: the target and, unless it is only declared, the value; note: the type
    import          text: the module; parts: `picked` (text: the name there or `*`; note: the local name)
    matched         parts: a subject and the `pattern` that takes it apart (text: list, dict, class, or, as, `_`)
    block, if, for, while, try, handler, with, return, raise, yield, await, delete, assert, jump, other
    ==============  =====================================================================================

    An expression of a script has the flag `sure` where `!` says that it is not nothing, and `satisfies` where `note` is
    the type that it is held to. `line` counts from 1. `key` is equal for terms that say the same, wherever they stand.
    """

    kind: str
    text: str = ""
    parts: tuple["Term", ...] = ()
    line: int = 0
    note: str = ""
    marks: tuple["Term", ...] = ()
    bases: tuple["Term", ...] = ()
    flags: frozenset[str] = NOTHING
    key: int = field(init=False, compare=False)
    _within: "tuple[Term, ...] | None" = field(init=False, compare=False, repr=False, default=None)

    def __post_init__(self) -> None:
        said = tuple([each.key for each in (*self.parts, *self.marks, *self.bases)])
        object.__setattr__(self, "key", hash((self.kind, self.text, self.note, self.flags, said)))

    def __hash__(self) -> int:
        return self.key


def walk(term: Term, *, into: Callable[[Term], bool] | None = None) -> Iterator[Term]:
    """The term and everything in it, in the order of the text; what `into` denies is given but not entered."""
    if into is not None or term.kind not in _OFTEN_WALKED:
        return _walk(term, into)
    within = term._within  # noqa: SLF001 - the walk of a term is kept in the term
    if within is None:
        _, *inner = _walk(term, None)
        within = tuple(inner)
        object.__setattr__(term, "_within", within)
    return chain((term,), within)


_OFTEN_WALKED = frozenset({"function", "block"})
"""Kinds that lie only a few deep in one another, so that it costs little to keep what they consist of."""


def _walk(term: Term, into: Callable[[Term], bool] | None) -> Iterator[Term]:
    stack = [term]
    while stack:
        each = stack.pop()
        yield each
        if each is term or into is None or into(each):
            stack.extend(reversed((*each.marks, *each.bases, *each.parts)))


def not_nested(term: Term) -> bool:
    """For `walk`: whether a term belongs to the same function as what is around it."""
    return term.kind not in {"function", "class"}


def shown(term: Term) -> str:
    """A short text that a person knows the term by: `store.get(sku)`, `self._items[…]`."""
    parts = term.parts
    match term.kind:
        case "name" | "number" | "bool" | "none":
            return term.text
        case "string":
            return f'"{term.text}"'
        case "member":
            return f"{shown(parts[0])}.{term.text}"
        case "index":
            return f"{shown(parts[0])}[{shown(parts[1])}]"
        case "call":
            inside = ", ".join(shown(each) for each in parts[1:])
            return f"{shown(parts[0])}({inside})"
        case "keyword":
            return f"{term.text}={shown(parts[0])}"
        case "await":
            return f"await {shown(parts[0])}"
        case "binary" | "compare":
            return f"{shown(parts[0])} {term.text} {shown(parts[1])}"
    return "…"
