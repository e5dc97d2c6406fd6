"""`coroom history` and `coroom restore`: every text the room ever had can be seen and had back."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.doorway import Daemon
from tests.host.bridge.scene import Scene, scene_of

from coroom.cli import main
from coroom.host.served import Serving
from coroom.log.sqlite import SqliteLog
from coroom.ports import LogCorrupt, LogFull, Stored
from coroom.run.daemon.guard import ServedRoom


async def a_life(scene: Scene, last: str = "three by b") -> None:
    """An edit, a conflict held and dropped, a rename, an edit under the new name, and a deletion."""
    async with scene.tool("a", "f.txt"), scene.tool("b", "f.txt"):
        scene.edit("a", "f.txt", "two", "two by a")
        await scene.bridge("a").cycle(final=True)
        scene.edit("b", "f.txt", "two", "two by b")
    (held,) = scene.held()
    await scene.room.door.answer("b", held.id, "theirs", "", "op1")
    await scene.rest()
    async with scene.tool("a", "g.txt"):
        scene.at("a", "f.txt").rename(scene.at("a", "g.txt"))
    await scene.rest()
    async with scene.tool("b", "g.txt"):
        scene.edit("b", "g.txt", "three", last)
    await scene.rest()


def called(monkeypatch: pytest.MonkeyPatch, directory: Path, *arguments: str) -> Result:
    monkeypatch.chdir(directory)
    return CliRunner().invoke(main, arguments)


@pytest.mark.promise("doc:nothing-lost")
async def test_every_version_accepted_or_held_is_shown_over_a_rename_while_the_room_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_of(tmp_path) as scene:
        await a_life(scene, "three by b\x1b[31m")
        result = called(monkeypatch, scene.room.repository.toplevel, "history", "g.txt", "--json", "--diff")
        assert result.exit_code == 0, result.output
        shown = json.loads(result.stdout)["versions"]
        told = [(v["path"], v["by"], v["held"], v["kind"]) for v in shown]
        assert told == [
            ("f.txt", "host", False, "text"),
            ("f.txt", "a", False, "text"),
            ("f.txt", "b", True, "text"),
            ("g.txt", "a", False, "text"),
            ("f.txt", "a", False, "absent"),
            ("g.txt", "b", False, "text"),
        ]
        held = shown[2]
        assert held["ending"].startswith("dropped by b")
        assert "+two by b" in held["diff"]
        assert shown[3]["renamed_from"] == "f.txt"
        assert "-three\n+three by b" in shown[5]["diff"]
        lines = called(monkeypatch, scene.room.repository.toplevel, "history", "g.txt").stdout.splitlines()
        assert len(lines) == len(shown)
        diffs = called(monkeypatch, scene.room.repository.toplevel, "history", "g.txt", "--diff").stdout
        assert "+three by b⟦U+001B⟧[31m" in diffs


async def test_a_held_text_that_was_dropped_is_had_back_by_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_of(tmp_path) as scene:
        await a_life(scene)
        held = next(iter(scene.room.host.state.held))
        out = tmp_path / "out.txt"
        top = scene.room.repository.toplevel
        result = called(monkeypatch, top, "restore", "g.txt", "--version", held, "--to", str(out))
        assert result.exit_code == 0, result.output
        assert out.read_bytes() == b"one\ntwo by b\nthree\n"


@asynccontextmanager
async def served(scene: Scene) -> AsyncIterator[None]:
    """The room behind its daemon, as commands find it."""
    room = scene.room
    daemon = Daemon({room.name: ServedRoom(name=room.name, door=room.door, operator_hash=room.operator_hash)})
    await daemon.start()
    Serving(os.getpid(), daemon.url).write(room.directory)
    try:
        yield
    finally:
        (room.directory / "host.json").unlink()
        await daemon.stop()


async def test_in_a_running_room_a_version_is_restored_as_an_edit_of_the_operator_and_its_readers_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_of(tmp_path) as scene, served(scene):
        await a_life(scene)
        top = scene.room.repository.toplevel

        async def restore(path: str, version: str) -> Result:
            return await asyncio.to_thread(called, monkeypatch, top, "restore", path, "--version", version)

        first, *_, gone = [str(edit.file.version) for edit in scene.edits("f.txt")]
        result = await restore("g.txt", first)
        assert result.exit_code == 0, result.output
        assert "as an edit of yours" in result.stdout
        assert await scene.alike("g.txt") == b"one\ntwo by a\nthree\n"
        assert scene.edits("g.txt")[-1].file.by == "operator"
        assert "g.txt" in scene.told("b")
        assert not (top / "g.txt").exists()
        seq = scene.seq
        assert (await restore("g.txt", first)).exit_code == 0
        assert scene.seq == seq, "what is so already changes nothing"
        assert (await restore("f.txt", first)).exit_code == 0
        assert await scene.alike("f.txt") == b"one\ntwo by a\nthree\n"
        for path, version, why in [
            ("g.txt", "999", "no version 999"),
            ("g.txt", gone, "no text to restore"),
            ("../x", "1", "cannot be"),
        ]:
            refused = await restore(path, version)
            assert refused.exit_code == 2
            assert why in refused.stderr


async def test_a_restored_version_does_not_go_over_a_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene_of(tmp_path) as scene, served(scene):
        first = str(scene.room.host.state.files()["f.txt"].version)
        scene.edit("b", "f.txt", "two", "two by b")
        await scene.alike("f.txt")
        granted = await scene.room.door.claim("b", ["file:f.txt"], "exclusive", "mine", 0, "")
        assert not granted.refused
        top = scene.room.repository.toplevel
        refused = await asyncio.to_thread(called, monkeypatch, top, "restore", "f.txt", "--version", first)
        assert refused.exit_code == 2
        assert "b" in refused.stderr
        assert scene.in_room("f.txt") == b"one\ntwo by b\nthree\n"
        assert not scene.held()


async def test_restoring_overwrites_nothing_that_the_history_does_not_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_of(tmp_path) as scene:
        await a_life(scene)
        top = scene.room.repository.toplevel
        name = str(scene.edits("g.txt")[-1].file.version)
        (top / "g.txt").write_text("not in the room\n")
        refused = called(monkeypatch, top, "restore", "g.txt", "--version", name)
        assert refused.exit_code == 2
        assert "does not have" in refused.stderr
        assert (top / "g.txt").read_text() == "not in the room\n"
        assert called(monkeypatch, top, "restore", "g.txt", "--version", name, "--force").exit_code == 0
        assert (top / "g.txt").read_text() == "one\ntwo by a\nthree by b\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("history", "nothing.txt"), "never had"),
        (("history", "f.txt", "--room", "other"), "no room 'other'"),
        (("restore", "f.txt", "--version", "999"), "no version 999"),
    ],
)
async def test_a_wrong_call_says_why_and_exits_with_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], why: str
) -> None:
    async with scene_of(tmp_path) as scene:
        result = called(monkeypatch, scene.room.repository.toplevel, *arguments)
        assert result.exit_code == 2
        assert why in result.stderr


def test_a_log_opened_for_reading_shows_what_its_host_appends_and_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "room.sqlite3"
    with pytest.raises(LogCorrupt):
        SqliteLog.reader(path)
    assert not path.exists()
    log = SqliteLog(path)
    log.append(0, [Stored(1, 1, "a", "k", "{}")])
    looking = SqliteLog.reader(path)
    assert [event.by for event in looking.read(0)] == ["a"]
    with pytest.raises(LogFull, match="reading only"):
        looking.append(1, [Stored(2, 1, "a", "k", "{}")])
    log.append(1, [Stored(2, 2, "b", "k", "{}")])
    looking.close()
    again = SqliteLog.reader(path)
    assert again.head() == 2
    again.close()
    log.close()
