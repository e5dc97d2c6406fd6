import hashlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.rooms import Room

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.codec import encode_state
from coroom.core.evolve import evolve
from coroom.core.file import FileKind
from coroom.core.notice import NoticeKind
from coroom.core.state import RoomState
from coroom.testing.sample_room import SampleRoom
from coroom.web import history
from coroom.web.history import History, sampled


async def test_every_earlier_state_is_the_fold_of_its_prefix(sample: SampleRoom) -> None:
    past = History(sample.host)
    state = RoomState()
    for event in sample.host.events(0):
        state = evolve(state, event)
        if event.seq % 37 == 0:
            assert encode_state(await past.at(event.seq)) == encode_state(state)


async def test_states_kept_on_the_way_are_bounded_and_change_no_answer(
    sample: SampleRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "EVENTS_BETWEEN", 3)
    monkeypatch.setattr(history, "STATES_MAX", 8)
    past = History(sample.host)
    start = sample.host.state.seq
    for number in range(60):
        await sample.do(OPERATOR, c.Say(kind=NoticeKind.NOTE, text=str(number)))
    assert len(past._kept) <= 8
    state = RoomState()
    for event in sample.host.events(0):
        state = evolve(state, event)
        if event.seq > start:
            assert encode_state(await past.at(event.seq)) == encode_state(state)


def test_the_states_kept_of_a_busy_room_take_few_megabytes() -> None:
    room = Room(*[f"a{number}" for number in range(8)])
    blob = hashlib.sha256(b"x").hexdigest()
    paths = [f"src/dir{number % 50}/file{number}.py" for number in range(2_000)]
    room.do(HOST, c.SeedFiles(tuple((path, FileKind.TEXT, blob, False, 10) for path in paths)))
    tracemalloc.start()
    try:
        kept = []
        for state in range(4):
            for number in range(history.EVENTS_BETWEEN // 2):
                room.edit(f"a{number % 8}", paths[(state * 7 + number * 13) % len(paths)], f"{state} {number}")
            room.log.clear()
            kept.append(room.state)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held / len(kept) * history.STATES_MAX < 25e6


@given(head=st.integers(1, 100_000), points=st.integers(1, 300))
def test_sampled_moments_are_few_rising_and_end_at_the_last(head: int, points: int) -> None:
    found = list(sampled(head, points))
    assert found == sorted(set(found))
    assert 1 <= len(found) <= points
    assert found[0] >= 1
    assert found[-1] == head
