"""Landing with real git: what lands is exactly what was tested, or nothing lands and the answer says why."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.core.rooms import held_edit
from tests.git.repositories import fsck, git, new_repository, picture
from tests.host.landed_room import POINTS, LandedRoom, joining, opened, place_of

from coroom.checks.suites.command import SuiteCommand
from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Role
from coroom.core.errors import Code
from coroom.core.event import ActionStarted, Landed, VerdictGiven
from coroom.core.file import FileKind
from coroom.core.notice import NoticeKind
from coroom.git.command import Git
from coroom.git.commits import Moved, move_ref
from coroom.host.door.answer import Answer
from coroom.host.landing.landing import Landing
from coroom.log.memory import MemoryLog

BRANCH = "refs/heads/coroom/r"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "r", {"a.txt": b"one\ntwo\n", "d/b.txt": b"b\n"})


def refused(answer: Answer, code: Code) -> str:
    assert answer.refused is not None, answer
    assert answer.refused.code is code, answer.refused
    assert answer.refused.next_step, answer.refused
    return answer.refused.why


def landed_files(directory: Path, ref: str = BRANCH) -> dict[str, bytes]:
    names = git(directory, "ls-tree", "-r", "-z", "--name-only", ref).split("\0")[:-1]
    shown = {name: ("git", "cat-file", "blob", f"{ref}:{name}") for name in names}
    return {n: subprocess.run(argv, cwd=directory, capture_output=True, check=True).stdout for n, argv in shown.items()}


def branch(directory: Path) -> str:
    return git(directory, "for-each-ref", "--format=%(objectname)", BRANCH)


@pytest.mark.promise("main:green", "git:sound")
async def test_finished_tasks_land_as_commits_on_the_rooms_branch(directory: Path, tmp_path: Path) -> None:
    before = picture(directory)
    odd = os.fsdecode(b"caf\xe9")
    async with opened(place_of(directory, tmp_path)) as room:
        t1 = await room.task("ann", "Change a")
        await room.write("ann", "a.txt", b"one\nann\n")
        await room.write("ann", "run ünï.sh", b"#!/bin/sh\n", executable=True)
        await room.do("ann", c.FinishTask("Changed it."))
        t2 = await room.task("bob", "Link and drop")
        await room.write("bob", "link", b"a.txt", kind=FileKind.SYMLINK)
        await room.write("bob", "d/b.txt", None)
        await room.write("bob", odd, b"\x00\xff", kind=FileKind.BINARY)
        await room.do("bob", c.FinishTask())
        answer = await room.land()
        assert answer.refused is None, answer
        assert answer.data["tasks"] == [t1, t2]
        [landed] = room.bodies(Landed)
        assert isinstance(landed, Landed)
        assert landed == Landed(
            ref="coroom/r",
            commit=branch(directory),
            tree=git(directory, "rev-parse", f"{BRANCH}^{{tree}}"),
            tasks=(t1, t2),
            version=room.host.state.version,
        )
        told = [n.text for n in room.host.state.inbox("bob") if n.kind is NoticeKind.VERDICT]
        assert len(told) == 2
        assert told[0].startswith(f"tests passed on tree {landed.tree[:12]}: test -f a.txt: ")
        assert told[1].startswith(f"Landed {t1}, {t2} on coroom/r")
    assert landed_files(directory) == {
        "a.txt": b"one\nann\n",
        "run ünï.sh": b"#!/bin/sh\n",
        "link": b"a.txt",
        odd: b"\x00\xff",
    }
    modes = git(directory, "ls-tree", "--format=%(objectmode) %(path)", BRANCH).splitlines()
    assert any(line.startswith("100755") and "run" in line for line in modes)
    assert "120000 link" in modes
    shown = git(directory, "log", "--reverse", "--format=%an|%s|%(trailers:only,separator=%x2C)", f"main..{BRANCH}")
    assert shown.splitlines() == [
        f"ann|Change a|Coroom-Task: {t1},Coroom-Agent: ann,Coroom-Room: r",
        f"bob|Link and drop|Coroom-Task: {t2},Coroom-Agent: bob,Coroom-Room: r",
    ]
    assert picture(directory) == before
    assert git(directory, "for-each-ref", "refs/coroom") == ""
    assert list((tmp_path / "scratch").iterdir()) == []
    fsck(directory)


@pytest.mark.promise("main:green")
async def test_the_suite_runs_on_exactly_the_tree_that_lands(directory: Path, tmp_path: Path) -> None:
    spy = (
        f"git --git-dir={directory}/.git --work-tree=. add -A --dry-run . >/dev/null; find . -type f | sort; cat a.txt"
    )
    async with opened(place_of(directory, tmp_path, test=spy)) as room:
        await room.write("ann", "a.txt", b"tested\n")
        await room.write("bob", "new/c.txt", b"c\n")
        await room.land()
        [verdict] = room.bodies(VerdictGiven)
        assert isinstance(verdict, VerdictGiven)
        assert verdict.tree == git(directory, "rev-parse", f"{BRANCH}^{{tree}}")
    [log] = (tmp_path / "logs").iterdir()
    assert log.read_text() == "./a.txt\n./d/b.txt\n./new/c.txt\ntested\n"


@pytest.mark.promise("main:green")
async def test_a_red_tree_does_not_land_and_everybody_hears_why(directory: Path, tmp_path: Path) -> None:
    script = "echo 'FAILED tests/test_a.py::test_two'; echo '1 failed'; grep -q good a.txt"
    async with opened(place_of(directory, tmp_path, test=script)) as room:
        await room.write("ann", "a.txt", b"bad\n")
        why = refused(await room.land(), Code.RED)
        assert "FAILED tests/test_a.py::test_two" in why
        [notice] = room.host.state.inbox("bob")
        assert notice.kind is NoticeKind.VERDICT
        assert "FAILED on tree" in notice.text
        assert branch(directory) == ""
        assert room.bodies(ActionStarted) == []
        await room.write("bob", "a.txt", b"good\n")
        assert (await room.land("bob")).refused is None
    assert landed_files(directory)["a.txt"] == b"good\n"


async def test_a_commit_that_is_not_the_rooms_files_is_refused_in_words_and_the_room_goes_on(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(place_of(directory, tmp_path)) as room:
        await room.write("ann", "a.txt", b"one\nTWO\n")
        with monkeypatch.context() as patch:
            patch.setattr("coroom.host.landing.landing_commits._object", lambda *_: "another")
            assert "does not hold what the room accepted at a.txt" in refused(await room.land(), Code.CONFLICT)
        assert (await room.land()).data["landed"]


async def test_where_nothing_changed_there_is_nothing_to_land(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path)) as room:
        first = await room.land()
        assert (first.refused, first.data) == (None, {"landed": False})
        assert "Nothing to land" in first.text
        await room.write("ann", "a.txt", b"new\n")
        await room.write("ann", "a.txt", b"one\ntwo\n")
        assert (await room.land()).data == {"landed": False}
        await room.write("ann", "a.txt", b"new\n")
        assert (await room.land()).data["landed"] is True
        assert (await room.land()).data == {"landed": False}
    fsck(directory)


async def test_a_second_landing_goes_on_from_the_first(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path)) as room:
        t1 = await room.task("ann", "First")
        await room.write("ann", "a.txt", b"1\n")
        await room.do("ann", c.FinishTask())
        first = await room.land()
        t2 = await room.task("ann", "Second")
        await room.write("ann", "d/b.txt", b"2\n")
        await room.do("ann", c.FinishTask())
        second = await room.land()
        assert (first.data["tasks"], second.data["tasks"]) == ([t1], [t2])
    subjects = git(directory, "log", "--reverse", "--format=%s", f"main..{BRANCH}").splitlines()
    assert subjects == ["First", "Second"]
    assert landed_files(directory) == {"a.txt": b"1\n", "d/b.txt": b"2\n"}


async def test_a_branch_that_was_deleted_is_made_again_whole(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path)) as room:
        await room.task("ann", "First")
        await room.write("ann", "a.txt", b"1\n")
        await room.do("ann", c.FinishTask())
        first = await room.land()
        git(directory, "branch", "-D", "coroom/r")
        again = await room.land()
        assert again.data["tasks"] == first.data["tasks"]
        assert again.data["tree"] == first.data["tree"]
        assert len(room.bodies(VerdictGiven)) == 1, "the verdict for the same tree is used again"


async def test_an_open_held_edit_stops_a_landing_before_any_test_runs(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path, test=f"touch {tmp_path}/ran")) as room:
        await room.write("ann", "a.txt", b"1\n")
        held = await room.do("bob", held_edit("a.txt"))
        assert isinstance(held, c.Held)
        assert held.held in refused(await room.land(), Code.HELD_OPEN)
        assert not (tmp_path / "ran").exists()
        await room.do("bob", c.DropHeld(held.held))
        assert (await room.land()).refused is None
        assert (tmp_path / "ran").exists()


async def test_an_edit_held_while_the_tests_run_stops_the_landing(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path, test=f"touch {tmp_path}/in; {WAIT.format(tmp_path)}")) as room:
        await room.write("ann", "a.txt", b"1\n")
        landing = asyncio.create_task(room.land())
        await there(tmp_path / "in")
        await room.do("bob", held_edit("a.txt"))
        (tmp_path / "go").touch()
        refused(await landing, Code.HELD_OPEN)
    assert branch(directory) == ""


WAIT = "while ! test -e {}/go; do sleep 0.02; done"


async def there(path: Path) -> None:
    async with asyncio.timeout(30):
        while not path.exists():
            await asyncio.sleep(0.01)


@pytest.mark.promise("main:green")
async def test_what_is_accepted_while_the_tests_run_waits_for_the_next_landing(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path, test=f"touch {tmp_path}/in; {WAIT.format(tmp_path)}")) as room:
        await room.write("ann", "a.txt", b"tested\n")
        landing = asyncio.create_task(room.land())
        await there(tmp_path / "in")
        await room.write("bob", "a.txt", b"later\n")
        (tmp_path / "go").touch()
        assert (await landing).refused is None
        assert landed_files(directory)["a.txt"] == b"tested\n"
        assert (await room.land()).refused is None
        assert landed_files(directory)["a.txt"] == b"later\n"


async def test_landing_waits_until_nothing_is_being_taken_in(directory: Path, tmp_path: Path) -> None:
    rooms: list[LandedRoom] = []

    async def quiet() -> None:
        await rooms[0].write("bob", "a.txt", b"taken in last\n")

    async with opened(place_of(directory, tmp_path, quiet=quiet)) as room:
        rooms.append(room)
        await room.land()
    assert landed_files(directory)["a.txt"] == b"taken in last\n"


async def test_while_one_lands_another_is_told_who(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path, test=f"touch {tmp_path}/in; {WAIT.format(tmp_path)}")) as room:
        await room.write("ann", "a.txt", b"1\n")
        landing = asyncio.create_task(room.land("ann"))
        await there(tmp_path / "in")
        assert "ann is landing" in refused(await room.land("bob"), Code.WAIT)
        (tmp_path / "go").touch()
        assert (await landing).refused is None


async def test_a_landing_given_up_leaves_no_process_no_scratch_and_no_ref(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path, test=f"touch {tmp_path}/in; {WAIT.format(tmp_path)}")) as room:
        await room.write("ann", "a.txt", b"1\n")
        landing = asyncio.create_task(room.land())
        await there(tmp_path / "in")
        landing.cancel()
        await asyncio.gather(landing, return_exceptions=True)
        assert list((tmp_path / "scratch").iterdir()) == []
        assert git(directory, "for-each-ref", "refs/coroom") == ""
        (tmp_path / "go").touch()
        assert (await room.land()).refused is None


async def test_heartbeats_come_while_the_tests_run(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.host.landing.landing.HEARTBEAT_S", 0.02)
    async with opened(place_of(directory, tmp_path, test=WAIT.format(tmp_path))) as room:
        await room.write("ann", "a.txt", b"1\n")
        landing = asyncio.create_task(room.land())
        async with asyncio.timeout(30):
            while len(room.beats) < 2:
                await asyncio.sleep(0.01)
        (tmp_path / "go").touch()
        assert (await landing).refused is None
        assert room.beats[0].startswith("testing ")


async def test_a_suite_out_of_time_does_not_land(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path, test="sleep 600", timeout_s=0.2)) as room:
        await room.write("ann", "a.txt", b"1\n")
        assert "stopped after 0.2 s" in refused(await room.land(), Code.RED)
    assert branch(directory) == ""


async def test_a_red_verdict_of_another_command_does_not_outlive_it(directory: Path, tmp_path: Path) -> None:
    log = MemoryLog()
    async with opened(place_of(directory, tmp_path, test="false"), log) as room:
        await room.write("ann", "a.txt", b"1\n")
        refused(await room.land(), Code.RED)
        refused(await room.land(), Code.RED)
        assert len(room.bodies(VerdictGiven)) == 2, "a red suite is run again"
        again = Landing(room.host, place_of(directory, tmp_path, test="true"))
        assert (await LandedRoom(room.host, again, room.place).land()).refused is None


async def test_tests_that_cannot_be_started_are_no_verdict(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = SuiteCommand(("/nonexistent/x",), "test")
    monkeypatch.setattr("coroom.host.landing.landing.find_command", lambda *_: missing)
    async with opened(place_of(directory, tmp_path)) as room:
        await room.write("ann", "a.txt", b"1\n")
        assert "cannot be started" in refused(await room.land(), Code.BAD_INPUT)
        assert room.bodies(VerdictGiven) == []


async def test_a_repository_that_does_not_say_how_it_is_tested_is_asked_for_it(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path, test="")) as room:
        await room.write("ann", "a.txt", b"1\n")
        answer = await room.land()
        refused(answer, Code.BAD_INPUT)
        assert answer.refused
        assert "--test" in answer.refused.next_step


async def test_who_may_not_land_is_told_before_any_test_runs(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path, test=f"touch {tmp_path}/ran")) as room:
        await room.do(HOST, c.Join(agent="eve", secret_hash="secret of eve", role=Role.OBSERVER))
        await room.write("ann", "a.txt", b"1\n")
        refused(await room.land("eve"), Code.FORBIDDEN)
        refused(await room.land("nobody"), Code.UNKNOWN_AGENT)
        assert not (tmp_path / "ran").exists()


async def test_an_open_finding_stops_a_landing(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path)) as room:
        await room.write("ann", "a.txt", b"1\n")
        finding = c.RaiseFinding(check="stale-call", path="a.txt", at_line=1, symbol="f", message="stale")
        raised = await room.do(OPERATOR, finding)
        assert "stale-call" in refused(await room.land(), Code.RED)
        assert isinstance(raised, c.Ok)
        await room.do(OPERATOR, c.CloseFinding(raised.id))
        assert (await room.land()).refused is None


@pytest.mark.parametrize(
    ("name", "code"),
    [("main", Code.CONFLICT), ("a..b", Code.BAD_INPUT), ("-x", Code.BAD_INPUT), ("main/x", Code.CONFLICT)],
)
async def test_a_branch_that_cannot_be_moved_is_refused(directory: Path, tmp_path: Path, name: str, code: Code) -> None:
    before = picture(directory)
    async with opened(place_of(directory, tmp_path, branch=name, test=f"touch {tmp_path}/ran")) as room:
        await room.write("ann", "a.txt", b"1\n")
        refused(await room.land(), code)
    assert picture(directory) == before
    assert not (tmp_path / "ran").exists()


async def test_a_branch_that_somebody_else_moved_is_left_where_it_is(directory: Path, tmp_path: Path) -> None:
    other = git(directory, "commit-tree", "-p", "main", "-m", "other", "main^{tree}")
    async with opened(place_of(directory, tmp_path)) as room:
        await room.write("ann", "a.txt", b"1\n")
        git(directory, "branch", "coroom/r", other)
        assert other[:12] in refused(await room.land(), Code.CONFLICT)
    assert branch(directory) == other


@pytest.mark.promise("main:green", "git:sound")
async def test_a_branch_moved_while_the_tests_run_is_not_overwritten(directory: Path, tmp_path: Path) -> None:
    other = git(directory, "commit-tree", "-p", "main", "-m", "other", "main^{tree}")
    script = f"git --git-dir={directory}/.git update-ref {BRANCH} {other}"
    async with opened(place_of(directory, tmp_path, test=script)) as room:
        await room.write("ann", "a.txt", b"1\n")
        assert "was not moved" in refused(await room.land(), Code.CONFLICT)
        assert room.bodies(Landed) == []
    assert branch(directory) == other


@pytest.mark.promise("git:sound")
async def test_of_two_rooms_on_one_branch_one_lands_and_the_other_is_told(directory: Path, tmp_path: Path) -> None:
    first = place_of(directory, tmp_path / "1", branch="shared", test=f"touch {tmp_path}/in1; {WAIT.format(tmp_path)}")
    second = place_of(directory, tmp_path / "2", branch="shared", test=f"touch {tmp_path}/in2; {WAIT.format(tmp_path)}")
    async with opened(first, room="one") as one, opened(second, room="two") as two:
        await one.write("ann", "a.txt", b"1\n")
        await two.write("ann", "a.txt", b"2\n")
        landings = [asyncio.create_task(one.land()), asyncio.create_task(two.land())]
        await there(tmp_path / "in1")
        await there(tmp_path / "in2")
        (tmp_path / "go").touch()
        answers = await asyncio.gather(*landings)
        won = [answer.refused is None for answer in answers]
        assert sorted(won) == [False, True]
        winner = answers[won.index(True)]
        assert git(directory, "rev-parse", "shared") == winner.data["commit"]
        assert [len(room.bodies(Landed)) for room in (one, two)] == [int(w) for w in won]
    assert landed_files(directory, "shared")["a.txt"] == (b"1\n" if won[0] else b"2\n")
    fsck(directory)


async def test_a_file_and_a_directory_of_one_name_cannot_land(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path)) as room:
        await room.write("ann", "n", b"1\n")
        await room.write("bob", "n/m", b"2\n")
        assert "n/m" in refused(await room.land(), Code.CONFLICT)


async def test_a_path_that_git_refuses_is_answered_and_the_room_goes_on(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path)) as room:
        await room.write("ann", "x/.git/config", b"[alias]\n")
        assert "no repository may hold" in refused(await room.land(), Code.CONFLICT)
        await room.write("ann", "x/.git/config", None)
        await room.write("ann", "a.txt", b"1\n")
        assert (await room.land()).refused is None


async def test_a_probe_takes_a_branch_that_moved_on_for_landed(directory: Path, tmp_path: Path) -> None:
    """The room was killed right after the move, and a person has committed on top since."""
    async with opened(place_of(directory, tmp_path)) as room:
        await room.write("ann", "a.txt", b"1\n")
        await room.land()
        [action] = room.host.state.actions.values()
        more = git(directory, "commit-tree", "-p", BRANCH, "-m", "more", f"{BRANCH}^{{tree}}")
        git(directory, "update-ref", BRANCH, more)
        mover = room.host._performers["land"]
        assert (await mover.probe(action)).ending == "finished"
        git(directory, "update-ref", BRANCH, git(directory, "rev-parse", "main"))
        assert (await mover.probe(action)).ending == "failed"
        assert branch(directory) == git(directory, "rev-parse", "main")
        git(directory, "update-ref", "-d", BRANCH)
        assert (await mover.probe(action)).ending == "finished"
        assert (await mover.probe(action)).ending == "finished"


async def test_the_probe_and_a_git_that_outlived_its_host_agree(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path)) as room:
        await room.write("ann", "a.txt", b"1\n")
        await room.land()
        [action] = room.host.state.actions.values()
        commit = branch(directory)
        git(directory, "update-ref", "-d", BRANCH)
        mover = room.host._performers["land"]
        late = asyncio.to_thread(move_ref, Git(directory), BRANCH, commit, "")
        probed, moved = await asyncio.gather(mover.probe(action), late)
        assert probed.ending == "finished"
        assert moved == Moved(BRANCH, commit)


@pytest.mark.promise("main:green", "git:sound")
@pytest.mark.parametrize("half", [0, 1])
def test_a_host_killed_at_any_point_finds_out_where_it_stands(tmp_path: Path, half: int) -> None:
    """Each life runs in a process of its own and is killed with SIGKILL at one point; the next one recovers."""
    probing = [("after storing action-started", when) for when in ("before git update-ref", "after git update-ref")]
    cases = [*((point, "") for point in POINTS), *probing, ("after git update-ref", "before storing action-finished")]
    mine = cases[half::2]
    arguments, pictures = [], []
    for number, (first, second) in enumerate(mine):
        directory = new_repository(tmp_path / f"{number}/r", {"a.txt": b"one\n"})
        (tmp_path / f"{number}/own").mkdir()
        pictures.append(picture(directory))
        arguments.append(f"{directory}|{tmp_path / f'{number}/own'}|{first}|{second}")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    program = (sys.executable, "-W", "error", "-m", "tests.host.landed_room", *arguments)
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for number, before in enumerate(pictures):
        directory = tmp_path / f"{number}/r"
        assert picture(directory) == before
        assert landed_files(directory) == {"a.txt": b"ann's\n", "b.txt": b"bob's\n"}
        assert git(directory, "log", "--format=%s", f"main..{BRANCH}").splitlines() == ["Work of bob", "Change a"]
        fsck(directory)


async def test_an_agent_that_joins_later_may_land_all(directory: Path, tmp_path: Path) -> None:
    async with opened(place_of(directory, tmp_path)) as room:
        await room.write("ann", "a.txt", b"1\n")
        await room.do(HOST, joining("cyd"))
        assert (await room.land("cyd")).refused is None
    assert git(directory, "log", "-1", "--format=%an", BRANCH) == "ann"
