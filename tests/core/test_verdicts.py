"""What an agent makes of a notice is checked: a repair has happened; what nobody can judge comes before a person."""

import pytest
from tests.core.test_gates import Place

from coroom.core import command as c
from coroom.core.action import Effect
from coroom.core.agent import HOST
from coroom.core.errors import Code, Refused
from coroom.core.notice import NoticeKind
from coroom.core.ordering.call import Judgement
from coroom.core.resource import Footprint
from coroom.core.view import needs_operator
from coroom.host.calls.carry import Called, Store
from coroom.simulate.schedule.objects import resource_of


def told() -> Place:
    place = Place(ada="", bob="")
    place.read("bob", "x")
    place.write("bob", y=1)
    place.write("ada", x=5)
    return place


def verdict(place: Place, agent: str, judgement: Judgement) -> c.Good | Refused:
    mine = tuple(n.id for n in place.room.state.order.notices.values() if n.agent == agent)
    place.room.submit(agent, c.HandNotices(agent))
    return place.room.run(lambda: place.room.carrier.judge(agent, mine, judgement))


@pytest.mark.parametrize("judgement", [Judgement.REPAIRED, Judgement.RETRACTED])
def test_who_says_that_it_put_something_right_and_did_nothing_is_refused_until_it_has(judgement: Judgement) -> None:
    place = told()
    refused = verdict(place, "bob", judgement)
    assert isinstance(refused, Refused)
    assert refused.code is Code.JUDGE
    assert place.room.state.order.notices
    place.write("bob", y=6)
    assert not isinstance(verdict(place, "bob", judgement), Refused)
    assert not place.room.state.order.notices


def test_what_was_done_before_the_agent_was_told_is_no_repair() -> None:
    place = told()
    place.write("bob", y=6)
    assert isinstance(verdict(place, "bob", Judgement.REPAIRED), Refused)
    assert not isinstance(verdict(place, "bob", Judgement.NO_EFFECT), Refused)


def test_to_start_or_give_up_somebody_is_a_repair() -> None:
    place = told()
    place.room.submit("bob", c.HandNotices("bob"))
    place.join("kid", parent="bob")
    assert not isinstance(verdict(place, "bob", Judgement.REPAIRED), Refused)
    place.write("ada", x=7)
    place.room.submit("bob", c.HandNotices("bob"))
    place.room.submit(HOST, c.Abandon("kid", "bob gave it up"))
    assert not isinstance(verdict(place, "bob", Judgement.REPAIRED), Refused)


def test_what_nobody_can_judge_comes_before_the_operator_and_is_said_to_those_it_concerns() -> None:
    place = told()
    place.join("cyd")
    place.join("dan")
    place.read("cyd", "y")
    place.read("dan", "far")
    assert not isinstance(verdict(place, "bob", Judgement.CANNOT), Refused)
    assert place.objects.values["y"] == 0
    state = place.room.state
    (need,) = [need for need in needs_operator(state, state.now_ms) if need.kind == "question"]
    assert need.agent == "bob"
    assert "could not judge" in need.text
    assert "key:x (it was 0, now 5)" in need.text
    said = [n for n in state.inbox("cyd") if n.kind is NoticeKind.NOTE]
    assert "taken back" in said[0].text
    assert not [n for n in state.inbox("dan") if n.kind is NoticeKind.NOTE]
    place.room.submit("operator", c.Say(kind=NoticeKind.ANSWER, text="leave it", to="bob", about=need.id))
    state = place.room.state
    assert not [one for one in needs_operator(state, state.now_ms) if one.kind == "question"]


def test_nobody_is_given_up_while_a_call_of_it_is_undone_for_the_sake_of_another() -> None:
    place = Place(ada="", bob="")
    place.write("bob", x=2)
    placed = place.room.submit(
        "ada",
        c.PlaceCall(
            tool="write",
            arguments='{"x":1}',
            footprint=Footprint(writes=(resource_of("x"),)),
            effect=Effect.BLIND,
        ),
    )
    assert isinstance(placed, c.Placed)
    steps = place.room.carrier.drive(placed.repair)
    request = next(steps)
    while not isinstance(request, Store):
        request = steps.send(request.work())
    place.room.submit(request.by, request.command)
    gone = place.room.submit(HOST, c.Abandon("bob", "it died"))
    assert isinstance(gone, Refused)
    assert gone.code is Code.WAIT
    place.room.run(place.room.carrier.recover)
    place.room.run(lambda: place.room.carrier.abandon("bob", "it died"))
    assert place.objects.values["x"] == 1


@pytest.mark.parametrize("policy", ["preorder", "serial", "locking", "optimistic"])
def test_a_late_call_of_somebody_given_up_is_refused_also_once_that_is_final(policy: str) -> None:
    place = Place(policy, ada="")
    place.write("ada", x=5)
    place.room.run(lambda: place.room.carrier.abandon("ada", "it died"))
    assert "ada" in place.room.state.order.committed
    late = place.write("ada", x=7)
    assert isinstance(late, Refused)
    assert late.code is Code.RESTARTED
    assert place.objects.values["x"] == 0
    place.join("ada")
    assert isinstance(place.write("ada", x=7), Called)
