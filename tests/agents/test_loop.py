"""The built-in agent, with the providers' real SDKs against a scripted model, in a real room."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.run.runs import Does, Ground, perform, tasks

from coroom.agents.adapter import ModelApi
from coroom.agents.budget import parse_budget
from coroom.agents.builtin import Builtin, unready
from coroom.agents.loop import model_of, session
from coroom.agents.models.model import ModelError, Told, ToolSpec
from coroom.agents.room_client import RoomClient
from coroom.evaluate.real.attempt import who_failed
from coroom.run.summary import as_json
from coroom.run.worker import Cause, Desk
from coroom.run.workers import ProcessWorker
from coroom.testing import ApiError, Call, ModelServer, Script, Turn

MODELS = ["anthropic:claude-scripted", "openai:gpt-scripted"]
LIGHT = MODELS[1]
"""For what is not about the model: the SDK of the other takes a second longer to import."""
FILES = {"a.txt": b"one\ntwo\nthree\n", "sub/b.txt": b"other\n"}
SECRET = "key-of-the-script"
ENDLESS = Script(tuple(Turn(calls=(Call("task", {"do": "next"}),)) for _ in range(50)))


def worker(home: Path, server: ModelServer, model: str, budget: str = "") -> ProcessWorker:
    api = ModelApi(server.url, SECRET)
    return ProcessWorker(name="built", adapter=Builtin(budget), home=home, model=model, api=api)


@pytest.mark.parametrize("model", MODELS)
async def test_the_built_in_agent_takes_a_task_works_with_its_tools_and_finishes_it(tmp_path: Path, model: str) -> None:
    ground = Ground.at(tmp_path, FILES)
    shell = {"command": "echo token=[$COROOM_TOKEN] key=[$ANTHROPIC_API_KEY$OPENAI_API_KEY]; cat a.txt; exit 7"}
    script = Script(
        (
            Turn(
                text="I begin.",
                calls=(Call("sync"), Call("task", {"do": "next"})),
                expect="You are built, one of several agents",
            ),
            Turn(calls=(Call("list_files", {}), Call("search", {"pattern": "^tw", "path": "."})), expect="t1 is yours"),
            Turn(calls=(Call("read_file", {"path": "a.txt"}),), expect=r"(?=.*sub/b\.txt)(?=.*a\.txt:2:two)"),
            Turn(calls=(Call("edit_file", {"path": "a.txt", "old": "two", "new": "TWO"}),), expect="three"),
            Turn(calls=(Call("edit_file", {"path": "a.txt", "old": "two", "new": "2"}),), expect="a.txt is changed"),
            Turn(calls=(Call("write_file", {"path": "new/c.txt", "text": "made\n"}),), expect="old occurs 0 times"),
            Turn(calls=(Call("delete_file", {"path": "sub/b.txt"}),), expect="new/c.txt is written"),
            Turn(calls=(Call("read_file", {"path": "../../outside"}),), expect="sub/b.txt is deleted"),
            Turn(calls=(Call("shell", shell),), expect=r"outside' cannot be"),
            Turn(
                calls=(Call("task", {"do": "done", "summary": "two is TWO"}),),
                expect=r"token=\[\] key=\[\].*TWO.*exit code 7",
            ),
            Turn(text="All is done.", expect="Well done"),
        )
    )
    with ModelServer({SECRET: script}) as server:
        ended = await perform(ground.plan([worker(tmp_path / "home", server, model)], tasks("write two in capitals")))
        assert server.failures() == ()
        offered = {tool.name for tool in server.received(SECRET)[0].conversation.tools}
    assert ended.outcome.ok, ended.outcome
    assert ground.landed("a.txt") == "one\nTWO\nthree\n"
    assert ground.landed("new/c.txt") == "made\n"
    assert "sub/b.txt" not in ground.repository.git.run("ls-tree", "-r", "--name-only", "coroom/run").out.decode()
    assert {"claim", "say", "answer", "read_file", "shell"} <= offered
    assert not {"read", "edit"} & offered
    work = ended.outcome.works["built"]
    assert work.input_tokens > work.output_tokens > 0
    said = (tmp_path / "home/logs/session-1.out").read_text()
    assert SECRET not in said
    assert json.loads(said.splitlines()[-1]) == {"final": True}


async def test_a_write_to_what_another_holds_is_refused_and_news_keeps_the_session_open(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, FILES)
    script = Script(
        (
            Turn(calls=(Call("task", {"do": "next"}),), gate="held"),
            Turn(calls=(Call("write_file", {"path": "a.txt", "text": "mine\n"}),), expect="t1 is yours"),
            Turn(calls=(Call("shell", {"command": "cat a.txt"}),), expect="Refused: Somebody else holds that"),
            Turn(text="I stop.", gate="said", expect="one\ntwo\nthree"),
            Turn(calls=(Call("task", {"do": "done", "summary": "left it"}),), expect="Please finish"),
            Turn(text="Now I stop."),
        )
    )
    with ModelServer({SECRET: script}) as server:

        async def holds_and_speaks_at_the_end(_desk: Desk, client: RoomClient) -> None:
            assert not (await client.call("claim", {"resources": ["file:a.txt"]})).refused
            server.open("held")
            assert await asyncio.to_thread(server.wait_until_asked, SECRET, 3, within_s=30)
            said = {"kind": "note", "text": "Please finish your task.", "to": "built"}
            assert not (await client.call("say", said)).refused
            server.open("said")
            assert await asyncio.to_thread(server.wait_until_asked, SECRET, 5, within_s=30)

        other = Does("other", holds_and_speaks_at_the_end)
        plan = ground.plan([other, worker(tmp_path / "home", server, LIGHT)], tasks("first thing"))
        ended = await perform(plan)
        assert server.failures() == ()
    assert ended.outcome.ok, ended.outcome
    assert ground.repository.git.run("show", "main:a.txt").out == FILES["a.txt"]
    assert ended.outcome.landing is not None
    assert ended.outcome.landing.text.startswith("Nothing to land")


async def test_a_session_ends_when_its_budget_is_used_up_and_its_task_goes_back(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, FILES)
    budget = "usd=0.000001,price=3/15"
    with ModelServer({SECRET: ENDLESS}) as server:
        ended = await perform(ground.plan([worker(tmp_path / "home", server, LIGHT, budget)], tasks("first thing")))
    assert "US dollars is used up" in ended.outcome.works["built"].error
    assert ended.outcome.works["built"].cause is Cause.LIMIT
    assert who_failed(as_json(ended.summary)) == ""
    assert ended.outcome.left == ("t1",)
    assert ended.outcome.works["built"].cost_usd > 0


@pytest.mark.parametrize(
    ("budget", "why"),
    [("turns=2", "the budget of 2 turns is used up"), ("tokens=1", "the budget of 1 tokens is used up")],
)
async def test_without_a_price_it_is_turns_or_tokens_that_are_used_up_and_nothing_is_said_to_have_cost_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: str, why: str
) -> None:
    ground, told, last = Ground.at(tmp_path, FILES), list[Mapping[str, Any]](), list[Mapping[str, Any]]()
    with ModelServer({SECRET: ENDLESS}) as server:

        async def is_the_loop(desk: Desk, _client: RoomClient) -> None:
            monkeypatch.chdir(desk.seat.directory)
            here = {"COROOM_URL": desk.url, "COROOM_TOKEN": desk.seat.token}
            model = {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": SECRET}
            for name, value in (here | model).items():
                monkeypatch.setenv(name, value)
            last.append(await session(LIGHT, parse_budget(budget), "Take a task.", told.append))

        ended = await perform(ground.plan([Does("built", is_the_loop)], tasks("first thing")))
    assert last == [{"error": last[0]["error"], "limited": True}]
    assert why in last[0]["error"]
    assert {turn["cost_usd"] for turn in told} == {0}
    assert ended.outcome.left == ("t1",)


async def test_a_wrong_key_ends_the_session_as_a_failure_that_is_not_the_agent_s(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, FILES)
    with ModelServer({}, unknown=401) as server:
        ended = await perform(ground.plan([worker(tmp_path / "home", server, MODELS[0])], tasks("first thing")))
    work = ended.outcome.works["built"]
    assert "claude-scripted did not answer: Error code: 401" in work.error
    assert work.cause is Cause.INFRASTRUCTURE
    assert who_failed(as_json(ended.summary)) == f"built: {work.error}"


REFUSES = Turn(refuses="I will not do that.")
LIMITED = Turn(error=ApiError(status=429, times=99, retry_after_s=0.001))
OVERLOADED = Turn(error=ApiError(status=529, times=99, retry_after_s=0.001))


@pytest.mark.parametrize(
    ("spec", "turn", "said"),
    [
        (MODELS[0], REFUSES, "claude-scripted refuses to work on this: I will not do that."),
        (MODELS[1], REFUSES, "gpt-scripted refuses to work on this: I will not do that."),
        (MODELS[1], LIMITED, "gpt-scripted did not answer: Error code: 429"),
        (MODELS[0], OVERLOADED, "claude-scripted did not answer: .*529"),
    ],
)
async def test_a_model_that_refuses_or_stays_overrun_is_an_error_with_its_words_and_without_the_key(
    monkeypatch: pytest.MonkeyPatch, spec: str, turn: Turn, said: str
) -> None:
    with ModelServer({SECRET: Script((turn,))}) as server:
        for provider, path in (("ANTHROPIC", ""), ("OPENAI", "/v1")):
            monkeypatch.setenv(f"{provider}_BASE_URL", server.url + path)
            monkeypatch.setenv(f"{provider}_API_KEY", SECRET)
        model = model_of(spec)
        try:
            with pytest.raises(ModelError, match=said) as raised:
                await model.answer("system", [Told("start")], [ToolSpec("act", "Act.", {"type": "object"})])
        finally:
            await model.close()
    assert SECRET not in str(raised.value)


async def test_a_session_that_is_ended_ends_the_commands_it_has_started(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path, FILES)
    note = tmp_path / "pid"
    script = Script((Turn(calls=(Call("shell", {"command": f"echo $$ > {note}; exec sleep 600"}),)),))
    with ModelServer({SECRET: script}) as server:
        plan = ground.plan([worker(tmp_path / "home", server, LIGHT)], tasks("first thing"))
        running = asyncio.create_task(perform(plan))
        async with asyncio.timeout(60):
            while not (note.exists() and note.read_text().strip()):
                assert not running.done(), running.result()
                await asyncio.sleep(0.02)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_without_model_sdk_or_key_it_is_said_what_why_and_what_next(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--model anthropic:NAME" in unready("", "", {})
    assert "speaks to anthropic and openai" in unready("gemini:pro", "", {})
    assert "ANTHROPIC_API_KEY is not set" in unready(MODELS[0], "", {})
    assert "OPENAI_API_KEY is not set" in unready(MODELS[1], "", {"ANTHROPIC_API_KEY": "k"})
    assert "Write it as turns=" in unready(MODELS[1], "turns=many", {"OPENAI_API_KEY": "k"})
    assert "needs the price" in unready(MODELS[1], "usd=1", {"OPENAI_API_KEY": "k"})
    assert unready(MODELS[1], "usd=1,price=3/15", {"OPENAI_API_KEY": "k"}) == ""
    monkeypatch.setattr("coroom.agents.builtin.find_spec", lambda _name: None)
    assert "pip install 'coroom[openai]'" in unready(MODELS[1], "", {"OPENAI_API_KEY": "k"})


def test_outside_a_room_the_loop_says_how_it_is_started() -> None:
    environment = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": "k"}
    argv = [sys.executable, "-P", "-m", "coroom.agents.loop", "--model", MODELS[1]]
    done = subprocess.run(argv, env=environment, capture_output=True, check=False)
    assert done.returncode == 2
    assert "Start it with coroom run" in json.loads(done.stdout)["error"]
