"""A run is recorded as tapes that can be played again: the same tree comes out, and no secret is in them."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from threading import Event, current_thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.run.runs import Does, Ground, opened, perform, tasks, writes

from coroom.agents.room_client import RoomClient
from coroom.agents.scripted import Marks, Step, TapeError, read_tape, whole
from coroom.host.door import tapes as limits
from coroom.host.door.answer import ToolUse, Touch
from coroom.host.door.recorder import edits_between
from coroom.host.door.tapes import Tapes
from coroom.host.seat import Seat
from coroom.host.served import state_directory
from coroom.run.worker import Desk
from coroom.run.workers import TapeWorker

FILES = {"a.py": b"import os\n\n\ndef first():\n    return 1\n\n\ndef last():\n    return 9\n", "old.txt": b"old\n"}


def step(number: int, tool: str, **args: Any) -> Step:
    return Step(number=number, tool=tool, args=args)


def player(name: str, steps: list[Step], marks: Marks) -> TapeWorker:
    return TapeWorker(name=name, steps=steps, marks=marks, environment={"PATH": "/usr/bin:/bin"})


def recorded(ground: Ground, agent: str, room: str = "run") -> Path:
    return state_directory(ground.repository, room) / "tapes" / f"{agent}.jsonl"


def tree(ground: Ground, room: str) -> str:
    return ground.repository.git.line("rev-parse", f"coroom/{room}^{{tree}}")


async def test_the_tapes_of_a_run_played_in_a_new_room_make_the_same_tree(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, FILES)
    ann = [
        step(1, "task", do="take", task="t1"),
        step(2, "native_read", path="a.py"),
        step(3, "native_edit", path="a.py", old="    return 1\n", new="    return 1 + 1\n"),
        step(4, "shell", command="mkdir -p made && echo by ann > made/ann.txt"),
        step(5, "edit", path="b.py", old="", new="made = 'by the room'\n"),
        step(6, "task", do="done", summary="first"),
    ]
    bob = [
        step(1, "task", do="take", task="t2"),
        step(2, "native_edit", path="a.py", old="    return 9\n", new="    return 99\n"),
        step(3, "native_write", path="new/bob.txt", text="by bob\n"),
        step(4, "native_delete", path="old.txt"),
        step(5, "say", kind="note", text="old.txt is gone"),
        step(6, "task", do="done", summary="second"),
    ]
    marks = Marks()
    board = tasks("first thing", "second other")
    plan = ground.plan([player("ann", ann, marks), player("bob", bob, marks)], board)
    assert (await perform(plan)).outcome.ok

    kept = {name: read_tape(recorded(ground, name)) for name in ("ann", "bob")}
    assert [one.tool for one in kept["ann"]] == [one.tool for one in ann]
    assert [one.tool for one in kept["bob"]] == [one.tool for one in bob]
    assert kept["ann"][2].args["path"] == "a.py"
    assert all(one.at_ms >= 0 for one in (*kept["ann"], *kept["bob"]))

    again = ground.plan([player(name, kept[name], Marks()) for name in kept], board, room="again")
    assert (await perform(again)).outcome.ok
    assert tree(ground, "again") == tree(ground, "run")


async def test_large_texts_and_binary_files_are_recorded_whole_and_played_again(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, FILES)
    large = "".join(f"VALUE_{number} = {number}\n" for number in range(70_000))
    picture = bytes(range(256)) * 5_000

    async def writes_much(desk: Desk, client: RoomClient) -> None:
        await writes(desk, client, "large.txt", large)
        await writes(desk, client, "large.txt", large.replace("VALUE_7 ", "VALUE_SEVEN "))
        await writes(desk, client, "picture.png", picture)
        await client.call("edit", {"path": "by_room.txt", "old": "", "new": large[:100_000]})

    assert (await perform(ground.plan([Does("ann", writes_much)]))).outcome.ok
    tape = recorded(ground, "ann")
    assert tape.stat().st_size < 4_000
    steps = read_tape(tape)
    assert [step.tool for step in steps] == ["native_write", "native_write", "native_write", "edit"]
    again = ground.plan([player("ann", steps, Marks())], room="again")
    assert (await perform(again)).outcome.ok
    assert tree(ground, "again") == tree(ground, "run")

    blobs = sorted((tape.parent / "blobs").iterdir())
    assert len(blobs) == 4
    blobs[0].write_bytes(b"damaged")
    with pytest.raises(TapeError, match="is damaged"):
        [whole(step) for step in steps]
    blobs[0].unlink()
    with pytest.raises(TapeError, match="copy it along with the tape"):
        [whole(step) for step in steps]


async def test_a_held_edit_that_was_settled_is_settled_again_under_its_new_id(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, {"a.txt": b"one\ntwo\nthree\n"})
    marks = Marks()
    ann = [
        step(1, "native_read", path="a.txt"),
        Step(
            number=2,
            tool="native_edit",
            args={"path": "a.txt", "old": "two", "new": "ann"},
            after=("bob", "began"),
            label="written",
        ),
    ]
    bob = [
        step(1, "native_read", path="a.txt"),
        Step(number=2, tool="native_open", args={}, label="began"),
        Step(
            number=3, tool="native_write", args={"path": "a.txt", "text": "one\nbob\nthree\n"}, after=("ann", "written")
        ),
        Step(
            number=4,
            tool="answer",
            args={"about": "unknown", "choice": "mine"},
            when=("conflict", "a.txt"),
            held="a.txt",
        ),
    ]
    assert (await perform(ground.plan([player("ann", ann, marks), player("bob", bob, marks)]))).outcome.ok
    assert ground.landed("a.txt") == "one\nbob\nthree\n"
    answered = read_tape(recorded(ground, "bob"))[-1]
    assert (answered.tool, answered.held, answered.args["choice"]) == ("answer", "a.txt", "mine")
    assert answered.args["about"] != "unknown"


async def test_no_secret_is_on_a_tape_and_commands_name_no_mirror(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, FILES)
    tokens: list[str] = []
    key = "sk-proj-" + 24 * "k"

    async def careless(desk: Desk, client: RoomClient) -> None:
        tokens.append(desk.seat.token)
        cwd = str(desk.seat.directory)
        command = f"cd {cwd} && curl -H 'Authorization: Bearer {desk.seat.token}' -d {key} x"
        assert await client.before("shell", {"command": command}, cwd) is None
        await client.after("shell", {"command": command}, cwd)
        await writes(desk, client, "t.txt", f"the token is {desk.seat.token}!\n")
        assert not (await client.call("say", {"kind": "note", "text": f"mine: {desk.seat.token}"})).refused

    assert (await perform(ground.plan([Does("ann", careless)]))).outcome.ok
    text = recorded(ground, "ann").read_text()
    assert tokens[0] not in text
    assert key not in text
    assert str(tmp_path) not in text
    commands = [json.loads(line)["args"] for line in text.splitlines()]
    assert commands[0]["command"] == "cd . && curl -H 'Authorization: Bearer [secret]' -d [secret] x"
    assert commands[1]["text"] == "the token is [secret]!\n"


async def test_a_call_that_is_repeated_is_one_step_and_ids_of_operations_are_left_out(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    async with opened(ground.plan([])) as room:
        await room.admit("ann")
        for _ in range(3):
            assert not (await room.door.say("ann", "note", "hello", "", "", [], "op-1")).refused
        assert not (await room.door.release("ann", [], "op-2")).refused
    steps = [json.loads(line) for line in recorded(ground, "ann").read_text().splitlines()]
    assert [(one["tool"], one["args"]) for one in steps] == [
        ("say", {"kind": "note", "text": "hello"}),
        ("release", {}),
    ]


async def test_what_others_wrote_meanwhile_is_not_on_the_tape(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, FILES)
    async with opened(ground.plan([])) as room:
        ann, bob = await room.admit("ann"), await room.admit("bob")
        use = ToolUse(touch=Touch.EDIT, tool="edit", paths=("a.py",))
        assert isinstance(ann, Seat)
        assert isinstance(bob, Seat)
        assert await room.door.before_tool("ann", use) is None
        assert await room.door.before_tool("bob", use) is None
        for agent, old, new in (("bob", "return 9", "return 99"), ("ann", "return 1", "return 11")):
            path = room.mirror_directory(agent) / "a.py"
            path.write_text(path.read_text().replace(old, new))
            await room.door.after_tool(agent, use)
    (only,) = [json.loads(line) for line in recorded(ground, "ann").read_text().splitlines()]
    assert (only["tool"], only["args"]) == (
        "native_edit",
        {"path": "a.py", "old": "    return 1\n", "new": "    return 11\n"},
    )


def test_a_tape_that_is_full_stays_as_it_is_and_what_cannot_be_written_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TAPE_BYTES_MAX", 100)
    monkeypatch.setattr(limits, "INLINE_CHARS_MAX", 80)
    monkeypatch.setattr(limits, "BLOBS_BYTES_MAX", 100)
    (tmp_path / "tapes").mkdir()
    (tmp_path / "tapes" / "link.jsonl").symlink_to(tmp_path / "elsewhere")
    tapes = Tapes(tmp_path / "tapes", frozenset)
    for number in range(5):
        tapes.add("ann", {"tool": "sync", "args": {"number": number}})
    tapes.add("bob", {"tool": "say", "args": {"text": "x" * 200}})
    tapes.add("link", {"tool": "sync"})
    tapes.close()
    tapes.add("ann", {"tool": "too late"})
    lines = (tmp_path / "tapes" / "ann.jsonl").read_text().splitlines()
    assert [json.loads(line)["args"]["number"] for line in lines] == [0, 1]
    assert tapes.dropped == 5
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "tapes" / "ann.jsonl").stat().st_mode & 0o777 == 0o600


def test_of_a_disk_that_is_full_whole_lines_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tape = tmp_path / "tapes" / "ann.jsonl"
    tape.parent.mkdir()
    tape.write_text("before\n")
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[: len(data) - 3]))
    # Until they are closed, so that all is written at once.
    monkeypatch.setattr(limits, "GATHER_S", 60.0)
    tapes = Tapes(tape.parent, frozenset)
    for number in range(3):
        tapes.add("ann", {"tool": "sync", "args": {"number": number}})
    tapes.close()
    first, *lines = tape.read_text().splitlines()
    assert (first, [json.loads(line)["args"]["number"] for line in lines]) == ("before", [0, 1])
    assert tapes.dropped == 1


def test_what_is_no_unicode_and_what_cannot_be_written_end_no_tape(tmp_path: Path) -> None:
    tapes = Tapes(tmp_path, frozenset)
    steps: list[Any] = [{"command": "echo \ud800"}, {"number": {0}}, {"text": "ü"}]
    for args in steps:
        tapes.add("ann", {"tool": "shell", "args": args})
    tapes.close()
    lines = (tmp_path / "ann.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["args"] for line in lines] == [steps[0], steps[2]]
    assert "ü".encode() in lines[1]
    assert tapes.dropped == 1


def test_closing_waits_no_longer_than_it_says_for_a_disk_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CLOSE_WITHIN_S", 0.01)
    monkeypatch.setattr(limits, "WAITING_MAX", 1)
    monkeypatch.setattr(limits, "GATHER_S", 0.0)
    begun, answers = Event(), Event()

    def append(_tapes: Tapes, _agent: str, lines: Sequence[bytes]) -> int:
        begun.set()
        answers.wait()
        return len(lines)

    monkeypatch.setattr(Tapes, "_append", append)
    tapes = Tapes(tmp_path, frozenset)
    tapes.add("ann", {"tool": "sync"})
    assert begun.wait(60)
    tapes.add("ann", {"tool": "sync"})
    tapes.close()
    monkeypatch.setattr(limits, "CLOSE_WITHIN_S", 60.0)
    answers.set()
    tapes.close()
    assert tapes.dropped == 0


def test_what_comes_while_others_are_written_is_counted_until_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Meanwhile(bytes):
        """Bytes that let another step come when the writer asks how many they are."""

        def __len__(self) -> int:
            if current_thread() is tapes._thread and not came:
                came.append(True)
                tapes.add("bob", {"tool": "native_write", "args": {}}, b"12345")
            return super().__len__()

    came: list[bool] = []
    begun = Event()
    monkeypatch.setattr(limits, "GATHER_S", 0.0)

    def append(_tapes: Tapes, agent: str, lines: Sequence[bytes]) -> int:
        if agent == "bob":
            begun.set()
        return len(lines)

    monkeypatch.setattr(Tapes, "_append", append)
    tapes = Tapes(tmp_path, frozenset)
    tapes.add("ann", {"tool": "native_write", "args": {}}, Meanwhile(b"123"))
    assert begun.wait(60)
    tapes.close()
    assert tapes._waiting_bytes == 0


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "\n"]), max_size=12)


@given(LINES, LINES, st.booleans())
def test_the_edits_between_two_texts_make_one_of_the_other_each_at_one_place(
    old: list[str], new: list[str], cut: bool
) -> None:
    before, after = "".join(old), "".join(new).removesuffix("\n") if cut else "".join(new)
    edits = edits_between(before, after)
    if edits is None:
        assert before == "" or after != before
        return
    text = before
    for piece, other in edits:
        assert text.count(piece) == 1
        text = text.replace(piece, other)
    assert text == after
