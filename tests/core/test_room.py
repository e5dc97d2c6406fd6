import copy
from dataclasses import replace
from typing import cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.core.rooms import Room, held_edit, named
from tests.core.strategies import NAMES, of

from coroom.core import command as c
from coroom.core import room
from coroom.core.action import Effect
from coroom.core.agent import HOST, OPERATOR
from coroom.core.claim import COMPATIBLE, Mode
from coroom.core.codec import decode_body, decode_state, encode_body, encode_state
from coroom.core.errors import Code, Fault, Refused
from coroom.core.event import Answered, Event, RoomOpened
from coroom.core.evolve import evolve
from coroom.core.file import FileKind, HeldState
from coroom.core.limits import Limits
from coroom.core.notice import NoticeKind
from coroom.core.ordering.call import Judgement
from coroom.core.resource import Footprint, overlaps
from coroom.core.room import answered_before, decide, fingerprint_of, fold, number
from coroom.core.state import RoomState
from coroom.core.task import TaskState

TTL_MS = Limits().claim_ttl_ms_default
commands = cast("st.SearchStrategy[c.Command]", st.one_of([of(kind) for kind in get_args(c.Command)]))


@given(st.sampled_from(NAMES), commands, st.sampled_from(("", "op1", "o" * 70)), st.integers(-5, 2**40))
def test_decide_takes_any_command_of_anybody_in_an_empty_room(
    by: str, command: c.Command, operation: str, now_ms: int
) -> None:
    reply = decide(RoomState(), c.Submission(by, command, operation), now_ms).reply
    assert isinstance(reply, Refused) or isinstance(command, c.OpenRoom)


class AnyCommands(RuleBasedStateMachine):
    """Nobody in particular asks for anything at all, at any time; the room keeps its invariants."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room("ada", "bob", limits=Limits(inbox_notices_max=5, claims_per_agent_max=4, ended_kept_max=3))

    @initialize()
    def begin(self) -> None:
        self.room.post("dig", touches=("dir:src/",))
        self.room.post("fill")

    @rule(
        by=st.sampled_from(NAMES),
        command=commands,
        operation=st.sampled_from(("", "", "1", "2")),
        step_ms=st.sampled_from((-10_000, 0, 1, 50_000, TTL_MS)),
    )
    def anything(self, by: str, command: c.Command, operation: str, step_ms: int) -> None:
        self.room.now_ms += step_ms
        before = copy.copy(self.room.state)
        was = encode_state(before)
        reply = self.room.do(by, command, operation)
        assert encode_state(before) == was
        assert not isinstance(reply, Refused) or (reply.why and reply.next_step)

    @rule(
        by=st.sampled_from(("ada", "bob")),
        what=st.sampled_from(("a.py", "b.py")),
        do=st.sampled_from(("claim", "take", "finish", "return", "edit", "hold", "say", "read", "leave", "join")),
    )
    def something_sensible(self, by: str, what: str, do: str) -> None:
        room = self.room
        sensible: dict[str, c.Command] = {
            "claim": c.ClaimResources(resources=named(f"file:{what}")),
            "take": c.TakeTask(),
            "finish": c.FinishTask("done"),
            "return": c.ReturnTask("no"),
            "edit": room.edit_of(what, f"{room.state.seq}"),
            "hold": held_edit(what),
            "say": c.Say(kind=NoticeKind.NOTE, text="hm"),
            "read": c.MarkRead(tuple(n.id for n in room.state.inbox(by))),
            "leave": c.Leave(by),
            "join": c.Join(agent=by, secret_hash=f"{by} again"),
        }
        room.do(HOST if do == "join" else by, sensible[do])

    @invariant()
    def claims_never_clash(self) -> None:
        claims = list(self.room.state.claims.values())
        for one in claims:
            for other in claims:
                if one.holder != other.holder and (one.mode, other.mode) not in COMPATIBLE:
                    assert not any(overlaps(a, b) for a in one.resources for b in other.resources)
        assert len({claim.fence for claim in claims}) == len(claims)
        assert all(claim.fence <= self.room.state.fence for claim in claims)
        assert all(claim.resources for claim in claims)

    @invariant()
    def tasks_and_their_holders_agree(self) -> None:
        state = self.room.state
        for task in state.tasks.values():
            assert (task.holder is not None) == (task.state in {TaskState.TAKEN, TaskState.DONE})
            if task.state is TaskState.TAKEN:
                assert task.holder is not None
                assert task.claim is not None
                assert state.agents[task.holder].task == task.id
                assert state.claims[task.claim].holder == task.holder
        for agent in state.agents.values():
            assert agent.task is None or state.tasks[agent.task].holder == agent.name

    @invariant()
    def inboxes_are_bounded_and_point_to_letters(self) -> None:
        state = self.room.state
        unread = {name for inbox in state.inboxes.values() for name in inbox}
        assert unread == set(state.letters)
        assert all(len(inbox) <= state.limits.inbox_notices_max for inbox in state.inboxes.values())
        assert len([h for h in state.held.values() if h.state is not HeldState.OPEN]) <= 3

    @invariant()
    def notices_have_one_name_each(self) -> None:
        ids = [notice.id for notice in self.room.state.notices]
        assert len(ids) == len(set(ids))

    def teardown(self) -> None:
        state = RoomState()
        for event in self.room.log:
            body = decode_body(event.body.kind, encode_body(event.body))
            state = evolve(state, Event(event.seq, event.at_ms, event.by, body))
        assert encode_state(state) == encode_state(self.room.state)
        assert [event.seq for event in self.room.log] == list(range(1, len(self.room.log) + 1))


TestAnyCommands = AnyCommands.TestCase
TestAnyCommands.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_the_same_operation_gets_the_same_answer_and_changes_nothing() -> None:
    room = Room("ada", "bob")
    first = room.ok("ada", c.ClaimResources(resources=named("file:a.py")), c.Granted, operation="o1")
    assert isinstance(room.last[-1].body, Answered)
    room.ok("ada", c.Release(), c.Ok)
    assert room.ok("ada", c.ClaimResources(resources=named("file:a.py")), c.Granted, operation="o1") == first
    assert room.last == ()
    assert room.state.claims_of("ada") == ()
    other = room.ok("bob", c.ClaimResources(resources=named("file:a.py")), c.Granted, operation="o1")
    assert other != first


@pytest.mark.promise("call:once")
def test_who_comes_again_is_answered_the_same_save_for_what_it_was_only_lent() -> None:
    room = Room("ada", "bob")
    said = room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="hello"), c.Ok, operation="o1")
    asked = c.ClaimResources(resources=named("file:a.py"))
    room.ok("ada", asked, c.Granted, operation="o2")
    room.do(HOST, c.Leave(agent="ada"))
    room.do(HOST, c.Join(agent="ada", secret_hash="other"))
    assert room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="hello"), c.Ok, operation="o1") == said
    assert room.last == ()
    room.claim("bob", "file:a.py")
    room.refused("ada", asked, Code.CLAIMED, operation="o2")


def test_an_operation_id_that_comes_again_with_another_call_is_refused() -> None:
    room = Room("ada")
    room.ok("ada", c.ClaimResources(resources=named("file:a.py")), c.Granted, operation="1")
    refused = room.refused("ada", c.ClaimResources(resources=named("file:b.py")), Code.BAD_INPUT, operation="1")
    assert "fresh id" in refused.next_step
    room.refused("ada", c.Say(kind=NoticeKind.NOTE, text="hello"), Code.BAD_INPUT, operation="1")
    assert [str(r) for claim in room.state.claims_of("ada") for r in claim.resources] == ["file:a.py"]


def test_a_command_of_many_words_is_not_kept_to_know_it_again() -> None:
    fingerprint_of(c.Release())
    kept = dict(room._FINGERPRINTS)
    fingerprint_of(c.ReturnTask(note="word " * 1_000))
    assert kept == room._FINGERPRINTS


def test_a_repeated_edit_is_the_same_call_though_its_text_was_made_anew_and_one_of_another_file_is_not() -> None:
    room = Room("ada")
    first = room.ok("ada", room.edit_of("a.py", "blob"), c.Accepted, operation="1")
    assert room.ok("ada", room.edit_of("a.py", "other"), c.Accepted, operation="1") == first
    room.refused("ada", room.edit_of("b.py", "blob"), Code.BAD_INPUT, operation="1")


def test_answers_that_an_earlier_version_stored_without_what_was_asked_are_still_given() -> None:
    room = Room("ada")
    first = room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="one"), c.Ok, operation="1")
    told = next(event.body for event in room.log if isinstance(event.body, Answered))
    text = encode_body(told)
    old = decode_body("answered", text.replace(f'"asked":"{told.asked}",', ""))
    assert isinstance(old, Answered)
    assert not old.asked
    room.store("ada", replace(old, operation="2"))
    snapshot = encode_state(room.state).decode().replace(f',"{told.asked}"]', "]").replace(',""]', "]")
    room.state = decode_state(snapshot.encode())
    assert room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="two"), c.Ok, operation="2") == first
    assert room.ok("ada", c.Say(kind=NoticeKind.NOTE, text="two"), c.Ok, operation="1") == first


def test_a_refused_operation_may_be_tried_again() -> None:
    room = Room("ada", "bob")
    room.claim("bob", "file:a.py")
    asked = c.ClaimResources(resources=named("file:a.py"))
    room.refused("ada", asked, Code.CLAIMED, operation="o1")
    room.do("bob", c.Release())
    room.ok("ada", asked, c.Granted, operation="o1")


@pytest.mark.promise("room:bounded")
def test_so_many_operations_are_remembered_and_their_names_are_short() -> None:
    room = Room("ada", limits=Limits(operations_per_agent_max=2))
    for operation in ("o1", "o2", "o3"):
        room.ok("ada", c.Say(kind=NoticeKind.NOTE, text=operation), c.Ok, operation=operation)
    assert [known[0] for known in room.state.operations["ada"]] == ["o2", "o3"]
    room.refused("ada", c.Say(kind=NoticeKind.NOTE, text="x"), Code.LIMIT, operation="o" * 65)


def test_who_never_joined_has_nothing_to_judge() -> None:
    room = Room("ada")
    room.refused("zed", c.JudgeNotices((), Judgement.CANNOT), Code.UNKNOWN_AGENT)
    assert room.last == ()


def test_nothing_happens_before_the_room_is_open() -> None:
    room = Room()
    room.state = RoomState()
    room.refused(HOST, c.Join(agent="ada", secret_hash="s"), Code.NOT_FOUND)
    assert room.last == ()


@pytest.mark.parametrize(
    "command",
    [
        c.OpenRoom(room="", policy="open"),
        c.OpenRoom(room="two words", policy="open"),
        c.OpenRoom(room="r", policy="open", limits=Limits(inbox_notices_max=0)),
    ],
)
def test_a_room_of_nonsense_is_not_opened(command: c.OpenRoom) -> None:
    room = Room()
    room.state = RoomState()
    room.refused(OPERATOR, command, Code.BAD_INPUT)


def test_opening_an_open_room_changes_nothing() -> None:
    room = Room()
    room.ok(OPERATOR, c.OpenRoom(room="other", policy="serial"), c.Ok)
    assert room.last == ()
    assert room.state.room == "r"


def test_only_those_who_may_open_and_close_a_room_do() -> None:
    room = Room("ada")
    room.refused("ada", c.OpenRoom(room="r", policy="open"), Code.FORBIDDEN)
    room.refused("ada", c.CloseRoom("bored"), Code.FORBIDDEN)


def test_in_a_closed_room_time_stands_still_and_leases_start_anew_when_it_opens() -> None:
    room = Room("ada", "bob")
    task = room.post("dig")
    room.ok("ada", c.TakeTask(), c.Taken)
    granted = room.claim("ada", "file:a.py")
    started = room.ok("ada", c.StartAction(tool="x", footprint=Footprint(), effect=Effect.BLIND), c.Started)
    room.ok(OPERATOR, c.CloseRoom("night"), c.Ok)
    room.now_ms += 10 * TTL_MS
    room.refused("ada", c.Release(), Code.ROOM_CLOSED)
    room.refused(HOST, c.Tick(), Code.ROOM_CLOSED)
    assert room.last == ()
    room.ok(HOST, c.FinishAction(action=started.action, ending="finished"), c.Ok)
    room.ok("ada", c.MarkRead(()), c.Ok)
    room.ok(OPERATOR, c.OpenRoom(room="r", policy="open"), c.Ok)
    assert room.state.claims[granted.claim].deadline_ms == room.now_ms + TTL_MS
    assert room.state.tasks[task].holder == "ada"
    room.refused("bob", c.ClaimResources(resources=named("file:a.py")), Code.CLAIMED)
    room.ok("ada", c.FinishTask(), c.Ok)


def test_a_clock_that_goes_back_does_not_lengthen_or_end_a_lease() -> None:
    room = Room("ada", "bob")
    granted = room.claim("ada", "file:a.py")
    room.now_ms += 10_000
    room.ok("bob", c.Say(kind=NoticeKind.NOTE, text="x"), c.Ok)
    latest_ms = room.state.now_ms
    room.now_ms -= 9_000_000
    room.ok("bob", c.Say(kind=NoticeKind.NOTE, text="y"), c.Ok)
    assert room.last[0].at_ms == latest_ms == room.state.now_ms
    assert room.state.claims[granted.claim].deadline_ms == granted.deadline_ms
    room.refused("bob", c.ClaimResources(resources=named("file:a.py")), Code.CLAIMED)


def test_a_room_of_a_policy_that_this_version_lacks_is_refused_not_guessed() -> None:
    room = Room("ada")
    room.store(OPERATOR, RoomOpened(room="r", policy="of-the-future", limits=Limits()))
    room.refused("ada", c.Release(), Code.BAD_INPUT)


def test_events_are_numbered_on_and_folded_in_order() -> None:
    room = Room("ada")
    bodies = decide(room.state, c.Submission("ada", room.edit_of("a.py", "x")), room.now_ms).events
    events = number(room.state, bodies, room.now_ms - 500, "ada")
    assert [event.seq for event in events] == [room.state.seq + 1 + i for i in range(len(bodies))]
    assert {event.at_ms for event in events} == {room.state.now_ms}
    assert fold(room.state, bodies, room.now_ms, "ada").head("a.py") is not None


def test_a_path_of_any_characters_is_a_path() -> None:
    room = Room("ada")
    path = "od\ud800d/\udcff/é\U0001f600"
    edit = c.AcceptEdit(path=path, kind=FileKind.TEXT, blob="x", written="x", expected=0, touched=())
    room.ok("ada", edit, c.Accepted)
    assert room.state.head(path) is not None


def test_a_refusal_reads_as_both_its_sentences_and_a_fault_is_no_refusal() -> None:
    assert str(Refused(Code.WAIT, "Not yet.", "Wait.")) == "Not yet. Wait."
    assert issubclass(Fault, Exception)
    assert Mode("shared") is Mode.SHARED


@pytest.mark.promise("call:once")
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(("answered", "look", "again", "fork"))), max_size=40))
def test_whether_an_operation_was_answered_is_known_whenever_it_is_looked_up(steps: list[tuple[int, str]]) -> None:
    room = Room("ada", limits=Limits(operations_per_agent_max=3))
    state = other = room.state
    for number_, what in steps:
        answer = Answered(agent="ada", operation=f"o{number_}", reply='["Ok",{"id":""}]', asked="f")
        match what:
            case "answered":
                state = fold(state, (answer,), state.now_ms, "ada")
            case "again":
                state = fold(state, (answer, replace(answer, operation="x")), state.now_ms, "ada")
            case "fork":
                state, other = other, state
            case _:
                kept = {known[0] for known in state.operations.get("ada", ())}
                named_ = {f"o{one}" for one in range(10)} | {"x"}
                assert kept <= {name for name in named_ if state.has_asked("ada", name)}
                assert kept == {name for name in named_ if answered_before(state, "ada", name) is not None}
