from typing import get_args

from coroom.core.event import Body
from coroom.evaluate.live.office_slots import BOOKING
from coroom.evaluate.live.play import LivePlay
from coroom.evaluate.live.world import world_of
from coroom.evaluate.synthetic.hand import MODELS
from coroom.testing.sample_room import SampleRoom
from coroom.web.marks import SENTENCE_CHARS_MAX, UNSEEN, mark, marks


async def test_every_event_a_person_sees_has_a_lane_and_a_sentence(sample: SampleRoom) -> None:
    found = marks(sample.host.events(0))
    assert all(isinstance(one["agent"], str) and one["text"] for one in found)
    assert max(len(str(one["text"])) for one in found) <= SENTENCE_CHARS_MAX
    assert {"answered", "claims-renewed"}.isdisjoint(str(one["kind"]) for one in found)


async def test_every_bar_that_closes_was_opened(sample: SampleRoom) -> None:
    opened: set[object] = set()
    closed = 0
    for one in marks(sample.host.events(0)):
        opened |= {one["opens"]} if "opens" in one else set()
        if "closes" in one:
            closed += 1
            assert one["closes"] in opened
    assert closed > 10


async def test_an_edit_is_its_authors_and_an_arrow_reaches_its_readers(sample: SampleRoom) -> None:
    await sample.write("ada", "new.py", "x = 1\n")
    event = sample.host.events(0)[-1]
    assert (mark(event)["agent"], mark(event)["path"]) == ("ada", "new.py")
    told = [one for one in marks(sample.host.events(0)) if one["kind"] == "notice-sent" and one["label"] == "question"]
    assert told[-1]["to"] == ["operator"]


def test_what_is_not_drawn_is_a_kind_of_event() -> None:
    assert set(UNSEEN) < set(get_args(Body))


def test_a_call_in_order_has_its_bar_and_its_undoing_and_what_its_agent_was_told() -> None:
    played = LivePlay(BOOKING, "preorder", 3, MODELS["synthetic"], "s", world_of(BOOKING, 3), 600).run()
    found = marks(played.events)
    placed = {one["of"] for one in found if one["kind"] == "call-placed"}
    opened = [one["opens"] for one in found if one["kind"] in {"call-placed", "call-started"} and "opens" in one]
    assert {f"call {name}" for name in placed} == set(opened)
    # Each is carried out anew after it was undone, whoever had the host do that.
    assert sorted(map(str, opened)) == sorted(str(one["closes"]) for one in found if one["kind"] == "call-finished")
    assert {one["of"] for one in found if one["kind"] == "call-undone"} <= placed
    assert any(one["kind"] == "order-noticed" and one["agent"] == "agent-2" for one in found)
