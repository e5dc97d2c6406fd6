"""The room in brief: what an agent reads at every sync says everything once and does not grow with the room."""

from tests.core.rooms import Room

from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.host.door.answer import Answer
from coroom.host.door.overview import NAMED_MAX, room_in_brief
from coroom.host.door.replies import reply


def a_room(agents: int) -> Room:
    room = Room(*(f"agent-{n}" for n in range(1, agents + 1)))
    for name in ("board", "rules"):
        room.ok(
            OPERATOR, c.PostTask(title=f"{name}: The {name} of the game", task=name, despite_duplicate=True), c.Posted
        )
    room.ok("agent-1", c.TakeTask("board"), c.Taken)
    return room


def listed(room: Room, agent: str, what: str) -> list[str]:
    found = room_in_brief(room.state, agent, room.now_ms)[what]
    assert isinstance(found, list)
    return [str(one) for one in found]


def test_who_holds_a_task_is_told_once_with_the_task_and_its_title_without_its_name() -> None:
    room = a_room(2)
    brief = room_in_brief(room.state, "agent-2", room.now_ms)
    assert brief["agents"] == ["with a task: agent-1", "without one: agent-2"]
    assert brief["tasks"] == ["board taken by agent-1: The board of the game", "rules open: The rules of the game"]
    assert brief["claims"] == []
    (own,) = listed(room, "agent-1", "claims")
    assert own.startswith("task:board by agent-1 (exclusive, ")


def test_who_is_paused_is_told_by_name() -> None:
    room = a_room(3)
    room.ok(OPERATOR, c.Pause("agent-1"), c.Ok)
    assert room_in_brief(room.state, "agent-2", room.now_ms)["agents"] == [
        "without one: agent-2, agent-3",
        "agent-1 (paused, on board)",
    ]


def test_many_agents_are_a_number_so_that_a_sync_does_not_grow_with_the_room() -> None:
    room = a_room(NAMED_MAX + 3)
    _, idle = listed(room, "agent-2", "agents")
    assert idle.endswith(f", agent-{NAMED_MAX + 1} and 2 more")

    def read(agents: int) -> int:
        known = a_room(agents)
        return len(reply(Answer(data=room_in_brief(known.state, "agent-2", known.now_ms))).text)

    assert read(60) == read(20)


def test_the_notice_of_a_done_task_says_its_name_once() -> None:
    room = Room("ann", "bob")
    room.ok(OPERATOR, c.PostTask(title="board: The board", task="board"), c.Posted)
    room.ok("ann", c.TakeTask("board"), c.Taken)
    room.ok("ann", c.FinishTask("All of it."), c.Ok)
    (told,) = room.state.inbox("bob")
    assert told.text == "Task board is done: The board. All of it."
