"""What an agent that judges rightly does with what it is told."""

from coroom.core.codec import Json
from coroom.core.errors import Code, Refused
from coroom.core.ordering.call import Judgement, NoticeCause, OrderNotice
from coroom.host.calls.carry import Called
from coroom.simulate.schedule.actor import Actor, Answer, Ask, Heard, Tally, Work
from coroom.simulate.schedule.objects import Objects, resource_of
from coroom.simulate.schedule.script import schedule_of

PROGRAM: list[Json] = [{"read": "x", "as": "v"}, {"write": {"y": "v + 1"}}]
NOTHING = Heard(())


def an_actor() -> Actor:
    ada: Json = {"name": "ada", "rank": 1, "program": PROGRAM}
    told: dict[str, Json] = {"id": "s", "objects": {"x": 0, "y": 0}, "agents": [ada]}
    actor = Actor(schedule_of(told).agents[0], Objects({"x": 0, "y": 0}), Tally())
    for number in (1, 2):
        play(actor.take_step(), NOTHING, Called(f"c{number}", (1, number), "0"))
    return actor


def play(work: Work[object], *answers: Answer) -> list[Ask]:
    """What it asks, when it is answered so; what it asks after that is the last."""
    asked = [next(work)]
    for answer in answers:
        try:
            asked.append(work.send(answer))
        except StopIteration:
            break
    return asked


def changed(value: str) -> Heard:
    notice = OrderNotice(
        id="n1",
        agent="ada",
        call="c1",
        resource=resource_of("x"),
        cause=NoticeCause.CHANGED,
        held="0",
        value=value,
        handed=True,
    )
    return Heard((notice,))


def test_it_says_that_it_has_put_something_right_only_once_it_has() -> None:
    judge_first = Refused(Code.JUDGE, "something else has changed", "judge that")
    asked = play(an_actor().hear(), changed("4"), judge_first, changed("6"), Called("c3", (1, 2), ""))
    assert [ask.what for ask in asked] == ["hear", "call", "hear", "call", "judge"]
    assert [ask.arguments for ask in asked if ask.what == "call"] == ['{"y":5}', '{"y":7}']
    assert asked[-1].verdict is Judgement.REPAIRED


def test_it_reads_again_what_is_not_known_any_more() -> None:
    asked = play(an_actor().hear(), changed(""), Called("c3", (1, 1), "7"), Called("c4", (1, 2), ""))
    assert [ask.tool for ask in asked] == ["", "read", "write", ""]
    assert asked[2].arguments == '{"y":8}'
