"""Tools on live state in a running room: a file names them, agents call them over MCP in order."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.live_room import a_shop, asks, left, opened, seated, served
from tests.tools.conftest import installed

from coroom.core.agent import Role
from coroom.core.errors import Code, Refused
from coroom.core.task import TaskState
from coroom.core.tool import MadeTool
from coroom.host.calls.tools_file import read_tools_file
from coroom.host.rooms import Room
from coroom.host.seat import Seat
from coroom.tools.registry import BadTool


@pytest.mark.promise("run:no-upward-leak")
async def test_two_agents_over_mcp_end_as_one_after_the_other_though_the_first_writes_late(tmp_path: Path) -> None:
    room = await opened(tmp_path, a_shop(tmp_path))
    assert isinstance(room, Room)
    async with served(room) as url, seated(room, url, "ada") as ada, seated(room, url, "bob") as bob:
        listed, _ = await ada.does("call", do="list")
        assert any(one["name"] == "shop_update" for one in listed["tools"])
        seen, _ = await bob.calls("shop_select", table="stock", where={"item": "tea"})
        assert json.loads(seen["result"]) == [{"item": "tea", "left": 5}]
        ordered, _ = await bob.calls("shop_update", table="stock", where={"item": "order"}, set={"left": 5})
        await ada.calls("shop_update", table="stock", where={"item": "tea"}, set={"left": 2})
        _, told = await bob.does("sync")
        assert f"read by your call {seen['call']}" in told
        (notice,) = room.host.state.order.notices
        await bob.calls("shop_update", ordered["call"], table="stock", where={"item": "order"}, set={"left": 2})
        await bob.does("answer", about=notice, choice="repaired")
        await ada.does("call", do="done")
        await bob.does("call", do="done")
    assert not room.host.state.order.notices
    assert not room.host.state.order.calls
    assert left(tmp_path) == {"tea": 2, "order": 2}
    await room.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no tools"),
        ("sqlite: {shop: nowhere.db}", "nowhere.db is no database"),
        ("sqlite: [shop.db]", "sqlite: "),
        ("mysql: {shop: shop.db}", "mysql: "),
        ("files: nowhere", "nowhere is no directory"),
        ("functions: [nowhere.py]", "nowhere.py is no Python file"),
        ("functions: [empty.py]", "declares no tool"),
        ("functions: [broken.py]", "broken.py"),
        ("mcp: [nowhere.yaml]", "nowhere.yaml"),
        ("{", "cannot be read"),
    ],
)
async def test_a_file_of_tools_that_cannot_be_opened_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    path = a_shop(tmp_path)
    path.write_text(text)
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "broken.py").write_text("raise ValueError('broken.py is broken')")
    refused = await opened(tmp_path, path)
    assert isinstance(refused, Refused)
    assert said in refused.why


def test_a_file_of_tools_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadTool, match="cannot be read"):
        read_tools_file(tmp_path / "tools.yaml")


FUNCTIONS = '''
from dataclasses import dataclass
import tempfile
from pathlib import Path
from coroom.tools.registry import Rehearsal, tool

HERE = Path(__file__).parent / "shared"


@dataclass
class Before:
    text: str


@tool(writes="file:{name}", effect="blind")
def note(name: str, text: str) -> str:
    """Write a note, and when asked to lie, another one too."""
    (HERE / name).write_text(text)
    if text == "lie":
        (HERE / "other").write_text(text)
    return text


@note.prepare
def before(name: str) -> Before:
    return Before((HERE / name).read_text() if (HERE / name).exists() else "")


@note.undo
def undo(name: str, before: Before) -> None:
    (HERE / name).write_text(before.text)


@note.trial
def elsewhere():
    global HERE
    kept = HERE
    with tempfile.TemporaryDirectory() as scratch:
        HERE = Path(scratch)
        (HERE / "a").write_text("one")
        (HERE / "b").write_text("two")
        calls = [{"name": "a", "text": "three"}, {"name": "b", "text": "four"}]
        yield Rehearsal(calls, lambda: {f"file:{each.name}": each.read_text() for each in HERE.iterdir()})
    HERE = kept
'''


def notes(directory: Path) -> Path:
    (directory / "shared").mkdir()
    (directory / "shared" / "other").write_text("honest")
    (directory / "notes.py").write_text(FUNCTIONS)
    path = directory / "tools.yaml"
    path.write_text("files: shared\nfunctions: [notes.py]\n")
    return path


async def test_functions_of_a_python_file_are_called_beside_the_tools_for_its_files(tmp_path: Path) -> None:
    room = await opened(tmp_path, notes(tmp_path))
    assert isinstance(room, Room)
    await room.admit("ada")
    calls = room.door.calls
    assert calls
    await calls.call("ada", "note", '{"name":"plan","text":"milk"}')
    answer = await room.door.call("ada", "call", {"tool": "file_read", "arguments": '{"path":"plan"}'}, "")
    assert "milk" in str(answer.data["result"])
    await room.close()


MAIL = '''
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from coroom.tools.registry import Rehearsal, tool

BOX = Path(__file__).with_name("mail.db")


def rows():
    with closing(sqlite3.connect(BOX)) as box:
        return dict(box.execute("SELECT number, subject FROM mails"))


def put(number, subject):
    with closing(sqlite3.connect(BOX, isolation_level=None)) as box:
        box.execute("INSERT OR REPLACE INTO mails VALUES (?, ?)", (number, subject))


def everything():
    there = rows()
    kept = {f"row:mail/mails/{number}": subject for number, subject in there.items() if number < 5}
    return kept | {"key:sent": str(sorted(number for number in there if number >= 5))}


def look(resource):
    return rows().get(int(resource.name.rpartition("/")[2])) if resource.name != "sent" else None


@tool(writes="key:sent")
def send(subject: str) -> int:
    """Send a mail: a new row, where the count of rows points."""
    put(len(rows()), subject)
    return len(rows())


@tool(writes="row:mail/mails/{number}", effect="blind")
def rewrite(number: int, subject: str) -> str:
    """Change a mail."""
    put(number, subject)
    return subject


@tool(reads="row:mail/mails/{number}", reads_value=True)
def read(number: int) -> str | None:
    """Read a mail."""
    return rows().get(number)


@send.undo
def unsend() -> None:
    with closing(sqlite3.connect(BOX, isolation_level=None)) as box:
        box.execute("DELETE FROM mails WHERE number = (SELECT max(number) FROM mails)")


@send.trial
def on_a_copy():
    yield from a_copy({"subject": "hello"}, {"subject": "again"})


@rewrite.prepare
def before(number: int) -> str | None:
    return rows().get(number)


@rewrite.undo
def undo(number: int, before: str) -> None:
    put(number, before)


@rewrite.trial
def on_another_copy():
    yield from a_copy({"number": 1, "subject": "a"}, {"number": 2, "subject": "b"})


def a_copy(*calls):
    global BOX
    kept = BOX
    with tempfile.TemporaryDirectory() as scratch:
        BOX = Path(scratch) / "mail.db"
        with closing(sqlite3.connect(BOX)) as box:
            box.executescript(
                "CREATE TABLE mails (number INTEGER PRIMARY KEY, subject);"
                "INSERT INTO mails VALUES (0, 'x'), (1, 'x'), (2, 'x'), (3, 'x'), (4, 'x')"
            )
        yield Rehearsal(calls, everything)
    BOX = kept


for one in (send, rewrite, read):
    one.value(look)
'''


def a_mailbox(directory: Path) -> Path:
    """A mail was deleted, so that the count of rows points to one that is there."""
    with sqlite3.connect(directory / "mail.db") as made:
        made.execute("CREATE TABLE mails (number INTEGER PRIMARY KEY, subject TEXT)")
        made.executemany("INSERT INTO mails VALUES (?, 'old')", [(0,), (2,), (3,), (4,)])
    (directory / "mail.py").write_text(MAIL)
    path = directory / "tools.yaml"
    path.write_text("functions: [mail.py]\n")
    return path


async def test_what_a_call_touched_unsaid_is_in_the_order_its_readers_are_told_and_its_tool_stays_gated(
    tmp_path: Path,
) -> None:
    path = a_mailbox(tmp_path)
    room = await opened(tmp_path, path)
    assert isinstance(room, Room)
    for name in ("ada", "bob"):
        await room.admit(name)
    seen = await asks(room, "bob", "read", number=4)
    assert seen.data["result"] == '"old"'
    sent = await asks(room, "ada", "send", subject="spam")
    written = room.host.state.order.calls[str(sent.data["call"])].footprint.writes
    assert [str(each) for each in written] == ["key:sent", "row:mail/mails/4"]
    (told,) = room.host.state.inbox("bob")
    assert "row:mail/mails/4" in told.text
    assert "spam" in told.text
    await room.close()
    again = await opened(tmp_path, path)
    assert isinstance(again, Room)
    assert again.host.state.distrusted("send")
    judge = (await asks(again, "bob", "send", subject="more")).refused
    assert judge
    assert judge.code is Code.JUDGE
    await again.door.answer("bob", next(iter(again.host.state.order.notices)), "no_effect", "", "")
    assert (await asks(again, "bob", "send", subject="more")).data["gated"] is True
    await again.close()


async def test_a_call_that_wrote_unsaid_over_one_that_comes_after_it_is_fenced_with_what_it_touched(
    tmp_path: Path,
) -> None:
    room = await opened(tmp_path, a_mailbox(tmp_path))
    assert isinstance(room, Room)
    for name in ("ada", "bob"):
        await room.admit(name)
    mine = await asks(room, "bob", "rewrite", number=4, subject="mine")
    refused = (await asks(room, "ada", "send", subject="spam")).refused
    assert refused
    assert refused.code is Code.FENCED
    assert f"wrote over {mine.data['call']}" in refused.why
    (fence,) = room.host.state.order.fences.values()
    assert [str(each) for each in fence.resources] == ["key:sent", "row:mail/mails/4"]
    after = (await asks(room, "bob", "rewrite", number=4, subject="mine again")).refused
    assert after
    assert after.code is Code.FENCED
    await room.close()


async def test_a_function_that_writes_another_file_than_it_said_is_caught_and_never_undone_on_trust(
    tmp_path: Path,
) -> None:
    room = await opened(tmp_path, notes(tmp_path))
    assert isinstance(room, Room)
    for name in ("ada", "bob"):
        await room.admit(name)
    lied = await asks(room, "bob", "note", name="plan", text="lie")
    (stray,) = room.host.state.strays
    assert (stray.tool, stray.call) == ("note", lied.data["call"])
    assert "file:other" in stray.why
    refused = (await asks(room, "ada", "file_write", path="other", text="mine")).refused
    assert refused
    assert refused.code is Code.FENCED
    assert (tmp_path / "shared" / "other").read_text() == "lie"
    await room.close()


RECIPE: dict[str, object] = {
    "name": "note_add",
    "description": "Add a line to the note of this title.",
    "arguments": {"title": {"type": "string", "pattern": "^[a-z]+$"}, "line": {"type": "string"}},
    "command": 'printf "%s\\n" "$line" >> "$title.md"',
    "reads": ["file:{title}.md"],
    "writes": ["file:{title}.md"],
    "effect": "replayable",
    "examples": [{"title": "plan", "line": "one"}],
}
LIE = {**RECIPE, "name": "note_log", "command": 'echo "$line" >> "$title.md"; echo x >> log'}


def a_directory_for_tools(directory: Path) -> Path:
    """A file that gives a room's own tools a directory to act on, and what their trials need."""
    installed("strace")
    (directory / "shared").mkdir()
    path = directory / "tools.yaml"
    path.write_text("files: shared\n")
    return path


class Proposes:
    """A ToolSmith that has its proposals ready; without any it lies."""

    def __init__(self, *proposals: object) -> None:
        self._proposals = list(proposals)

    async def propose(self, wish: str, library: Sequence[MadeTool], found: Sequence[str]) -> str:
        return json.dumps(self._proposals.pop(0) if self._proposals else LIE)


async def test_an_agent_asks_for_a_tool_a_good_one_can_be_called_by_all_also_after_a_restart_and_a_lie_by_none(
    tmp_path: Path,
) -> None:
    path = a_directory_for_tools(tmp_path)
    room = await opened(tmp_path, path, toolsmith=Proposes(RECIPE))
    assert isinstance(room, Room)
    async with served(room) as url, seated(room, url, "ada") as ada, seated(room, url, "bob") as bob:
        made, _ = await ada.does("call", do="request", arguments="add a line to a note")
        assert made["tool"]["description"].startswith("Add a line")
        again, _ = await bob.does("call", do="request", arguments="Add a line to a note.")
        assert again == made
        await bob.calls("note_add", title="plan", line="from bob")
        await ada.calls("note_add", title="plan", line="from ada")
        assert (tmp_path / "shared/plan.md").read_text() == "from ada\nfrom bob\n"
        _, refused = await bob.does("call", do="request", arguments="write a log")
        assert "would write log, which it did not declare" in refused
        listed, _ = await bob.does("call", do="list")
        assert not any(one["name"] == "note_log" for one in listed["tools"])
        _, empty = await bob.does("call", do="request", arguments=" ")
        assert "A wish is a sentence" in empty
    await room.close()
    reopened = await opened(tmp_path, path)
    assert isinstance(reopened, Room)
    called = await asks(reopened, "bob", "note_add", title="plan", line="later")
    assert not called.refused
    assert (tmp_path / "shared/plan.md").read_text() == "from ada\nfrom bob\nlater\n"
    nobody = (await reopened.door.call("bob", "request", {"arguments": "a log"}, "")).refused
    assert nobody
    assert nobody.code is Code.NOT_FOUND
    await reopened.close()


async def test_a_wish_is_a_task_that_only_a_toolsmith_takes_and_what_it_proposes_all_may_call_once_it_passed(
    tmp_path: Path,
) -> None:
    path = a_directory_for_tools(tmp_path)
    room = await opened(tmp_path, path)
    assert isinstance(room, Room)
    async with (
        served(room) as url,
        seated(room, url, "ada") as ada,
        seated(room, url, "bob") as bob,
    ):
        _, nobody = await ada.does("call", do="request", arguments="add a line to a note")
        assert "Nobody makes tools in this room" in nobody
        async with seated(room, url, "sue", Role.TOOLSMITH) as sue:
            asked, _ = await ada.does("call", do="request", arguments="add a line to a note")
            again, _ = await bob.does("call", do="request", arguments="Add a line  to a note.")
            assert again == asked
            assert [task.id for task in room.host.state.tasks.values()] == [asked["task"]]
            _, unfit = await bob.does("task", do="take", task=asked["task"])
            assert "only who makes tools takes it" in unfit
            _, waits = await bob.does("task", do="next")
            assert "Nothing is ready" in waits
            _, mine = await bob.does("call", do="propose", about=asked["task"], arguments=json.dumps(RECIPE))
            assert "no permission to make-tools" in mine
            taken, _ = await sue.does("task", do="next")
            assert taken["id"] == asked["task"]
            assert "add a line to a note" in taken["description"]
            _, lie = await sue.does("call", do="propose", about=asked["task"], arguments=json.dumps(LIE))
            assert "would write log, which it did not declare" in lie
            listed, _ = await ada.does("call", do="list")
            assert not any(one["name"] == "note_log" for one in listed["tools"])
            made, _ = await sue.does("call", do="propose", about=asked["task"], arguments=json.dumps(RECIPE))
            assert made["tool"]["name"] == "note_add"
        await bob.calls("note_add", title="plan", line="from bob")
        assert (tmp_path / "shared/plan.md").read_text() == "from bob\n"
        _, told = await ada.does("sync")
        assert f"about={asked['task']}" in told
        have, _ = await ada.does("call", do="request", arguments="add a line to a note")
        assert have["tool"]["name"] == "note_add"
    assert room.host.state.tasks[asked["task"]].state is TaskState.DONE
    await room.close()
    again_open = await opened(tmp_path, path)
    assert isinstance(again_open, Room)
    assert again_open.door.calls
    assert "note_add" in again_open.door.calls.tools
    assert again_open.host.state.tools["note_add"].by == "sue"
    await again_open.close()


async def test_a_wish_that_was_open_when_the_room_closed_is_open_again_and_a_toolsmith_takes_no_other_work(
    tmp_path: Path,
) -> None:
    path = a_directory_for_tools(tmp_path)
    room = await opened(tmp_path, path)
    assert isinstance(room, Room)
    for name, role in (("ada", Role.IMPLEMENTER), ("sue", Role.TOOLSMITH)):
        assert isinstance(await room.admit(name, role), Seat)
    await room.door.task("ada", "post", {"title": "mend the parser"}, "")
    asked = await room.door.call("ada", "request", {"arguments": "add a line"}, "")
    await room.close()
    room = await opened(tmp_path, path)
    assert isinstance(room, Room)
    taken = await room.door.task("sue", "next", {}, "")
    assert taken.data["id"] == asked.data["task"]
    proposed = await room.door.call("sue", "propose", {"about": "t1", "arguments": json.dumps(RECIPE)}, "")
    assert proposed.refused
    assert "is no wish for a tool" in proposed.refused.why
    wrong = await room.door.call("sue", "propose", {"about": asked.data["task"], "arguments": "no recipe"}, "")
    assert wrong.refused
    assert wrong.refused.code is Code.RED
    made = await room.door.call("sue", "propose", {"about": asked.data["task"], "arguments": json.dumps(RECIPE)}, "")
    assert not made.refused
    rest = await room.door.task("sue", "next", {}, "")
    assert rest.refused
    assert rest.refused.code is Code.WAIT
    await room.close()
