"""Calls that cannot be taken back: for whom they wait, and who may act below them once they have acted."""

import pytest

from coroom.core import command as c
from coroom.core.agent import HOST
from coroom.core.errors import Code, Refused
from coroom.core.ordering.call import Judgement
from coroom.host.calls.carry import Called, Gated, Outcome
from coroom.simulate.schedule.objects import Objects, canonical, resource_of, tools_on
from coroom.simulate.schedule.room import ScheduleRoom


class Place:
    """A room of agents in rank order; who has a scope touches nothing else."""

    def __init__(self, policy: str = "preorder", /, **scopes: str) -> None:
        self.objects = Objects({"x": 0, "y": 0, "far": 0})
        self.room = ScheduleRoom(policy, tools_on(self.objects))
        for name, scope in scopes.items():
            self.join(name, scope)

    def join(self, name: str, scope: str = "", parent: str | None = None) -> None:
        own = tuple(resource_of(one) for one in scope.split())
        reply = self.room.submit(HOST, c.Join(agent=name, secret_hash=name, parent=parent, scope=own))
        assert isinstance(reply, c.Joined), reply

    def read(self, agent: str, name: str) -> None:
        assert isinstance(self._call(agent, "read", {"object": name}), Called)

    def write(self, agent: str, **values: int) -> Outcome:
        return self._call(agent, "write", values)

    def send(self, agent: str, value: int = 1) -> Outcome:
        return self._call(agent, "send", {"by": agent, "values": {"mail": value}})

    def done(self, *agents: str) -> None:
        for agent in agents:
            reply = self.room.run(lambda agent=agent: self.room.carrier.conclude(agent))  # type: ignore[misc]
            assert not isinstance(reply, Refused), reply

    def judge(self, agent: str, verdict: Judgement) -> None:
        mine = tuple(n.id for n in self.room.state.order.notices.values() if n.agent == agent)
        self.room.submit(agent, c.HandNotices(agent))
        assert not isinstance(self.room.run(lambda: self.room.carrier.judge(agent, mine, verdict)), Refused)

    def _call(self, agent: str, tool: str, values: object) -> Outcome:
        return self.room.run(lambda: self.room.carrier.call(agent, tool, canonical(values)))


@pytest.mark.promise("run:serializable")
def test_who_was_done_does_not_write_unasked_below_what_was_sent_because_it_was_done() -> None:
    place = Place(zoe="far", ada="", bob="")
    place.write("ada", x=1)
    place.done("ada")
    place.read("bob", "x")
    place.send("bob", 1)
    assert place.objects.sent == [("bob", "mail", 1)]
    again = place.write("ada", x=2)
    assert isinstance(again, Refused)
    assert again.code is Code.WAIT
    assert "bob" in again.why
    assert place.objects.values["x"] == 1
    place.done("bob", "zoe")
    late = place.write("ada", x=2)
    assert isinstance(late, Called)
    assert late.position[0] > place.room.state.agents["bob"].rank[0]


def test_who_was_done_does_not_take_its_calls_back_below_what_was_sent_because_it_was_done() -> None:
    place = Place(zoe="far", ada="", bob="")
    written = place.write("ada", x=1)
    place.done("ada")
    place.send("bob")
    assert isinstance(written, Called)
    taken = place.room.run(lambda: place.room.carrier.retract("ada", (written.call,)))
    assert isinstance(taken, Refused)
    assert place.objects.values["x"] == 1


def test_who_was_done_acts_again_unasked_where_nothing_was_sent_above() -> None:
    place = Place(zoe="far", ada="", bob="")
    place.done("ada")
    assert isinstance(place.write("ada", x=2), Called)


@pytest.mark.promise("run:serializable")
def test_a_gate_waits_for_whoever_can_make_others_judge_again_who_then_change_what_it_rests_on() -> None:
    place = Place(zoe="y", ada="", bob="")
    place.read("ada", "y")
    place.write("ada", x=1)
    place.done("ada")
    place.read("bob", "x")
    assert isinstance(place.send("bob"), Gated)
    assert place.objects.sent == []
    place.write("zoe", y=5)
    place.done("zoe")
    assert place.objects.sent == []
    place.judge("ada", Judgement.NO_EFFECT)
    place.done("ada")
    assert place.objects.sent == [("bob", "mail", 1)]


def test_a_gate_does_not_wait_for_who_can_only_wake_agents_that_are_apart_from_it() -> None:
    place = Place(zoe="y", ada="y far", bob="")
    place.read("ada", "y")
    place.done("ada")
    place.read("bob", "x")
    place.send("bob")
    assert place.objects.sent == [("bob", "mail", 1)]


@pytest.mark.promise("run:serializable")
def test_the_gate_of_a_child_waits_for_who_can_change_what_its_parent_read_before_it_was_started() -> None:
    place = Place(zoe="y", ada="")
    place.read("ada", "y")
    place.join("kid", parent="ada")
    assert isinstance(place.send("kid"), Gated)
    place.write("zoe", y=5)
    place.done("zoe")
    assert place.objects.sent == []
    place.judge("ada", Judgement.NO_EFFECT)
    assert place.objects.sent == [("kid", "mail", 1)]


def test_nobody_comes_in_below_what_was_sent_who_could_wake_those_it_rests_on() -> None:
    place = Place(zoe="far", ada="", bob="")
    place.read("ada", "y")
    place.write("ada", x=1)
    place.join("early", "far")
    place.done("ada", "early")
    place.read("bob", "x")
    place.send("bob")
    assert place.objects.sent == [("bob", "mail", 1)]
    for scope, comes in (("y", False), ("far", True)):
        own = tuple(resource_of(one) for one in scope.split())
        joined = place.room.submit(HOST, c.Join(agent=f"on-{scope}", secret_hash=scope, parent="zoe", scope=own))
        assert isinstance(joined, c.Joined) is comes
