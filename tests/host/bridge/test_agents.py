"""Who wrote what: agents of their own mirrors or of one shared directory, under the three policies."""

import asyncio
import os
import random
import shutil
from pathlib import Path

import pytest
from tests.host.bridge.scene import Scene, opened, plan_at, repository_at, scene_of, seated, until

from coroom.core.errors import Code, Refused
from coroom.core.event import NoticeSent
from coroom.host.door.answer import ToolUse, Touch
from coroom.host.rooms import Room

EDITS = int(os.environ.get("COROOM_EDITS", "160"))
EIGHT = "a b c d e f g h"


def part_of(agent: str) -> str:
    return f"def part_{agent}():\n    total = 0\n    return total\n\n\n"


def with_line(text: str, agent: str, number: int) -> str:
    """One more line at the end of the agent's own function."""
    head = f"def part_{agent}():\n"
    start = text.index(head)
    at = text.index("    return total\n", start)
    return text[:at] + f"    total += {number}  # {agent}\n" + text[at:]


async def check_all_lines(scene: Scene, edits: int) -> None:
    await scene.rest()
    text = (await scene.alike("f.py") or b"").decode()
    for agent in EIGHT.split():
        numbers = [line for line in text.splitlines() if line.endswith(f"# {agent}")]
        assert numbers == [f"    total += {n}  # {agent}" for n in range(edits)]
    assert len(scene.room.host.state.held) == 0
    by = [edit.file.by for edit in scene.edits("f.py")]
    assert {agent: by.count(agent) for agent in EIGHT.split()} == dict.fromkeys(EIGHT.split(), edits)


@pytest.mark.promise("doc:nothing-lost")
@pytest.mark.timeout(600)
async def test_eight_agents_that_edit_one_file_between_hooks_lose_no_edit(tmp_path: Path) -> None:
    each = EDITS // 8
    async with scene_of(tmp_path, {"f.py": "".join(map(part_of, EIGHT.split())).encode()}, EIGHT) as scene:

        async def agent(name: str) -> None:
            chance = random.Random(name)
            for number in range(each):
                async with scene.tool(name, "f.py"):
                    text = scene.text(name, "f.py")
                    await asyncio.sleep(chance.random() * 0.005)
                    scene.write(name, "f.py", with_line(text, name, number))

        await asyncio.gather(*map(agent, EIGHT.split()))
        await check_all_lines(scene, each)


@pytest.mark.promise("doc:nothing-lost")
async def test_two_agents_without_hooks_lose_no_edit(tmp_path: Path) -> None:
    """Read, think, write, with the room putting texts in between: the base is found by likeness."""
    async with scene_of(tmp_path, {"f.py": "".join(map(part_of, EIGHT.split())).encode()}, EIGHT) as scene:

        async def agent(name: str) -> None:
            chance = random.Random(name)
            for number in range(15):
                text = scene.text(name, "f.py")
                await asyncio.sleep(chance.random() * 0.01)
                scene.write(name, "f.py", with_line(text, name, number))
                await asyncio.sleep(chance.random() * 0.03)

        await asyncio.gather(agent("a"), agent("b"))
        await scene.rest()
        text = (scene.in_room("f.py") or b"").decode()
        kept = [(scene.room.host.blob(h.mine) or b"").decode() for h in scene.held()]
        for name in "ab":
            for number in range(15):
                line = f"    total += {number}  # {name}\n"
                assert text.count(line) == 1 or any(line in mine for mine in kept)


def plan_shared(tmp_path: Path) -> Path:
    return tmp_path / "repository"


async def shared_room(tmp_path: Path) -> Scene:
    repository = repository_at(plan_shared(tmp_path), {"f.py": b"one = 1\n", "g.py": b"two = 2\n"})
    return await seated(await opened(repository, plan_at(tmp_path, shared=True)), "a b")


async def test_in_a_shared_directory_a_write_is_of_the_agent_whose_tool_runs(tmp_path: Path) -> None:
    scene = await shared_room(tmp_path)
    try:
        assert scene.at("a") == scene.at("b") == plan_shared(tmp_path)
        async with scene.tool("a", "f.py"):
            scene.write("a", "f.py", "one = 11\n")
        async with scene.tool("a", "f.py"), scene.tool("b", "g.py"):
            scene.write("b", "g.py", "two = 22\n")
            scene.write("a", "f.py", "one = 111\n")
        assert next((e.file.by, e.file.path) for e in scene.edits()) == ("a", "f.py")
        assert {(e.file.by, e.file.path) for e in scene.edits()} == {("a", "f.py"), ("b", "g.py")}
        scene.write("a", "f.py", "one = 1111\n")
        await until(lambda: scene.in_room("f.py") == b"one = 1111\n", "a write of nobody's tool is taken in too")
        assert scene.edits("f.py")[-1].file.by == "operator"
    finally:
        await scene.room.close()


async def test_in_a_shared_directory_a_claim_tells_whose_write_it_was_when_several_tools_run(tmp_path: Path) -> None:
    scene = await shared_room(tmp_path)
    try:
        await scene.room.door.claim("b", ["file:g.py"], "exclusive", "rewriting it", 60, "op1")
        async with scene.tool("a", touch=Touch.SHELL), scene.tool("b", touch=Touch.SHELL):
            scene.write("b", "g.py", "two = 22\n")
        assert [(e.file.by, e.file.path) for e in scene.edits()] == [("b", "g.py")]
    finally:
        await scene.room.close()


@pytest.mark.promise("claim:exclusive")
async def test_in_a_shared_directory_a_write_on_anothers_claim_is_held_and_the_rooms_text_is_put_back(
    tmp_path: Path,
) -> None:
    scene = await shared_room(tmp_path)
    try:
        await scene.room.door.claim("b", ["file:g.py"], "exclusive", "rewriting it", 60, "op1")
        refused = await scene.room.door.before_tool("a", ToolUse(touch=Touch.EDIT, paths=("g.py",)))
        assert isinstance(refused, Refused)
        assert "b" in refused.why
        async with scene.tool("a", touch=Touch.SHELL):
            scene.write("a", "g.py", "two = 'went round'\n")
        (held,) = scene.held()
        assert (held.agent, held.path) == ("a", "g.py")
        assert scene.room.host.blob(held.mine) == b"two = 'went round'\n"
        await until(lambda: scene.read("a", "g.py") == b"two = 2\n", "the room's text is back")
        told = [e.body for e in scene.events() if isinstance(e.body, NoticeSent) and e.body.to == "a"]
        assert any(held.id in body.text for body in told)
    finally:
        await scene.room.close()


async def test_a_write_on_anothers_claim_that_went_round_the_hooks_is_held_in_a_mirror_too(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        await scene.room.door.claim("b", ["file:f.txt"], "exclusive", "rewriting it", 60, "op1")
        scene.write("a", "f.txt", "went round\n")
        await until(lambda: bool(scene.held("a", "f.txt")), "it is held")
        assert scene.in_room("f.txt") == b"one\ntwo\nthree\n"
        await scene.room.door.release("b", ["file:f.txt"], "op2")
        scene.write("a", "f.txt", "went round, and on\n")
        await scene.reads("f.txt", b"went round, and on\n")
        assert not scene.held()


async def test_under_isolated_nothing_is_seen_by_others_until_it_lands(tmp_path: Path) -> None:
    async with scene_of(tmp_path, policy="isolated") as scene:
        async with scene.tool("a", "f.txt"):
            scene.edit("a", "f.txt", "one", "ONE")
        await scene.rest()
        assert scene.in_room("f.txt") == scene.read("b", "f.txt") == b"one\ntwo\nthree\n"
        assert scene.edits("f.txt")[-1].line == "a"

        async def heartbeat(_: str) -> None:
            return

        answer = await scene.room.door.land("a", heartbeat)
        assert answer.refused is None, answer
        await scene.reads("f.txt", b"ONE\ntwo\nthree\n")


async def test_under_serial_a_tool_out_of_turn_is_refused_and_a_write_round_it_is_held(tmp_path: Path) -> None:
    async with scene_of(tmp_path, policy="serial") as scene:
        refused = await scene.room.door.before_tool("b", ToolUse(touch=Touch.EDIT, paths=("f.txt",)))
        assert isinstance(refused, Refused)
        assert refused.code is Code.WAIT
        scene.edit("b", "f.txt", "two", "TWO")
        await until(lambda: bool(scene.held("b", "f.txt")), "it is held")
        async with scene.tool("a", "f.txt"):
            scene.edit("a", "f.txt", "one", "ONE")
        assert scene.in_room("f.txt") == b"ONE\ntwo\nthree\n"
        assert scene.text("b", "f.txt") == "one\nTWO\nthree\n"


async def test_a_shared_directory_under_isolated_is_refused(tmp_path: Path) -> None:
    repository = repository_at(tmp_path / "repository", {"f.txt": b"one\n"})
    room = await Room.open(repository, plan_at(tmp_path, policy="isolated", shared=True))
    assert isinstance(room, Refused)
    assert "shared" in room.why


async def test_a_mirror_that_was_removed_deletes_nobodys_files(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        async with scene.tool("a", touch=Touch.SHELL):
            shutil.rmtree(scene.at("a"))
        await scene.bridge("a").cycle(final=True)
        assert scene.in_room("f.txt") == b"one\ntwo\nthree\n"
        assert scene.read("b", "f.txt") == b"one\ntwo\nthree\n"
        assert "no mirror" in scene.told("a")
