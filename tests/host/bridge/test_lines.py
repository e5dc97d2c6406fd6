"""Under `isolated` a line is joined when its agent lands: once, from what both began with, and held where both met."""

import os
from pathlib import Path

import pytest
from tests.host.bridge.scene import Scene, scene_of, until

from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.claim import Mode
from coroom.core.errors import Code, Refused
from coroom.core.resource import file
from coroom.core.task import TaskState

FILES = {"f.txt": b"one\ntwo\nthree\n", "g.txt": b"g\n"}


async def held_of_joining(scene: Scene, agent: str) -> str:
    """The one edit that is held once the agent's line is joined."""
    joined = await scene.room.workspace.join(agent)
    assert not isinstance(joined, Refused), joined
    [held] = joined
    return held


async def test_two_lines_that_fit_are_joined_into_one_text(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES, policy="isolated") as scene:
        scene.write("a", "f.txt", "ONE\ntwo\nthree\n")
        scene.write("b", "f.txt", "one\ntwo\nTHREE\n")
        assert await scene.room.workspace.join("a") == []
        assert await scene.room.workspace.join("b") == []
        assert scene.in_room("f.txt") == b"ONE\ntwo\nTHREE\n"


async def test_what_meets_is_held_when_the_second_lands_and_the_first_stays(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES, policy="isolated") as scene:
        scene.write("a", "f.txt", "one\nA\nthree\n")
        scene.write("b", "f.txt", "one\nB\nthree\n")
        assert await scene.room.workspace.join("a") == []
        held = await held_of_joining(scene, "b")
        assert scene.in_room("f.txt") == b"one\nA\nthree\n"
        assert scene.room.host.blob(scene.room.host.state.held[held].mine) == b"one\nB\nthree\n"


@pytest.mark.promise("doc:nothing-lost")
@pytest.mark.parametrize(
    ("choice", "written", "text"),
    [
        ("mine", "", "one\nB\nthree\n"),
        ("theirs", "", "one\nA\nthree\n"),
        ("merged", "one\nA, B\nthree\n", "one\nA, B\nthree\n"),
    ],
)
async def test_what_was_held_in_joining_and_is_settled_goes_in_next_time_as_it_was_settled(
    tmp_path: Path, choice: str, written: str, text: str
) -> None:
    async with scene_of(tmp_path, FILES, policy="isolated") as scene:
        scene.write("a", "f.txt", "one\nA\nthree\n")
        scene.write("b", "f.txt", "one\nB\nthree\n")
        assert await scene.room.workspace.join("a") == []
        held = await held_of_joining(scene, "b")
        if written:
            scene.write("b", "f.txt", written)
        settled = await scene.room.door.answer("b", held, choice, "", "")
        assert settled.refused is None, settled
        assert scene.held("b") == []
        assert await scene.room.workspace.join("b") == []
        assert scene.in_room("f.txt") == text.encode()
        await until(lambda: scene.text("b", "f.txt") == text, "its disk has what was settled")


async def test_what_others_landed_before_a_held_line_is_settled_stays_where_it_comes_apart(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES, policy="isolated") as scene:
        scene.write("a", "f.txt", "one\nA\nthree\n")
        scene.write("b", "f.txt", "one\nB\nthree\n")
        assert await scene.room.workspace.join("a") == []
        held = await held_of_joining(scene, "b")
        scene.write("a", "f.txt", "one\nA\nthree\nfour\nfive\n")
        assert await scene.room.workspace.join("a") == []
        await scene.room.door.answer("b", held, "mine", "", "")
        assert await scene.room.workspace.join("b") == []
        assert scene.in_room("f.txt") == b"one\nB\nthree\nfour\nfive\n"


MANY = {"f.txt": b"one\ntwo\nthree\nfour\nfive\nsix\nseven\n"}


async def met(scene: Scene) -> str:
    """Both have changed the second line, a the last one too; what b has is held."""
    scene.write("a", "f.txt", "one\nA\nthree\nfour\nfive\nsix\nA\n")
    scene.write("b", "f.txt", "one\nB\nthree\nfour\nfive\nsix\nseven\n")
    assert await scene.room.workspace.join("a") == []
    return await held_of_joining(scene, "b")


@pytest.mark.promise("doc:nothing-lost")
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("by_tool", [True, False])
async def test_who_writes_on_elsewhere_in_a_file_that_is_held_has_not_settled_it(
    tmp_path: Path, told: bool, by_tool: bool
) -> None:
    async with scene_of(tmp_path, MANY, policy="isolated") as scene:
        held = await met(scene)
        if told:
            await scene.heard("b")
        if by_tool:
            await scene.room.door.edit("b", "f.txt", "four", "FOUR")
        else:
            scene.edit("b", "f.txt", "four", "FOUR")
        await scene.rest()
        assert await scene.room.workspace.join("b") == [held]
        assert scene.in_room("f.txt") == b"one\nA\nthree\nfour\nfive\nsix\nA\n"


@pytest.mark.promise("doc:nothing-lost")
async def test_what_its_author_combines_by_writing_goes_in_with_what_others_changed_elsewhere(tmp_path: Path) -> None:
    async with scene_of(tmp_path, MANY, policy="isolated") as scene:
        await met(scene)
        await scene.heard("b")
        scene.edit("b", "f.txt", "B", "A, B")
        assert await scene.room.workspace.join("b") == []
        assert scene.held() == []
        assert scene.in_room("f.txt") == b"one\nA, B\nthree\nfour\nfive\nsix\nA\n"
        await until(lambda: scene.read("b", "f.txt") == scene.in_room("f.txt"), "its disk has it")


@pytest.mark.promise("doc:nothing-lost")
async def test_mine_is_what_the_line_has_by_then(tmp_path: Path) -> None:
    async with scene_of(tmp_path, MANY, policy="isolated") as scene:
        held = await met(scene)
        scene.edit("b", "f.txt", "four", "FOUR")
        settled = await scene.room.door.answer("b", held, "mine", "", "")
        assert settled.refused is None, settled
        assert await scene.room.workspace.join("b") == []
        assert scene.in_room("f.txt") == b"one\nB\nthree\nFOUR\nfive\nsix\nseven\n"


@pytest.mark.promise("doc:nothing-lost")
async def test_what_is_combined_piece_by_piece_with_the_rooms_tool_is_on_its_disk_and_goes_in_as_merged(
    tmp_path: Path,
) -> None:
    async with scene_of(tmp_path, MANY, policy="isolated") as scene:
        scene.write("a", "f.txt", "one\nA\nthree\nfour\nfive\nA\nseven\n")
        scene.write("b", "f.txt", "one\nB\nthree\nfour\nfive\nB, too\nseven\n")
        assert await scene.room.workspace.join("a") == []
        held = await held_of_joining(scene, "b")
        await scene.heard("b")
        for old, new in (("B\n", "A, B\n"), ("B, too", "A, B, too")):
            edited = await scene.room.door.edit("b", "f.txt", old, new)
            assert edited.refused is None, edited
        both = "one\nA, B\nthree\nfour\nfive\nA, B, too\nseven\n"
        await until(lambda: scene.text("b", "f.txt") == both, "its disk has both")
        settled = await scene.room.door.answer("b", held, "merged", "", "")
        assert settled.refused is None, settled
        assert await scene.room.workspace.join("b") == []
        assert scene.in_room("f.txt") == both.encode()


@pytest.mark.parametrize("choice", ["mine", "theirs"])
async def test_what_cannot_be_settled_while_another_has_the_file_stays_held(tmp_path: Path, choice: str) -> None:
    async with scene_of(tmp_path, MANY, policy="isolated") as scene:
        held = await met(scene)
        claim = c.ClaimResources(resources=(file("f.txt"),), mode=Mode.EXCLUSIVE, purpose="alone")
        assert isinstance(await scene.room.host.submit("a", claim), c.Granted)
        early = await scene.room.door.answer("b", held, choice, "", "")
        assert early.refused is not None
        await scene.room.host.submit("a", c.Release(()))
        settled = await scene.room.door.answer("b", held, choice, "", "")
        assert settled.refused is None, settled
        assert await scene.room.workspace.join("b") == []


async def test_what_is_held_of_a_line_is_held_no_more_once_the_line_fits(tmp_path: Path) -> None:
    async with scene_of(tmp_path, MANY, policy="isolated") as scene:
        await met(scene)
        scene.write("b", "f.txt", MANY["f.txt"])
        assert await scene.room.workspace.join("b") == []
        assert scene.held() == []
        assert scene.in_room("f.txt") == b"one\nA\nthree\nfour\nfive\nsix\nA\n"


@pytest.mark.promise("doc:nothing-lost")
async def test_what_is_held_and_not_on_the_line_is_not_replaced_by_what_meets_in_joining(tmp_path: Path) -> None:
    async with scene_of(tmp_path, MANY, policy="isolated") as scene:
        scene.edit("b", "f.txt", "two", "B")
        await scene.room.workspace.settle("b")
        scene.edit("a", "f.txt", "two", "A")
        assert await scene.room.workspace.join("a") == []
        claim = c.ClaimResources(resources=(file("f.txt"),), mode=Mode.EXCLUSIVE, purpose="alone")
        assert isinstance(await scene.room.host.submit("a", claim), c.Granted)
        scene.edit("b", "f.txt", "six", "SIX")
        await scene.room.workspace.settle("b")
        [held] = scene.held("b")
        assert await scene.room.workspace.join("b") == [held.id]
        await scene.room.host.submit("a", c.Release(()))
        settled = await scene.room.door.answer("b", held.id, "mine", "", "")
        assert settled.refused is None, settled
        await scene.rest()
        assert scene.text("b", "f.txt") == "one\nB\nthree\nfour\nfive\nSIX\nseven\n"
        assert await scene.room.workspace.join("b") != []
        assert scene.in_room("f.txt") == b"one\nA\nthree\nfour\nfive\nsix\nseven\n"


@pytest.mark.promise("doc:nothing-lost")
@pytest.mark.parametrize(("choice", "text"), [("mine", "B"), ("theirs", "A"), ("merged", "A, B")])
@pytest.mark.parametrize("name", ["a.txt", "z.txt"])
async def test_what_met_a_file_that_another_has_renamed_is_settled_once(
    tmp_path: Path, choice: str, text: str, name: str
) -> None:
    async with scene_of(tmp_path, MANY, policy="isolated") as scene:
        os.rename(scene.at("a", "f.txt"), scene.at("a", name))
        await scene.room.workspace.settle("a")
        scene.edit("a", name, "two", "A")
        scene.edit("b", "f.txt", "two", "B")
        assert await scene.room.workspace.join("a") == []
        held = await held_of_joining(scene, "b")
        if choice == "merged":
            scene.edit("b", "f.txt", "B", text)
        settled = await scene.room.door.answer("b", held, choice, "", "")
        assert settled.refused is None, settled
        assert await scene.room.workspace.join("b") == []
        assert scene.held() == []
        whole = MANY["f.txt"].replace(b"two", text.encode())
        assert scene.accepted() == {name: whole}
        await until(lambda: scene.tree("b") == {name: whole}, "its disk has only that")


async def test_what_an_agent_has_landed_is_not_landed_again_over_what_others_made_of_it(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES, policy="isolated") as scene:
        scene.write("a", "f.txt", "one\nA\nthree\n")
        assert await scene.room.workspace.join("a") == []
        await scene.room.door.edit("b", "f.txt", "A\n", "A, and B\n")
        assert await scene.room.workspace.join("b") == []
        assert scene.in_room("f.txt") == b"one\nA, and B\nthree\n"
        scene.write("a", "g.txt", "more\n")
        assert await scene.room.workspace.join("a") == []
        assert scene.in_room("f.txt") == b"one\nA, and B\nthree\n"
        assert scene.in_room("g.txt") == b"more\n"


async def test_a_line_goes_on_from_what_it_has_landed(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES, policy="isolated") as scene:
        for text in ("one\nA\nthree\n", "one\nA, again\nthree\n"):
            scene.write("a", "f.txt", text)
            assert await scene.room.workspace.join("a") == []
            assert scene.in_room("f.txt") == text.encode()


LONG = {"f.txt": b"one\ntwo\nthree\nfour\nfive\n"}


@pytest.mark.promise("doc:nothing-lost")
async def test_what_others_wrote_under_the_old_name_goes_along_with_a_rename(tmp_path: Path) -> None:
    async with scene_of(tmp_path, LONG, policy="isolated") as scene:
        scene.edit("a", "f.txt", "five", "FIVE")
        os.rename(scene.at("b", "f.txt"), scene.at("b", "g.txt"))
        await scene.room.workspace.settle("b")
        assert await scene.room.workspace.join("a") == []
        assert await scene.room.workspace.join("b") == []
        assert scene.accepted() == {"g.txt": b"one\ntwo\nthree\nfour\nFIVE\n"}
        assert await scene.room.workspace.join("b") == []


@pytest.mark.promise("doc:nothing-lost")
async def test_an_edit_follows_a_file_that_another_has_renamed(tmp_path: Path) -> None:
    async with scene_of(tmp_path, LONG, policy="isolated") as scene:
        scene.edit("a", "f.txt", "one", "ONE")
        await scene.room.workspace.settle("a")
        os.rename(scene.at("b", "f.txt"), scene.at("b", "g.txt"))
        assert await scene.room.workspace.join("b") == []
        assert await scene.room.workspace.join("a") == []
        assert scene.accepted() == {"g.txt": b"ONE\ntwo\nthree\nfour\nfive\n"}
        assert await scene.room.workspace.join("a") == []
        assert scene.held() == []


async def test_a_rename_that_meets_a_change_of_the_same_lines_is_held_and_loses_nothing(tmp_path: Path) -> None:
    async with scene_of(tmp_path, LONG, policy="isolated") as scene:
        scene.edit("a", "f.txt", "three", "A")
        os.rename(scene.at("b", "f.txt"), scene.at("b", "g.txt"))
        scene.edit("b", "g.txt", "three", "B")
        await scene.room.workspace.settle("b")
        assert await scene.room.workspace.join("a") == []
        assert await scene.room.workspace.join("b") != []
        assert scene.in_room("f.txt") == b"one\ntwo\nA\nfour\nfive\n"


async def test_the_later_one_hears_that_two_lines_will_not_merge_and_the_earlier_hears_nothing(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {**FILES, **LONG}, policy="isolated") as scene:
        scene.write("a", "g.txt", "A\n")
        await scene.room.workspace.settle("a")
        assert scene.inbox("b") == []
        scene.write("b", "g.txt", "B\n")
        await scene.room.workspace.settle("b")
        await until(lambda: bool(scene.inbox("b")), "the later one is told")
        [told] = scene.inbox("b")
        assert told.sender == "host"
        assert "What you wrote to g.txt will not merge with what a has there" in told.text
        assert scene.inbox("a") == []
        scene.edit("b", "f.txt", "one", "ONE")
        scene.edit("a", "f.txt", "five", "FIVE")
        await scene.rest()
        assert [len(scene.inbox(agent)) for agent in ("a", "b")] == [0, 1]


@pytest.mark.promise("doc:nothing-lost")
async def test_a_task_whose_line_can_neither_go_in_nor_be_held_is_not_done(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES, policy="isolated") as scene:
        posted = await scene.room.host.submit(OPERATOR, c.PostTask(title="Write B"))
        assert isinstance(posted, c.Posted)
        await scene.room.door.task("b", "take", {"task": posted.task}, "")
        scene.write("a", "f.txt", "one\nA\nthree\n")
        scene.write("b", "f.txt", "one\nB\nthree\n")
        assert await scene.room.workspace.join("a") == []
        scene.limit(held_open_max=0)
        for answer in (
            await scene.room.door.task("b", "done", {"summary": "It works."}, ""),
            await scene.room.door.land("b", quietly),
        ):
            assert answer.refused is not None
            assert answer.refused.code is Code.LIMIT
        assert scene.room.host.state.tasks[posted.task].state is TaskState.TAKEN
        assert scene.text("b", "f.txt") == "one\nB\nthree\n"


async def quietly(_text: str) -> None:
    """Nobody waits for it."""
