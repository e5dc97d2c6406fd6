"""A room that lands by itself: at the end of each task, and under `isolated` with what is on its agent's line."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.git.repositories import git
from tests.host.bridge.scene import Scene, opened, plan_at, repository_at, scene_of, seated, turns, until

from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.errors import Code, Refused
from coroom.host.door.answer import Answer
from coroom.host.door.needs import Beats
from coroom.host.edits import joining
from coroom.host.edits.files import Files
from coroom.host.host import Host
from coroom.host.landing.landing import Landing

FILES = {"f.txt": b"one\ntwo\nthree\n"}


async def given(scene: Scene, agent: str, title: str) -> str:
    posted = await scene.room.host.submit(OPERATOR, c.PostTask(title=title))
    assert isinstance(posted, c.Posted), posted
    taken = await scene.room.door.task(agent, "take", {"task": posted.task}, "")
    assert taken.refused is None, taken
    return posted.task


async def done(scene: Scene, agent: str) -> str:
    answer = await scene.room.door.task(agent, "done", {"summary": "It works."}, "")
    assert answer.refused is None, answer
    return answer.text


@pytest.mark.promise("main:green")
async def test_what_a_task_has_made_lands_when_it_is_done_and_a_red_tree_is_told_its_author(tmp_path: Path) -> None:
    repository = repository_at(tmp_path / "repository", FILES)
    plan = replace(plan_at(tmp_path, policy="isolated"), land_each=True, test="! grep -q bad f.txt")
    room = await opened(repository, plan)
    try:
        scene = await seated(room, "a b")
        first = await given(scene, "a", "Say one loudly")
        scene.write("a", "f.txt", "ONE\ntwo\nthree\n")
        await done(scene, "a")
        await until(lambda: bool(room.host.state.landings), "it has landed")
        assert room.host.state.landings[0].tasks == (first,)
        assert git(repository.toplevel, "show", "coroom/main:f.txt") == "ONE\ntwo\nthree"
        trailers = "--format=%(trailers:key=Coroom-Task,valueonly)"
        assert git(repository.toplevel, "log", "-1", trailers, "coroom/main").strip() == first
        second = await given(scene, "b", "Be bad")
        scene.write("b", "f.txt", "one\ntwo\nbad\n")
        await done(scene, "b")
        await until(lambda: f"{second} is done and has not landed" in scene.told("b"), "its author is told")
        assert git(repository.toplevel, "show", "coroom/main:f.txt") == "ONE\ntwo\nthree"
    finally:
        await room.close()


async def test_what_is_done_lands_with_all_that_its_agents_line_has_however_long_joining_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    join_line, land, order = joining.join_line, Landing.land, list[str]()

    async def joined_late(host: Host, files: Files, agent: str) -> list[str] | Refused:
        await turns(100)
        held = await join_line(host, files, agent)
        order.append("joined")
        return held

    async def noted(landing: Landing, agent: str, heartbeat: Beats) -> Answer:
        order.append("lands")
        return await land(landing, agent, heartbeat)

    monkeypatch.setattr("coroom.host.edits.workspace.join_line", joined_late)
    monkeypatch.setattr(Landing, "land", noted)
    repository = repository_at(tmp_path / "repository", FILES)
    plan = replace(plan_at(tmp_path, policy="isolated"), land_each=True, test="true")
    room = await opened(repository, plan)
    try:
        scene = await seated(room, "a")
        await given(scene, "a", "Say one loudly")
        scene.write("a", "f.txt", "ONE\ntwo\nthree\n")
        await done(scene, "a")
        await until(lambda: bool(room.host.state.landings), "it has landed")
        assert order == ["joined", "lands"]
    finally:
        await room.close()


async def test_a_task_of_an_isolated_agent_ends_with_its_line_joined_and_not_before_what_meets_is_settled(
    tmp_path: Path,
) -> None:
    async with scene_of(tmp_path, FILES, policy="isolated") as scene:
        for agent in ("a", "b"):
            await given(scene, agent, f"The task that {agent} has")
            scene.write(agent, "f.txt", f"one\n{agent}\nthree\n")
            await scene.room.workspace.settle(agent)
        assert "Well done" in await done(scene, "a")
        assert scene.in_room("f.txt") == b"one\na\nthree\n"
        refused = (await scene.room.door.task("b", "done", {"summary": "It works."}, "")).refused
        assert refused is not None
        assert refused.code is Code.HELD_OPEN
        [held] = scene.held("b")
        assert held.id in refused.why
        settled = await scene.room.door.answer("b", held.id, "mine", "", "")
        assert settled.refused is None, settled
        assert "Well done" in await done(scene, "b")
        assert scene.in_room("f.txt") == b"one\nb\nthree\n"


async def test_the_end_of_a_task_asked_for_again_joins_nothing_of_the_next(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES, policy="isolated") as scene:
        await given(scene, "a", "Say one loudly")
        first = await scene.room.door.task("a", "done", {"summary": "It works."}, "end-1")
        assert first.refused is None, first
        await given(scene, "a", "Rewrite the whole")
        scene.write("a", "f.txt", "half made\n")
        again = await scene.room.door.task("a", "done", {"summary": "It works."}, "end-1")
        assert again.text == first.text
        assert scene.in_room("f.txt") == FILES["f.txt"]
