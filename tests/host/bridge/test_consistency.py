"""Two agents whose edits merge and do not work together: the room finds it, hands it out, and closes it by checking."""

import asyncio
from pathlib import Path

import pytest
from tests.host.bridge.scene import Scene, scene_of, until

from coroom.checks.builtin import Rule
from coroom.checks.finding import Finding as Doubt
from coroom.checks.sides import Four
from coroom.checks.types import TypeChecker
from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.check import Finding
from coroom.core.event import FindingClosed, FindingRaised, NoticeSent
from coroom.core.notice import NoticeKind
from coroom.core.state import RoomState
from coroom.core.task import TaskState
from coroom.host.checks import consistency, disagreements, written
from coroom.host.checks.consistency import Consistency
from coroom.host.checks.disagreements import Disagreements
from coroom.host.checks.findings import Findings, Held

FILES = {
    "prices.py": b"def total(cents):\n    return cents\n",
    "bill.py": b"def bill():\n    return 0\n",
}


def findings(scene: Scene, *, is_open: bool = True) -> list[Finding]:
    return [each for each in scene.room.host.state.findings.values() if each.open is is_open]


async def conflict(scene: Scene) -> Finding:
    """One agent renames what the other newly calls."""
    scene.write("a", "prices.py", "def total_cents(cents):\n    return cents\n")
    scene.write("b", "bill.py", "from prices import total\n\n\ndef bill():\n    return total(3)\n")
    await until(lambda: bool(findings(scene)), "the checks have looked at both edits")
    return findings(scene)[0]


async def test_what_two_agents_wrote_and_does_not_work_together_is_a_finding_that_names_both(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        found = await conflict(scene)
        raised = next(each.body for each in scene.events() if isinstance(each.body, FindingRaised))
        assert (found.kind, found.path, found.symbol) == ("removed-name-used", "bill.py", "total")
        assert sorted(raised.agents) == ["a", "b"]
        assert "prices.py:" in raised.message
        for agent in ("a", "b"):
            assert any(n.kind is NoticeKind.CONFLICT and "total" in n.text for n in scene.inbox(agent))


async def test_what_was_written_goes_to_the_others_first_and_is_looked_at_then_or_when_somebody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consistency, "SETTLE_S", 3_600.0)
    async with scene_of(tmp_path, FILES) as scene:
        scene.write("a", "prices.py", "def total_cents(cents):\n    return cents\n")
        scene.write("b", "bill.py", "from prices import total\n\n\ndef bill():\n    return total(3)\n")
        await until(lambda: "total_cents" in scene.text("b", "prices.py"), "b has what a wrote")
        await until(lambda: "total(3)" in scene.text("a", "bill.py"), "a has what b wrote")
        assert not findings(scene)
        await scene.room.workspace.quiet()
        assert [each.symbol for each in findings(scene)] == ["total"]


async def test_before_a_landing_an_open_finding_is_a_task_with_both_sides_diffs(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        await conflict(scene)
        assert not scene.room.host.state.tasks
        await scene.room.workspace.quiet()
        (task,) = scene.room.host.state.tasks.values()
        assert task.title.startswith("Reconcile bill.py:1")
        assert "+def total_cents(cents):" in task.description
        assert "+from prices import total" in task.description
        assert {each.name for each in task.touches} == {"bill.py", "prices.py"}


async def test_a_finding_is_closed_when_the_checks_no_longer_have_it_and_its_task_with_it(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        await conflict(scene)
        await scene.room.workspace.quiet()
        await until(lambda: "total_cents" in scene.text("b", "prices.py"), "the rename is on b's disk")
        scene.write("b", "bill.py", "from prices import total_cents\n\n\ndef bill():\n    return total_cents(3)\n")
        await until(lambda: not findings(scene), "the checks have looked again")
        await until(
            lambda: all(task.state is TaskState.CANCELLED for task in scene.room.host.state.tasks.values()),
            "its task is off the board",
        )
        assert any(isinstance(each.body, FindingClosed) for each in scene.events())


async def test_no_agent_can_close_a_finding_by_saying_so(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        found = await conflict(scene)
        for agent in ("a", "b"):
            reply = await scene.room.host.submit(agent, c.CloseFinding(found.id))
            assert "no permission to judge" in str(reply)
        assert findings(scene) == [found]


async def test_a_definition_that_breaks_a_contract_is_found_when_it_is_written(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        await scene.room.host.submit(
            "b", c.Say(kind=NoticeKind.CONTRACT, text="I call def tax(net, country) in tax.py")
        )
        scene.write("a", "tax.py", "def tax(country, net):\n    return net\n")
        await until(lambda: bool(findings(scene)), "the contract has been looked at")
        (found,) = findings(scene)
        assert (found.kind, found.symbol) == ("contract-broken", "tax")
        await until((scene.at("b") / "tax.py").exists, "the file is on b's disk")
        scene.write("a", "tax.py", "def tax(net, country):\n    return net\n")
        await until(lambda: not findings(scene), "the definition is as agreed")


async def test_what_may_be_meant_is_told_to_its_authors_and_holds_no_landing_back(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        await scene.room.host.submit("b", c.Say(kind=NoticeKind.CONTRACT, text="I call def tax(net, country)"))
        scene.write("a", "tax.py", "def tax(country, net):\n    return net\n")
        await until(lambda: "as b said" in scene.told("a"), "the author is told")
        await scene.room.workspace.quiet()
        assert not findings(scene)
        assert not scene.room.host.state.tasks


async def test_a_contract_said_anew_closes_what_broke_the_old_one(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        say = "I call def tax({}) in tax.py".format
        await scene.room.host.submit("b", c.Say(kind=NoticeKind.CONTRACT, text=say("net, country")))
        scene.write("a", "tax.py", "def tax(country, net):\n    return net\n")
        await until(lambda: bool(findings(scene)), "the contract has been looked at")
        await scene.room.host.submit("b", c.Say(kind=NoticeKind.CONTRACT, text=say("country, net")))
        await scene.room.workspace.quiet()
        assert not findings(scene)


async def test_in_a_room_with_more_sources_than_are_kept_nothing_is_sure_enough_to_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "SOURCES_BYTES_MAX", 10)
    async with scene_of(tmp_path, FILES) as scene:
        scene.write("a", "prices.py", "def total_cents(cents):\n    return cents\n")
        scene.write("b", "bill.py", "from prices import total\n\n\ndef bill():\n    return total(3)\n")
        await until(lambda: "Worth a look" in scene.told("b"), "it is told")
        await scene.room.workspace.quiet()
        assert not findings(scene)


async def test_after_the_look_at_each_author_is_told_what_it_gave_and_rested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def judge_one(disagreements: Disagreements, agent: str, state: RoomState) -> None:
        done.append(agent)
        judged(disagreements, agent, state)

    async def settle(findings: Findings, holds: Held, unfinished: tuple[str, ...]) -> None:
        done.append("told")
        await settled(findings, holds, unfinished)

    async def pause(consistency: Consistency, seconds: float) -> None:
        done.append("rest")
        await paused(consistency, seconds)

    judged, settled, paused = Disagreements._judge_one, Findings.settle, Consistency._pause
    monkeypatch.setattr(Disagreements, "_judge_one", judge_one)
    monkeypatch.setattr(Findings, "settle", settle)
    monkeypatch.setattr(Consistency, "_pause", pause)
    async with scene_of(tmp_path, FILES) as scene:
        await conflict(scene)
        await scene.room.workspace.quiet()
    looks = [place for place, each in enumerate(done) if each in {"a", "b"}]
    assert {done[place] for place in looks} == {"a", "b"}
    assert [(done[place - 1], done[place + 1]) for place in looks] == [("rest", "told")] * len(looks)


async def test_a_landing_waits_for_the_look_at_what_was_there_when_it_came_however_much_is_written_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    judged, loop = Disagreements._judge_one, asyncio.get_running_loop()

    async def write_more() -> None:
        scene.write("a", "prices.py", f"def total_cents(cents):\n    return cents + {len(looks)}\n")
        scene.write("b", "bill.py", f"from prices import total\n\n\ndef bill():\n    return total({len(looks)})\n")
        for agent in ("a", "b"):
            await scene.room.workspace.settle(agent)

    def judge_one(disagreements: Disagreements, agent: str, state: RoomState) -> None:
        looks.append(agent)
        judged(disagreements, agent, state)
        if len(looks) < 20:
            asyncio.run_coroutine_threadsafe(write_more(), loop).result()

    async with scene_of(tmp_path, FILES) as scene:
        await conflict(scene)
        looks.clear()
        monkeypatch.setattr(Disagreements, "_judge_one", judge_one)
        await write_more()
        await scene.room.workspace.quiet()
        assert {"a", "b"} <= set(looks)
        assert len(looks) < 10


def told_to_operator(scene: Scene) -> list[str]:
    sent = [each.body for each in scene.events() if isinstance(each.body, NoticeSent)]
    return [body.text for body in sent if body.to == OPERATOR and "Could not check" in body.text]


@pytest.mark.promise("check:not-by-its-mender")
async def test_a_check_without_time_closes_nothing_and_a_landing_looks_again_with_more_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        found = await conflict(scene)
        monkeypatch.setattr(disagreements, "LOOK_S_MAX", -1.0)
        await until(lambda: "total_cents" in scene.text("b", "prices.py"), "the rename is on b's disk")
        scene.write("b", "bill.py", "from prices import total_cents\n\n\ndef bill():\n    return total_cents(3)\n")
        await until(lambda: bool(told_to_operator(scene)), "the operator is told")
        assert "no more time" in told_to_operator(scene)[0]
        assert f"stay open: {found.id}" in told_to_operator(scene)[0]
        assert findings(scene) == [found]
        await scene.room.workspace.quiet()
        assert not findings(scene)


@pytest.mark.promise("check:not-by-its-mender")
async def test_a_check_that_fails_is_told_once_and_closes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_four: Four) -> list[Doubt]:
        raise ZeroDivisionError("it counts to nothing")

    async with scene_of(tmp_path, FILES) as scene:
        found = await conflict(scene)
        with monkeypatch.context() as broken:
            rules = [Rule("broken", fast=True, job=fails)]
            broken.setattr("coroom.host.checks.checking.everyday_checks", lambda: rules)
            scene.write("a", "prices.py", "def total(cents):\n    return cents\n")
            await until(lambda: bool(told_to_operator(scene)), "the operator is told")
            await scene.room.workspace.quiet()
            (said,) = told_to_operator(scene)
            assert "broken: failed with ZeroDivisionError: it counts to nothing" in said
            assert findings(scene) == [found]
        await scene.room.workspace.quiet()
        assert not findings(scene)


async def test_when_what_was_written_cannot_be_followed_it_is_read_again_from_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        found = await conflict(scene)
        with monkeypatch.context() as broken:
            broken.setattr(written.Written, "is_too_much", lambda _self: 1 // 0)
            scene.write("a", "prices.py", "def total_cents(cents):\n    return cents + 0\n")
            await until(lambda: bool(told_to_operator(scene)), "the operator is told")
            assert "ZeroDivisionError" in told_to_operator(scene)[0]
            assert findings(scene) == [found]
        scene.write("a", "prices.py", "def total_cents(cents):\n    return cents + 1\n")
        await scene.room.workspace.quiet()
        assert findings(scene) == [found]


@pytest.mark.promise("check:not-by-its-mender")
async def test_an_evaluator_mends_and_only_the_check_ends_its_task(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        found = await conflict(scene)
        await scene.room.workspace.quiet()
        submit = scene.room.host.submit
        await submit("b", c.TakeTask())
        assert "still finds" in str(await submit("b", c.FinishTask("done, I say")))
        await until(lambda: "total_cents" in scene.text("b", "prices.py"), "the rename is on b's disk")
        scene.write("b", "bill.py", "from prices import total_cents\n\n\ndef bill():\n    return total_cents(3)\n")
        await until(lambda: not findings(scene), "the checks have looked again")
        (task,) = scene.room.host.state.tasks.values()
        assert (task.state, task.holder, task.finding) == (TaskState.DONE, "b", found.id)
        assert f"Finding {found.id} is closed" in scene.told("b")


async def test_a_finding_that_one_who_may_judge_has_closed_is_not_raised_again(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        found = await conflict(scene)
        await scene.room.host.submit(OPERATOR, c.CloseFinding(found.id))
        scene.write("b", "bill.py", "from prices import total\n\n\ndef bill():\n    return total(4)\n")
        await scene.room.workspace.quiet()
        assert not findings(scene)
        assert "total(4)" in (scene.in_room("bill.py") or b"").decode()


async def test_a_room_that_is_opened_again_goes_on_with_its_findings(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        found = await conflict(scene)
        later = consistency.Consistency(scene.room.host)
        await later.rest()
        assert findings(scene) == [found]
        assert len(scene.room.host.state.tasks) == 1
        await later.close()


def checker(home: Path, script: str) -> TypeChecker:
    """One that says what a line of shell says; what real ones say of trees is for the tests of checks."""
    program = home / ".venv/bin/mypy"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return TypeChecker("mypy", home)


async def test_before_a_landing_the_type_checker_is_asked_and_only_it_closes_what_it_found(tmp_path: Path) -> None:
    asked = "grep -q str prices.py && grep -q 'half(' bill.py && echo 'bill.py:5: error: no int' && exit 1; exit 0"
    async with scene_of(tmp_path, FILES) as scene:
        later = consistency.Consistency(scene.room.host, checker(tmp_path / "home", asked))
        scene.write("a", "prices.py", "def total(cents):\n    return str(cents)\n")
        scene.write("b", "bill.py", "def half(n):\n    return n\n\n\ndef bill():\n    return half(0)\n")
        await scene.room.workspace.quiet()
        assert not findings(scene)
        await later.rest()
        (found,) = findings(scene)
        assert (found.kind, found.path, found.symbol) == ("type-error", "bill.py", "mypy")
        assert len(scene.room.host.state.tasks) == 1
        scene.write("b", "bill.py", "def bill():\n    return 0\n")
        await scene.room.workspace.quiet()
        assert findings(scene) == [found]
        await later.rest()
        assert not findings(scene)
        await later.close()


async def test_a_type_checker_that_cannot_be_asked_is_told_and_closes_nothing(tmp_path: Path) -> None:
    async with scene_of(tmp_path, FILES) as scene:
        later = consistency.Consistency(scene.room.host, checker(tmp_path / "home", "echo no memory >&2; exit 9"))
        found = await conflict(scene)
        await later.rest()
        assert any("mypy failed with exit code 9: no memory" in text for text in told_to_operator(scene))
        assert found in findings(scene)
        await later.close()
