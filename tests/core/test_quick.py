"""Records that are made quickly are the frozen dataclasses that they were."""

import copy
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, field, fields, is_dataclass, replace
from dataclasses import dataclass as usual_dataclass
from importlib import import_module
from itertools import product
from operator import eq, ge, gt, le, lt, ne
from pkgutil import walk_packages
from threading import Barrier
from typing import Any

import pytest

import coroom.core
from coroom.core.agent import Agent
from coroom.core.claim import Blocker, Claim, Claimed, Mode
from coroom.core.command import Beat, Granted, Submission
from coroom.core.errors import Code, Refused
from coroom.core.event import AgentLeft, Answered
from coroom.core.ordering.call import Premise
from coroom.core.quick import dataclass, maker, of_parts
from coroom.core.resource import file
from coroom.core.state import RoomState, but
from coroom.core.task import Task


def test_a_record_compares_prints_copies_and_pickles_as_before() -> None:
    one = Answered(agent="ada", operation="op1", reply="[]")
    assert one == Answered(agent="ada", operation="op1", reply="[]", asked="")
    assert repr(one) == "Answered(agent='ada', operation='op1', reply='[]', asked='')"
    assert hash(one) == hash(replace(one, asked=""))
    assert replace(one, asked="x").asked == "x"
    assert copy.deepcopy(one) == one == pickle.loads(pickle.dumps(one))


def test_a_record_without_slots_is_as_it_was_too() -> None:
    one = Premise(call="c1", agent="ada", position=(1, 1), resource=file("a.py"), held="1")
    assert "__init__" not in vars(Premise)
    assert one == copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == replace(but(one, held="2"), held="1")
    assert hash(one) == hash(replace(one, notice=""))
    assert repr(one).startswith("Premise(call='c1', agent='ada', position=(1, 1), ")
    with pytest.raises(FrozenInstanceError):
        one.held = "2"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Premise(call="c1", agent="ada", position=(1, 1), held="1")  # type: ignore[call-arg]


def test_what_a_maker_makes_is_what_the_class_makes() -> None:
    assert maker(Answered)(agent="ada", operation="op1", reply="[]") == Answered(
        agent="ada", operation="op1", reply="[]"
    )
    assert maker(Submission)("ada", Beat()) == Submission("ada", Beat())
    assert type(maker(RoomState)(seq=3)) is RoomState
    with pytest.raises(TypeError):
        maker(Answered)(agent="ada", operation="op1")  # type: ignore[call-arg]


def test_what_is_made_of_parts_is_what_the_class_makes_of_them() -> None:
    made = of_parts(Submission)(("ada", Beat(), "op1"))
    assert made == Submission("ada", Beat(), "op1")
    assert type(made) is Submission
    assert (made.by, made.operation) == ("ada", "op1")


@pytest.mark.parametrize("kind", [RoomState, Premise, Claim, Agent, Task])
def test_a_record_without_slots_keeps_its_defaults_out_of_its_class(kind: type) -> None:
    """A field that its class has too is found in twice the time, by every Python from 3.11 on."""
    assert not {part.name for part in fields(kind)} & set(vars(kind))
    assert RoomState().policy == "open"
    assert Premise(call="c1", agent="ada", position=(1, 1), resource=file("a.py"), held="1").notice == ""


def test_a_record_is_frozen() -> None:
    one = AgentLeft(agent="ada", reason="")
    with pytest.raises(FrozenInstanceError):
        one.agent = "bob"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del one.agent


def test_a_record_takes_what_its_fields_say_and_nothing_else() -> None:
    assert Granted("c1", 2, deadline_ms=3) == Granted(claim="c1", fence=2, deadline_ms=3)
    with pytest.raises(TypeError):
        AgentLeft(agent="ada")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        AgentLeft("ada", "gone")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        AgentLeft(agent="ada", reason="", nothing=1)  # type: ignore[call-arg]


def classes_of_the_core() -> Iterator[type]:
    """Every class that a module of the core declares."""
    for module in walk_packages(coroom.core.__path__, "coroom.core."):
        for one in vars(import_module(module.name)).values():
            if isinstance(one, type) and one.__module__ == module.name:
                yield one


def test_every_dataclass_of_the_core_is_one_of_these() -> None:
    kinds = [kind for kind in classes_of_the_core() if is_dataclass(kind)]
    assert len(kinds) > 150
    assert [kind for kind in kinds if "__init__" in vars(kind) or "__new__" not in vars(kind)] == []


def test_a_record_that_inherits_has_the_fields_of_both() -> None:
    blocker = Blocker(wanted=file("a.py"), held=file("a.py"), holder="bob", mode=Mode.SHARED, purpose="why", until_ms=7)
    one = Claimed(Code.CLAIMED, "why", "then", (blocker,), free=())
    assert (one.code, one.next_step, one.blockers, one.free) == (Code.CLAIMED, "then", (blocker,), ())
    assert one == pickle.loads(pickle.dumps(one)) == replace(one, why="why")
    assert one != Refused(Code.CLAIMED, "why", "then")
    assert Refused(Code.CLAIMED, "why", "then") != one
    with pytest.raises(FrozenInstanceError):
        one.why = ""  # type: ignore[misc]


@pytest.mark.parametrize("slots", [True, False])
@pytest.mark.parametrize("names", [(), ("rank",), ("rank", "step")])
def test_it_is_as_the_usual_dataclass_is(names: tuple[str, ...], slots: bool) -> None:
    def declared(by: Callable[..., Callable[[type], type]]) -> list[Any]:
        kind = type("Place", (), {"__annotations__": dict.fromkeys(names, int), "__doc__": "Where it stands."})
        kind = by(frozen=True, slots=slots, order=True)(kind)
        return [kind(*values) for values in product((1, 2), repeat=len(names))]

    mine, usual = declared(dataclass), declared(usual_dataclass)
    assert [repr(one) for one in mine] == [repr(one) for one in usual]
    assert [hash(one) for one in mine] == [hash(one) for one in usual]
    for compare in (eq, ne, lt, le, gt, ge):
        compared = [[[compare(one, other) for other in places] for one in places] for places in (mine, usual)]
        assert compared[0] == compared[1]
    assert mine != usual
    with pytest.raises(TypeError):
        lt(mine[0], usual[0])


def test_many_threads_that_make_the_first_records_make_them_alike() -> None:
    together = Barrier(8)

    @dataclass(frozen=True, kw_only=True)
    class Place:
        """Where it stands."""

        rank: int
        step: int = 3

    def made(rank: int) -> object:
        together.wait(60)
        return Place(rank=rank)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(made, range(8))) == [maker(Place)(rank=rank, step=3) for rank in range(8)]


def test_a_record_with_a_factory_is_not_taken() -> None:
    class Listed:
        """Some names."""

        names: list[str] = field(default_factory=list)

    with pytest.raises(AssertionError):
        dataclass(frozen=True, slots=True)(Listed)


def test_a_record_that_would_look_at_itself_when_it_is_made_is_not_taken() -> None:
    class Looking:
        """A number."""

        number: int

        def __post_init__(self) -> None:
            assert self.number

    with pytest.raises(AssertionError):
        dataclass(frozen=True, slots=True)(Looking)


def test_the_first_record_of_a_class_that_only_inherits_is_of_that_class() -> None:
    @dataclass(frozen=True, slots=True)
    class Number:
        """A number."""

        number: int

    class Own(Number):
        """Nothing more."""

        __slots__ = ()

    assert [type(Own(number=each)) for each in range(2)] == [Own, Own]


@dataclass(frozen=True, slots=True)
class Clashing:
    """Bears the names that one thinks of when one makes a record."""

    record: str
    new: str
    put: str
    twin: str
    cls: str
    self: str
    made: str = "m"


@dataclass(frozen=True)
class ClashingOpenly:
    """The same without slots."""

    record: str
    new: str
    put: str
    cls: str
    self: str


def test_a_field_may_have_any_name() -> None:
    one = Clashing("r", "n", "p", "t", "c", "s")
    assert repr(one) == "Clashing(record='r', new='n', put='p', twin='t', cls='c', self='s', made='m')"
    assert replace(one, record="x").record == "x"
    assert repr(ClashingOpenly(record="r", new="n", put="p", cls="c", self="s")) == (
        "ClashingOpenly(record='r', new='n', put='p', cls='c', self='s')"
    )
