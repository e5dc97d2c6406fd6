from itertools import product

import pytest
from tests.core.rooms import Room, named

from coroom.core import command as c
from coroom.core import event as e
from coroom.core.action import PHASE_AFTER, Effect, Phase
from coroom.core.agent import HOST, Role
from coroom.core.claim import Mode
from coroom.core.decide.actions import LAND
from coroom.core.decide.decision import Perform
from coroom.core.errors import Code
from coroom.core.limits import Limits
from coroom.core.notice import NoticeKind
from coroom.core.resource import Footprint

TREE = "f" * 40


def call(*writes: str) -> c.StartAction:
    return c.StartAction(tool="sql", footprint=Footprint(writes=named(*writes)), effect=Effect.BLIND, undo="old row")


def landing(*tasks: str, tree: str = TREE, ref: str = "main") -> c.StartLanding:
    return c.StartLanding(ref=ref, commit="c" * 40, tree=tree, tasks=tasks, version=3)


@pytest.mark.promise("log:durable")
def test_an_action_is_stored_as_started_with_what_undo_needs_before_it_is_performed() -> None:
    room = Room("ada")
    started = room.ok("ada", call("row:db/t/1"), c.Started)
    assert room.effects == (Perform(started.action),)
    stored = room.state.actions[started.action]
    assert (stored.phase, stored.undo, stored.tool) == (Phase.STARTED, "old row", "sql")
    room.ok(HOST, c.FinishAction(action=started.action, ending="finished", result="1 row"), c.Ok)
    assert not room.effects
    assert room.state.actions[started.action].phase is Phase.FINISHED
    assert room.state.actions[started.action].result == "1 row"


@pytest.mark.promise("claim:fenced")
def test_each_action_has_a_fence_beyond_all_before_it() -> None:
    room = Room("ada")
    claim = room.claim("ada", "row:db/t/1")
    first = room.ok("ada", call("row:db/t/1"), c.Started)
    second = room.ok("ada", call("row:db/t/1"), c.Started)
    assert claim.fence < first.fence < second.fence


@pytest.mark.promise("claim:exclusive")
def test_an_action_does_not_pass_anothers_claim_nor_a_role_without_the_right() -> None:
    room = Room("ada", "bob")
    room.join("eve", Role.OBSERVER)
    room.claim("ada", "set:db/t")
    room.refused("bob", call("row:db/t/1"), Code.CLAIMED)
    room.ok("bob", call("row:db/u/1"), c.Started)
    room.refused("eve", call("row:db/u/1"), Code.FORBIDDEN)


def test_how_an_action_ended_is_stored_once_and_only_by_the_host() -> None:
    room = Room("ada")
    action = room.ok("ada", call("row:db/t/1"), c.Started).action
    room.refused("ada", c.FinishAction(action=action, ending="finished"), Code.FORBIDDEN)
    room.refused(HOST, c.FinishAction(action="a99", ending="finished"), Code.NOT_FOUND)
    room.ok(HOST, c.FinishAction(action=action, ending="failed", result="no such table"), c.Ok)
    assert room.state.actions[action].phase is Phase.FAILED
    room.ok(HOST, c.FinishAction(action=action, ending="finished"), c.Ok)
    assert room.last == ()


def test_a_finished_action_can_be_undone_and_an_undone_one_stays_so() -> None:
    room = Room("ada")
    action = room.ok("ada", call("row:db/t/1"), c.Started).action
    room.ok(HOST, c.FinishAction(action=action, ending="finished"), c.Ok)
    room.ok(HOST, c.FinishAction(action=action, ending="undone"), c.Ok)
    assert room.state.actions[action].phase is Phase.UNDONE
    room.ok(HOST, c.FinishAction(action=action, ending="undone"), c.Ok)
    assert room.last == ()


@pytest.mark.promise("main:green")
def test_a_landing_needs_a_passing_verdict_for_exactly_its_tree() -> None:
    room = Room("ada")
    room.refused("ada", landing(), Code.RED)
    room.green("e" * 40)
    room.refused("ada", landing(), Code.RED)
    room.ok(HOST, c.GiveVerdict(tree=TREE, check="lint", passed=True, summary=""), c.Ok)
    room.ok(HOST, c.GiveVerdict(tree=TREE, check="tests", passed=False, summary="2 fail"), c.Ok)
    assert "2 fail" in room.refused("ada", landing(), Code.RED).why
    room.green(TREE)
    room.ok("ada", landing(), c.Started)


@pytest.mark.promise("main:green")
def test_nothing_lands_while_an_edit_is_held_or_a_finding_is_open() -> None:
    room = Room("ada", "bob")
    room.green(TREE)
    held = room.hold("bob", "a.py")
    assert held in room.refused("ada", landing(), Code.HELD_OPEN).why
    room.ok("bob", c.DropHeld(held), c.Ok)
    doubt = c.RaiseFinding(check="names", path="a.py", at_line=1, symbol="f", message="gone")
    finding = room.ok(HOST, doubt, c.Ok).id
    assert finding in room.refused("ada", landing(), Code.RED).why
    room.ok(HOST, c.CloseFinding(finding), c.Ok)
    room.ok("ada", landing(), c.Started)


@pytest.mark.promise("main:green")
def test_one_lands_at_a_time_and_what_landed_is_told_and_kept() -> None:
    room = Room("ada", "bob")
    room.green(TREE)
    action = room.ok("ada", landing("t1", "t2"), c.Started).action
    assert room.state.actions[action].tool == LAND
    room.refused("bob", landing(), Code.WAIT)
    room.read_all("bob")
    room.ok(HOST, c.FinishAction(action=action, ending="finished", result="pushed"), c.Ok)
    (landed,) = room.state.landings
    assert (landed.ref, landed.commit, landed.tree, landed.tasks, landed.version) == (
        "main",
        "c" * 40,
        TREE,
        ("t1", "t2"),
        3,
    )
    assert "t1, t2" in room.unread("bob", NoticeKind.VERDICT)[0].text
    room.ok("bob", landing(), c.Started)


def test_a_landing_that_failed_leaves_no_trace_on_the_ref() -> None:
    room = Room("ada")
    room.green(TREE)
    action = room.ok("ada", landing(), c.Started).action
    room.ok(HOST, c.FinishAction(action=action, ending="failed", result="rejected"), c.Ok)
    assert room.state.landings == ()
    room.ok("ada", landing(), c.Started)


def test_nobody_lands_on_a_ref_that_another_claims() -> None:
    room = Room("ada", "bob")
    room.green(TREE)
    room.claim("bob", "ref:main")
    room.refused("ada", landing(ref="refs/heads/main"), Code.CLAIMED)
    room.ok("ada", landing(ref="topic"), c.Started)


@pytest.mark.parametrize("command", [landing("t\n1"), landing(ref="a\nb"), landing(tree="a\nb")])
def test_a_landing_of_names_with_line_ends_is_refused(command: c.StartLanding) -> None:
    Room("ada").refused("ada", command, Code.BAD_INPUT)


def test_a_role_without_the_right_lands_nothing() -> None:
    room = Room()
    room.join("eve", Role.OUTLINER)
    room.green(TREE)
    room.refused("eve", landing(), Code.FORBIDDEN)


@pytest.mark.promise("room:bounded")
def test_ended_actions_and_landings_are_remembered_up_to_a_bound_and_started_ones_always() -> None:
    room = Room("ada", limits=Limits(ended_kept_max=2))
    running = room.ok("ada", call("row:db/t/9"), c.Started).action
    for _ in range(3):
        room.green(TREE)
        action = room.ok("ada", landing(), c.Started).action
        room.ok(HOST, c.FinishAction(action=action, ending="finished"), c.Ok)
    assert set(room.state.actions) == {running, action}
    assert len(room.state.landings) == 2


KINDS: dict[str, type[e.ActionFinished | e.ActionFailed | e.ActionUndone]] = {
    "action-finished": e.ActionFinished,
    "action-failed": e.ActionFailed,
    "action-undone": e.ActionUndone,
}
PATHS_TO: dict[Phase, tuple[str, ...]] = {
    Phase.STARTED: (),
    Phase.FINISHED: ("action-finished",),
    Phase.FAILED: ("action-failed",),
    Phase.UNDONE: ("action-undone",),
}


@pytest.mark.parametrize(("phase", "kind"), list(product(Phase, KINDS)))
def test_every_phase_an_action_can_reach_is_in_the_table_and_no_other(phase: Phase, kind: str) -> None:
    room = Room("ada")
    action = room.ok("ada", call("row:db/t/1"), c.Started).action
    for step in PATHS_TO[phase]:
        room.store(HOST, KINDS[step](action=action, result=""))
    assert room.state.actions[action].phase is phase
    room.store(HOST, KINDS[kind](action=action, result=""))
    assert room.state.actions[action].phase is PHASE_AFTER.get((phase, kind), phase)


def test_the_end_of_an_unknown_action_changes_nothing() -> None:
    room = Room()
    for kind in KINDS.values():
        room.store(HOST, kind(action="a9", result=""))
    assert len(room.state.actions) == 0


def test_a_shared_claim_of_another_lets_an_action_pass() -> None:
    room = Room("ada", "bob")
    room.claim("ada", "row:db/t/1", mode=Mode.SHARED)
    room.ok("bob", call("row:db/t/1"), c.Started)
