"""A run: agents come, work, fail or go, and what they made lands; what they did not make is there for the next run."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.run.runs import Does, Ground, does_all, opened, perform, tasks, writes

from coroom.agents.codex import Codex
from coroom.agents.command_line import CommandLine
from coroom.agents.room_client import RoomClient
from coroom.core.agent import Role
from coroom.core.errors import Code, Fault, Refused
from coroom.core.event import EditHeld, NoticesRead
from coroom.core.task import TaskState
from coroom.host.edits.workspace import RoomWorkspace
from coroom.host.rooms import Room
from coroom.launch.leftover import note_of
from coroom.run.run_limit import LimitError, parse_limit
from coroom.run.session import unless_the_log_fails
from coroom.run.worker import Cause, Desk
from coroom.run.workers import ProcessWorker


async def test_two_agents_share_the_board_and_everything_lands_as_one_branch(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    board = tasks("first thing", "second other", "third matter", "fourth case")
    ended = await perform(ground.plan([Does("ann", does_all), Does("bob", does_all)], board))
    assert ended.outcome.ok
    assert sorted(task for deeds in ended.summary.deeds for task in deeds.tasks) == ["t1", "t2", "t3", "t4"]
    assert sum(deeds.edits for deeds in ended.summary.deeds) == 4
    for number in range(1, 5):
        assert ground.landed(f"t{number}.txt").startswith(f"t{number} by ")


async def test_an_agent_that_dies_gives_its_task_back_and_the_others_finish_it(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    dead = asyncio.Event()

    async def dies(desk: Desk, client: RoomClient) -> None:
        assert not (await client.call("task", {"do": "take", "task": "t1"})).refused
        await writes(desk, client, "half.txt", "half done\n")
        dead.set()
        raise RuntimeError("the model went away")

    async def waits_then_does_all(desk: Desk, client: RoomClient) -> None:
        await dead.wait()
        await does_all(desk, client)

    ended = await perform(
        ground.plan([Does("ann", dies), Does("bob", waits_then_does_all)], tasks("first thing", "second other"))
    )
    assert ended.outcome.ok
    assert "the model went away" in ended.outcome.works["ann"].error
    done = {deeds.agent: set(deeds.tasks) for deeds in ended.summary.deeds}
    assert done == {"ann": set(), "bob": {"t1", "t2"}}
    assert ground.landed("half.txt") == "half done\n"


async def test_when_every_agent_has_failed_the_run_ends_and_says_what_is_left_and_what_to_do(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)

    async def fails(_desk: Desk, _client: RoomClient) -> None:
        raise OSError("no such model")

    ended = await perform(ground.plan([Does("ann", fails), Does("bob", fails)], tasks("first thing", "second other")))
    assert not ended.outcome.ok
    assert ended.outcome.left == ("t1", "t2")
    for words in ("2 tasks are not done: t1 (first thing)", "Every agent has failed", "no such model", "--resume"):
        assert words in ended.summary.refused
    assert ended.summary.landed == {}


async def test_a_client_that_is_not_installed_is_named_with_the_way_to_install_it(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    missing = ProcessWorker(name="cod", adapter=Codex(), home=tmp_path / "home", search_path=str(tmp_path))
    ended = await perform(ground.plan([missing], tasks("first thing")))
    assert not ended.outcome.ok
    assert "codex is not installed" in ended.outcome.works["cod"].error
    assert ended.outcome.works["cod"].cause is Cause.INFRASTRUCTURE
    assert "npm install" in ended.outcome.works["cod"].error


async def test_a_command_that_fails_is_told_with_its_exit_code_and_where_its_output_is(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    adapter = CommandLine(("sh", "-c", "echo so far; echo went wrong >&2; exit 3"))
    worker = ProcessWorker(name="cmd", adapter=adapter, home=tmp_path / "home")
    ended = await perform(ground.plan([worker], tasks("first thing")))
    work = ended.outcome.works["cmd"]
    assert work.error == "sh ended with exit code 3"
    assert (Path(work.logs) / "session-1.out").read_text() == "so far\n"
    assert (Path(work.logs) / "session-1.err").read_text() == "went wrong\n"
    assert ("cmd", "so far") in ended.stage.shown


async def test_a_command_that_ends_well_without_finishing_anything_is_not_started_for_ever(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    worker = ProcessWorker(name="idle", adapter=CommandLine(("true",)), home=tmp_path / "home")
    ended = await perform(ground.plan([worker], tasks("first thing")))
    assert ended.outcome.works["idle"].error == "3 sessions in a row finished no task"
    assert len(list((tmp_path / "home" / "logs").glob("*.out"))) == 3


async def test_a_cancelled_run_ends_the_processes_it_started_and_keeps_their_tasks_for_them(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    started = asyncio.Event()

    async def takes(desk: Desk, client: RoomClient) -> None:
        assert not (await client.call("task", {"do": "next"})).refused
        started.set()
        await asyncio.Event().wait()

    worker = ProcessWorker(name="cmd", adapter=CommandLine(("sh", "-c", "exec sleep 600")), home=tmp_path / "home")
    plan = ground.plan([Does("ann", takes), worker], tasks("first thing", "second other"))
    running = asyncio.create_task(perform(plan))
    await asyncio.wait_for(started.wait(), 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not note_of(tmp_path / "home").exists()
    async with opened(plan) as room:
        assert room.host.state.tasks["t1"].holder == "ann"

    again = ground.plan([Does("ann", does_all)], plan.tasks, before=("ann", "cmd"))
    ended = await perform(again)
    assert ended.outcome.ok
    assert [deeds.tasks for deeds in ended.summary.deeds] == [("t1", "t2")]


async def test_what_agents_of_an_earlier_run_held_is_free_when_they_are_not_started_again(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    board = tasks("first thing")
    async with opened(ground.plan([])) as room:
        await room.host.submit("operator", board[0])
        await room.admit("gone")
        assert not (await room.door.task("gone", "next", {}, "")).refused
    ended = await perform(ground.plan([Does("ann", does_all)], board, before=("gone",)))
    assert ended.outcome.ok
    assert [deeds.tasks for deeds in ended.summary.deeds] == [("t1",)]


async def test_tasks_that_are_on_the_board_already_are_not_posted_again(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    plan = ground.plan([Does("ann", does_all)], tasks("first thing"))
    assert (await perform(plan)).outcome.ok
    counted: list[int] = []
    ended = await perform(plan, lambda room: counted.append(len(room.host.state.tasks)))
    assert ended.outcome.ok
    assert counted == [1]


@pytest.mark.promise("check:not-by-its-mender")
async def test_an_evaluator_mends_what_the_others_wrote_and_the_run_lands(tmp_path: Path) -> None:
    files = {"prices.py": b"def total(cents):\n    return cents\n", "bill.py": b"def bill():\n    return 0\n"}
    ground = Ground.at(tmp_path, files)
    wrote, refused = asyncio.Event(), list[str]()

    async def renames(desk: Desk, client: RoomClient) -> None:
        await client.call("task", {"do": "take", "task": "t1"})
        await writes(desk, client, "prices.py", "def total_cents(cents):\n    return cents\n")
        await client.call("task", {"do": "done"})
        wrote.set()

    async def uses(desk: Desk, client: RoomClient) -> None:
        await client.call("task", {"do": "take", "task": "t2"})
        await writes(desk, client, "bill.py", "from prices import total\n\n\ndef bill():\n    return total(3)\n")
        await client.call("task", {"do": "done"})
        await wrote.wait()

    async def mends(desk: Desk, client: RoomClient) -> None:
        while await desk.more():
            assert not (await client.call("task", {"do": "next"})).refused
            text = "from prices import total_cents\n\n\ndef bill():\n    return total_cents(3)\n"
            refused.append((await client.call("task", {"do": "done"})).text)
            # What bob wrote is mended, and not met by another text that never saw it.
            while "total(3)" not in (desk.seat.directory / "bill.py").read_text():
                await client.call("sync", {"wait_s": 0.1})
            await writes(desk, client, "bill.py", text)
            # The word that it is closed may have come on the answer to the write: whether it holds the task tells.
            while (await client.call("sync", {"wait_s": 0.1})).data["task"]:
                await asyncio.sleep(0)

    workers = [Does("ann", renames), Does("bob", uses), Does("eve", mends)]
    plan = replace(ground.plan(workers, tasks("rename it", "use it")), roles={"eve": Role.EVALUATOR})
    ended = await perform(plan)
    assert "still finds" in refused[0]
    assert ended.outcome.ok
    assert "total_cents(3)" in ground.landed("bill.py")


async def test_red_tests_land_nothing_and_fail_the_run(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    plan = ground.plan([Does("ann", does_all)], tasks("first thing"), test="echo the suite is red; false")
    ended = await perform(plan)
    assert not ended.outcome.ok
    assert "the suite is red" in ended.summary.refused
    assert ground.repository.git.run("rev-parse", "--verify", "-q", "coroom/run", expect=(0, 1)).code == 1


async def test_a_log_that_fails_ends_the_work_at_once(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    async with opened(ground.plan([])) as room:
        ended = asyncio.Event()

        async def works_for_ever() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        async def fails(_room: Room) -> None:
            raise Fault("the disk is full")

        room.host.failed = lambda: _fault("the disk is full")  # type: ignore[method-assign]
        with pytest.raises(Fault, match="the disk is full"):
            await unless_the_log_fails(room, works_for_ever())
        assert ended.is_set()


async def _fault(why: str) -> Fault:
    return Fault(why)


async def test_the_summary_counts_what_the_log_says(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, {"a.txt": b"one\ntwo\nthree\n"})
    both_began, ann_wrote = asyncio.Barrier(2), asyncio.Event()

    async def edits(desk: Desk, client: RoomClient, text: str, wait: asyncio.Event | None) -> None:
        given, cwd = {"file_path": "a.txt"}, str(desk.seat.directory)
        assert await client.before("edit", given, cwd) is None
        (desk.seat.directory / "a.txt").read_text()
        await both_began.wait()
        if wait:
            await wait.wait()
        (desk.seat.directory / "a.txt").write_text(text)
        await client.after("edit", given, cwd)

    async def ann(desk: Desk, client: RoomClient) -> None:
        await edits(desk, client, "one\nTWO of ann\nthree\n", None)
        ann_wrote.set()

    async def bob(desk: Desk, client: RoomClient) -> None:
        await edits(desk, client, "one\nTWO of bob\nthree\n", ann_wrote)
        held: list[str] = []
        while not held:
            told = await client.call("sync", {"wait_s": 0.1})
            held = [str(one).split()[0] for one in told.data.get("held", [])]
        assert not (await client.call("answer", {"about": held[0], "choice": "mine"})).refused

    seen: list[int] = []

    def look(room: Room) -> None:
        seen.append(sum(isinstance(event.body, EditHeld) for event in room.host.events(0)))
        assert all(task.state is TaskState.DONE for task in room.host.state.tasks.values())

    ended = await perform(ground.plan([Does("ann", ann), Does("bob", bob)]), look)
    by = {deeds.agent: deeds for deeds in ended.summary.deeds}
    assert seen == [1]
    assert (by["ann"].edits, by["ann"].held) == (1, 0)
    assert (by["bob"].edits, by["bob"].held) == (1, 1)
    (meeting,) = ended.summary.meetings
    assert (meeting.path, meeting.agent) == ("a.txt", "bob")
    assert meeting.ending != "STILL OPEN"
    assert ground.landed("a.txt") == "one\nTWO of bob\nthree\n"


def command(name: str, root: Path, script: str, **more: Any) -> ProcessWorker:
    return ProcessWorker(name=name, adapter=CommandLine(("sh", "-c", script)), home=root / name, **more)


async def test_at_its_limit_a_run_stops_everybody_and_keeps_what_they_wrote(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)

    async def spends(desk: Desk, client: RoomClient) -> None:
        assert not (await client.call("task", {"do": "next"})).refused
        await writes(desk, client, "half.txt", "half done\n")
        await desk.spend(90, 10, 0.5, 0.0)
        await asyncio.Event().wait()

    plan = ground.plan([Does("ann", spends), Does("bob", spends)], tasks("first thing", "second other"))
    ended = await perform(replace(plan, limit=parse_limit("tokens=150,usd=90")))
    assert ended.outcome.limit == "150 tokens"
    assert {work.cause for work in ended.outcome.works.values()} == {Cause.LIMIT}
    assert [work.input_tokens for work in ended.outcome.works.values()] == [90, 90]
    assert "stopped at the limit of 150 tokens" in ended.summary.refused
    async with opened(plan) as room:
        assert room.host.state.head("half.txt")


@pytest.mark.parametrize(
    ("limit", "bound"), [("seconds=0.01", "0.01 seconds"), ("usd=0.4", "0.4 US dollars"), ("seconds=900", "")]
)
async def test_a_limit_is_of_time_tokens_or_money(tmp_path: Path, limit: str, bound: str) -> None:
    ground = Ground.at(tmp_path)

    async def spends(desk: Desk, client: RoomClient) -> None:
        await desk.spend(0, 0, 0.25, 0.25)
        if bound:
            await asyncio.Event().wait()
        await does_all(desk, client)

    ended = await perform(replace(ground.plan([Does("ann", spends)], tasks("first thing")), limit=parse_limit(limit)))
    assert ended.outcome.limit == bound
    assert ended.outcome.ok == (not bound)


@pytest.mark.parametrize("text", ["seconds", "seconds=0", "tokens=x", "hours=3", "usd=-1"])
def test_a_limit_that_is_none_is_refused_with_its_form(text: str) -> None:
    with pytest.raises(LimitError, match=r"Write it as seconds=600"):
        parse_limit(text)


async def test_an_agent_from_which_nothing_comes_is_ended_as_one_that_hangs(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    hangs = command("mute", tmp_path, "exec sleep 600", bare=True, silence_s=0.3)
    ended = await perform(replace(ground.plan([hangs]), board=False))
    work = ended.outcome.works["mute"]
    assert "nothing has come from it for 0.3 s: it hangs" in work.error
    assert work.cause is Cause.INFRASTRUCTURE


async def test_without_a_board_agents_have_one_session_in_turn_and_what_they_wrote_lands(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    ann = command("ann", tmp_path, "cat > told.txt; env | grep COROOM_BARE > bare.txt", bare=True, prompt="do it")
    bob = command("bob", tmp_path, "cat told.txt > seen.txt", bare=True)
    plan = replace(ground.plan([ann, bob], tasks("first thing")), board=False, in_turn=True)
    ended = await perform(plan)
    assert ended.outcome.ok, ended.outcome
    assert (ground.landed("told.txt"), ground.landed("seen.txt")) == ("do it", "do it")
    assert ground.landed("bare.txt") == "COROOM_BARE=1\n"
    async with opened(plan) as room:
        assert not room.host.state.tasks


@pytest.mark.parametrize("land", [True, False])
async def test_agents_apart_meet_when_they_land_and_not_before(tmp_path: Path, land: bool) -> None:
    ground = Ground.at(tmp_path)
    workers = [command(name, tmp_path, f"echo {name} > {name}.txt; ls > ls-{name}.txt", bare=True) for name in "xy"]
    plan = replace(ground.plan(workers), board=False, in_turn=True, land=land)
    plan = replace(plan, room=replace(plan.room, policy="isolated"))
    ended = await perform(plan)
    assert ended.outcome.ok, ended.outcome
    if land:
        assert (ground.landed("x.txt"), ground.landed("y.txt")) == ("x\n", "y\n")
        assert "x.txt" not in ground.landed("ls-y.txt")
    async with opened(plan) as room:
        assert (room.host.state.head("x.txt") is not None) == land


async def test_where_a_line_could_neither_go_in_nor_be_held_nothing_lands_and_the_run_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Refused(Code.LIMIT, "Too many edits are held.", "Settle some.")

    async def cannot(_workspace: RoomWorkspace, _agent: str) -> Refused:
        return full

    monkeypatch.setattr(RoomWorkspace, "join", cannot)
    ground = Ground.at(tmp_path)
    plan = replace(ground.plan([command("x", tmp_path, "echo x > x.txt", bare=True)]), board=False)
    plan = replace(plan, room=replace(plan.room, policy="isolated"))
    outcome = (await perform(plan)).outcome
    assert not outcome.ok
    assert (outcome.refused, outcome.landing) == (full, None)


async def test_a_silent_room_tells_its_agents_nothing_and_hears_all(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, {"a.txt": b"one\n"})
    told: list[str] = []

    async def reads(desk: Desk, client: RoomClient) -> None:
        given, cwd = {"file_path": "a.txt"}, str(desk.seat.directory)
        assert await client.before("read", given, cwd) is None
        told.append(await client.after("read", given, cwd))
        read.set()
        await wrote.wait()
        told.append(await client.after("read", given, cwd))
        told.append(await client.stopping())

    async def overwrites(desk: Desk, client: RoomClient) -> None:
        await read.wait()
        await writes(desk, client, "a.txt", "two\n")
        wrote.set()

    read, wrote = asyncio.Event(), asyncio.Event()
    plan = replace(ground.plan([Does("ann", reads), Does("bob", overwrites)]), board=False)
    plan = replace(plan, room=replace(plan.room, silent=True))
    await perform(plan)
    assert told == ["", "", ""]
    async with opened(plan) as room:
        assert room.host.state.inbox("ann")
        assert not any(isinstance(event.body, NoticesRead) for event in room.host.events(0))
