"""What the library has for what several do: locks and queues that nobody else uses, contexts, chance with a seed."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python import built_in
from coroom.checks.enactment.python.bounds import modest
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import Kind, Raised, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.python.attributes import Attributes


def threading_names(machine: Attributes) -> dict[str, Value]:
    """What `threading` gives to a program that has one thread."""
    base = machine.builtins["object"]

    def lock_kind(name: str, *, again: bool) -> Kind:
        kind = Kind(name, (base,), {}, make=machine.new)

        def made(_: Kind, /) -> Thing:
            held: list[bool] = []

            def acquire(*_: Value, **__: Value) -> bool:
                if held and not again:
                    raise CannotGoOn("a lock that is held waits for ever")
                held.append(True)
                return True

            def release(*_: Value) -> None:
                if not held:
                    raise RuntimeError("release unlocked lock")
                held.pop()

            return Thing(
                kind,
                {
                    "acquire": acquire, "release": release, "locked": lambda: bool(held), "__enter__": acquire,
                    "__exit__": release,
                },
            )  # fmt: skip

        kind.make = made
        return kind

    return {
        "Lock": lock_kind("Lock", again=False),
        "RLock": lock_kind("RLock", again=True),
        "local": Kind("local", (base,), {}, make=machine.new),
    }


def queue_names(machine: Attributes) -> dict[str, Value]:
    """What `queue` gives."""
    base = machine.builtins["object"]
    faults = {
        name: Kind(name, (machine.builtins["Exception"],), {}, traits={"exception"}, make=machine.new)
        for name in ("Empty", "Full")
    }

    def queue_kind(name: str, take: Callable[[deque[Value]], Value]) -> Kind:
        kind = Kind(name, (base,), {}, make=machine.new)

        def made(_: Kind, /, maxsize: int = 0) -> Thing:
            held: deque[Value] = deque()

            def put(item: Value, *waits: Value, **named: Value) -> None:
                if 0 < maxsize <= len(held):
                    refuse("Full", waits, named)
                held.append(item)
                modest(held)

            def get(*waits: Value, **named: Value) -> Value:
                if not held:
                    refuse("Empty", waits, named)
                return take(held)

            return Thing(
                kind,
                {
                    "put": put, "get": get, "put_nowait": lambda item: put(item, block=False),
                    "get_nowait": lambda: get(block=False), "empty": lambda: not held, "qsize": lambda: len(held),
                    "full": lambda: 0 < maxsize <= len(held), "task_done": lambda: None, "join": lambda: None,
                },
            )  # fmt: skip

        kind.make = made
        return kind

    def refuse(name: str, waits: tuple[Value, ...], named: dict[str, Value]) -> None:
        if not (waits or named):
            raise CannotGoOn("a queue that waits for ever")
        raise Raised(Thing(faults[name], {"args": ()}))

    return {
        **faults,
        "Queue": queue_kind("Queue", deque.popleft),
        "SimpleQueue": queue_kind("SimpleQueue", deque.popleft),
        "LifoQueue": queue_kind("LifoQueue", deque.pop),
        "PriorityQueue": queue_kind("PriorityQueue", _least),
    }


def _least(held: deque[Value]) -> Value:
    found = min(held)
    held.remove(found)
    return found


def random_names(machine: Attributes) -> dict[str, Value]:
    """What `random` gives: chance that begins with a seed, and no other."""
    kind = Kind("Random", (machine.builtins["object"],), {}, make=machine.new)

    def made(_: Kind, /, seed: Value = None) -> Thing:
        return seeded(kind, seed)

    kind.make = made
    return {"Random": kind}


_DRAWS = ("random", "randint", "randrange", "choice", "shuffle", "uniform", "gauss", "triangular", "expovariate")


def seeded(kind: Kind, seed: Value) -> Thing:
    """A source of chance.

    Raises:
        CannotGoOn: it has no seed, so that nobody can tell what it gives.
    """
    held = random.Random()  # noqa: S311 - what a program draws that is acted out

    def begin(seed: Value = None) -> None:
        if not isinstance(seed, int | str | float):
            raise CannotGoOn("chance without a seed")
        held.seed(seed)

    begin(seed)

    def several(name: str) -> Callable[..., Value]:
        def draw(many: Value, *given: Value, **named: Value) -> Value:
            if any(isinstance(each, int) and each > 1000 for each in (*given, *named.values())):
                raise CannotGoOn("too many draws")
            return getattr(held, name)(many, *given, **named)

        return draw

    return Thing(
        kind,
        {
            **{name: getattr(held, name) for name in _DRAWS}, "sample": several("sample"),
            "choices": several("choices"), "seed": begin,
        },
    )  # fmt: skip


def contexts(machine: Attributes) -> dict[str, Value]:
    """What else `contextlib` gives."""
    base = machine.builtins["object"]

    def nullcontext(value: Value = None) -> Thing:
        kind = Kind("nullcontext", (base,), {}, make=machine.new)
        return Thing(kind, {"__enter__": lambda: value, "__exit__": lambda *_: False})

    def closing(value: Value) -> Thing:
        kind = Kind("closing", (base,), {}, make=machine.new)
        return Thing(
            kind, {"__enter__": lambda: value, "__exit__": lambda *_: machine.attribute(value, "close")() and 0}
        )

    return {"nullcontext": nullcontext, "closing": closing, "ExitStack": _exit_stack(machine, base)}


def _exit_stack(machine: Attributes, base: Kind) -> Kind:
    kind = Kind("ExitStack", (base,), {}, make=machine.new)

    def made(_: Kind, /) -> Thing:
        held: list[Callable[..., Value]] = []
        stack = Thing(kind)

        def enter(context: Value) -> Value:
            leave = machine.attribute(context, "__exit__")
            value = machine.attribute(context, "__enter__")()
            held.append(leave)
            return value

        def callback(run: Value, *given: Value, **named: Value) -> Value:
            held.append(lambda *_: run(*given, **named) and False)
            return run

        def leave(*raised: Value) -> bool:
            quiet = False
            while held:
                quiet = bool(held.pop()(*((None, None, None) if quiet or not raised else raised))) or quiet
            return quiet

        stack.attributes.update(
            {
                "__enter__": lambda: stack, "__exit__": leave, "enter_context": enter, "callback": callback,
                "close": leave,
            }
        )  # fmt: skip
        return stack

    kind.make = made
    return kind


def dispatching(machine: Attributes) -> Callable[[Value], Value]:
    """What `functools.singledispatch` does."""
    from coroom.checks.enactment.python.values import Function  # noqa: PLC0415

    def dispatch(function: Value) -> Value:
        table: list[tuple[Kind, Value]] = []

        def register(kind: Value, run: Value = None) -> Value:
            if isinstance(kind, Function):
                note = kind.node.args.args[0].annotation
                if note is None:
                    raise TypeError("a type is missing")
                table.append((machine.value(note, kind.around), kind))
                return kind
            if run is None:
                return lambda each: register(kind, each)
            table.append((kind, run))
            return run

        def chosen(value: Value) -> Value:
            fitting = [pair for pair in table if isinstance(pair[0], Kind) and machine.is_a(value, pair[0])]
            near = [
                run for kind, run in fitting
                if isinstance(value, Thing)
                and not any(other is not kind and other.inherits(kind) for other, _ in fitting)
            ]  # fmt: skip
            exact = [run for kind, run in fitting if type(value) in built_in.OWN.get(kind.name, ())[:1]]
            return (exact or near or [run for _, run in fitting] or [function])[-1]

        def asked(*given: Value, **named: Value) -> Value:
            return chosen(given[0])(*given, **named)

        if not isinstance(function, Function):
            raise CannotGoOn("a dispatch of another kind")
        return Function(
            function.name, function.node, function.around, function.defaults,
            lambda _, given, named: asked(*given, **named), function.owner, function.traits, {"register": register},
        )  # fmt: skip

    return dispatch
