"""Records that are made quickly are the frozen dataclasses that they were."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import get_args

import pytest

from coroom.core.command import Command, Good, Granted
from coroom.core.event import AgentLeft, Answered, Body
from coroom.core.quick import quick


def test_a_record_compares_prints_copies_and_pickles_as_before() -> None:
    one = Answered(agent="ada", operation="op1", reply="[]")
    assert one == Answered(agent="ada", operation="op1", reply="[]", asked="")
    assert repr(one) == "Answered(agent='ada', operation='op1', reply='[]', asked='')"
    assert hash(one) == hash(replace(one, asked=""))
    assert replace(one, asked="x").asked == "x"
    assert copy.deepcopy(one) == one == pickle.loads(pickle.dumps(one))


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
