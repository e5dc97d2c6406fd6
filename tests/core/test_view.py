import json
from collections.abc import Hashable
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.rooms import Room, named
from tests.core.strategies import A_KIND, of

from coroom.core import command as c
from coroom.core import event as e
from coroom.core.agent import HOST, OPERATOR, Presence, Role
from coroom.core.file import FileKind
from coroom.core.notice import NoticeKind
from coroom.core.task import TaskState
from coroom.core.timeline import describe
from coroom.core.view import PAGE_NOTICES_MAX, board, conflicts, live_claims, needs_operator, page, roster

NEEDED = {"room", "roster", "claims", "tasks", "held", "findings", "notices", "verdicts", "landings", "needs"}


@pytest.mark.parametrize("kind", get_args(e.Body))
@settings(max_examples=A_KIND)
@given(data=st.data())
def test_every_event_of_every_kind_is_one_sentence(kind: Hashable, data: st.DataObject) -> None:
    body = data.draw(of(kind))
    sentence = describe(e.Event(1, 2, "ada", body))  # type: ignore[arg-type]
    assert sentence
    assert "Table(" not in sentence
    assert "Resource(" not in sentence


def test_sentences_say_who_did_what() -> None:
    room = Room("ada", "bob")
    room.claim("ada", "file:a.py")
    room.do("bob", c.ClaimResources(resources=named("file:a.py", "file:b.py")))
    room.do("ada", c.Say(kind=NoticeKind.NOTE, text="mind the gap", to="bob"))
    room.edit("ada", "a.py", "one")
    room.edit("ada", "a.py", "", kind=FileKind.ABSENT)
    said = [describe(event) for event in room.log]
    assert "Room r opened under the policy open." in said
    assert "ada joined as implementer." in said
    assert "ada holds file:a.py (exclusive)." in said
    assert "bob was refused file:a.py, file:b.py, held by ada." in said
    assert "ada to bob, note: “mind the gap”" in said
    assert "ada changed a.py (version 1)." in said
    assert "ada deleted a.py (version 2)." in said


def test_a_long_list_is_cut_with_its_count() -> None:
    body = e.FilesRead(agent="ada", versions=tuple((f"f{i}", 1) for i in range(8)))
    assert describe(e.Event(1, 2, "ada", body)) == "ada read f0, f1, f2, f3, f4 and 3 more."


def test_a_rename_is_told_as_one() -> None:
    room = Room("ada")
    room.edit("ada", "a.py", "one")
    moved = c.AcceptEdit(
        path="b.py",
        kind=FileKind.TEXT,
        blob="one",
        written="one",
        expected=0,
        touched=named("file:b.py"),
        renamed_from="a.py",
    )
    room.ok("ada", moved, c.Accepted)
    assert describe(room.log[-1]) == "ada renamed a.py to b.py (version 2)."


def test_the_roster_shows_the_present_in_rank_order_and_then_those_who_left() -> None:
    room = Room("ada", "bob")
    room.join("cyd", Role.OBSERVER, parent="ada")
    task = room.post("paint it")
    room.do("bob", c.TakeTask(task))
    room.do(HOST, c.Leave("ada"))
    shown = roster(room.state, room.now_ms + 5)
    assert [one.name for one in shown] == ["cyd", "bob", "ada"]
    assert [one.presence for one in shown] == [Presence.ACTIVE, Presence.ACTIVE, Presence.LEFT]
    assert shown[1].task == task
    assert shown[1].task_title == "paint it"
    assert shown[1].claims == (f"task:{task}",)
    assert shown[1].silent_ms == 5


def test_the_board_says_what_is_ready_and_what_it_waits_for() -> None:
    room = Room("ada")
    first = room.post("dig", touches=("dir:src/",))
    second = room.post("fill", after=(first,))
    before = board(room.state)
    assert [entry.ready for entry in before] == [True, False]
    assert before[0].touches == ("dir:src/",)
    assert before[1].waits_for == (first,)
    room.do("ada", c.TakeTask(first))
    room.do("ada", c.FinishTask("dug"))
    after = board(room.state)
    assert [entry.state for entry in after] == [TaskState.DONE, TaskState.OPEN]
    assert after[1].id == second
    assert after[1].ready
    assert after[1].waits_for == ()


def test_holdings_say_what_is_left_of_each_lease() -> None:
    room = Room("ada")
    granted = room.claim("ada", "dir:src/", ttl_ms=10_000)
    (held,) = live_claims(room.state, room.now_ms + 4_000)
    assert (held.claim, held.holder, held.resources) == (granted.claim, "ada", ("dir:src/",))
    assert held.left_ms == 6_000
    assert live_claims(room.state, room.now_ms + 40_000)[0].left_ms == 0


def test_conflicts_are_open_held_edits_and_open_findings() -> None:
    room = Room("ada", "bob")
    held = room.hold("ada", "a.py")
    dropped = room.hold("bob", "b.py")
    room.do("bob", c.DropHeld(dropped))
    doubt = c.RaiseFinding(check="names", path="a.py", at_line=3, symbol="f", message="no f", agents=("ada", "bob"))
    finding = room.ok(HOST, doubt, c.Ok).id
    closed = c.RaiseFinding(check="names", path="b.py", at_line=1, symbol="g", message="no g")
    room.do(HOST, c.CloseFinding(room.ok(HOST, closed, c.Ok).id))
    shown = conflicts(room.state)
    assert [(one.id, one.kind) for one in shown] == [(held, "held"), (finding, "names")]
    assert shown[1].agents == ("ada", "bob")
    assert shown[1].line == 3


def test_the_operator_is_needed_for_an_unanswered_question_only_until_it_is_answered() -> None:
    room = Room("ada")
    asked = room.ok("ada", c.Say(kind=NoticeKind.QUESTION, text="blue or red?", to=OPERATOR), c.Ok).id
    room.do("ada", c.Say(kind=NoticeKind.NOTE, text="just so you know", to=OPERATOR))
    (need,) = needs_operator(room.state, room.now_ms)
    assert (need.kind, need.id, need.agent, need.text) == ("question", asked, "ada", "blue or red?")
    room.do(OPERATOR, c.Say(kind=NoticeKind.ANSWER, text="blue", to="ada", about=asked))
    assert needs_operator(room.state, room.now_ms) == ()


def test_the_operator_is_needed_for_held_edits_of_agents_that_left() -> None:
    room = Room("ada", "bob")
    held = room.hold("ada", "a.py")
    room.hold("bob", "b.py")
    assert needs_operator(room.state, room.now_ms) == ()
    room.do("ada", c.Leave("ada"))
    assert [(need.kind, need.id) for need in needs_operator(room.state, room.now_ms)] == [("held", held)]


def test_the_operator_is_needed_for_the_paused_and_for_the_silent_while_there_is_work() -> None:
    room = Room("ada", "bob")
    room.do(OPERATOR, c.Pause("ada"))
    late_ms = room.now_ms + room.state.limits.claim_ttl_ms_default
    assert [(need.kind, need.agent) for need in needs_operator(room.state, late_ms)] == [("paused", "ada")]
    room.post("dig")
    needs = needs_operator(room.state, late_ms)
    assert [(need.kind, need.agent) for need in needs] == [("paused", "ada"), ("silent", "bob")]


def test_the_operator_is_needed_for_a_check_that_fails_on_the_newest_tree_only() -> None:
    room = Room("ada")
    room.do(HOST, c.GiveVerdict(tree="old", check="tests", passed=False, summary="2 fail"))
    room.do(HOST, c.GiveVerdict(tree="new", check="lint", passed=False, summary="tabs"))
    assert {need.id for need in needs_operator(room.state, room.now_ms)} == {"old", "new"}
    room.green("new")
    assert {need.id for need in needs_operator(room.state, room.now_ms)} == {"new"}


def test_the_page_is_plain_json_with_every_part_and_no_secret() -> None:
    room = Room("ada", "bob")
    room.claim("ada", "file:a.py")
    room.do("bob", c.TakeTask(room.post("dig")))
    room.hold("ada", "a.py")
    for number in range(PAGE_NOTICES_MAX + 5):
        room.do(OPERATOR, c.Say(kind=NoticeKind.NOTE, text=f"say {number}"))
    shown = page(room.state, room.now_ms)
    assert set(shown) == NEEDED
    text = json.dumps(shown)
    assert "secret of" not in text
    assert json.loads(text) == shown
    notices = shown["notices"]
    assert isinstance(notices, list)
    assert len(notices) == PAGE_NOTICES_MAX


def test_the_page_of_an_empty_room_has_every_part() -> None:
    assert set(page(Room().state, 0)) == NEEDED
