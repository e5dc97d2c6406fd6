"""A mirror goes on, and says so, whatever it meets."""

import asyncio
import errno
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.host.bridge.scene import Scene, opened, plan_at, repository_at, scene_of, seated, turns, until

from coroom.core.agent import OPERATOR

TREE = {"f.txt": b"one\ntwo\nthree\n", "g.txt": b"g\n"}


def damage_every_content(scene: Scene) -> None:
    with sqlite3.connect(scene.room.directory / "room.sqlite3", timeout=10) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        (table,) = [name for name in tables if "blob" in name]
        column = [row[1] for row in database.execute(f"pragma table_info({table})")][-1]
        database.execute(f"update {table} set {column} = zeroblob(5)")
    database.close()
    blobs = scene.room.workspace.files.blobs
    blobs._kept.clear()
    blobs._bytes = 0


def told_the_operator(scene: Scene) -> str:
    return "\n".join(n.text for n in scene.room.host.state.notices if n.to == OPERATOR)


async def test_a_damaged_content_is_told_to_agent_and_operator_and_other_files_go_on(tmp_path: Path) -> None:
    room = await opened(repository_at(tmp_path / "repository", TREE), plan_at(tmp_path))
    s = await seated(room, "a b")
    try:
        await s.rest()
        damage_every_content(s)
        s.write("a", "f.txt", "one\ntwo by a\nthree\n")
        await until(lambda: "f.txt is not taken in" in s.told("a"), "the agent is told")
        await until(lambda: "f.txt is not taken in" in told_the_operator(s), "the operator is told")
        s.write("a", "h.txt", "new\n")
        await s.alike("h.txt")
        assert s.in_room("h.txt") == b"new\n"
        assert s.read("a", "f.txt") == b"one\ntwo by a\nthree\n"
    finally:
        await room.close()


async def test_a_round_that_fails_for_any_reason_is_told_once_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.host.edits.bridge.FAULT_S", 0.01)
    monkeypatch.setattr("coroom.host.edits.bridge.NET_S", 10_000.0)
    async with scene_of(tmp_path, TREE) as s:
        bridge = s.bridge("a")
        hear, failures = bridge._hear, 3

        async def broken() -> None:
            nonlocal failures
            failures -= 1
            if failures >= 0:
                message = "something nobody thought of"
                raise ValueError(message)
            await hear()

        monkeypatch.setattr(bridge, "_hear", broken)
        s.write("a", "f.txt", "one\ntwo by a\nthree\n")
        await s.alike("f.txt")
        assert s.in_room("f.txt") == b"one\ntwo by a\nthree\n"
        assert s.told("a").count("nobody thought of") == 1
        assert told_the_operator(s).count("nobody thought of") == 1


async def test_a_mirror_is_let_go_only_when_the_put_that_runs_beside_the_loop_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_of(tmp_path, TREE) as s:
        mirror, bridge = s.mirror("b"), s.bridge("b")
        began, may_end, done = threading.Event(), threading.Event(), []
        put, close = mirror.exchange.put, mirror.exchange.close

        def slow(*arguments: Any, **more: Any) -> object:
            began.set()
            assert may_end.wait(10)
            done.append("put")
            return put(*arguments, **more)

        def closed() -> None:
            done.append("closed")
            close()

        monkeypatch.setattr(mirror.exchange, "put", slow)
        monkeypatch.setattr(mirror.exchange, "close", closed)
        s.write("a", "f.txt", "one\ntwo by a\nthree\n")
        await until(began.is_set, "the put has begun")
        stopping = asyncio.ensure_future(bridge.stop())
        await turns(20)
        may_end.set()
        await stopping
        s.room.workspace._bridges.pop("b")
        assert done == ["put", "closed"]
        assert s.read("b", "f.txt") == b"one\ntwo by a\nthree\n"


async def test_what_is_remembered_of_paths_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coroom.host.edits.acceptance.SWINGS_KEPT", 10)
    async with scene_of(tmp_path, TREE) as s:
        for n in range(30):
            s.write("a", f"n{n}.txt", f"{n}\n")
        await s.rest()
        acceptance = s.bridge("a")._around.acceptance
        assert len(acceptance._swings.last) == 10
        assert not acceptance._locks


async def test_a_mirror_for_which_there_is_no_inotify_instance_is_scanned_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("coroom.workspace.inotify_instance.INotify", refuse)
    async with scene_of(tmp_path, TREE) as s:
        told = told_the_operator(s)
        assert "Watching a's files by scanning from now on (no inotify instance" in told
        assert "coroom doctor" in told
        s.write("a", "g.txt", "by a\n")
        await s.reads("g.txt", b"by a\n")
