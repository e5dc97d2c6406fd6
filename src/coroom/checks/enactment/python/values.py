"""What an enacted program works with: its own classes, objects, functions and modules.

Numbers, text and collections are those of Python itself; everything that a program defines is one of the values here.
They answer Python's own operators by asking the program's methods, so that `sorted`, `in` and `sum` work on them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coroom.checks.enactment.budget import Budget

if TYPE_CHECKING:
    from _collections_abc import dict_items

    from coroom.checks.enactment.python.things import Thing

Value = Any
"""Whatever a program can hold."""


class Raised(BaseException):
    """An exception of the program; `value` is an object of one of its exception classes."""

    def __init__(self, value: Thing) -> None:
        super().__init__()
        self.value = value


FAULTS = (Raised, ArithmeticError, LookupError, TypeError, ValueError, StopIteration, StopAsyncIteration, RuntimeError,
          MemoryError)  # fmt: skip
"""What a program's own doing comes to: what it raises, and what Python's values raise when they are asked for what they
cannot do. Anything else is a mistake of the interpreter: it ends the check and is told in a note.
"""


@dataclass(eq=False, slots=True)
class Kind:
    """A class of the program. `fields` are those of a dataclass or named tuple, with how their defaults are made."""

    name: str
    bases: tuple[Kind, ...]
    space: dict[str, Value]
    fields: dict[str, Callable[[], Value] | None] = field(default_factory=dict)
    traits: set[str] = field(default_factory=set)
    members: dict[str, Thing] = field(default_factory=dict)
    make: Callable[..., Value] | None = None
    budget: Budget | None = None
    """What it takes to ask its objects something; None of a class that no program defines."""
    _line: tuple[Kind, ...] = field(default=(), init=False, repr=False)

    def line(self) -> tuple[Kind, ...]:
        """Itself and what it inherits from, in the order of the look-up."""
        self._line = self._line or self._in_line()
        return self._line

    def _in_line(self) -> tuple[Kind, ...]:
        if len(self.bases) == 1:
            return (self, *self.bases[0].line())
        found: list[Kind] = [self]
        waiting = [each.line() for each in self.bases]
        while any(waiting):
            waiting = [each for each in waiting if each]
            head = next((each[0] for each in waiting if all(each[0] not in other[1:] for other in waiting)), None)
            head = head if head is not None else waiting[0][0]
            found.append(head)
            waiting = [tuple([one for one in each if one is not head]) for each in waiting]
        return tuple(found)

    def find(self, name: str, after: Kind | None = None) -> Value:
        """What the class has under a name, `MISSING` when nothing; beyond a class in the look-up if one is given."""
        line = self.line()
        for each in line[line.index(after) + 1 :] if after in line else line:
            if name in each.space:
                return each.space[name]
        return MISSING

    def has(self, trait: str) -> bool:
        """Whether it or a class that it inherits from has a trait."""
        for each in self.line():  # noqa: SIM110 - asked so often that a generator costs what the answer costs
            if trait in each.traits:
                return True
        return False

    def let_go(self) -> None:
        """Hold nothing any more that holds the class."""
        self.space.clear()
        self.members.clear()
        self._line = ()

    def inherits(self, other: Kind) -> bool:
        """Whether it is a kind of the other."""
        return other in self.line()

    def __call__(self, /, *given: Value, **named: Value) -> Value:
        """Call it."""
        assert self.make is not None
        return self.make(self, *given, **named)

    def __iter__(self) -> Iterator[Thing]:
        if not self.has("enum"):
            raise TypeError(f"{self.name} is not iterable")
        return iter(list(self.members.values()))

    def __len__(self) -> int:
        if not self.has("enum"):
            raise TypeError(f"{self.name} has no len()")
        return len(self.members)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, thing: Value) -> bool:
        return any(each is thing for each in self.members.values())

    def __getitem__(self, key: Value) -> Value:
        if self.has("enum"):
            return self.members[key]
        return self

    def __or__(self, other: Value) -> Value:
        return self

    __ror__ = __or__

    def __repr__(self) -> str:
        return f"<class '{self.name}'>"


MISSING = object()


@dataclass(eq=False, slots=True)
class Function:
    """A function of the program, with the names around it."""

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    around: Scope
    defaults: dict[str, Value]
    run: Callable[..., Value]
    owner: Kind | None = None
    traits: frozenset[str] = frozenset()
    attributes: dict[str, Value] = field(default_factory=dict)

    def __call__(self, /, *given: Value, **named: Value) -> Value:
        """Call it."""
        return self.run(self, given, named)


@dataclass(slots=True, eq=False)
class Bound:
    """A method and whose it is."""

    of: Value
    function: Function

    def __call__(self, /, *given: Value, **named: Value) -> Value:
        """Call it."""
        return self.function(self.of, *given, **named)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bound) and other.of is self.of and other.function is self.function

    def __hash__(self) -> int:
        return hash((id(self.of), id(self.function)))


@dataclass(eq=False, slots=True)
class Property:
    """What a class computes when it is asked for."""

    get: Value
    put: Value = None
    kept: bool = False


@dataclass(eq=False, slots=True)
class Static:
    """A function of a class that gets no object, or the class itself."""

    function: Value
    of_kind: bool = False


@dataclass(eq=False, slots=True)
class Module:
    """A module of the program or of the library that is known."""

    name: str
    space: dict[str, Value]


class Names(dict[str, Value]):
    """The names of a module of which most are never asked for: those of `makers` are made when they are, by what is
    given the machine.
    """

    def __init__(self, makers: Mapping[str, Callable[[Any], Value]], machine: Any) -> None:
        super().__init__()
        self._makers = makers
        self._machine = machine

    def __missing__(self, name: str) -> Value:
        self[name] = made = self._makers[name](self._machine)
        return made

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._makers

    def get(self, name: str, default: Value = None) -> Value:
        """What a name means, if it is one."""
        return self[name] if name in self else default  # noqa: SIM401 - it is this very method

    def items(self) -> dict_items[str, Value]:
        """All names with what they mean, each made."""
        for name in self._makers:
            self[name]
        return super().items()


@dataclass(eq=False, slots=True)
class Scope:
    """The names of a module, class body, function or comprehension, and what lies around them."""

    names: dict[str, Value]
    module: dict[str, Value]
    outer: Scope | None = None
    is_class: bool = False
    is_comprehension: bool = False
    owner: Kind | None = None
    elsewhere: Mapping[str, str] | None = None
    """The names that are said to be `global` or `nonlocal`, if any are."""
    own: frozenset[str] = frozenset()
    """The names that a function binds somewhere: until then they mean nothing, whatever is around it."""


@dataclass(eq=False, slots=True)
class Coroutine:
    """A call of an async function that nobody has awaited."""

    run: Callable[[], Value]
