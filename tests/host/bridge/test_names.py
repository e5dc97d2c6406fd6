"""Cases 16, 17, 24, 25, 26, 33 and 37: renames, links, and names that lead somewhere else."""

import os
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.host.bridge.scene import Scene, opened, plan_at, repository_at, scene_of, seated, until

from coroom.core import command as c
from coroom.core.file import FileKind
from coroom.host.edits.content import Content, of_bytes
from coroom.workspace.names import Refusal
from coroom.workspace.states import FileState

ROOT = Path(__file__).parents[3]
PROGRAM = b"def one():\n    return 1\n\n\ndef two():\n    return 2\n"


@pytest.mark.promise("doc:nothing-lost")
async def test_case_16_an_edit_follows_the_file_to_its_new_name(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"a.py": PROGRAM}) as scene:
        before = scene.room.host.state.head("a.py")
        async with scene.tool("a", "a.py"), scene.tool("b", "a.py"):
            os.rename(scene.at("a", "a.py"), scene.at("a", "b.py"))
            await scene.bridge("a").cycle(final=True)
            scene.edit("b", "a.py", "return 2", "return 22")
        await scene.reads("b.py", PROGRAM.replace(b"return 2", b"return 22"))
        await until(lambda: scene.tree("a") == scene.tree("b"), "both disks hold one file")
        assert set(scene.tree("b")) == {"b.py"}
        after = scene.room.host.state.head("b.py")
        assert before
        assert after
        assert before.file_id == after.file_id


async def test_case_16_an_edit_taken_in_before_the_rename_is_kept_by_it(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"a.py": PROGRAM}) as scene:
        async with scene.tool("a", "a.py"), scene.tool("b", "a.py"):
            scene.edit("b", "a.py", "return 2", "return 22")
            await scene.bridge("b").cycle(final=True)
            os.rename(scene.at("a", "a.py"), scene.at("a", "b.py"))
        await scene.reads("b.py", PROGRAM.replace(b"return 2", b"return 22"))
        await scene.rest()
        assert set(scene.tree("a")) == set(scene.tree("b")) == {"b.py"}


async def test_case_16_a_new_file_under_the_old_name_is_a_file_of_its_own(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"a.py": PROGRAM}) as scene:
        os.rename(scene.at("a", "a.py"), scene.at("a", "b.py"))
        await scene.reads("b.py", PROGRAM)
        await until(lambda: scene.read("b", "a.py") is None, "the old name is free on both disks")
        scene.write("b", "a.py", "from b import one\n")
        await scene.reads("a.py", b"from b import one\n")
        assert scene.in_room("b.py") == PROGRAM


async def test_case_17_a_new_file_whose_directory_is_renamed_before_it_is_looked_at_goes_in_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.host.edits.bridge.NEW_S", 3600.0)
    async with scene_of(tmp_path) as scene:
        scene.write("a", "made/f.txt", "new\n")
        await until(lambda: "made/f.txt" in scene.mirror("a").to_look, "the room has heard of the file")
        os.rename(scene.at("a", "made"), scene.at("a", "pkg"))
        await scene.bridge("a").cycle(final=True)
        assert scene.in_room("pkg/f.txt") == b"new\n"


async def test_case_17_what_a_renamed_directory_took_along_the_moment_before_it_was_read_goes_in_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_of(tmp_path, {"src/old.txt": b"old\n", "src/same.txt": b"same\n"}) as scene:
        root = scene.mirror("a").root
        read = root.read

        def rename_and_read(path: str, bytes_max: int, *, allow_git: bool = False) -> FileState | Refusal:
            if path in {"src/old.txt", "src/new.txt"} and scene.at("a", "src").exists():
                os.rename(scene.at("a", "src"), scene.at("a", "pkg"))
            return read(path, bytes_max, allow_git=allow_git)

        monkeypatch.setattr(root, "read", rename_and_read)
        async with scene.tool("a"):
            scene.write("a", "src/old.txt", "changed\n")
            scene.write("a", "src/new.txt", "new\n")
            for _ in range(2):
                await scene.bridge("a").cycle(final=True)
        assert scene.accepted() == {"pkg/old.txt": b"changed\n", "pkg/new.txt": b"new\n", "pkg/same.txt": b"same\n"}


async def test_case_24_an_edit_through_a_link_changes_its_target_once_and_the_link_stays(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"other.py": b"one = 1\n"}) as scene:
        scene.at("a", "link.py").symlink_to("other.py")
        await until(lambda: scene.at("b", "link.py").is_symlink(), "the link is mirrored as a link")
        seq = scene.seq
        scene.at("a", "link.py").write_text("one = 2\n")
        await scene.reads("other.py", b"one = 2\n")
        await scene.rest()
        assert [edit.file.path for edit in scene.edits(after=seq)] == ["other.py"]
        for agent in "ab":
            assert scene.at(agent, "link.py").readlink() == Path("other.py")
            assert not scene.at(agent, "other.py").is_symlink()
        scene.at("b", "link.py").unlink()
        scene.at("b", "link.py").symlink_to("elsewhere.py")
        await until(lambda: scene.at("a", "link.py").readlink() == Path("elsewhere.py"), "a changed link is mirrored")


@pytest.mark.promise("room:confined")
async def test_case_25_nothing_is_read_or_written_through_a_link_out_of_the_tree(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("of nobody's concern\n")
    async with scene_of(tmp_path, {"d/f.txt": b"one\n"}) as scene:
        scene.at("a", "x").symlink_to(secret)
        await until(lambda: bool(scene.held("a", "x")), "the link is refused")
        assert "points out" in scene.held("a", "x")[0].reason
        scene.write("b", "x", "written by a peer\n")
        await until(lambda: scene.in_room("x") == b"written by a peer\n", "the peer's file is in the room")
        (scene.at("a", "d/f.txt")).unlink()
        scene.at("a", "d").rmdir()
        outside = tmp_path / "outside"
        outside.mkdir()
        scene.at("a", "d").symlink_to(outside)
        scene.write("b", "d/g.txt", "new\n")
        await until(lambda: scene.in_room("d/g.txt") == b"new\n", "the peer's file is in the room")
        await scene.rest_looks()
        await scene.bridge("a").cycle(final=True)
        assert secret.read_text() == "of nobody's concern\n"
        assert list(outside.iterdir()) == []
        stored = [scene.room.host.blob(e.written) for e in scene.edits()]
        assert b"of nobody's concern\n" not in stored


@pytest.mark.promise("room:confined")
@pytest.mark.parametrize("path", ["../../x", "/etc/coroom-x", "a\0b", "n" * 300, ".git/config", "d/../../x", ""])
async def test_case_26_a_path_that_leads_outside_is_refused_and_nothing_is_put(tmp_path: Path, path: str) -> None:
    async with scene_of(tmp_path) as scene:
        before = {agent: scene.tree(agent) for agent in "ab"}
        answer = await scene.room.door.edit("b", path, "", "stolen\n", "op1")
        assert answer.refused
        head = scene.room.workspace.files
        content = of_bytes(b"stolen\n")
        reply = await scene.room.workspace._around.acceptance.write("b", path, content, Content(FileKind.ABSENT))
        assert not isinstance(reply, c.Accepted)
        await scene.bridge("a").cycle(final=True)
        assert {agent: scene.tree(agent) for agent in "ab"} == before
        assert head.head(path, "") is None
        assert not (tmp_path / "x").exists()


RULES = {"c/.gitignore": b"*.o\n", "c/f.txt": b"f\n"}


def leave_the_tree(scene: Scene) -> None:
    os.rename(scene.at("a", "c"), scene.at("a").parent / "outside")


def rename_the_directory(scene: Scene) -> None:
    os.rename(scene.at("a", "c"), scene.at("a", "b"))


def rename_the_rules(scene: Scene) -> None:
    os.rename(scene.at("a", "c/.gitignore"), scene.at("a", "c/rules.txt"))


@pytest.mark.parametrize("go", [leave_the_tree, rename_the_directory, rename_the_rules])
async def test_case_33_rules_that_went_by_a_rename_hold_no_more_where_they_stood(
    tmp_path: Path, go: Callable[[Scene], None]
) -> None:
    async with scene_of(tmp_path, RULES) as scene:
        scene.write("a", "c/x.o", "ignored\n")
        await scene.rest()
        go(scene)
        await scene.rest()
        scene.write("a", "c/z.o", "not ignored\n")
        await scene.reads("c/z.o", b"not ignored\n")


async def test_case_33_rules_hold_where_their_directory_goes_though_another_without_rules_stood_there(
    tmp_path: Path,
) -> None:
    async with scene_of(tmp_path, {**RULES, "b/g.txt": b"g\n"}) as scene:
        shutil.rmtree(scene.at("a", "b"))
        await scene.rest()
        rename_the_directory(scene)
        scene.write("a", "b/y.o", "ignored\n")
        await scene.rest()
        assert scene.accepted() == {"b/.gitignore": b"*.o\n", "b/f.txt": b"f\n"}


async def test_case_37_names_that_differ_in_case_or_form_are_different_names(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "é.txt") for form in ("NFC", "NFD"))
    async with scene_of(tmp_path, {"Foo.py": b"foo = 1\n"}) as scene:
        os.rename(scene.at("a", "Foo.py"), scene.at("a", "foo.py"))
        scene.write("a", composed, "composed\n")
        scene.write("a", apart, "apart\n")
        wanted = {"foo.py": b"foo = 1\n", composed: b"composed\n", apart: b"apart\n"}
        await until(lambda: scene.tree("b") == wanted, "b has both names")
        assert scene.accepted() == wanted


@pytest.fixture
def caseless_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system that keeps the case of names and does not look at it, as those of Windows and macOS."""
    if os.geteuid() != 0:
        pytest.skip("needs to mount a file system")
    subprocess.run([ROOT / "scripts" / "exfat.sh"], check=True)
    image, disk = tmp_path / "disk.exfat", tmp_path / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.exfat", image], check=True, capture_output=True)
    device = subprocess.run(["losetup", "--find", "--show", image], check=False, capture_output=True, text=True)
    if device.returncode:
        pytest.skip("needs to mount a file system")
    loop = device.stdout.strip()
    try:
        if subprocess.run(["mount.exfat-fuse", loop, disk], check=False, capture_output=True).returncode:
            pytest.skip("needs to mount a file system")
        yield disk
        subprocess.run(["umount", "-l", disk], check=True)
    finally:
        subprocess.run(["losetup", "--detach", loop], check=True)


async def test_case_37_a_disk_that_cannot_hold_both_spellings_is_told_of_and_the_bridge_goes_on(
    tmp_path: Path, caseless_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = repository_at(tmp_path / "repository", {"Foo.py": b"foo = 1\n"})
    room = await opened(repository, plan_at(tmp_path))
    monkeypatch.setattr(room, "mirror_directory", lambda agent: (caseless_disk if agent == "b" else tmp_path) / agent)
    scene = await seated(room, "a b")
    try:
        assert scene.at("b", "foo.py").exists(), "this disk takes one spelling for the other"
        scene.write("a", "foo.py", "foo = 2\n")
        await until(lambda: "another spelling" in scene.told("b"), "b is told")
        assert scene.tree("b") == {"Foo.py": b"foo = 1\n"}
        assert scene.accepted() == {"Foo.py": b"foo = 1\n", "foo.py": b"foo = 2\n"} == scene.tree("a")
        scene.write("a", "bar.py", "bar = 1\n")
        await until(lambda: scene.read("b", "bar.py") == b"bar = 1\n", "the bridge goes on")
        scene.write("b", "Foo.py", "foo = 3\n")
        await until(lambda: scene.in_room("Foo.py") == b"foo = 3\n", "b's edits go in")
        assert scene.in_room("foo.py") == b"foo = 2\n"
    finally:
        await room.close()


async def test_an_edit_of_a_deleted_file_is_not_led_to_the_file_that_was_begun_at_its_first_name(
    tmp_path: Path,
) -> None:
    text = "".join(f"line {n}\n" for n in range(30))
    async with scene_of(tmp_path, {"util.py": text.encode(), "z": b"z"}) as s:
        os.rename(s.at("a", "util.py"), s.at("a", "helpers.py"))
        await s.rest()
        s.write("a", "util.py", "from helpers import *\n")
        await s.rest()
        async with s.tool("b", "helpers.py"):
            s.at("a", "helpers.py").unlink()
            await s.bridge("a").cycle(final=True)
            s.edit("b", "helpers.py", "line 3\n", "line 3 by b\n")
        await s.rest()
        assert [held.path for held in s.held()] == ["helpers.py"]
        assert s.in_room("util.py") == b"from helpers import *\n"


@pytest.mark.parametrize("claim", ["file:old.py", "symbol:old.py#one"])
async def test_a_rename_is_held_whole_while_another_agent_holds_the_old_name_or_a_part_of_it(
    tmp_path: Path, claim: str
) -> None:
    async with scene_of(tmp_path, {"old.py": PROGRAM}) as s:
        granted = await s.room.door.claim("b", [claim], "exclusive", "mine", 0, "")
        assert not granted.refused
        os.rename(s.at("a", "old.py"), s.at("a", "new.py"))
        await s.rest()
        assert s.accepted() == {"old.py": PROGRAM} == s.tree("b")
        assert [held.path for held in s.held("a")] == ["new.py"]
        assert "new.py is held" in s.told("a")
        assert s.tree("a") == {"old.py": PROGRAM, "new.py": PROGRAM}


async def test_what_came_by_renaming_is_its_authors_own_to_take_away_however_often_it_came(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"f.txt": b"f\n"}) as scene:
        for old, new in 2 * (("f.txt", "g.txt"), ("g.txt", "f.txt")):
            scene.at("a", old).rename(scene.at("a", new))
            await scene.reads(new, b"f\n")
            await scene.rest()
        scene.at("a", "f.txt").unlink()
        await until(lambda: scene.in_room("f.txt") is None or bool(scene.held()), "it is judged")
        assert not scene.held()
        assert scene.in_room("f.txt") is None
