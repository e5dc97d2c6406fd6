import json
from collections.abc import Hashable
from typing import cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.strategies import A_KIND, bodies, events, of

from coroom.core import command as c
from coroom.core import event as e
from coroom.core.codec import (
    KINDS,
    decode_body,
    decode_reply,
    decode_state,
    encode_body,
    encode_reply,
    encode_state,
    from_json,
    to_json,
)
from coroom.core.evolve import evolve
from coroom.core.file import FileVersion
from coroom.core.limits import Limits
from coroom.core.ordering.call import Order, Repair, Step, StepKind
from coroom.core.state import RoomState
from coroom.core.table import Table

replies = cast("st.SearchStrategy[c.Good]", st.one_of([of(kind) for kind in get_args(c.Good)]))
states = cast("st.SearchStrategy[RoomState]", of(RoomState))


@pytest.mark.promise("log:readable-forever")
@pytest.mark.parametrize("kind", get_args(e.Body))
@settings(max_examples=A_KIND)
@given(data=st.data())
def test_every_kind_of_event_comes_back_from_its_text(kind: Hashable, data: st.DataObject) -> None:
    body = cast("e.Body", data.draw(of(kind)))
    text = encode_body(body)
    again = decode_body(body.kind, text)
    assert again == body
    assert encode_body(again) == text
    assert text.isascii()
    assert "\n" not in text


@given(replies)
def test_every_reply_comes_back_from_its_text(reply: c.Good) -> None:
    assert decode_reply(encode_reply(reply)) == reply


@given(states)
def test_every_state_comes_back_from_its_bytes(state: RoomState) -> None:
    data = encode_state(state)
    again = decode_state(data)
    assert again == state
    assert encode_state(again) == data


@pytest.mark.promise("log:prefix")
@given(st.lists(events, max_size=12), st.integers(0, 12))
def test_a_snapshot_replayed_on_is_the_state_that_was_byte_for_byte(history: list[e.Event], cut: int) -> None:
    whole = RoomState()
    for event in history:
        whole = evolve(whole, event)
    state = RoomState()
    for event in history[:cut]:
        state = evolve(state, event)
    state = decode_state(encode_state(state))
    for event in history[cut:]:
        state = evolve(state, e.Event(event.seq, event.at_ms, event.by, _stored(event.body)))
    assert state == whole
    assert encode_state(state) == encode_state(whole)


def _stored(body: e.Body) -> e.Body:
    return decode_body(body.kind, encode_body(body))


@given(states, bodies)
def test_evolve_takes_any_event_in_any_state_and_leaves_that_state_as_it_was(state: RoomState, body: e.Body) -> None:
    whole = _possible(state)
    before = encode_state(whole)
    after = evolve(whole, e.Event(whole.seq + 1, whole.now_ms + 1, "ada", body))
    assert after.seq == whole.seq + 1
    assert encode_state(whole) == before


@pytest.mark.parametrize(
    "body",
    [e.LookTaken(repair="r"), e.CallFenced(call="x", resources=(), why="", steps=(Step(StepKind.READ, "y"),))],
    ids=lambda body: body.kind,
)
@pytest.mark.parametrize("todo", [(), (Step(StepKind.READ, "x"),)], ids=["no step", "a step"])
def test_a_repair_of_another_name_or_without_a_step_is_no_fault(body: e.Body, todo: tuple[Step, ...]) -> None:
    """No history leads to one, and arbitrary states hold them."""
    repair = Repair(id="another", agent="ada", position=(), todo=todo, touched=())
    state = RoomState(order=Order(repairs=Table([("r", repair)])))
    assert evolve(state, e.Event(1, 1, "ada", body)).seq == 1


def _possible(state: RoomState) -> RoomState:
    """The state without what no history leads to: an inbox that holds a notice which is nowhere."""
    letters = set(state.letters)
    kept = ((name, tuple(n for n in inbox if n in letters)) for name, inbox in state.inboxes.items())
    return RoomState(
        **{
            **{name: getattr(state, name) for name in state.__dict__},
            "inboxes": Table(kept),
        }
    )


def _as_the_json_encoder_would(value: object) -> str:
    return json.dumps(to_json(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@given(bodies, replies, states)
def test_the_text_of_a_value_is_what_the_json_encoder_makes_of_it(
    body: e.Body, reply: c.Good, state: RoomState
) -> None:
    assert encode_body(body) == _as_the_json_encoder_would(body)
    assert encode_reply(reply) == f'["{type(reply).__name__}",{_as_the_json_encoder_would(reply)}]'
    assert encode_state(state).decode() == _as_the_json_encoder_would(state)


def test_every_kind_has_a_name_of_its_own() -> None:
    assert len(KINDS) == len(get_args(e.Body))
    assert all(name == kind.kind for name, kind in KINDS.items())


def test_a_field_a_newer_version_added_may_be_missing_and_one_it_dropped_is_ignored() -> None:
    text = '{"agent":"ada","notices":[],"of-the-future":1}'
    assert decode_body("notices-read", text) == e.NoticesRead(agent="ada", notices=())
    opened = json.loads(encode_body(e.RoomOpened(room="r", policy="open", limits=Limits())))
    del opened["repository"], opened["limits"]["wanted_max"]
    assert decode_body("room-opened", json.dumps(opened)) == e.RoomOpened(room="r", policy="open", limits=Limits())


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("agent-left", "{}"),
        ("agent-left", "[]"),
        ("agent-left", '{"agent":1,"reason":""}'),
        ("agent-left", "not json"),
        ("notices-read", '{"agent":"ada","notices":"n1"}'),
        ("claim-granted", '{"agent":"ada"}'),
        ("files-read", '{"agent":"ada","versions":[["a.py"]]}'),
        ("agent-joined", '{"agent":"a","role":"king","rank":[1],"parent":null,"secret_hash":"","client":""}'),
        ("room-closed", '{"reason":true}'),
    ],
)
def test_a_text_that_is_not_of_the_kind_is_a_value_error(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode_body(kind, text)


def test_an_unknown_kind_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        decode_body("of-the-future", "{}")


def test_only_the_cores_own_shapes_have_a_json_form() -> None:
    with pytest.raises(TypeError, match="no JSON form for set"):
        to_json({1, 2})
    with pytest.raises(TypeError, match="no reader"):
        from_json(3, {})
    with pytest.raises(TypeError, match="only optional values"):
        from_json(int | str, 1)


def test_tuples_of_fixed_length_and_nested_tables_are_read_back() -> None:
    kind = Table[Table[int]]
    value = Table([("a", Table([("b", 1)]))])
    assert from_json(kind, to_json(value)) == value
    assert from_json(tuple[str, int], ["a", 1]) == ("a", 1)
    assert from_json(FileVersion | None, None) is None
