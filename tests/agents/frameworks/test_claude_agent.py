"""Agents of the Claude Agent SDK in a room: the installed SDK, the real Claude Code, a scripted model on loopback."""

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.agents.frameworks.page import block, run
from tests.agents.frameworks.sales import ADA, BOB, JUDGES, a_room, a_seat
from tests.live_room import left, served

from coroom.core import command as c
from coroom.core.claim import Mode
from coroom.core.resource import file
from coroom.testing import Call, ModelServer, Script, Turn

if TYPE_CHECKING:  # slow to import, also for who only lists the tests
    from claude_agent_sdk import ClaudeAgentOptions

# The first test may have to wait until the client is installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
}


def claude(directory: Path, clients_path: str, server: ModelServer, name: str, cwd: Path) -> "ClaudeAgentOptions":
    from claude_agent_sdk import ClaudeAgentOptions  # noqa: PLC0415

    home = directory / f"home-{name}"
    home.mkdir()
    api = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": name, "HOME": str(home), "PATH": clients_path}
    return ClaudeAgentOptions(
        cli_path=shutil.which("claude", path=clients_path),
        model="claude-sonnet-4-5",
        env={**QUIET, **api},
        cwd=cwd,
        permission_mode="acceptEdits",
        setting_sources=[],
    )


async def ended(options: "ClaudeAgentOptions") -> str:
    from claude_agent_sdk import ResultMessage, query  # noqa: PLC0415

    last = ""
    async for message in query(prompt="Sell.", options=options):
        if isinstance(message, ResultMessage):
            last = str(message.result)
    return last


@pytest.mark.long
@pytest.mark.promise("run:serializable")
async def test_two_agents_end_as_one_after_the_other_and_the_lines_of_the_page_are_one_of_them(
    tmp_path: Path, clients_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await a_room(tmp_path)
    mine = {name: await a_seat(room, name) for name in ("ada", "bob")}
    held = c.ClaimResources(resources=(file("new.txt"),), mode=Mode.EXCLUSIVE, purpose="to mend it", ttl_ms=600_000)
    assert isinstance(await room.host.submit("ada", held), c.Granted)

    async def one(url: str, server: ModelServer) -> str:
        from coroom.agents.frameworks.claude_agent import RoomSession  # noqa: PLC0415

        async with RoomSession(url, mine["bob"].token) as seat:
            return await ended(seat.options(claude(tmp_path, clients_path, server, "bob", mine["bob"].directory)))

    writes = Turn(calls=(Call("@write", {"path": "new.txt", "text": "x"}),), expect="is judged")
    ends = Turn(text="Sold, from what ada left.", expect="held by ada")
    bob = Script((*BOB, *JUDGES[:-1], writes, ends), {"cwd": str(mine["bob"].directory)})
    with ModelServer({"ada": Script(ADA), "bob": bob}, hold_s=300) as server:
        async with served(room) as url:
            options = claude(tmp_path, clients_path, server, "ada", mine["ada"].directory)
            for name, value in {**options.env, "COROOM_URL": url, "COROOM_TOKEN": mine["ada"].token}.items():
                monkeypatch.setenv(name, value)
            monkeypatch.chdir(mine["ada"].directory)
            _, told = await asyncio.gather(run(block("room.options()")), one(url, server))
        assert server.failures() == ()
    assert told == "Sold, from what ada left."
    assert left(tmp_path)["tea"] == 2
    assert not room.host.state.order.calls, "all of it is final"
    await room.close()
