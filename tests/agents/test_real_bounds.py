"""Bounds in tokens and money hold in the middle of a session of a real agent CLI whose model is a script."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.agents.every_client import some
from tests.agents.stage import AS_EVERYWHERE
from tests.run.runs import Ground, Quiet, tasks

from coroom.agents.adapter import ModelApi
from coroom.agents.claude_code import ClaudeCode
from coroom.agents.codex import Codex
from coroom.agents.price import Price
from coroom.core.event import AgentSpent, Event
from coroom.host.rooms import Room
from coroom.run.outcome import Outcome
from coroom.run.run_limit import parse_limit
from coroom.run.session import Run
from coroom.run.worker import Cause
from coroom.run.workers import ProcessWorker
from coroom.testing import Call, ModelServer, Script, Turn

# The first test may have to wait until the clients are installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

ADAPTERS: dict[str, type[ClaudeCode] | type[Codex]] = {"claude": ClaudeCode, "codex": Codex}


@pytest.mark.parametrize("client", some("codex", "claude"))
async def test_a_session_is_stopped_under_way_when_its_tokens_come_to_the_money_there_is_and_that_is_noted(
    tmp_path: Path, clients_path: str, model: ModelServer, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    for name, value in {"PATH": clients_path, "HOME": str(tmp_path), **AS_EVERYWHERE}.items():
        monkeypatch.setenv(name, value)
    turn = Turn(calls=(Call("@shell", {"command": "true"}),), input_tokens=1_000, output_tokens=100)
    # The fourth answer never comes: only what was counted until then can end it.
    model.add("key", Script((turn, turn, turn, Turn(gate="never opened"))))
    worker = ProcessWorker(
        name="ann",
        adapter=ADAPTERS[client](),
        home=tmp_path / "home",
        api=ModelApi(model.url, "key"),
        search_path=clients_path,
        price=Price(into=100, out=1_000),
    )
    plan = replace(Ground.at(tmp_path).plan([worker], tasks("first thing")), limit=parse_limit("usd=0.3"))
    events: list[Event] = []

    def finish(room: Room, _outcome: Outcome) -> None:
        events.extend(room.host.events(0))

    outcome = await Run(plan, Quiet()).perform(finish)
    work = outcome.works["ann"]
    assert (outcome.limit, work.cause) == ("0.3 US dollars", Cause.LIMIT)
    assert work.input_tokens == 2_000 or work.input_tokens == 3_000
    assert work.cost_usd == pytest.approx(work.input_tokens * 2e-4)
    noted = [event.body for event in events if isinstance(event.body, AgentSpent)]
    assert sum(one.cost_micro_usd for one in noted) == pytest.approx(work.cost_usd * 1e6)
