"""What happened to calls in order, in plain sentences."""

from typing import assert_never

from coroom.core import event as e
from coroom.core.event.calls import CallBody
from coroom.core.ordering.position import Position
from coroom.core.ordering.premises import UNSEEN


def of_calls(body: CallBody) -> str:
    """One plain sentence."""
    match body:
        case e.CallRead() | e.CallPlaced() | e.CallStarted() | e.CallFinished() | e.CallFailed():
            return _acting(body)
        case e.CallUndone(call=call, fate="undone"):
            return f"{call} was undone, to be put back."
        case e.CallUndone(call=call, fate=fate):
            return f"{call} was undone and {fate}."
        case e.RepairBegun(agent=agent, steps=steps):
            return f"For {agent}: {', '.join(f'{s.kind.value} {s.call}' for s in steps)}."
        case e.LookTaken(repair=repair):
            return f"The look of {repair} is over."
        case e.CallFenced(call=call, resources=resources, why=why):
            return f"{call} is fenced, with {', '.join(map(str, resources))}: {why}."
        case e.FenceLifted(call=call, by=by):
            return f"{by} lifted the fence of {call}."
        case e.OrderNoticed() | e.OrderNoticesWithdrawn() | e.OrderNoticesHanded() | e.OrderNoticesJudged():
            return _judging(body)
        case e.CallWaits(agent=agent, on=on):
            return f"{agent} waits for {', '.join(on)}." if on else f"{agent} waits no longer."
        case e.AgentConcluded() | e.AgentRestarted() | e.AgentAbandoned() | e.AgentRanked() | e.OrderCommitted():
            return _standing(body)
    assert_never(body)


def _acting(body: e.CallRead | e.CallPlaced | e.CallStarted | e.CallFinished | e.CallFailed) -> str:
    match body:
        case e.CallRead(call=call, agent=agent, tool=tool, position=position, result=result):
            return f"{agent} read with {tool} ({call} at {_place(position)}): {_short(result)}."
        case e.CallPlaced(call=call, agent=agent, tool=tool, position=position, gated=gated, arguments=arguments):
            held = ", gated" if gated else ""
            return f"{agent} called {tool} ({call} at {_place(position)}{held}) with {_short(arguments)}."
        case e.CallStarted(call=call, attempt=attempt):
            return f"{call} acts{'' if attempt <= 1 else f', for the {attempt}. time'}."
        case e.CallFinished(call=call, result=result):
            return f"{call} gave {_short(result)}."
        case e.CallFailed(call=call, why=why):
            return f"{call} acted on nothing: {_short(why)}."
    assert_never(body)


def _judging(
    body: e.OrderNoticed | e.OrderNoticesWithdrawn | e.OrderNoticesHanded | e.OrderNoticesJudged,
) -> str:
    match body:
        case e.OrderNoticed(notice=notice, agent=agent, call=call, resource=resource, cause=cause, value=value):
            now = f", now {_short(value)}" if value != UNSEEN else ""
            return f"{agent} must judge {call} again ({notice}, {cause.value}): {resource or 'its result'}{now}."
        case e.OrderNoticesWithdrawn(notices=notices):
            return f"{', '.join(notices)} need not be judged: the value returned."
        case e.OrderNoticesHanded(agent=agent, notices=notices):
            return f"{agent} has {', '.join(notices)}."
        case e.OrderNoticesJudged(agent=agent, notices=notices, verdict=verdict):
            return f"{agent} judged {', '.join(notices)}: {verdict.value}."
    assert_never(body)


def _standing(
    body: e.AgentConcluded | e.AgentRestarted | e.AgentAbandoned | e.AgentRanked | e.OrderCommitted,
) -> str:
    match body:
        case e.AgentConcluded(agent=agent, report=report):
            return f"{agent} is done{f': {_short(report)}' if report else ''}."
        case e.AgentRestarted(agent=agent, why=why):
            return f"{agent} begins again: {why}."
        case e.AgentAbandoned(agent=agent, why=why):
            return f"{agent} was given up{f': {why}' if why else ''}."
        case e.AgentRanked(agent=agent, rank=rank):
            return f"{agent} has the rank {_place(rank)} from here on."
        case e.OrderCommitted(agents=agents):
            return f"What {', '.join(agents) or 'they'} did is final."
    assert_never(body)


def _place(position: Position) -> str:
    return ".".join(map(str, position))


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
