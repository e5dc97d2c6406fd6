"""Under `isolated` a line is joined when its agent lands: once, from what both began with, and held where both met."""

from pathlib import Path

from tests.host.bridge.scene import scene_of

FILES = {"f.txt": b"one\ntwo\nthree\n", "g.txt": b"g\n"}


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
        (held,) = await scene.room.workspace.join("b")
        assert scene.in_room("f.txt") == b"one\nA\nthree\n"
        assert scene.room.host.blob(scene.room.host.state.held[held].mine) == b"one\nB\nthree\n"


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
