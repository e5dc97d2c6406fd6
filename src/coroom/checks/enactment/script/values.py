"""What an enacted script works with: its objects, functions and scopes.

Texts, booleans and `null` are those of Python; every number is a `float`. All else is one of the values here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tree_sitter import Node

from coroom.checks.enactment.budget import CannotGoOn

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

Value = Any
"""Whatever a script can hold."""

LARGEST = 4_000
"""Longer texts and collections are not made."""


_ROUNDS_MAX = 100
"""A collection that is added to more often while it is read is left alone."""


class Undefined:
    """The one value `undefined`."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = Undefined()
MISSING: Any = object()
"""What is looked for is not there."""
UNSET: Any = object()
"""A name that is declared further down."""
SHORT: Any = object()
"""What the rest of a chain gives once `?.` met nothing."""


class Thrown(BaseException):
    """What a script throws."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class Obj:
    """An object: what it has of its own, and the one that it inherits from."""

    __slots__ = ("closed", "own", "proto")

    def __init__(self, proto: Obj | None, own: dict[str, Value] | None = None, closed: str = "") -> None:
        self.proto = proto
        self.own: dict[str, Value] = {} if own is None else own
        self.closed = closed
        """Nothing, `fixed`, `sealed`, `frozen`, or `built in` for what belongs to the language."""


class Arr(Obj):
    """An array."""

    __slots__ = ("items",)

    def __init__(self, proto: Obj, items: list[Value]) -> None:
        super().__init__(proto)
        self.items = items


class Bag(Obj):
    """A `Map` or a `Set`; entries by what they are the same by."""

    __slots__ = ("entries", "is_map")

    def __init__(self, proto: Obj, *, is_map: bool) -> None:
        super().__init__(proto)
        self.is_map = is_map
        self.entries: dict[Value, tuple[Value, Value]] = {}

    def live(self) -> Iterator[tuple[Value, Value]]:
        """Its entries, with those that are added meanwhile."""
        done: set[Value] = set()
        rounds = 0
        while fresh := [key for key in self.entries if key not in done]:
            rounds += 1
            if rounds > _ROUNDS_MAX:
                raise CannotGoOn("a collection that grows while it is read")
            for key in fresh:
                done.add(key)
                if key in self.entries:
                    yield self.entries[key]


class Fault(Obj):
    """An error."""

    __slots__ = ()


class Moment(Obj):
    """A date."""

    __slots__ = ("ms",)

    def __init__(self, proto: Obj, ms: float) -> None:
        super().__init__(proto)
        self.ms = ms


class Regular(Obj):
    """A regular expression."""

    __slots__ = ("flags", "last", "pattern", "source")

    def __init__(self, proto: Obj, source: str, flags: str, pattern: Any) -> None:
        super().__init__(proto)
        self.source = source
        self.flags = flags
        self.pattern = pattern
        self.last = 0


class Flow(Obj):
    """An iterator, perhaps of a generator."""

    __slots__ = ("begun", "done", "run")

    def __init__(self, proto: Obj, run: Iterator[Value]) -> None:
        super().__init__(proto)
        self.run = run
        self.done = False
        self.begun = False


class Promise(Obj):
    """A promise."""

    __slots__ = ("state", "then", "value")

    def __init__(self, proto: Obj, state: str = "pending", value: Value = UNDEFINED) -> None:
        super().__init__(proto)
        self.state = state
        """`pending`, `kept` or `broken`."""
        self.value = value
        self.then: list[Callable[[], None]] = []


class Native(Obj):
    """A function of the language. `make` is what `new` does."""

    __slots__ = ("act", "make", "name")

    def __init__(
        self,
        name: str,
        act: Callable[[Machine, Value, list[Value]], Value],
        make: Callable[[Machine, list[Value], Value], Value] | None = None,
        proto: Obj | None = None,
        closed: str = "built in",
    ) -> None:
        super().__init__(proto, None, closed)
        self.name = name
        self.act = act
        self.make = make


@dataclass(slots=True)
class Code:
    """A function as it is written, ready to be acted out."""

    name: str
    path: str
    node: Node
    bind: Callable[[Scope, list[Value]], None]
    body: Callable[[Scope], Value]
    required: int
    arrow: bool = False
    plain: bool = False
    """Whether the body is one expression."""
    is_async: bool = False
    generator: bool = False
    maker: bool = False
    """Whether it is the constructor of a class."""
    props: tuple[str, ...] = ()
    """The parameters of a constructor that are fields, too."""


@dataclass(slots=True)
class Member:
    """A field of a class, or a block of it that is run once; `key` is None for the latter."""

    key: Callable[[Scope], str] | None
    value: Callable[[Scope], Value] | None


@dataclass(slots=True)
class Shape:
    """What only a class has."""

    node: Node
    parent: Value = None
    fields: list[Member] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()
    """The fields that nobody outside may see."""
    maker: Code | None = None


class Fun(Obj):
    """A function or class of the script, with the names around it."""

    __slots__ = ("code", "frame", "home", "scope", "shape")

    def __init__(self, proto: Obj, code: Code, scope: Scope, frame: Frame, home: Obj | None = None) -> None:
        super().__init__(proto)
        self.code = code
        self.scope = scope
        self.frame = frame
        self.home = home
        self.shape: Shape | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.code.name


@dataclass(eq=False, slots=True)
class Accessor:
    """What an object computes when it is asked for, and does when it is set."""

    get: Value = None
    put: Value = None


@dataclass(eq=False, slots=True)
class Frame:
    """One call: whose it is."""

    this: Value
    function: Fun | None = None
    target: Value = None
    """What `new` was said of."""
    scope: Scope | None = None


class Scope:
    """The names of a module, function or block, and what lies around them."""

    __slots__ = ("frame", "m", "names", "outer")

    def __init__(self, names: dict[str, Value], outer: Scope | None, frame: Frame, m: Machine) -> None:
        self.names = names
        self.outer = outer
        self.frame = frame
        self.m = m


class Link:
    """A name that is another module's."""

    __slots__ = ("get",)

    def __init__(self, get: Callable[[], Value]) -> None:
        self.get = get


class Outside:
    """What comes from a module that is not of the program."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Given:
    """A function gives this."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value


class Jump:
    """A `break` or `continue`, perhaps to a label."""

    __slots__ = ("again", "label")

    def __init__(self, label: str, *, again: bool) -> None:
        self.label = label
        self.again = again


def modest(value: Value) -> Value:
    """The value, when it is one of a size that an enactment makes.

    Raises:
        CannotGoOn: it is larger.
    """
    if isinstance(value, str):
        if len(value) > LARGEST:
            raise CannotGoOn("too large")
    elif isinstance(value, Arr):
        if len(value.items) > LARGEST:
            raise CannotGoOn("too large")
    elif (isinstance(value, Bag) and len(value.entries) > LARGEST) or (
        isinstance(value, Obj) and len(value.own) > LARGEST
    ):
        raise CannotGoOn("too large")
    return value
