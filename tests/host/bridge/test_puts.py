"""Cases 4, 5, 7, 8, 9, 10, 27, 28, 34 and 40: what the room puts on disks, and what it must not destroy there."""

import asyncio
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.host.bridge.scene import opened, plan_at, repository_at, scene_of, seated, turns, until

from coroom.core.event import EditHeld, Event, FileAccepted
from coroom.core.file import HeldState
from coroom.workspace.states import content_hash


async def test_case_04_what_the_room_puts_is_never_taken_for_an_edit(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        for number in range(150):
            scene.write("a", "f.txt", f"text {number}\n")
            await scene.reads("f.txt", b"text %d\n" % number)
        await scene.rest()
        edits = scene.edits()
        assert len(edits) == 150
        assert {edit.file.by for edit in edits} == {"a"}
        assert not scene.held()


async def test_case_05_one_write_makes_one_update_on_two_disks_and_then_there_is_silence(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        scene.write("a", "f.txt", "once\n")
        await scene.alike("f.txt")
        seq = scene.seq
        for _ in range(5):
            await scene.rest()
        assert len(scene.edits()) == 1
        assert scene.seq == seq
        assert scene.tree("a") == scene.tree("b") == {"f.txt": b"once\n"}


@pytest.mark.promise("doc:nothing-lost")
async def test_case_07_nothing_is_put_under_a_running_tool_and_nothing_is_lost_by_waiting(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        async with scene.tool("a", "f.txt"):
            before = scene.read("a", "f.txt")
            scene.edit("b", "f.txt", "three", "THREE")
            await until(lambda: scene.in_room("f.txt") == b"one\ntwo\nTHREE\n", "the room has b's change")
            await scene.bridge("a").cycle()
            await turns(50)
            assert scene.read("a", "f.txt") == before
            scene.edit("a", "f.txt", "one", "ONE")
        assert scene.read("a", "f.txt") == b"ONE\ntwo\nTHREE\n"
        assert await scene.alike("f.txt") == b"ONE\ntwo\nTHREE\n"


async def test_case_07_a_tool_that_never_ends_holds_puts_back_for_its_time_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.host.edits.mirror.WINDOW_S_MAX", 0.3)
    monkeypatch.setattr("coroom.host.edits.mirror.EDIT_WINDOW_S_MAX", 0.3)
    async with scene_of(tmp_path) as scene:
        window = scene.tool("a", "f.txt")
        await window.__aenter__()
        scene.edit("b", "f.txt", "three", "THREE")
        assert await scene.alike("f.txt") == b"one\ntwo\nTHREE\n"


WRITES = int(os.environ.get("COROOM_BRIDGE_WRITES", "3000"))


class Overwriter:
    """An agent that writes numbered texts in place, and knows of each whether it has overwritten it itself."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.written: list[bytes] = []
        self.overwritten: set[bytes] = set()

    def write(self) -> None:
        with self._target.open("r+b", buffering=0) as file:
            # Read and written through one descriptor: it is this very text that the next takes the place of.
            stood = file.read()
            text = b"\n".join((b"agent %d" % len(self.written), *stood.split(b"\n")[1:]))
            file.seek(0)
            file.truncate()
            file.write(text)
        if self.written and stood == self.written[-1]:
            self.overwritten.add(stood)
        self.written.append(text)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.promise("doc:nothing-lost")
async def test_case_08_of_texts_written_while_others_are_put_each_is_taken_in_or_overwritten_by_its_own_author(
    tmp_path: Path,
) -> None:
    async with scene_of(tmp_path, {"f.txt": b"agent\n" + b"\n" * 30 + b"remote 0\n"}) as scene:
        agent = Overwriter(scene.at("a", "f.txt"))
        done = threading.Event()

        def writes() -> None:
            chance = random.Random(8)
            for _ in range(WRITES):
                agent.write()
                time.sleep(chance.random() * 0.003)
            done.set()

        writer = asyncio.create_task(asyncio.to_thread(writes))
        chance, remote = random.Random(9), 0
        while not done.is_set():
            remote += 1
            lines = scene.text("b", "f.txt").split("\n")
            lines[-2] = f"remote {remote}"
            scene.write("b", "f.txt", "\n".join(lines))
            await asyncio.sleep(chance.random() * 0.002)
        await writer
        await scene.rest()
        known = {blob for event in scene.events() for blob in blobs_written(event)}
        lost = [text for text in agent.written if text not in agent.overwritten and content_hash(text) not in known]
        assert lost == []
        assert len(agent.overwritten) < len(agent.written) == WRITES


def blobs_written(event: Event) -> tuple[str, ...]:
    """What somebody wrote, of which the event tells that it is in the room."""
    match event.body:
        case FileAccepted(written=blob, file=version):
            return (blob, version.blob)
        case EditHeld(mine=blob):
            return (blob,)
    return ()


@pytest.mark.promise("doc:nothing-lost")
async def test_case_08_puts_that_race_with_saves_by_rename_lose_no_text(tmp_path: Path) -> None:
    """The last text of each side is in the room or held."""
    writes = 300
    async with scene_of(tmp_path, {"f.txt": b"agent 0\n" + b"\n" * 30 + b"remote 0\n"}) as scene:
        done = threading.Event()

        def agent() -> None:
            chance = random.Random(8)
            for number in range(1, writes + 1):
                lines = scene.text("a", "f.txt").split("\n")
                lines[0] = f"agent {number}"
                scene.save("a", "f.txt", "\n".join(lines))
                time.sleep(chance.random() * 0.003)
            done.set()

        writer = asyncio.create_task(asyncio.to_thread(agent))
        number = 0
        while not done.is_set():
            number += 1
            lines = scene.text("b", "f.txt").split("\n")
            lines[-2] = f"remote {number}"
            scene.write("b", "f.txt", "\n".join(lines))
            await asyncio.sleep(0.002)
        await writer
        await scene.rest()
        final = (scene.in_room("f.txt") or b"").decode()
        held = [(scene.room.host.blob(h.mine) or b"").decode() for h in scene.room.host.state.held.values()]
        for last in (f"agent {writes}\n", f"remote {number}\n"):
            assert last in final or any(last in text for text in held)


async def test_case_09_what_is_written_to_the_inode_that_a_put_displaced_is_merged(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"f.txt": b"one\n" + b"\n" * 9 + b"ten\n"}) as scene:
        with scene.at("a", "f.txt").open("r+b") as file:
            scene.write("b", "f.txt", b"one\n" + b"\n" * 9 + b"TEN\n")
            await until(lambda: (scene.read("a", "f.txt") or b"").endswith(b"TEN\n"), "the put is made")
            file.write(b"ONE\n")
        await scene.reads("f.txt", b"ONE\n" + b"\n" * 9 + b"TEN\n")


async def test_case_10_lines_of_a_logger_that_never_closes_all_arrive(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"f.log": b"head\n" + b"\n" * 9}) as scene:
        log = os.open(scene.at("a", "f.log"), os.O_WRONLY | os.O_APPEND)
        try:
            for number in range(8):
                os.write(log, b"line %d\n" % number)
                scene.write("b", "f.log", scene.text("b", "f.log").replace("head", "head "))
                await scene.bridge("a").cycle(rescan=True)
                await scene.bridge("b").cycle(final=True)

            def whole() -> bool:
                text = scene.in_room("f.log") or b""
                return all(text.count(b"line %d\n" % number) == 1 for number in range(8))

            end = time.monotonic() + 20
            while not whole():
                assert time.monotonic() < end, scene.in_room("f.log")
                await scene.bridge("a").cycle(rescan=True)
                await asyncio.sleep(0.02)
        finally:
            os.close(log)


async def test_case_27_the_executable_bit_survives_a_remote_edit_and_a_change_of_it_travels(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"run.sh": b"echo 1\n"}) as scene:
        scene.at("a", "run.sh").chmod(0o755)
        await until(lambda: scene.at("b", "run.sh").stat().st_mode & 0o111 == 0o111, "b can run it")
        os.setxattr(scene.at("a", "run.sh"), "user.mark", b"kept")
        scene.write("b", "run.sh", "echo 2\n")
        await until(lambda: scene.read("a", "run.sh") == b"echo 2\n", "a gets the edit")
        assert scene.at("a", "run.sh").stat().st_mode & 0o777 == 0o755
        assert os.getxattr(scene.at("a", "run.sh"), "user.mark") == b"kept"


async def test_case_27_one_side_changes_the_mode_and_the_other_the_text_and_both_stay(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"run.sh": b"echo 1\n"}) as scene:
        async with scene.tool("a", "run.sh"), scene.tool("b", "run.sh"):
            scene.at("a", "run.sh").chmod(0o755)
            scene.write("b", "run.sh", "echo 2\n")
        assert await scene.alike("run.sh") == b"echo 2\n"
        await scene.rest()
        assert all(scene.at(agent, "run.sh").stat().st_mode & 0o100 for agent in "ab")


@pytest.mark.parametrize("what", ["file", "directory"])
async def test_case_28_what_is_read_only_is_told_and_put_once_it_is_writable(tmp_path: Path, what: str) -> None:
    async with scene_of(tmp_path, {"d/f.txt": b"one\n"}) as scene:
        locked = scene.at("a", "d/f.txt" if what == "file" else "d")
        locked.chmod(0o444 if what == "file" else 0o555)
        await scene.rest_looks()
        scene.write("b", "d/f.txt", "two\n")
        await until(lambda: "read-only" in scene.told("a"), "a is told")
        assert scene.read("a", "d/f.txt") == b"one\n"
        scene.write("b", "other.txt", "goes on\n")
        await until(lambda: scene.read("a", "other.txt") == b"goes on\n", "the bridge goes on")
        locked.chmod(0o755)
        await until(lambda: scene.read("a", "d/f.txt") == b"two\n", "it is put in the end")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ("mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)), check=False, capture_output=True
    ).returncode:
        pytest.skip("needs to mount a small file system")
    yield disk
    subprocess.run(("umount", "-l", str(disk)), check=True)


@pytest.mark.promise("doc:nothing-lost")
async def test_case_34_a_full_disk_truncates_nothing_is_told_and_gets_its_text_later(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = repository_at(tmp_path / "repository", {"f.txt": b"one\n" * 100})
    room = await opened(repository, plan_at(tmp_path))
    monkeypatch.setattr(room, "mirror_directory", lambda agent: (small_disk if agent == "a" else tmp_path) / agent)
    scene = await seated(room, "a b")
    try:
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        text = b"two\n" * 20_000
        scene.write("b", "f.txt", text)
        await until(lambda: "cannot be" in scene.told("a"), "a is told that the disk is full")
        assert scene.read("a", "f.txt") == b"one\n" * 100
        filler.unlink()
        await until(lambda: scene.read("a", "f.txt") == text, "the text is put once there is room")
        scene.write("a", "f.txt", text + b"three\n")
        await until(lambda: scene.in_room("f.txt") == text + b"three\n", "the bridge goes on")
    finally:
        await room.close()


async def test_case_40_a_hard_link_is_broken_by_the_put_and_that_is_told(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"a.py": b"one = 1\n"}) as scene:
        os.link(scene.at("a", "a.py"), scene.at("a", "b.py"))
        await until(lambda: scene.in_room("b.py") is not None, "the other name is in the room")
        await scene.rest()
        scene.write("b", "a.py", "one = 2\n")
        await until(lambda: scene.read("a", "a.py") == b"one = 2\n", "the put is made")
        await until(lambda: "hard link" in scene.told("a"), "a is told")
        await scene.rest()
        assert scene.read("a", "b.py") == scene.in_room("b.py") == b"one = 1\n"
        assert not [h for h in scene.room.host.state.held.values() if h.state is HeldState.OPEN]
