"""Git, run by an agent in its own mirror, knows nothing of what others did there."""

import subprocess
from pathlib import Path

import pytest
from tests.host.bridge.scene import Scene, scene_of

from coroom.host.door.answer import ToolUse, Touch

LINES = "".join(f"line {n}\n" for n in range(30))
TREE = {"f.txt": LINES.encode(), "g.txt": b"g\n"}
TAKES_BACK = ["stash", "reset --hard", "checkout -- ."]


def git(scene: Scene, agent: str, command: str) -> None:
    subprocess.run(["git", *command.split()], cwd=scene.at(agent), check=True, capture_output=True)


@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize("command", TAKES_BACK)
async def test_git_in_a_mirror_takes_back_its_own_agents_work_and_nobody_elses(
    tmp_path: Path, command: str, read: bool
) -> None:
    async with scene_of(tmp_path, TREE) as s:
        s.edit("b", "f.txt", "line 3\n", "line 3 by b\n")
        await s.alike("f.txt")
        if read:
            async with s.tool("a", "f.txt", touch=Touch.READ):
                s.text("a", "f.txt")
        async with s.tool("a", touch=Touch.SHELL):
            s.write("a", "g.txt", "g by a\n")
        await s.rest()
        async with s.tool("a", touch=Touch.SHELL):
            git(s, "a", command)
        await s.rest()
        assert b"line 3 by b" in (s.in_room("f.txt") or b"")
        assert s.in_room("g.txt") == b"g\n"
        assert s.tree("a") == s.tree("b") == s.accepted()
        assert "in 1 file(s): f.txt" in s.told("a")
        assert not s.held()


async def test_git_does_not_bring_back_a_file_that_another_agent_deleted(tmp_path: Path) -> None:
    async with scene_of(tmp_path, TREE) as s:
        s.at("b", "f.txt").unlink()
        await s.rest()
        async with s.tool("a", touch=Touch.SHELL):
            git(s, "a", "checkout -- .")
        await s.rest()
        assert s.in_room("f.txt") is None
        assert s.tree("a") == s.accepted() == {"g.txt": b"g\n"}


@pytest.mark.parametrize("touch", [Touch.WRITE, Touch.EDIT])
async def test_an_older_text_that_an_agent_writes_with_its_own_tool_is_an_edit(tmp_path: Path, touch: Touch) -> None:
    async with scene_of(tmp_path, TREE) as s:
        s.edit("b", "f.txt", "line 3\n", "line 3 by b\n")
        await s.alike("f.txt")
        async with s.tool("a", "f.txt", touch=Touch.READ):
            s.text("a", "f.txt")
        async with s.tool("a", "f.txt", touch=touch):
            s.write("a", "f.txt", LINES)
        await s.rest()
        assert s.in_room("f.txt") == LINES.encode() == s.read("b", "f.txt")


async def test_git_takes_back_newer_versions_of_its_own_agent_though_another_has_gone_on(tmp_path: Path) -> None:
    async with scene_of(tmp_path, TREE) as s:
        s.edit("a", "f.txt", "line 20\n", "line 20 by a\n")
        await s.alike("f.txt")
        async with s.tool("a", touch=Touch.SHELL):
            s.edit("b", "f.txt", "line 3\n", "line 3 by b\n")
            await s.bridge("b").cycle(final=True)
            git(s, "a", "checkout -- f.txt")
        await s.rest()
        assert s.in_room("f.txt") == LINES.replace("line 3\n", "line 3 by b\n").encode()


async def test_a_program_that_brings_back_an_older_text_for_ever_has_it_held_in_the_end(tmp_path: Path) -> None:
    async with scene_of(tmp_path, TREE) as s:
        s.edit("b", "f.txt", "line 3\n", "line 3 by b\n")
        await s.alike("f.txt")
        for _ in range(10):
            s.write("a", "f.txt", LINES)
            await s.rest()
        assert [held.path for held in s.held("a")] == ["f.txt"]
        assert b"line 3 by b" in (s.in_room("f.txt") or b"")


@pytest.mark.parametrize(
    ("command", "hooks"),
    [
        ("clean -fdq", True),
        ("stash -u", True),
        ("stash -u", False),
        ("checkout -q other", True),
        ("checkout -q other", False),
    ],
)
async def test_git_in_a_mirror_deletes_nobody_elses_files(tmp_path: Path, command: str, hooks: bool) -> None:
    async with scene_of(tmp_path, TREE) as s:
        git(s, "a", "branch other")
        s.write("b", "new.txt", "new by b\n")
        s.write("b", "d/deep.txt", "deep by b\n")
        await s.rest()
        if command.startswith("checkout"):
            git(s, "a", "add -A")
            git(s, "a", "-c user.name=a -c user.email=a commit -qm all")
            await s.rest()
        s.write("a", "own.txt", "own by a\n")
        await s.rest()
        if hooks:
            use = ToolUse(touch=Touch.SHELL, tool="Bash", command=f"git {command}")
            assert await s.room.door.before_tool("a", use) is None
            git(s, "a", command)
            await s.room.door.after_tool("a", use)
        else:
            git(s, "a", command)
        await s.rest()
        assert s.in_room("new.txt") == b"new by b\n"
        assert s.in_room("d/deep.txt") == b"deep by b\n"
        assert s.tree("a") == s.tree("b") == s.accepted()
        assert "in 2 file(s): d/deep.txt, new.txt" in s.told("a")


async def test_what_an_agent_removes_without_git_is_gone_also_where_others_wrote_it(tmp_path: Path) -> None:
    async with scene_of(tmp_path, TREE) as s:
        s.write("b", "new.txt", "new by b\n")
        await s.rest()
        async with s.tool("a", touch=Touch.SHELL):
            s.at("a", "new.txt").unlink()
        await s.rest()
        assert s.in_room("new.txt") is None
