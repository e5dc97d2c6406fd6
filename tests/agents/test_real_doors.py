"""The real agent CLIs at the room's real doors: tools by MCP, hooks before and after a tool and at the end."""

import asyncio
from pathlib import Path

import pytest
from tests.agents.stage import Stage
from tests.doorway import running

from coroom.agents.adapter import AgentAdapter
from coroom.agents.claude_code import ClaudeCode
from coroom.agents.codex import Codex
from coroom.agents.gemini import Gemini
from coroom.agents.opencode import OpenCode
from coroom.core import command as c
from coroom.core.errors import Code, Refused
from coroom.core.notice import NoticeKind
from coroom.testing import Call, ModelServer, Script, Turn

pytestmark = pytest.mark.clients

CLIENTS = [
    pytest.param(ClaudeCode(), "claude-sonnet-4-5", id="claude"),
    pytest.param(Codex(), "gpt-5.5", id="codex"),
    pytest.param(Codex(), "gpt-6.1-sol", id="codex-javascript"),
    pytest.param(OpenCode(), "scripted", id="opencode"),
    pytest.param(Gemini(), "gemini-2.5-flash", id="gemini"),
]


@pytest.mark.parametrize(("adapter", "name"), CLIENTS)
async def test_a_client_claims_hears_another_agent_is_refused_an_edit_and_is_kept_for_news(
    adapter: AgentAdapter, name: str, tmp_path: Path, clients_path: str, model: ModelServer
) -> None:
    async with running("a", "b") as (daemon, room):
        stage = Stage(tmp_path, clients_path, daemon.url, model.url)
        mirror = stage.mirror("a", notes__txt="read me\n", api__txt="old\n")
        room.files.deny[str(mirror / "api.txt")] = Refused(Code.CLAIMED, "api.txt is held by b.", "Take another file.")
        room.files.deny["api.txt"] = room.files.deny[str(mirror / "api.txt")]
        news = r"from=b kind=contract[\s\S]*parse gives int"
        look = ("@shell", {"command": "cat api.txt"}) if adapter.name == "codex" else ("@read", {"path": "api.txt"})
        script = Script(
            (
                Turn(calls=(Call("claim", {"resources": ["file:notes.txt"], "purpose": "to read it"}),)),
                Turn(calls=(Call("sync", {}),), expect=r"\[coroom [0-9a-f]{12}\] You hold file:notes.txt"),
                Turn(calls=(Call(*look),), expect="file:notes.txt by a", gate="news"),
                Turn(
                    calls=(Call("@write", {"path": "api.txt", "text": "new\n"}),),
                    expect=news,
                ),
                Turn(text="I stop here.", expect="api.txt is held by b.", gate="stopping"),
                *([] if adapter.name == "opencode" else [Turn(text="I stop again.", expect="one more thing")]),
            ),
            {"cwd": str(mirror)},
        )
        model.add("a", script)
        agent = stage.start(adapter, stage.session("a", model=name))
        try:
            assert await asyncio.to_thread(model.wait_until_asked, "a", 2, within_s=40), "".join(agent.printed)
            contract = c.Say(kind=NoticeKind.CONTRACT, text="parse gives int")
            assert not isinstance(await room.host.submit("b", contract), Refused)
            model.open("news")
            assert await asyncio.to_thread(model.wait_until_asked, "a", 4, within_s=40), "".join(agent.printed)
            assert not isinstance(
                await room.host.submit("b", c.Say(kind=NoticeKind.NOTE, text="one more thing")), Refused
            )
            model.open("stopping")
            status = await asyncio.to_thread(agent.end)
        finally:
            agent.__exit__()
        printed = "".join(agent.printed)
        assert model.failures() == ()
        assert status == 0, printed
        assert (mirror / "api.txt").read_text() == "old\n"
        assert [claim.holder for claim in room.host.state.claims.values()] == ["a"]
        assert [use.tool for _, use in room.files.began] != []
        assert len(room.files.began) == len([use for _, use in room.files.ended if use.touch.value != "other"])
