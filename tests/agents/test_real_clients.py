"""The adapters with the real agent CLIs, each against a scripted model and a pretended room."""

import pytest
from tests.agents.stage import Stage

from coroom.agents.adapter import AgentAdapter
from coroom.agents.claude_code import ClaudeCode
from coroom.agents.codex import Codex
from coroom.agents.gemini import Gemini
from coroom.agents.opencode import OpenCode
from coroom.testing import Call, ModelServer, PretendRoom, Script, Turn

# The first test may have to wait until the clients are installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

CLIENTS = [
    pytest.param(ClaudeCode(), "claude-sonnet-4-5", id="claude"),
    pytest.param(Codex(), "gpt-5.5", id="codex"),
    pytest.param(Codex(), "gpt-6.1-sol", id="codex-javascript"),
    pytest.param(OpenCode(), "scripted", id="opencode"),
    pytest.param(Gemini(), "gemini-2.5-flash", id="gemini"),
]
SILENT = "could not be asked|blocking because onFailure"


@pytest.mark.parametrize(("adapter", "name"), CLIENTS)
def test_a_client_claims_is_refused_hears_the_news_and_stands_still_when_the_room_is_dead(
    stage: Stage, model: ModelServer, room: PretendRoom, adapter: AgentAdapter, name: str
) -> None:
    mirror = stage.mirror("a", notes__txt="read me\n", api__txt="old\n")
    room.greet("[room] You are a.")
    room.deny(r"api\.txt.*new|new.*api\.txt", "[room] api.txt is held by b: wait or take another file.")
    script = Script(
        (
            Turn(
                calls=(Call("claim", {"resources": ["file:api.txt"], "purpose": "to change it"}),),
                expect="Play your part",
            ),
            Turn(calls=(Call("@read", {"path": "api.txt"}),), expect=r"fence\D*7"),
            Turn(calls=(Call("@read", {"path": "notes.txt"}),), expect="old", gate="news"),
            Turn(
                calls=(Call("@write", {"path": "api.txt", "text": "new\n"}),), expect=r"(?=.*read me)(?=.*b changed it)"
            ),
            Turn(calls=(Call("@write", {"path": "free.txt", "text": "mine\n"}),), expect="held by b: wait"),
            Turn(calls=(Call("@write", {"path": "late.txt", "text": "late\n"}),), never="held by b", gate="dead"),
            Turn(calls=(Call("@shell", {"command": "echo late > later.txt"}),), expect=SILENT),
            Turn(text="I stop here.", expect=SILENT),
        ),
        {"cwd": str(mirror)},
    )
    model.add("a", script)
    with stage.start(adapter, stage.session("a", model=name)) as agent:
        assert model.wait_until_asked("a", 2, within_s=80), "".join(agent.printed)
        room.tell("[room] b changed it.")
        model.open("news")
        assert model.wait_until_asked("a", 5, within_s=60), "".join(agent.printed)
        room.die()
        model.open("dead")
        status = agent.end()

    printed = "".join(agent.printed)
    assert model.failures() == (), printed
    assert status == 0, printed
    assert (mirror / "api.txt").read_text() == "old\n"
    assert (mirror / "free.txt").read_text() == "mine\n"
    assert not (mirror / "late.txt").exists()
    assert not (mirror / "later.txt").exists()
    assert sorted(path.name for path in mirror.iterdir()) == [".git", "api.txt", "free.txt", "notes.txt"]
    assert [(one.token, one.tool) for one in room.called()] == [("token-of-a", "claim")]
    assert {one.token for one in room.hooked()} == {"token-of-a"}
    first = model.received("a")[0]
    assert "[room] You are a." in str(first.body)
    assert [output.text for output in agent.outputs if output.text][-1] == "I stop here."
    assert sum(output.output_tokens or 0 for output in agent.outputs) > 0


@pytest.mark.parametrize(("adapter", "name"), [client for client in CLIENTS if client.id != "opencode"])
def test_a_client_that_would_stop_goes_on_while_the_room_has_something_for_it(
    stage: Stage, model: ModelServer, room: PretendRoom, adapter: AgentAdapter, name: str
) -> None:
    stage.mirror("a")
    room.keep_going("[room] b asked you a question.")
    model.add("a", Script((Turn(text="Done, I think."), Turn(text="Answered.", expect="b asked you a question"))))
    with stage.start(adapter, stage.session("a", model=name)) as agent:
        status = agent.end()
    assert model.failures() == (), "".join(agent.printed)
    assert status == 0
    assert [output.text for output in agent.outputs if output.text][-1] == "Answered."


def test_claude_code_reads_a_message_from_standard_input_with_the_next_tool_result(
    stage: Stage, model: ModelServer
) -> None:
    mirror = stage.mirror("a", notes__txt="read me\n")
    turns = (
        Turn(calls=(Call("@shell", {"command": "cat notes.txt"}),), gate="said"),
        Turn(text="Heard.", expect="(?=.*read me)(?=.*from the operator)"),
    )
    model.add("a", Script(turns, {"cwd": str(mirror)}))
    with stage.start(ClaudeCode(), stage.session("a", model="claude-sonnet-4-5", stay_open=True)) as agent:
        assert model.wait_until_asked("a", 0, within_s=80), "".join(agent.printed)
        agent.say("A word from the operator.")
        model.open("said")
        status = agent.end()
    assert model.failures() == (), "".join(agent.printed)
    assert status == 0


def test_claude_code_changes_nothing_while_the_room_hangs(stage: Stage, model: ModelServer, room: PretendRoom) -> None:
    mirror = stage.mirror("a")
    turns = (
        Turn(calls=(Call("@write", {"path": "late.txt", "text": "late\n"}),), gate="frozen"),
        Turn(text="I stop here.", expect=SILENT),
    )
    model.add("a", Script(turns, {"cwd": str(mirror)}))
    with stage.start(ClaudeCode(), stage.session("a", model="claude-sonnet-4-5")) as agent:
        assert model.wait_until_asked("a", 0, within_s=80), "".join(agent.printed)
        room.freeze()
        model.open("frozen")
        assert model.wait_until_asked("a", 1, within_s=60), "".join(agent.printed)
        room.die()
        agent.end()
    assert model.failures() == (), "".join(agent.printed)
    assert not (mirror / "late.txt").exists()


@pytest.mark.parametrize(("adapter", "name"), [client for client in CLIENTS if client.id != "codex-javascript"])
def test_a_client_whose_model_refuses_it_says_so_and_ends(stage: Stage, adapter: AgentAdapter, name: str) -> None:
    stage.mirror("a")
    with stage.start(adapter, stage.session("a", model=name)) as agent:
        status = agent.end()
    errors = [output.error for output in agent.outputs if output.error]
    printed = "".join(agent.printed)
    assert errors, printed
    assert "no script is called" in errors[-1], printed
    assert status != 0 or adapter.name == "opencode", printed
