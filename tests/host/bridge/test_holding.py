"""Held edits: kept, handed back, and settled by their author, by a choice, or by those who judge."""

from pathlib import Path

import pytest
from tests.host.bridge.scene import Scene, scene_of, until

from coroom.core import command as c
from coroom.core.agent import HOST, Role
from coroom.core.event import NoticeSent
from coroom.core.file import HeldState
from coroom.host.seat import Seat

BASE = b"def f():\n    return 1\n\n\ndef g():\n    return 2\n"


async def conflict(scene: Scene) -> str:
    """a's change of f is accepted, b's is held."""
    async with scene.tool("a", "m.py"), scene.tool("b", "m.py"):
        scene.edit("a", "m.py", "return 1", "return 'a'")
        await scene.bridge("a").cycle(final=True)
        scene.edit("b", "m.py", "return 1", "return 'b'")
    (held,) = scene.held("b", "m.py")
    return held.id


@pytest.mark.parametrize(
    ("choice", "text"), [("mine", b"return 'b'"), ("theirs", b"return 'a'"), ("merged", b"return 'a' + 'b'")]
)
async def test_the_author_settles_its_held_edit_by_a_choice(tmp_path: Path, choice: str, text: bytes) -> None:
    async with scene_of(tmp_path, {"m.py": BASE}) as scene:
        held = await conflict(scene)
        if choice == "merged":
            scene.edit("b", "m.py", "return 'b'", "return 'a' + 'b'")
        answer = await scene.room.door.answer("b", held, choice, "", "op1")
        assert answer.refused is None
        await scene.reads("m.py", BASE.replace(b"return 1", text))
        assert not scene.held()
        state = scene.room.host.state.held[held].state
        assert state is (HeldState.DROPPED if choice == "theirs" else HeldState.RESOLVED)


async def test_a_held_edit_is_settled_by_writing_the_combination(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"m.py": BASE}) as scene:
        held = await conflict(scene)
        await scene.heard("b")
        async with scene.tool("b", "m.py"):
            scene.edit("b", "m.py", "return 'b'", "return 'ab'")
        await scene.reads("m.py", BASE.replace(b"return 1", b"return 'ab'"))
        assert scene.room.host.state.held[held].state is HeldState.RESOLVED


async def test_a_held_edit_is_settled_by_taking_the_rooms_text(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"m.py": BASE}) as scene:
        held = await conflict(scene)
        async with scene.tool("b", "m.py"):
            scene.write("b", "m.py", scene.in_room("m.py") or b"")
        assert scene.room.host.state.held[held].state is HeldState.DROPPED
        assert not scene.edits("m.py", after=0)[1:]


@pytest.mark.promise("doc:nothing-lost")
async def test_writing_on_elsewhere_in_a_file_with_a_held_edit_drops_nothing_of_it(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"m.py": BASE}) as scene:
        held = await conflict(scene)
        async with scene.tool("b", "m.py"):
            scene.edit("b", "m.py", "return 2", "return 22")
        edit = scene.room.host.state.held[held]
        assert edit.state is HeldState.OPEN
        mine = BASE.replace(b"return 1", b"return 'b'").replace(b"return 2", b"return 22")
        assert scene.room.host.blob(edit.mine) == mine
        assert scene.read("b", "m.py") == mine
        assert scene.in_room("m.py") == BASE.replace(b"return 1", b"return 'a'")


@pytest.mark.promise("doc:nothing-lost")
async def test_nothing_is_put_over_a_held_text(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"m.py": BASE}) as scene:
        await conflict(scene)
        scene.edit("a", "m.py", "return 2", "return 22")
        await until(lambda: b"22" in (scene.in_room("m.py") or b""), "the room goes on")
        await scene.rest()
        assert scene.read("b", "m.py") == BASE.replace(b"return 1", b"return 'b'")


async def test_a_held_edit_of_an_author_who_has_left_goes_to_the_evaluator(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"m.py": BASE}) as scene:
        judge = await scene.room.admit("judge", role=Role.EVALUATOR)
        assert isinstance(judge, Seat)
        scene.seats["judge"] = judge
        await scene.room.host.submit(HOST, c.Leave(agent="b", reason="gone"))
        scene.edit("a", "m.py", "return 1", "return 'a'")
        await until(lambda: b"'a'" in (scene.in_room("m.py") or b""), "a's edit is in")
        scene.write("b", "m.py", BASE.replace(b"return 1", b"return 'b'"))
        await until(lambda: bool(scene.held(path="m.py")), "b's edit is held")
        (held,) = scene.held(path="m.py")
        sent = [e.body for e in scene.events() if isinstance(e.body, NoticeSent) and e.body.about == held.id]
        assert [body.to for body in sent] == ["judge"]
        answer = await scene.room.door.answer("judge", held.id, "mine", "", "op1")
        assert answer.refused is None
        await until(lambda: b"'b'" in (scene.in_room("m.py") or b""), "the evaluator has decided")


async def test_what_cannot_even_be_held_stays_on_the_disk_and_is_offered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.host.edits.intake.REFUSED_S", 0.05)
    async with scene_of(tmp_path, {"m.py": BASE}) as scene:
        scene.limit(held_open_max=0)
        async with scene.tool("a", "m.py"), scene.tool("b", "m.py"):
            scene.edit("a", "m.py", "return 1", "return 'a'")
            await scene.bridge("a").cycle(final=True)
            scene.edit("b", "m.py", "return 1", "return 'b'")
        assert scene.held() == []
        assert "not taken in" in scene.told("b")
        await scene.bridge("b").cycle(final=True)
        assert b"return 'b'" in (scene.read("b", "m.py") or b"")
        scene.limit(held_open_max=10)
        await until(lambda: bool(scene.held("b", "m.py")), "it is held once there is room")


CLASS = "class C:\n    def run(self):\n        return 1\n\n    def other(self):\n        return 2\n"


@pytest.mark.parametrize(
    "new",
    [
        CLASS.replace("class C:", "class C(dict):"),
        CLASS.replace("class C:", "class C(dict):").replace("return 2", "return 3"),
        CLASS + "\n\nC.run = lambda self: 5\n",
        CLASS.replace("    def run", "    @staticmethod\n    def run"),
        CLASS.replace("class C", "class D"),
        "",
        CLASS + "\n\nclass C:\n    pass\n",
    ],
)
async def test_a_symbol_claim_binds_whatever_way_the_symbol_would_change(tmp_path: Path, new: str) -> None:
    async with scene_of(tmp_path, {"m.py": CLASS.encode(), "z": b"z"}) as s:
        granted = await s.room.door.claim("b", ["symbol:m.py#C.run"], "exclusive", "mine", 0, "")
        assert not granted.refused
        s.write("a", "m.py", new)
        await s.rest()
        assert s.held("a")
        assert s.in_room("m.py") == CLASS.encode()


async def test_a_symbol_claim_lets_its_neighbour_change(tmp_path: Path) -> None:
    async with scene_of(tmp_path, {"m.py": CLASS.encode(), "z": b"z"}) as s:
        await s.room.door.claim("b", ["symbol:m.py#C.run"], "exclusive", "mine", 0, "")
        new = CLASS.replace("return 2", "return 3")
        s.write("a", "m.py", new)
        await s.alike("m.py")
        assert not s.held("a")
        assert s.in_room("m.py") == new.encode()
