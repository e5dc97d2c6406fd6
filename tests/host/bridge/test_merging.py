"""Cases 6, 18, 20, 29 and 35: two agents change one file, and neither change is ever silently gone."""

from pathlib import Path

import pytest
from tests.host.bridge.scene import scene_of, until

from coroom.core.event import NoticeSent
from coroom.core.file import FileKind
from coroom.core.notice import NoticeKind

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(200))


@pytest.mark.promise("doc:nothing-lost")
async def test_case_06_a_write_made_from_an_older_read_never_undoes_what_came_between(tmp_path: Path) -> None:
    base = "\n".join(f"line {n}" for n in range(30)) + "\n"
    async with scene_of(tmp_path, {"f.txt": base.encode()}) as scene:
        read = scene.text("a", "f.txt")
        scene.edit("b", "f.txt", "line 3\n", "line 3 by b\n")
        await until(lambda: "by b" in scene.text("a", "f.txt"), "the remote change is on a's disk")
        scene.write("a", "f.txt", read + "a's own line\n")
        await scene.reads("f.txt", (base.replace("line 3\n", "line 3 by b\n") + "a's own line\n").encode())


async def test_case_06_where_both_changed_one_line_the_conflict_is_told_and_nothing_undone(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        async with scene.tool("a", "f.txt"), scene.tool("b", "f.txt"):
            scene.edit("a", "f.txt", "two", "two by a")
            scene.edit("b", "f.txt", "two", "two by b")
        (held,) = scene.held()
        first = {"a": "b", "b": "a"}[held.agent]
        assert scene.in_room("f.txt") == f"one\ntwo by {first}\nthree\n".encode()
        assert scene.room.host.blob(held.mine) == f"one\ntwo by {held.agent}\nthree\n".encode()
        assert scene.text(held.agent, "f.txt") == f"one\ntwo by {held.agent}\nthree\n"
        notices = [n for n in scene.inbox(held.agent) if n.kind is NoticeKind.CONFLICT]
        assert f"two by {first}" in notices[0].text


@pytest.mark.parametrize("first", ["deletion", "edit"])
async def test_case_18_a_deletion_against_an_edit_is_a_conflict_and_the_edit_can_be_had_back(
    tmp_path: Path, first: str
) -> None:
    async with scene_of(tmp_path) as scene:
        async with scene.tool("a", "f.txt"), scene.tool("b", "f.txt"):
            if first == "deletion":
                scene.at("a", "f.txt").unlink()
                await scene.bridge("a").cycle(final=True)
            scene.edit("b", "f.txt", "one", "ONE")
            if first == "edit":
                await scene.bridge("b").cycle(final=True)
                scene.at("a", "f.txt").unlink()
        (held,) = scene.held()
        assert held.agent == ("b" if first == "deletion" else "a")
        text = scene.room.host.blob(held.mine if first == "deletion" else held.theirs)
        assert text == b"ONE\ntwo\nthree\n"
        seq = scene.seq
        for _ in range(3):
            await scene.rest()
        assert scene.edits(after=seq) == []
        answer = await scene.room.door.answer("b" if first == "deletion" else "a", held.id, "mine", "", "op1")
        assert answer.refused is None
        await scene.reads("f.txt", b"ONE\ntwo\nthree\n") if first == "deletion" else await until(
            lambda: scene.read("b", "f.txt") is None, "the deletion was chosen"
        )


async def test_case_20_of_two_texts_for_one_new_path_one_is_taken_and_the_other_kept_and_told(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        async with scene.tool("a", "new.py"), scene.tool("b", "new.py"):
            scene.write("a", "new.py", "def a():\n    return 1\n")
            scene.write("b", "new.py", "def b():\n    return 2\n")
        (held,) = scene.held(path="new.py")
        winner = {"a": "b", "b": "a"}[held.agent]
        texts = {"a": b"def a():\n    return 1\n", "b": b"def b():\n    return 2\n"}
        assert scene.in_room("new.py") == texts[winner]
        assert scene.room.host.blob(held.mine) == texts[held.agent]
        assert held.id in scene.told(held.agent)
        assert scene.read(held.agent, "new.py") == texts[held.agent]


async def test_case_20_the_same_text_for_one_new_path_is_no_conflict(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        async with scene.tool("a", "new.py"), scene.tool("b", "new.py"):
            scene.write("a", "new.py", "same = 1\n")
            scene.write("b", "new.py", "same = 1\n")
        await scene.rest()
        assert not scene.held()
        assert len(scene.edits("new.py")) == 1


async def test_case_29_a_binary_file_is_a_blob_replaced_whole_and_never_merged(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        scene.write("a", "p.png", PNG)
        await scene.reads("p.png", PNG)
        head = scene.room.host.state.head("p.png")
        assert head
        assert head.kind is FileKind.BINARY
        scene.write("b", "p.png", PNG + b"more")
        await scene.reads("p.png", PNG + b"more")
        assert not scene.held()


async def test_case_29_two_replacements_of_a_binary_file_are_held_and_never_mixed(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"p.png": PNG}) as scene:
        async with scene.tool("a", "p.png"), scene.tool("b", "p.png"):
            scene.write("a", "p.png", PNG + b"by a")
            scene.write("b", "p.png", PNG + b"by b")
        (held,) = scene.held()
        texts = {scene.in_room("p.png"), scene.room.host.blob(held.mine)}
        assert texts == {PNG + b"by a", PNG + b"by b"}
        assert held.id in scene.told(held.agent)


async def test_case_35_two_formatters_that_disagree_are_stopped_with_a_notice(tmp_path: Path) -> None:
    styles = {"a": b"x = {'k': 1}\n", "b": b'x = {"k": 1}\n'}
    async with scene_of(tmp_path, {"f.py": styles["a"]}) as scene:
        for _ in range(12):
            for agent, style in styles.items():
                async with scene.tool(agent, "f.py"):
                    if scene.read(agent, "f.py") != style:
                        scene.write(agent, "f.py", style)
            if not scene.held():
                await scene.rest()
        assert len(scene.edits("f.py")) <= 12
        (held,) = scene.held(path="f.py")
        assert "formatters" in held.reason
        notices = [e.body for e in scene.events() if isinstance(e.body, NoticeSent)]
        assert any(n.about == held.id and n.to == held.agent for n in notices)
        seq = scene.seq
        await scene.rest()
        assert scene.edits(after=seq) == []
