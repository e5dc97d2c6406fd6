"""Cases 11, 12, 13, 14, 15, 17, 32, 33 and 38: much at once, and what must not be looked at at all."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from cydifflib import SequenceMatcher
from tests.git.repositories import fsck, git
from tests.host.bridge.scene import Scene, in_thread, opened, plan_at, repository_at, scene_of, seated, until
from tests.host.bridge.stoppable import victim_of

from coroom.core.event import FileAccepted
from coroom.host.edits.intake import Look
from coroom.host.host import read_events
from coroom.host.served import state_directory
from coroom.log.sqlite import SqliteLog
from coroom.workspace.exchange import Exchange
from coroom.workspace.hints import Hint, Moved, RescanReason
from coroom.workspace.inotify import InotifyWatcher
from coroom.workspace.lines import PAIRS_MAX, pairs_of
from coroom.workspace.puts import PutDone, PutRefused
from coroom.workspace.scan import ScanResult
from coroom.workspace.states import content_hash
from coroom.workspace.watch import ScanningWatcher

LONG_S = 540.0
"""What thousands of files may take on a machine on which much else runs."""


def count(scene: Scene, below: str) -> int:
    return sum(1 for path in scene.room.host.state.files() if path.startswith(below))


@asynccontextmanager
async def alone(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene_of(tmp_path, agents="a") as scene:
        yield scene


@pytest.mark.timeout(LONG_S + 60)
async def test_case_11_a_full_event_queue_is_noticed_and_everything_is_found_by_a_scan(tmp_path: Path) -> None:
    """The host stands still while more is written than the kernel can queue: of the new files it queues no word."""
    repository = repository_at(tmp_path / "repository", {"many/f.txt": b"one\n", "many/g.txt": b"one\n"})
    mirrors = tmp_path / "mirrors"
    wanted = {f"many/{number}.txt" for number in range(2_000)}
    queued_max = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with victim_of(repository, mirrors, "a") as victim:
        pid = victim.start()
        victim.serving()
        try:
            victim.stop(pid)
            log = state_directory(repository, "main") / "room.sqlite3"
            began = head_of(log)
            # Of two files by turns: the kernel makes one of events that are alike and follow one another.
            old = cycle([mirrors / "a/many/f.txt", mirrors / "a/many/g.txt"])
            for each in islice(old, queued_max):
                os.utime(each)
            for path in wanted:
                with open(mirrors / "a" / path, "wb", buffering=0) as file:
                    file.write(b"%s\n" % path.encode())
            victim.go_on(pid)
            victim.says(RescanReason.OVERFLOW.value)
            await until(lambda: head_of(log) >= began + len(wanted), "all are in the log", LONG_S, every_s=0.05)
        finally:
            victim.kill(pid)
    with closing(SqliteLog.reader(log)) as kept:
        accepted = [event.body.file for event in read_events(kept, 0) if isinstance(event.body, FileAccepted)]
        assert kept.blob(accepted[-1].blob) == b"%s\n" % accepted[-1].path.encode()
    assert {version.path for version in accepted} == wanted
    assert len(accepted) == len(wanted)


def head_of(log: Path) -> int:
    with closing(SqliteLog.reader(log)) as kept:
        return kept.head()


@pytest.mark.timeout(LONG_S + 60)
async def test_case_12_five_thousand_files_at_once_all_arrive(tmp_path: Path) -> None:
    files = 5_000

    def burst(directory: Path) -> None:
        for number in range(files):
            with open(directory / f"{number}.txt", "wb") as file:
                file.write(b"text of %d\n" % number)

    async with alone(tmp_path) as scene:
        os.mkdir(scene.at("a", "burst"))
        writing = asyncio.create_task(in_thread(lambda: burst(scene.at("a", "burst"))))
        await until(lambda: count(scene, "burst/") == files, "all are in the room", LONG_S)
        await writing
        assert scene.in_room("burst/4321.txt") == b"text of 4321\n"


@pytest.mark.timeout(LONG_S + 60)
async def test_case_13_files_in_directories_made_the_moment_before_are_never_missed(tmp_path: Path) -> None:
    files = 5_000
    program = """
import os, sys
for n in range(int(sys.argv[2])):
    os.makedirs(f"{sys.argv[1]}/p{n % 500}/q{n // 500}/r", exist_ok=True)
    with open(f"{sys.argv[1]}/p{n % 500}/q{n // 500}/r/{n}.txt", "w") as file:
        file.write(f"{n}\\n")
"""
    async with alone(tmp_path) as scene:
        command = (sys.executable, "-c", program, str(scene.at("a", "fresh")), str(files))
        writer = subprocess.Popen(command)
        await until(lambda: count(scene, "fresh/") == files, "all are in the room", LONG_S)
        assert writer.wait() == 0


@pytest.mark.timeout(LONG_S + 60)
async def test_case_14_a_checkout_of_another_branch_goes_in_as_one_batch_of_one_author(tmp_path: Path) -> None:
    """Nothing of it is put on the other disk before the room has it whole."""
    before = {f"src/f{n}.txt": b"before %d\n" % n for n in range(300)}
    after = {f"src/f{n}.txt": b"after %d\n" % n for n in range(100)} | {
        f"new/g{n}.txt": b"%d\n" % n for n in range(200)
    }
    repository = repository_at(tmp_path / "repository", before)
    committed(repository.toplevel, "other", after)
    room = await opened(repository, plan_at(tmp_path))
    scene = await seated(room, "a b")
    try:
        first, other = (git(repository.toplevel, "rev-parse", name) for name in ("main", "other"))
        changes = changes_on(scene, "b")
        for commit, tree in 2 * ((other, after), (first, before)):
            seq = scene.seq
            await asyncio.to_thread(git, scene.at("a"), "checkout", "--quiet", commit)
            await until(partial(has, scene, tree), "the room has the branch", LONG_S)
            whole = max(event.seq for event in scene.events(seq) if isinstance(event.body, FileAccepted))
            await until(partial(shows, scene, "b", tree), "b has the branch", LONG_S, every_s=0.05)
            assert {edit.file.by for edit in scene.edits(after=seq)} == {"a"}
            assert len(scene.edits(after=seq)) == 500
            # A file that git made where it had just taken another away may be the same one to the file system: moved.
            assert len(changes) >= 500
            assert min(seq for _, seq in changes) >= whole
            changes.clear()
        assert scene.tree("a") == before
        assert not scene.held()
        assert git(scene.at("a"), "status", "--porcelain") == ""
    finally:
        await room.close()


def has(scene: Scene, tree: dict[str, bytes]) -> bool:
    return scene.accepted() == tree


def shows(scene: Scene, agent: str, tree: dict[str, bytes]) -> bool:
    return scene.tree(agent) == tree


def committed(top: Path, branch: str, tree: dict[str, bytes]) -> None:
    """A branch with just these files; afterwards the one from before is checked out again."""
    git(top, "switch", "--quiet", "-c", branch)
    git(top, "rm", "-rq", ".")
    for path, data in tree.items():
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    git(top, "add", "--all")
    git(top, "commit", "--quiet", f"--message={branch}")
    git(top, "switch", "--quiet", "-")


def changes_on(scene: Scene, agent: str) -> list[tuple[str, int]]:
    """What the room does on the agent's disk from now on, and how far it was at each."""
    mirror = scene.mirror(agent)
    seen: list[tuple[str, int]] = []

    class Watched(Exchange):
        def put(self, *args: Any, **named: Any) -> PutDone | PutRefused:
            seen.append(("put", scene.seq))
            return super().put(*args, **named)

        def delete(self, *args: Any, **named: Any) -> PutDone | PutRefused:
            seen.append(("delete", scene.seq))
            return super().delete(*args, **named)

        def move(self, *args: Any, **named: Any) -> PutDone | PutRefused:
            seen.append(("move", scene.seq))
            return super().move(*args, **named)

    mirror.exchange = Watched(mirror.root, mirror.exchange._stage)
    return seen


async def test_case_14_nothing_is_taken_in_while_git_is_at_work(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        lock = scene.at("a", ".git/index.lock")
        lock.touch()
        scene.write("a", "f.txt", "half of a checkout\n")
        await until(lambda: "f.txt" in scene.mirror("a").to_look, "the change is noticed")
        await scene.bridge("a").cycle()
        assert scene.edits("f.txt") == []
        scene.write("a", "f.txt", "the whole checkout\n")
        lock.unlink()
        await scene.reads("f.txt", b"the whole checkout\n")
        assert len(scene.edits("f.txt")) == 1


@pytest.mark.parametrize("meanwhile", ["while everything is looked at", "between a look and its taking in"])
async def test_case_14_what_git_begins_to_change_while_the_room_looks_waits_for_its_end(
    tmp_path: Path, meanwhile: str
) -> None:
    async with scene_of(tmp_path) as scene:
        bridge, lock = scene.bridge("a"), scene.at("a", ".git/index.lock")
        looking = bridge._looking

        def begins() -> None:
            lock.touch()
            scene.write("a", "f.txt", "half of a checkout\n")

        if "everything" in meanwhile:
            scanned = looking.scanned

            async def scanned_late() -> ScanResult:
                begins()
                return await scanned()

            looking.scanned = scanned_late  # type: ignore[method-assign]
        else:
            look = looking._look

            def look_late(paths: Sequence[str]) -> list[Look]:
                begins()
                return look(paths)

            looking._look = look_late  # type: ignore[method-assign]
            bridge.mirror.look_at("f.txt")
        await bridge.cycle(rescan="everything" in meanwhile)
        assert scene.edits("f.txt") == []
        scene.write("a", "f.txt", "the whole checkout\n")
        vars(looking).pop("scanned", None)
        vars(looking).pop("_look", None)
        lock.unlink()
        await scene.reads("f.txt", b"the whole checkout\n")
        assert len(scene.edits("f.txt")) == 1


async def test_case_15_git_runs_in_a_mirror_and_its_own_files_are_never_touched(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:

        def session() -> None:
            here = scene.at("a")
            scene.write("a", "f.txt", "one\ntwo\nthree\nfour\n")
            git(here, "commit", "--quiet", "--all", "--message=four")
            scene.write("a", "g.txt", "g\n")
            git(here, "add", "g.txt")
            git(here, "stash")
            git(here, "stash", "pop")
            git(here, "commit", "--quiet", "--all", "--message=g")
            git(here, "rebase", "--quiet", "--force-rebase", "HEAD~2")

        await in_thread(session)
        await scene.reads("g.txt", b"g\n")
        await scene.rest()
        assert {edit.file.path for edit in scene.edits()} <= {"f.txt", "g.txt"}
        assert scene.tree("b") == {"f.txt": b"one\ntwo\nthree\nfour\n", "g.txt": b"g\n"}
        assert not any(".git" in path.split("/") for path in scene.room.host.state.files())
        for agent in "ab":
            fsck(scene.at(agent))
            assert not scene.at(agent, ".git/index.lock").exists()
        assert git(scene.at("a"), "status", "--porcelain") == ""


@pytest.mark.timeout(LONG_S + 60)
async def test_case_17_a_renamed_directory_moves_on_every_disk_and_no_content_travels(tmp_path: Path) -> None:
    files = {f"pkg/m{n % 5}/f{n}.txt": b"content %d\n" % n for n in range(1_000)}
    async with scene_of(tmp_path, files) as scene:
        changes = changes_on(scene, "b")
        hints = scene.mirror("a").watcher.drain
        heard: list[Hint] = []
        scene.mirror("a").watcher.drain = lambda: remembered(hints(), heard)  # type: ignore[method-assign]
        inode = scene.at("b", "pkg/m1/f1.txt").stat().st_ino
        ids = {v.path: v.file_id for v in scene.room.host.state.files().values()}
        seq = scene.seq
        os.rename(scene.at("a", "pkg"), scene.at("a", "pkg2"))
        moved = {path.replace("pkg/", "pkg2/"): data for path, data in files.items()}
        await until(lambda: scene.tree("b") == moved, "b has the directory under its new name", LONG_S, every_s=0.05)
        assert [hint for hint in heard if isinstance(hint, Moved)] == [Moved("pkg", "pkg2")]
        assert {what for what, _ in changes} == {"move"}, "files are renamed, none is written"
        assert scene.at("b", "pkg2/m1/f1.txt").stat().st_ino == inode
        assert not scene.at("b", "pkg").exists()
        edits = scene.edits(after=seq)
        assert len(edits) == 2 * len(files)
        assert {edit.file.blob for edit in edits} - {""} == {content_hash(data) for data in files.values()}
        assert all(scene.room.host.state.files()[p.replace("pkg/", "pkg2/")].file_id == i for p, i in ids.items())
        for agent in "ab":
            async with scene.tool(agent, "pkg2/m1/f1.txt"):
                scene.write(agent, "pkg2/m1/f1.txt", f"the watches follow in {agent}\n")
            await scene.reads("pkg2/m1/f1.txt", f"the watches follow in {agent}\n".encode())


def remembered(hints: list[Hint], heard: list[Hint]) -> list[Hint]:
    heard += hints
    return hints


async def test_case_32_a_huge_file_is_told_of_and_not_mirrored(tmp_path: Path) -> None:
    async with scene_of(tmp_path) as scene:
        with scene.at("a", "huge.log").open("wb") as file:
            file.truncate(100 << 20)
        await until(lambda: "huge.log is over" in scene.told("a"), "a is told")
        scene.write("a", "f.txt", "goes on\n")
        await scene.reads("f.txt", b"goes on\n")
        assert scene.in_room("huge.log") is None
        assert scene.read("b", "huge.log") is None


@pytest.mark.timeout(LONG_S + 60)
async def test_case_33_ignored_files_cost_nothing_until_they_are_ignored_no_more(tmp_path: Path) -> None:
    rules = b"node_modules/\n__pycache__/\n.venv/\nlocal/\n"
    async with scene_of(tmp_path, {".gitignore": rules}) as scene:
        watcher = scene.mirror("a").watcher
        assert isinstance(watcher, InotifyWatcher)
        watches, seq = watcher.watches, scene.seq
        await in_thread(lambda: ignored_files(scene.at("a")))
        for number in range(100):
            scene.write("a", f"local/{number}.txt", f"{number}\n")
        await scene.rest()
        assert scene.edits(after=seq) == []
        assert watcher.watches == watches + 1
        scene.write("a", ".gitignore", rules.replace(b"local/\n", b""))
        await until(lambda: count(scene, "local/") == 100, "what is ignored no more is in the room")
        await until(lambda: scene.read("b", "local/7.txt") == b"7\n", "and on the other disk")
        assert count(scene, "node_modules") == 0


def ignored_files(top: Path) -> None:
    """30,000 of node_modules, hard links as some package managers make them, and some of each other sort."""
    one = top / "node_modules/one.js"
    one.parent.mkdir()
    one.touch()
    for package in range(300):
        directory = top / f"node_modules/p{package}/lib"
        directory.mkdir(parents=True)
        for number in range(100):
            os.link(one, directory / f"{number}.js")
    for path in (".venv/lib/m.py", "d/__pycache__/m.pyc", "__pycache__/n.pyc"):
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).touch()


async def test_case_38_without_watches_left_the_tree_is_scanned_and_that_is_told(tmp_path: Path) -> None:
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    before = limit.read_text()
    files = {f"d{n}/f.txt": b"one\n" for n in range(12)}
    async with scene_of(tmp_path, files) as scene:
        try:
            limit.write_text("1")
        except OSError:
            pytest.skip("needs to lower the limit of watches")
        try:
            scene.write("a", "fresh/deep/f.txt", "unwatched\n")
            await until(lambda: isinstance(scene.mirror("a").watcher, ScanningWatcher), "the bridge scans instead")
        finally:
            limit.write_text(before)
        await until(lambda: any("scanning" in n.text for n in scene.room.host.state.notices), "the operator is told")
        await scene.reads("fresh/deep/f.txt", b"unwatched\n")
        scene.write("a", "fresh/deep/g.txt", "found by looking\n")
        await scene.reads("fresh/deep/g.txt", b"found by looking\n")
        scene.write("b", "d3/f.txt", "two\n")
        await scene.reads("d3/f.txt", b"two\n")


@pytest.mark.parametrize("first", ["", "first\n"], ids=["one end", "both ends"])
async def test_lines_that_are_all_alike_are_never_compared_each_with_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    compared = []

    def matcher(junk: None, a: Sequence[Hashable], b: Sequence[Hashable], *, autojunk: bool) -> object:
        compared.append(0 if autojunk else pairs_of(a, b))
        return SequenceMatcher(junk, a, b, autojunk=autojunk)

    monkeypatch.setattr("coroom.host.edits.bases.SequenceMatcher", matcher)
    monkeypatch.setattr("coroom.workspace.lines.SequenceMatcher", matcher)
    rows = "0,0,0\n" * 30_000
    async with scene_of(tmp_path, {"z.csv": rows.encode(), "f.txt": b"one\n"}) as s:
        s.write("b", "z.csv", rows + "b\n")
        await s.alike("z.csv")
        s.write("a", "z.csv", first + "0,0,0\n" * 29_000 + "1,1\n" + "0,0,0\n" * 900)
        await until(lambda: len(s.edits("z.csv")) >= 2 or bool(s.held("a")), "it is taken in")
    assert max(compared) <= PAIRS_MAX
