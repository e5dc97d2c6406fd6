"""Records that are made quickly are the frozen dataclasses that they were."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import get_args

import pytest

from coroom.core.agent import Agent
from coroom.core.claim import Claim
from coroom.core.command import Beat, Command, Good, Granted, Submission
from coroom.core.event import AgentLeft, Answered, Body
from coroom.core.ordering.call import Premise
from coroom.core.quick import maker, of_parts, quick
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


def test_every_event_command_and_reply_with_fields_is_made_quickly() -> None:
    for kind in (*get_args(Body), *get_args(Command), *get_args(Good)):
        assert ("__init__" in vars(kind)) == (not fields(kind)), kind


def test_a_record_with_a_factory_is_not_taken() -> None:
    @dataclass(frozen=True, slots=True)
    class Listed:
        names: list[str] = field(default_factory=list)

    with pytest.raises(AssertionError):
        quick(Listed)
