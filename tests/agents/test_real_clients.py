"""The adapters with the real agent CLIs, each with a scripted model: at a real room, and at one that misbehaves."""

from pathlib import Path

import pytest
from tests.agents.real_room import real_room
from tests.agents.stage import Stage

from coroom.agents.adapter import AgentAdapter
from coroom.agents.claude_code import ClaudeCode
from coroom.agents.codex import Codex
from coroom.agents.gemini import Gemini
from coroom.agents.opencode import OpenCode
from coroom.core import command as c
from coroom.core.claim import Mode
from coroom.core.notice import NoticeKind
from coroom.core.resource import file
from coroom.host.seat import Seat
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
async def test_a_client_is_greeted_told_and_refused_kept_for_news_and_stands_still_when_the_room_is_dead(
    tmp_path: Path, clients_path: str, model: ModelServer, adapter: AgentAdapter, name: str
) -> None:
    told = r"from=b kind=contract [^\n]*\n[^\n]*parse gives int"
    has_stop_hook = adapter.name != "opencode"
    async with real_room(tmp_path, clients_path, model, {"notes.txt": "read me\n", "api.txt": "old\n"}) as real:
        assert isinstance(await real.room.admit("b"), Seat)
        theirs = c.ClaimResources(resources=(file("api.txt"),), mode=Mode.EXCLUSIVE, purpose="a new old")
        assert isinstance(await real.room.host.submit("b", theirs), c.Granted)
        await real.start(
            "a",
            adapter,
            name,
            Turn(
                calls=(Call("claim", {"resources": ["file:notes.txt"], "purpose": "to read it"}),),
                expect="Play your part",
            ),
            Turn(calls=(Call("sync", {}),), expect=r"\[coroom [0-9a-f]{12}\] You hold file:notes\.txt", gate="again"),
            Turn(calls=(Call("@read", {"path": "api.txt"}),), expect=r"file:notes\.txt by a"),
            Turn(calls=(Call("@read", {"path": "notes.txt"}),), expect="old", never=told, gate="told"),
            Turn(
                calls=(Call("@write", {"path": "api.txt", "text": "new\n"}),),
                expect=rf"(?=.*read me)(?=.*{told})",
            ),
            Turn(calls=(Call("@write", {"path": "free.txt", "text": "mine\n"}),), expect="held by b"),
            *((Turn(text="I think I am done.", gate="stopping"),) if has_stop_hook else ()),
            Turn(
                calls=(Call("@write", {"path": "late.txt", "text": "late\n"}),),
                expect="one more thing" if has_stop_hook else None,
                gate="dead",
            ),
            Turn(calls=(Call("@shell", {"command": "echo late > later.txt"}),), expect=SILENT),
            Turn(text="I stop here.", expect=SILENT),
        )
        await real.asked("a", 1)
        await real.restart()
        model.open("again")
        await real.asked("a", 3)
        submit = real.room.host.submit
        assert isinstance(await submit("b", c.Say(kind=NoticeKind.CONTRACT, text="parse gives int")), c.Ok)
        model.open("told")
        await real.asked("a", 6)
        if has_stop_hook:
            assert isinstance(await submit("b", c.Say(kind=NoticeKind.NOTE, text="one more thing")), c.Ok)
            model.open("stopping")
            await real.asked("a", 7)
        await real.daemon.stop()
        model.open("dead")
        await real.ended()

        assert {path: real.text(path) for path in ("api.txt", "free.txt")} == {"api.txt": "old\n", "free.txt": "mine\n"}
        assert sorted(path.name for path in real.mirror("a").iterdir()) == [".git", "api.txt", "free.txt", "notes.txt"]
        assert "you: a" in str(model.received("a")[0].body)
        outputs = real.agents["a"].outputs
        # Some clients print what they hear in the pieces in which it came.
        assert "".join(output.text for output in outputs if output.text).endswith("I stop here.")
        assert sum(output.output_tokens or 0 for output in outputs) > 0


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


@pytest.mark.parametrize(("adapter", "name"), [client for client in CLIENTS if client.id in {"claude", "codex"}])
def test_a_client_whose_model_refuses_it_says_so_and_ends(stage: Stage, adapter: AgentAdapter, name: str) -> None:
    """For those that take seconds to start see test_setup_with_clients.py."""
    stage.mirror("a")
    with stage.start(adapter, stage.session("a", model=name)) as agent:
        status = agent.end()
    errors = [output.error for output in agent.outputs if output.error]
    printed = "".join(agent.printed)
    assert errors, printed
    assert "no script is called" in errors[-1], printed
    assert status != 0, printed
