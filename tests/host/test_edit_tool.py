"""The room's `edit` tool against the plainest model of it: a text replaced where it stands once, or nothing at all."""

import random
from pathlib import Path

import pytest
from tests.host.bridge.scene import opened, plan_at, repository_at, scene_of, seated

from coroom.core.errors import Code

LETTERS = "ab\n😀é"


@pytest.mark.promise("doc:exact")
async def test_an_edit_applies_where_its_old_text_stands_once_and_is_refused_everywhere_else(tmp_path: Path) -> None:
    chance = random.Random(3)
    async with scene_of(tmp_path, {"f.txt": b"abab\n"}) as scene:
        text, applied, refused = "abab\n", 0, 0
        for _ in range(120):
            old = "".join(chance.choice(LETTERS) for _ in range(chance.randrange(1, 4)))
            if chance.random() < 0.5 and text:
                start = chance.randrange(len(text))
                old = text[start : start + chance.randrange(1, 5)]
            new = "".join(chance.choice(LETTERS) for _ in range(chance.randrange(0, 6)))
            answer = await scene.room.door.edit(chance.choice("ab"), "f.txt", old, new)
            if text.count(old) == 1 and new != old:
                text = text.replace(old, new)
                assert answer.refused is None, (text, old, new, answer)
                applied += 1
            elif text.count(old) != 1:
                assert answer.refused is not None, (text, old, new)
                assert answer.refused.next_step
                refused += 1
            assert scene.in_room("f.txt") == text.encode(), (old, new)
        assert applied > 20
        assert refused > 20
        await scene.reads("f.txt", text.encode())


async def test_after_a_restart_of_its_host_an_operation_id_still_stands_for_the_whole_call(tmp_path: Path) -> None:
    repository, plan = repository_at(tmp_path / "repository", {"f.txt": b"one\ntwo\n"}), plan_at(tmp_path)
    room = await opened(repository, plan)
    await seated(room, "a")
    assert not (await room.door.edit("a", "f.txt", "one", "ONE", "1")).refused
    await room.close()
    room = await opened(repository, plan)
    try:
        assert not (await room.door.edit("a", "f.txt", "one", "ONE", "1")).refused
        refused = (await room.door.edit("a", "f.txt", "two", "other", "1")).refused
        assert refused
        assert refused.code is Code.BAD_INPUT
        head = room.host.state.head("f.txt")
        assert head
        assert room.host.blob(head.blob) == b"ONE\ntwo\n"
    finally:
        await room.close()
