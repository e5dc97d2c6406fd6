"""Writes without hooks, whose base is not known: at whatever instant texts are put, nobody's lines are lost."""

import asyncio
import os
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.host.bridge.scene import Scene, scene_of

from coroom.workspace.states import FileState, Kind, content_hash
from coroom.workspace.swap import Swap

NINE = "".join(f"line {n}\n" for n in range(9))


def state_of(text: str) -> FileState:
    return FileState(kind=Kind.FILE, data=text.encode(), hash=content_hash(text.encode()), mode=0o644)


async def put_by(scene: Scene, agent: str, old: str, new: str) -> str:
    """An edit by `agent`, until it stands on every disk; the text then."""
    scene.edit(agent, "f.txt", old, new)
    text = scene.text(agent, "f.txt")
    await scene.reads("f.txt", text.encode())
    await scene.rest()
    return text


@pytest.mark.promise("doc:nothing-lost")
async def test_a_write_that_a_put_displaced_is_judged_from_what_its_author_had_read(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"f.txt": NINE.encode()}) as scene:
        read = scene.text("a", "f.txt")
        displaced = await put_by(scene, "b", "line 1\n", "line 1 by b\n")
        await put_by(scene, "b", "line 8\n", "line 8 by b\n")
        # It went to the inode of the first put, in the instant in which the second took its place.
        written = state_of(read.replace("line 4\n", "line 4 by a\n"))
        intake = scene.room.workspace._around.intake
        assert await intake.take_displaced(scene.mirror("a"), "f.txt", written, content_hash(displaced.encode()))
        both = NINE.replace("line 1\n", "line 1 by b\n").replace("line 8\n", "line 8 by b\n")
        await scene.reads("f.txt", both.replace("line 4\n", "line 4 by a\n").encode())


SCHEDULES = int(os.environ.get("COROOM_SCHEDULES", "50"))
FIRST = int(os.environ.get("COROOM_FIRST_SCHEDULE", "0"))
IN_ONE_ROOM = 200
STEPS = 24

ONCE_LOST = (201225,)
"""Schedules in which an own line was lost by who went on from a text put over it that did not have it yet."""


@dataclass
class Writer:
    """An agent without hooks that reads one file whole, and at some later instant writes it whole."""

    scene: Scene
    name: str
    path: str
    chance: random.Random
    read: str | None = None
    written: int = 0
    lines: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)

    def look(self) -> None:
        self.read = self.scene.text(self.name, self.path)

    def write(self) -> None:
        """What it has read, changed: lines of its own, lines that anybody might add, fewer lines."""
        if self.read is None:
            return
        lines = self.read.splitlines()
        for _ in range(self.chance.randint(1, 2)):
            at = self.chance.randrange(len(lines) + 1)
            match self.chance.randrange(6):
                case 0 if len(lines) > 4:
                    del lines[at : at + self.chance.randint(1, 2)]
                case 1:
                    lines[at:at] = ["def the_same():", "    return 0"]
                case 2:
                    lines[at : at + 1] = [self.mark(), "    return 0"]
                case _:
                    lines[at : at + self.chance.randint(0, 1)] = [self.mark()]
        text = "".join(line + "\n" for line in lines)
        self.dropped |= set(self.read.splitlines()) - set(lines)
        self.lines |= set(lines) - set(self.read.splitlines())
        put = self.scene.save if self.chance.randrange(2) else self.scene.write
        put(self.name, self.path, text)
        self.read = text if self.chance.randrange(2) else None

    def mark(self) -> str:
        self.written += 1
        return f"    {self.name} {self.written}"


class _Racing:
    """Lets an agent write in the instant between the last look at a file and the exchange."""

    def __init__(self, swap: Swap) -> None:
        self._swap = swap
        self.writer: Writer | None = None

    def exchange(self, from_dir: int, from_name: str, to_dir: int, to_name: str) -> None:
        writer, self.writer = self.writer, None
        if writer:
            writer.write()
        self._swap.exchange(from_dir, from_name, to_dir, to_name)

    def no_replace(self, from_dir: int, from_name: str, to_dir: int, to_name: str) -> None:
        self._swap.no_replace(from_dir, from_name, to_dir, to_name)


async def by_hand(scene: Scene) -> dict[str, _Racing]:
    """The bridges make their rounds when they are told to, and at no other time."""
    swaps = {}
    for name in scene.seats:
        bridge = scene.bridge(name)
        assert bridge._task
        bridge._task.cancel()
        await asyncio.gather(bridge._task, return_exceptions=True)
        bridge._task = None
        swaps[name] = _Racing(bridge.mirror.exchange._swap)
        bridge.mirror.exchange._swap = swaps[name]
    return swaps


async def one_schedule(scene: Scene, swaps: dict[str, _Racing], seed: int) -> None:
    chance = random.Random(seed)
    path = f"f{seed}.txt"
    scene.write("a", path, NINE)
    for name in "aba":
        await scene.bridge(name).cycle(final=True)
    writers = [Writer(scene, name, path, chance) for name in "ab"]
    done = []
    for _ in range(STEPS):
        writer = chance.choice(writers)
        step = chance.choice(("look", "write", "round", "round", "race"))
        done.append(f"{writer.name} {step}")
        match step:
            case "look":
                writer.look()
            case "write":
                writer.write()
            case "race":
                swaps[writer.name].writer = writer
                await scene.bridge(writer.name).cycle(final=True)
                swaps[writer.name].writer = None
            case _:
                await scene.bridge(writer.name).cycle(final=True)
    for name in "abab":
        scene.bridge(name)._next_collect = 0.0
        await scene.bridge(name).cycle(final=True)
    kept = (scene.in_room(path) or b"").decode().splitlines()
    for held in scene.held(path=path):
        kept += (scene.room.host.blob(held.mine) or b"").decode().splitlines()
    for name in "ab":
        # What could not even be held stays where it is, and its author is told.
        if f"{path} is not taken in" in scene.told(name):
            kept += scene.text(name, path).splitlines()
    meant_to_go = set.union(*(writer.dropped for writer in writers))
    lost = set.union(*(writer.lines for writer in writers)) - meant_to_go - set(kept)
    assert not lost, (seed, lost, done)


@pytest.mark.promise("doc:nothing-lost")
@pytest.mark.parametrize("first", range(FIRST, FIRST + SCHEDULES, IN_ONE_ROOM))
async def test_at_whatever_instant_texts_are_put_and_written_every_line_is_in_the_room_or_held(
    tmp_path: Path, first: int
) -> None:
    async with scene_of(tmp_path) as scene:
        swaps = await by_hand(scene)
        for seed in range(first, min(first + IN_ONE_ROOM, FIRST + SCHEDULES)):
            await one_schedule(scene, swaps, seed)


@pytest.mark.promise("doc:nothing-lost")
@pytest.mark.parametrize("seed", ONCE_LOST)
async def test_a_line_is_kept_that_its_author_did_not_find_in_the_text_put_over_it(tmp_path: Path, seed: int) -> None:
    async with scene_of(tmp_path) as scene:
        await one_schedule(scene, await by_hand(scene), seed)
