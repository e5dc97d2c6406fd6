from itertools import product

import pytest
from tests.core.rooms import Room, named

from coroom.core import command as c
from coroom.core import event as e
from coroom.core.agent import OPERATOR, Role
from coroom.core.claim import COMPATIBLE, Claimed, Ending, Mode
from coroom.core.errors import Code
from coroom.core.limits import Limits
from coroom.core.notice import NoticeKind
from coroom.core.resource import file
from coroom.core.task import TaskState

TTL_MS = Limits().claim_ttl_ms_default


def want(*names: str, mode: Mode = Mode.EXCLUSIVE, purpose: str = "", ttl_ms: int = 0) -> c.ClaimResources:
    return c.ClaimResources(resources=named(*names), mode=mode, purpose=purpose, ttl_ms=ttl_ms)


@pytest.mark.promise("claim:exclusive")
@pytest.mark.parametrize(("mine", "theirs"), list(product(Mode, Mode)))
def test_two_agents_hold_overlapping_resources_only_in_modes_that_go_together(mine: Mode, theirs: Mode) -> None:
    room = Room("ada", "bob")
    room.claim("ada", "dir:src/", mode=mine)
    reply = room.do("bob", want("file:src/a.py", mode=theirs))
    assert isinstance(reply, c.Granted) == ((mine, theirs) in COMPATIBLE)
    assert ((mine, theirs) in COMPATIBLE) == ((theirs, mine) in COMPATIBLE)


@pytest.mark.promise("claim:exclusive")
def test_a_claim_over_several_resources_is_granted_whole_or_not_at_all() -> None:
    room = Room("ada", "bob")
    room.claim("ada", "file:b.py")
    refused = room.refused("bob", want("file:a.py", "file:b.py", "file:c.py"), Code.CLAIMED)
    assert room.state.claims_of("bob") == ()
    assert isinstance(refused, Claimed)
    assert refused.free == named("file:a.py", "file:c.py")


def test_a_refusal_names_holder_purpose_expiry_and_what_is_free() -> None:
    room = Room("ada", "bob")
    room.ok("ada", want("dir:src/", purpose="moving the parser", ttl_ms=30_000), c.Granted)
    room.now_ms += 10_000
    refused = room.refused("bob", want("file:src/a.py", "file:b.py"), Code.CLAIMED)
    assert isinstance(refused, Claimed)
    (blocker,) = refused.blockers
    assert (blocker.holder, blocker.purpose, blocker.mode) == ("ada", "moving the parser", Mode.EXCLUSIVE)
    assert blocker.wanted == file("src/a.py")
    assert str(blocker.held) == "dir:src/"
    assert blocker.until_ms == room.now_ms + 20_000
    for part in ("dir:src/", "ada", "moving the parser", "20 s", "file:b.py"):
        assert part in refused.why


def test_one_who_claims_what_it_holds_keeps_its_claim_and_fence_and_gets_a_new_lease() -> None:
    room = Room("ada")
    first = room.claim("ada", "dir:src/", "file:a.py")
    room.now_ms += 50_000
    again = room.claim("ada", "file:src/x.py", mode=Mode.SHARED)
    assert (again.claim, again.fence) == (first.claim, first.fence)
    assert again.deadline_ms == room.now_ms + TTL_MS == room.state.claims[first.claim].deadline_ms
    assert len(room.state.claims) == 1
    assert [len(body.claims) for body in room.events(e.ClaimsRenewed)] == [1]


def test_a_stronger_mode_is_a_new_claim() -> None:
    room = Room("ada", "bob")
    shared = room.claim("ada", "file:a.py", mode=Mode.SHARED)
    exclusive = room.claim("ada", "file:a.py")
    assert exclusive.claim != shared.claim
    assert exclusive.fence > shared.fence
    room.refused("bob", want("file:a.py", mode=Mode.SHARED), Code.CLAIMED)


def test_resources_named_twice_are_claimed_once() -> None:
    room = Room("ada")
    granted = room.claim("ada", "file:a.py", "file:./a.py")
    assert room.state.claims[granted.claim].resources == named("file:a.py")


@pytest.mark.promise("claim:fenced")
def test_fences_only_grow_over_the_whole_room() -> None:
    room = Room("ada", "bob")
    fences = []
    for number in range(6):
        by = ("ada", "bob")[number % 2]
        fences.append(room.claim(by, "file:a.py").fence)
        room.do(by, c.Release())
        fences.append(room.ok(by, c.TakeTask(room.post(f"work {number}")), c.Taken).fence)
        room.do(by, c.FinishTask())
    assert fences == sorted(set(fences))


@pytest.mark.promise("claim:released")
def test_a_lease_ends_at_its_deadline_and_the_holder_is_told() -> None:
    room = Room("ada", "bob")
    granted = room.claim("ada", "file:a.py", ttl_ms=1_000)
    room.now_ms += 999
    room.refused("bob", want("file:a.py"), Code.CLAIMED)
    room.now_ms += 1
    taken = room.claim("bob", "file:a.py")
    assert taken.fence > granted.fence
    (ended,) = room.events(e.ClaimEnded)
    assert (ended.claim, ended.ending, ended.agent) == (granted.claim, Ending.EXPIRED, "ada")
    (told,) = room.unread("ada", NoticeKind.CONFLICT)
    assert "file:a.py" in told.text


@pytest.mark.promise("claim:released")
def test_a_tick_ends_what_has_run_out_and_only_that() -> None:
    room = Room("ada", "bob")
    room.claim("ada", "file:a.py", ttl_ms=1_000)
    kept = room.claim("bob", "file:b.py", ttl_ms=2_000)
    room.now_ms += 1_000
    room.do("host", c.Tick())
    assert [claim.id for claim in room.state.claims.values()] == [kept.claim]
    room.do("host", c.Tick())
    assert room.last == ()


def test_expiry_and_the_command_that_finds_it_are_one_decision() -> None:
    room = Room("ada", "bob")
    task = room.post("dig")
    room.ok("ada", c.TakeTask(task), c.Taken)
    room.now_ms += TTL_MS
    room.ok("bob", c.TakeTask(task), c.Taken)
    kinds = [event.body.kind for event in room.last]
    assert kinds == ["claim-ended", "task-returned", "notice-sent", "claim-granted", "task-taken"]
    assert room.state.tasks[task].holder == "bob"


@pytest.mark.promise("claim:fenced")
def test_a_stale_holder_is_refused_when_another_has_what_it_thinks_it_holds() -> None:
    room = Room("ada", "bob")
    room.claim("ada", "file:a.py", ttl_ms=1_000)
    room.now_ms += 5_000
    room.claim("bob", "file:a.py")
    room.refused("ada", room.edit_of("a.py", "late"), Code.CLAIMED)
    room.refused("ada", c.Release(named("file:a.py")), Code.NOT_YOURS)
    assert room.state.head("a.py") is None


def test_any_call_of_an_agent_renews_its_leases_once_half_is_gone() -> None:
    room = Room("ada")
    granted = room.claim("ada", "file:a.py")
    room.now_ms += TTL_MS // 2
    room.do("ada", c.Say(kind=NoticeKind.NOTE, text="still here"))
    assert room.events(e.ClaimsRenewed) == []
    room.now_ms += 1
    room.do("ada", c.Say(kind=NoticeKind.NOTE, text="still here"))
    (renewed,) = room.events(e.ClaimsRenewed)
    assert renewed.claims == (granted.claim,)
    assert room.state.claims[granted.claim].deadline_ms == room.now_ms + TTL_MS


def test_a_refused_call_is_a_sign_of_life_too_and_a_beat_is_nothing_else() -> None:
    room = Room("ada")
    granted = room.claim("ada", "file:a.py")
    room.now_ms += TTL_MS - 1
    room.refused("ada", c.FinishTask(), Code.NOT_YOURS)
    assert room.state.claims[granted.claim].deadline_ms == room.now_ms + TTL_MS
    room.do("ada", c.Beat())
    assert room.last == ()
    room.now_ms += TTL_MS - 1
    room.do("ada", c.Beat())
    assert [body.claims for body in room.events(e.ClaimsRenewed)] == [(granted.claim,)]


def test_what_a_call_releases_or_renews_is_not_renewed_again_by_it() -> None:
    room = Room("ada")
    room.claim("ada", "file:a.py")
    kept = room.claim("ada", "file:b.py")
    room.now_ms += TTL_MS - 1
    room.ok("ada", c.Release(named("file:a.py")), c.Ok)
    assert [body.claims for body in room.events(e.ClaimsRenewed)] == [(kept.claim,)]
    room.now_ms += TTL_MS - 1
    room.claim("ada", "file:b.py")
    assert [body.claims for body in room.events(e.ClaimsRenewed)] == [(kept.claim,)]


def test_a_paused_agent_keeps_its_claims_while_it_gives_signs_of_life() -> None:
    room = Room("ada", "bob")
    granted = room.claim("ada", "file:a.py")
    room.do(OPERATOR, c.Pause("ada"))
    room.now_ms += TTL_MS - 1
    room.refused("ada", c.Release(), Code.PAUSED)
    room.now_ms += TTL_MS - 1
    room.refused("bob", want("file:a.py"), Code.CLAIMED)
    assert granted.claim in room.state.claims
    room.now_ms += 1
    room.claim("bob", "file:a.py")


def test_part_of_a_claim_can_be_released() -> None:
    room = Room("ada", "bob")
    granted = room.claim("ada", "file:src/a.py", "file:src/b.py", "file:c.py")
    room.ok("ada", c.Release(named("dir:src/")), c.Ok)
    assert room.state.claims[granted.claim].resources == named("file:c.py")
    room.claim("bob", "file:src/a.py")
    room.refused("bob", want("file:c.py"), Code.CLAIMED)
    room.ok("ada", c.Release(), c.Ok)
    assert room.state.claims_of("ada") == ()


def test_releasing_all_keeps_the_held_task_and_releasing_nothing_is_no_error() -> None:
    room = Room("ada")
    room.ok("ada", c.Release(), c.Ok)
    task = room.post("dig")
    room.ok("ada", c.TakeTask(task), c.Taken)
    room.claim("ada", "file:a.py")
    room.ok("ada", c.Release(), c.Ok)
    assert [str(r) for claim in room.state.claims_of("ada") for r in claim.resources] == [f"task:{task}"]
    assert room.state.tasks[task].state is TaskState.TAKEN
    refused = room.refused("ada", c.Release(named("file:a.py")), Code.NOT_YOURS)
    assert f"task:{task}" in refused.why


@pytest.mark.promise("claim:released")
def test_who_was_refused_is_told_once_when_all_it_wanted_is_free() -> None:
    room = Room("ada", "bob", "cyd")
    room.claim("ada", "file:a.py")
    room.claim("cyd", "file:c.py")
    room.refused("bob", want("file:a.py", "file:c.py"), Code.CLAIMED)
    room.refused("bob", want("file:a.py", "file:c.py"), Code.CLAIMED)
    room.do("ada", c.Release())
    assert room.unread("bob", NoticeKind.FREED) == []
    room.do("cyd", c.Release())
    (told,) = room.unread("bob", NoticeKind.FREED)
    assert told.resources == named("file:a.py", "file:c.py")
    assert room.state.wanted == ()
    room.claim("ada", "file:a.py")
    room.do("ada", c.Release())
    assert len(room.unread("bob", NoticeKind.FREED)) == 1


@pytest.mark.promise("claim:released")
def test_those_who_wait_are_told_first_come_first_told() -> None:
    room = Room("ada", "bob", "cyd")
    room.claim("ada", "file:a.py")
    room.refused("cyd", want("file:a.py"), Code.CLAIMED)
    room.refused("bob", want("file:a.py"), Code.CLAIMED)
    room.do("ada", c.Release())
    assert [body.to for body in room.events(e.NoticeSent)] == ["cyd", "bob"]


@pytest.mark.promise("claim:released")
def test_one_whose_own_lease_ran_out_at_the_same_moment_is_told_too() -> None:
    room = Room("ada", "bob")
    room.claim("ada", "file:a.py")
    room.claim("bob", "file:b.py")
    room.refused("bob", want("file:a.py"), Code.CLAIMED)
    room.now_ms += 2 * TTL_MS
    room.do("host", c.Tick())
    assert len(room.unread("bob", NoticeKind.FREED)) == 1


def test_who_got_what_it_wanted_or_left_waits_no_more() -> None:
    room = Room("ada", "bob", "cyd")
    room.claim("ada", "file:a.py")
    room.refused("bob", want("file:a.py"), Code.CLAIMED)
    room.refused("cyd", want("file:a.py"), Code.CLAIMED)
    room.claim("cyd", "file:a.py", mode=Mode.ANNOUNCED)
    assert [w.agent for w in room.state.wanted] == ["bob"]
    room.do("bob", c.Leave("bob"))
    assert room.state.wanted == ()


def test_those_who_wait_are_bounded() -> None:
    room = Room("ada", "bob", limits=Limits(wanted_max=2))
    room.claim("ada", "dir:.")
    for name in ("file:a", "file:b", "file:c"):
        room.refused("bob", want(name), Code.CLAIMED)
    assert [w.resources for w in room.state.wanted] == [named("file:b"), named("file:c")]


def test_only_those_who_may_take_over_a_claim_of_one_who_is_here() -> None:
    room = Room("ada", "bob")
    granted = room.claim("ada", "file:a.py")
    room.refused("bob", c.TakeOver(granted.claim), Code.FORBIDDEN)
    room.ok(OPERATOR, c.TakeOver(granted.claim, "it is urgent"), c.Ok)
    (ended,) = room.events(e.ClaimEnded)
    assert (ended.ending, ended.by) == (Ending.TAKEN_OVER, OPERATOR)
    assert "it is urgent" in room.unread("ada", NoticeKind.OPERATOR)[0].text
    room.refused(OPERATOR, c.TakeOver(granted.claim), Code.NOT_FOUND)


def test_taking_over_a_tasks_claim_gives_the_task_back() -> None:
    room = Room("ada")
    task = room.post("dig")
    taken = room.ok("ada", c.TakeTask(task), c.Taken)
    room.ok(OPERATOR, c.TakeOver(taken.claim), c.Ok)
    assert room.state.tasks[task].state is TaskState.OPEN
    assert room.state.agents["ada"].task is None
    room.refused("ada", c.FinishTask(), Code.NOT_YOURS)


def test_nobody_takes_over_a_claim_of_the_operator() -> None:
    room = Room("ada")
    granted = room.claim(OPERATOR, "file:a.py")
    room.refused("ada", c.TakeOver(granted.claim), Code.FORBIDDEN)
    room.refused("ada", want("file:a.py"), Code.CLAIMED)
    assert granted.claim in room.state.claims


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (c.ClaimResources(resources=()), Code.BAD_INPUT),
        (want(*(f"file:f{i}" for i in range(65))), Code.LIMIT),
        (want("task:1"), Code.BAD_INPUT),
        (want("file:a", ttl_ms=-1), Code.LIMIT),
        (want("file:a", ttl_ms=3_600_001), Code.LIMIT),
        (want("file:a", purpose="x" * 201), Code.LIMIT),
    ],
)
def test_a_claim_on_nonsense_is_refused(command: c.ClaimResources, code: Code) -> None:
    room = Room("ada")
    room.refused("ada", command, code)
    assert room.last == ()


def test_an_agent_that_holds_as_much_as_it_may_can_still_renew() -> None:
    room = Room("ada", limits=Limits(claims_per_agent_max=2))
    room.claim("ada", "file:a")
    room.claim("ada", "file:b")
    room.refused("ada", want("file:c"), Code.LIMIT)
    room.claim("ada", "file:a")


def test_an_observer_claims_nothing() -> None:
    room = Room()
    room.join("eve", Role.OBSERVER)
    room.refused("eve", want("file:a"), Code.FORBIDDEN)
    room.refused("eve", c.Release(), Code.FORBIDDEN)


def test_events_about_unknown_claims_change_none() -> None:
    room = Room("ada")
    granted = room.claim("ada", "file:a.py")
    room.store("host", e.ClaimEnded(claim="c9", agent="ada", resources=(), ending=Ending.RELEASED, by="ada"))
    room.store("host", e.ClaimsRenewed(agent="nobody", claims=("c9",), now_ms=5))
    assert list(room.state.claims) == [granted.claim]
