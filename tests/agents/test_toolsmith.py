"""The ToolSmith with a model: built-in agents and a provider's real SDK against a scripted model, in a real room."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.host.test_tools_file import LIE, RECIPE, a_directory_for_tools
from tests.live_room import opened, served

from coroom.agents.budget import Budget
from coroom.agents.loop import session
from coroom.cli.tools import tools
from coroom.cli.toolsmith import proposer_of
from coroom.core.agent import Role
from coroom.core.task import TaskState
from coroom.host.rooms import Room
from coroom.host.seat import Seat
from coroom.testing import Call, ModelServer, Script, Turn
from coroom.tools.smith import ATTEMPTS

WISH = "add a line to a note"
LISTS = Call("call", {"do": "list"})


def asks(wish: str) -> Call:
    return Call("call", {"do": "request", "arguments": wish})


def says(recipe: object, when: str) -> Script:
    """What the model answers to whom it asks for a recipe, in words around it as models do."""
    text = f"I would do it like this:\n```json\n{json.dumps(recipe)}\n```"
    return Script((Turn(text=text),), match=when)


def adds(line: str) -> Call:
    return Call("call", {"do": "call", "tool": "note_add", "arguments": json.dumps({"title": "plan", "line": line})})


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return a_directory_for_tools(tmp_path).with_name("shared")


@contextmanager
def model(monkeypatch: pytest.MonkeyPatch, **scripts: Script) -> Iterator[ModelServer]:
    with ModelServer(scripts, hold_s=300, toolless=True) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        yield server
        assert server.failures() == ()


async def works(
    monkeypatch: pytest.MonkeyPatch, room: Room, url: str, name: str, role: Role = Role.IMPLEMENTER
) -> None:
    """A session of the built-in agent, to its end."""
    seat = await room.admit(name, role)
    assert isinstance(seat, Seat)
    for variable, value in {"COROOM_URL": url, "COROOM_TOKEN": seat.token, "ANTHROPIC_API_KEY": name}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(seat.directory)
    ended = await session("anthropic:claude-scripted", Budget(), "Do what is to be done.", lambda _told: None)
    assert ended == {"final": True}


async def a_room(directory: Path, toolsmith: Any = None) -> Room:
    room = await opened(directory, directory / "tools.yaml", toolsmith)
    assert isinstance(room, Room)
    return room


async def test_a_model_makes_the_tool_that_agents_wish_for_its_lies_are_found_and_told_to_it_and_it_is_asked_once(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wished = rf'The wish, as data:\n"{WISH}"'
    smith = {
        "mends": says(RECIPE, f"{wished}.*did not pass its trial.*would write log, which it did not declare"),
        "lies": says(LIE, wished),
        "lies_on": says(LIE, r"note_add: Add a line.*data:\n.keep a log"),
    }
    ada = Script(
        (
            Turn(calls=(asks(WISH),)),
            Turn(calls=(adds("from ada"),), expect="The tool is note_add"),
            Turn(calls=(asks("keep a log of all that is done"),), expect="is done"),
            Turn(text="I do without.", expect="No tool was made.*would write log"),
        )
    )
    bob = Script(
        (
            Turn(calls=(asks("Add a  line to a note."),)),
            Turn(calls=(LISTS,), expect="The tool is note_add"),
            Turn(calls=(adds("from bob"),), expect="Add a line to the note", never="note_log"),
            Turn(text="Done.", expect="is done"),
        )
    )
    with model(monkeypatch, **smith, ada=ada, bob=bob) as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "smith")
        proposer = proposer_of("anthropic:claude-scripted", tmp_path / "tools.yaml")
        assert proposer
        room = await a_room(tmp_path, proposer)
        async with served(room) as url:
            await works(monkeypatch, room, url, "ada")
            await works(monkeypatch, room, url, "bob")
        asked = {name: len(server.received(name)) for name in smith}
        assert asked == {"lies": 1, "mends": 1, "lies_on": ATTEMPTS}, "the same wish is not asked of it again"
        await room.close()
        await proposer.close()
    assert (shared / "plan.md").read_text() == "from ada\nfrom bob\n"
    assert not (shared / "log").exists()


async def test_a_model_in_the_role_toolsmith_takes_the_wish_from_the_board_is_told_what_its_lie_would_do_and_mends_it(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def proposes(recipe: object) -> Call:
        return Call("call", {"do": "propose", "about": "${task}", "arguments": json.dumps(recipe)})

    ada = Script((Turn(calls=(asks(WISH),)), Turn(text="I wait.", expect=r"It is asked for: task")))
    sue = Script(
        (
            Turn(calls=(Call("task", {"do": "next"}),)),
            Turn(calls=(proposes(LIE),), expect=WISH, capture={"task": r"tool-[0-9a-f]{10}"}),
            Turn(calls=(proposes(RECIPE),), expect="would write log, which it did not declare"),
            Turn(text="It is made.", expect="The tool is note_add"),
        )
    )
    cyd = Script((Turn(calls=(adds("from cyd"),)), Turn(text="Done.", expect="is done")))
    room = await a_room(tmp_path)
    with model(monkeypatch, ada=ada, sue=sue, cyd=cyd):
        async with served(room) as url:
            assert isinstance(await room.admit("sue", Role.TOOLSMITH), Seat)
            await works(monkeypatch, room, url, "ada")
            await works(monkeypatch, room, url, "sue", Role.TOOLSMITH)
        assert [task.state for task in room.host.state.tasks.values()] == [TaskState.DONE]
        await room.close()
        room = await a_room(tmp_path)
        async with served(room) as url:
            await works(monkeypatch, room, url, "cyd")
        await room.close()
    assert (shared / "plan.md").read_text() == "from cyd\n", "it survived the restart"
    monkeypatch.chdir(tmp_path / "repository")
    shown = CliRunner().invoke(tools, ["--json"], catch_exceptions=False)
    (made,) = json.loads(shown.output)["tools"]
    assert (made["name"], made["by"], made["request"], made["gated"]) == ("note_add", "sue", WISH, False)
