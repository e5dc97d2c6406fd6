"""A room in front of an MCP server that knows nothing of it."""

import sys
from pathlib import Path

import pytest
import yaml
from tests.tools.warm_notes import notes_server
from tests.tools.worlds import NotesWorld, named

from coroom.core.errors import Refused
from coroom.core.tool import ToolCall
from coroom.ports import ToolFailed, UndoFailed
from coroom.tools.journal import Journal
from coroom.tools.proxy import proxied, read_footprints
from coroom.tools.registry import BadTool

HERE = Path(__file__).parent


@pytest.fixture
def world(tmp_path: Path) -> NotesWorld:
    return NotesWorld(tmp_path)


def test_the_server_keeps_its_schemas_and_its_words(world: NotesWorld) -> None:
    tools = world.tools()
    sending = named(tools, "send_note")
    assert sending.spec.description == "Send a note to somebody."
    assert sending.spec.gated
    assert not named(tools, "set_note").spec.gated
    refused = sending.footprint('{"number":"seven"}')
    assert isinstance(refused, Refused)
    assert "send_note was called wrongly" in str(refused)
    with pytest.raises(UndoFailed, match="send_note has no undo"):
        sending.undo(ToolCall("c1", "send_note", '{"number":1,"to":"ann"}'), "{}", '""')
    failing = ToolCall("c2", "set_note", '{"number":1,"text":"forbidden"}')
    tool = named(tools, "set_note")
    with pytest.raises(ToolFailed, match="this text is not taken"):
        tool.perform(failing, tool.prepare(failing))
    world.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tools": {}}, "tools: dictionary should have at least 1 item"),
        ({"tools": {"set_note": {"wirtes": "key:x"}}}, "tools.set_note.wirtes: extra inputs are not permitted"),
        ({"tools": {"set_note": {"effect": "blnd"}}}, "tools.set_note.effect: input should be"),
        ({"tools": {"set_note": {"writes": "key:{nr}"}}}, "uses 'nr', which is no argument"),
        ({"tools": {"set_note": {}}}, "set_note names nothing that it reads or writes"),
        ({"tools": {"set_note": {"writes": "rows/{number}"}}}, "'rows/x' names no resource: it has no known scheme"),
        ({"tools": {"lose_note": {}}}, "The server has no tool 'lose_note'. It has delete_note"),
        ({"command": [], "url": ""}, "name the server once"),
        ({"command": ["false"]}, "'false' does not answer"),
        ({"command": [sys.executable, "-c", "exit('no such database')"]}, "It wrote: no such database"),
    ],
)
def test_what_is_wrong_in_a_footprint_file_is_said(tmp_path: Path, change: dict[str, object], said: str) -> None:
    whole = yaml.safe_load((HERE / "notes.yaml").read_text())
    command = notes_server(str(tmp_path / "notes.json"))
    place = tmp_path / "footprints.yaml"
    place.write_text(yaml.safe_dump({**whole, "command": command, **change}))
    with pytest.raises(BadTool) as wrong:
        proxied(read_footprints(str(place)), Journal())
    assert said in str(wrong.value)
