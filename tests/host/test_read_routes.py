"""How a read comes to what stands below it: a version, a recorded result with writes over it, or live with undo."""

import json

from coroom.core.action import Effect
from coroom.core.errors import Refused
from coroom.core.resource import Footprint
from coroom.core.tool import ToolCall, ToolSpec
from coroom.host.calls.carry import Called
from coroom.simulate.schedule.objects import Objects, Read, canonical, resource_of, tools_on
from coroom.simulate.schedule.room import ScheduleRoom


class Total(Read):
    """Adds objects up: what it gives is the value of none of them."""

    def footprint(self, arguments: str) -> Footprint | Refused:
        return Footprint(reads=tuple(resource_of(name) for name in json.loads(arguments)["of"]))

    def perform(self, call: ToolCall, prepared: str) -> str:
        return canonical(sum(self._objects.values[name] for name in json.loads(call.arguments)["of"]))


class Estimated(Total):
    """A total that knows what additions make of it; of other writes it cannot tell."""

    def overlay(self, arguments: str, result: str, writes: tuple[ToolCall, ...]) -> str | None:
        if any(write.tool != "add" for write in writes):
            return None
        named = json.loads(arguments)["of"]
        more = (json.loads(write.arguments).get(name, 0) for write in writes for name in named)
        return canonical(int(result) + sum(more))


def a_room(kind: type[Total]) -> tuple[ScheduleRoom, Objects]:
    objects = Objects({"x": 1, "y": 2})
    spec = ToolSpec(name="total", description="", effect=Effect.REPLAYABLE, schema="{}", undoable=True)
    room = ScheduleRoom("preorder", {**tools_on(objects), "total": kind(objects, spec)})
    for name in ("ada", "bob", "cyd"):
        room.join(name, (), None)
    return room, objects


def call(room: ScheduleRoom, agent: str, tool: str, **given: object) -> str:
    outcome = room.run(lambda: room.carrier.call(agent, tool, canonical(given)))
    assert isinstance(outcome, Called), outcome
    return outcome.result


def total(room: ScheduleRoom, agent: str) -> int:
    return int(call(room, agent, "total", of=["x", "y"]))


def undone(room: ScheduleRoom) -> int:
    return sum(event.body.kind == "call-undone" for event in room.log)


def test_what_the_reader_itself_has_seen_is_given_again_though_somebody_above_has_written() -> None:
    room, _ = a_room(Total)
    assert total(room, "ada") == 3
    call(room, "cyd", "write", x=50)
    assert total(room, "ada") == 3
    assert undone(room) == 0


def test_own_and_lower_writes_are_laid_over_what_was_recorded_and_higher_ones_are_not() -> None:
    room, objects = a_room(Estimated)
    assert total(room, "ada") == 3
    call(room, "ada", "add", x=4)
    call(room, "cyd", "write", y=70)
    assert total(room, "ada") == 7
    assert total(room, "bob") == 7
    assert undone(room) == 0
    assert objects.values == {"x": 5, "y": 70}


def test_where_nothing_can_be_laid_over_what_is_above_is_undone_for_the_look_and_put_back() -> None:
    for kind, tool in ((Total, "add"), (Estimated, "write")):
        room, objects = a_room(kind)
        assert total(room, "ada") == 3
        call(room, "ada", tool, x=4)
        call(room, "cyd", "write", y=70)
        assert total(room, "ada") == objects.values["x"] + 2
        assert undone(room) == 1
        assert objects.values["y"] == 70


def test_a_recorded_result_that_is_not_so_any_more_is_not_given() -> None:
    room, objects = a_room(Total)
    assert total(room, "bob") == 3
    call(room, "ada", "write", x=10)
    call(room, "cyd", "write", y=70)
    assert total(room, "bob") == 12
    assert objects.values == {"x": 10, "y": 70}


def test_a_single_value_is_read_from_its_versions() -> None:
    room, _ = a_room(Total)
    call(room, "cyd", "write", x=50)
    call(room, "ada", "write", y=9)
    assert call(room, "bob", "read", object="x") == "1"
    assert undone(room) == 0


def test_who_reads_from_a_record_is_told_when_that_changes() -> None:
    room, _ = a_room(Estimated)
    total(room, "ada")
    call(room, "cyd", "write", y=70)
    assert total(room, "bob") == 3
    call(room, "ada", "add", x=4)
    told = [n for n in room.state.order.notices.values() if n.agent == "bob"]
    assert [(n.held, n.value) for n in told] == [("1", "5")]
