"""Cases 1, 2, 3, 19, 30, 31, 36 and 39: what agents' programs do to files, taken in whole and once."""

import mmap
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from tests.host.bridge.scene import scene_of, until

from coroom.host.edits.bridge import Bridge
from coroom.host.edits.surroundings import SCANS_APART_S
from coroom.workspace.hints import Hint

WHOLE = b"".join(b"line %d of a text of twenty thousand bytes\n" % n for n in range(450))

SLOW = """
import sys, time
with open(sys.argv[1], "wb") as file:
    file.write(sys.argv[2].encode() * 100); file.flush()
    time.sleep(float(sys.argv[4]))
    file.write(sys.argv[3].encode() * 100)
"""


def texts_of(edits: list[bytes | None]) -> list[int]:
    return [len(text or b"") for text in edits]


@pytest.mark.parametrize("path", ["f.txt", "fresh.txt"])
async def test_case_01_a_file_written_in_two_halves_goes_in_once_and_whole(tmp_path: Path, path: str) -> None:
    async with scene_of(tmp_path) as scene:
        seq = scene.seq
        half = "h" * 100
        program = subprocess.Popen((sys.executable, "-c", SLOW, str(scene.at("a", path)), half, "w" * 100, "0.2"))
        await until(lambda: program.poll() is not None, "the program ends")
        assert await scene.alike(path) == half.encode() * 100 + b"w" * 10_000
        assert [edit.file.size for edit in scene.edits(path, seq)] == [20_000]


async def test_case_01_a_tool_that_ends_takes_no_half_of_what_another_program_still_writes(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        with scene.at("a", "fresh.txt").open("wb") as file:
            file.write(WHOLE[:10_000])
            file.flush()
            async with scene.tool("a", "f.txt"):
                scene.write("a", "f.txt", "other\n")
            assert scene.in_room("f.txt") == b"other\n"
            assert scene.in_room("fresh.txt") is None
            file.write(WHOLE[10_000:])
        assert await scene.alike("fresh.txt") == WHOLE


async def test_case_02_fast_truncating_writes_are_never_seen_empty_and_the_last_one_counts(tmp_path: Path) -> None:
    program = """
import sys, time
for n in range(120):
    with open(sys.argv[1], "wb") as file:
        file.write(b"text %06d\\n" % n * 50)
    time.sleep(0.005)
"""
    async with scene_of(tmp_path) as scene:
        seq = scene.seq
        writer = subprocess.Popen((sys.executable, "-c", program, str(scene.at("a", "f.txt"))))
        await until(lambda: writer.poll() is not None, "the program ends")
        last = b"text %06d\n" % 119 * 50
        await until(lambda: scene.in_room("f.txt") == last, "the last text is in the room")
        sizes = {edit.file.size for edit in scene.edits("f.txt", seq)}
        assert sizes == {len(last)}


async def test_case_03_saves_by_rename_are_edits_of_the_file_and_the_temporary_name_is_never_seen(
    tmp_path: Path,
) -> None:
    program = """
import os, sys
for n in range(300):
    with open(sys.argv[1] + ".tmp~", "wb") as file:
        file.write(b"save %d\\n" % n)
    os.replace(sys.argv[1] + ".tmp~", sys.argv[1])
"""
    async with scene_of(tmp_path) as scene:
        seq = scene.seq
        writer = subprocess.Popen((sys.executable, "-c", program, str(scene.at("a", "f.txt"))))
        await until(lambda: writer.poll() is not None, "the program ends")
        await until(lambda: scene.in_room("f.txt") == b"save 299\n", "the last save is in the room")
        await scene.rest()
        edits = scene.edits(after=seq)
        assert {edit.file.path for edit in edits} == {"f.txt"}
        assert all(edit.file.kind == "text" for edit in edits)
        assert len(edits) <= 300


async def test_case_03_one_save_by_rename_is_one_change(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        for number in range(5):
            seq = scene.seq
            scene.save("a", "f.txt", f"save {number}\n")
            assert await scene.alike("f.txt") == b"save %d\n" % number
            assert len(scene.edits(after=seq)) == 1


async def test_case_19_a_file_deleted_and_written_again_at_once_is_an_edit_with_its_history(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        before = scene.room.host.state.head("f.txt")
        seq = scene.seq
        scene.at("a", "f.txt").unlink()
        scene.write("a", "f.txt", "again\n")
        assert await scene.alike("f.txt") == b"again\n"
        after = scene.room.host.state.head("f.txt")
        assert before
        assert after
        assert before.file_id == after.file_id
        assert [edit.file.kind for edit in scene.edits("f.txt", seq)] == ["text"]


@pytest.mark.parametrize(
    ("name", "before", "old", "new"),
    [
        ("latin-1", "größer\nzwei\n".encode("latin-1"), b"zwei", b"drei"),
        ("byte order mark", b"\xef\xbb\xbfone\ntwo\n", b"two", b"three"),
        ("crlf", b"one\r\ntwo\r\nthree\r\n", b"two", b"TWO"),
        ("no newline at the end", b"one\ntwo", b"one", b"ONE"),
        ("mixed line ends", b"one\r\ntwo\nthree\rfour", b"two", b"TWO"),
    ],
)
async def test_case_30_bytes_outside_a_remote_edit_stay_as_they_were(
    tmp_path: Path, name: str, before: bytes, old: bytes, new: bytes
) -> None:
    async with scene_of(tmp_path, {"f.txt": before}) as scene:
        scene.write("a", "f.txt", before.replace(old, new))
        await until(lambda: scene.read("b", "f.txt") != before, f"b gets the edit ({name})")
        assert scene.read("b", "f.txt") == before.replace(old, new)


async def test_case_30_edits_of_both_sides_keep_crlf_and_the_mark(tmp_path: Path) -> None:
    before = b"\xef\xbb\xbfone\r\ntwo\r\nthree\r\nfour\r\nfive"
    async with scene_of(tmp_path, {"f.txt": before}) as scene:
        async with scene.tool("a", "f.txt"), scene.tool("b", "f.txt"):
            scene.write("a", "f.txt", before.replace(b"one", b"ONE"))
            scene.write("b", "f.txt", before.replace(b"five", b"FIVE"))
        assert await scene.alike("f.txt") == before.replace(b"one", b"ONE").replace(b"five", b"FIVE")


async def test_case_31_edits_beside_wide_characters_split_none(tmp_path: Path) -> None:
    before = "😀 start\n漢字\ne\u0301 combined\nmiddle\n😀😀\nend 漢\n"
    async with scene_of(tmp_path, {"f.txt": before.encode()}) as scene:
        async with scene.tool("a", "f.txt"), scene.tool("b", "f.txt"):
            scene.write("a", "f.txt", before.replace("😀 start", "😀é start"))
            scene.write("b", "f.txt", before.replace("end 漢", "end 漢😀"))
        merged = before.replace("😀 start", "😀é start").replace("end 漢", "end 漢😀")
        assert (await scene.alike("f.txt") or b"").decode() == merged


async def test_case_36_two_writes_of_one_size_with_the_time_set_back_are_both_noticed(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        target = scene.at("a", "f.txt")
        for number in range(6):
            before = target.stat()
            scene.write("a", "f.txt", f"same size {number}\n")
            os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert await scene.alike("f.txt") == f"same size {number}\n".encode()


async def test_case_36_a_scan_alone_notices_it_too(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        scene.write("a", "f.txt", "same size 1\n")
        await scene.alike("f.txt")
        scene.mirror("a").watcher.close()
        scene.mirror("a").watcher = Deaf()
        before = scene.at("a", "f.txt").stat()
        scene.write("a", "f.txt", "same size 2\n")
        os.utime(scene.at("a", "f.txt"), ns=(before.st_atime_ns, before.st_mtime_ns))
        await scene.bridge("a").cycle(rescan=True, final=True)
        assert scene.in_room("f.txt") == b"same size 2\n"


class Deaf:
    """A watcher that hears nothing."""

    def drain(self) -> list[Hint]:
        return []

    def waiting(self) -> int:
        return 0

    def listen(self, ring: Callable[[], None]) -> bool:
        del ring
        return True

    def refresh(self) -> None:
        return

    def close(self) -> None:
        return


async def test_case_39_a_change_through_a_mapping_is_taken_in_at_the_next_scan(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"f.txt": b"x" * 4096}) as scene:
        await scene.rest()
        with (
            scene.at("a", "f.txt").open("r+b") as file,
            mmap.mmap(file.fileno(), 4096) as mapped,
        ):
            mapped[:7] = b"mapped\n"
            await scene.bridge("a").cycle(rescan=True)
            scene.mirror("a").open_since["f.txt"] = -1e9
            await until(lambda: (scene.in_room("f.txt") or b"").startswith(b"mapped"), "the change is in the room")
        assert (await scene.alike("f.txt") or b"").startswith(b"mapped\nxxx")


async def test_case_39_the_scan_comes_by_itself(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"f.txt": b"x" * 4096}) as scene:
        await scene.rest()
        with (
            scene.at("a", "f.txt").open("r+b") as file,
            mmap.mmap(file.fileno(), 4096) as mapped,
        ):
            mapped[:7] = b"mapped\n"
        scene.bridge("a")._next_scan = 0.0
        scene.mirror("a").wake.set()
        await until(lambda: (scene.in_room("f.txt") or b"").startswith(b"mapped"), "the change is in the room")


async def test_no_two_mirrors_look_at_everything_at_once(tmp_path: Path) -> None:
    async with scene_of(tmp_path, agents="a b c d") as scene:
        bridges = [scene.bridge(agent) for agent in "abcd"]
        assert _least_apart(bridges) >= 0.99 * SCANS_APART_S
        bridges[2]._next_scan = 0.0
        bridges[2].mirror.wake.set()
        await until(lambda: bridges[2]._next_scan > 0.0, "the third has looked")
        assert _least_apart(bridges) >= 0.99 * SCANS_APART_S


def _least_apart(bridges: list[Bridge]) -> float:
    return min(later - sooner for sooner, later in pairwise(sorted(bridge._next_scan for bridge in bridges)))
