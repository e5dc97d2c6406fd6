"""What docs/frameworks.md says that a user writes, written and run: each block against a real room."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.agents.frameworks import late
from tests.agents.frameworks.page import PAGE, block, run
from tests.agents.frameworks.sales import LOOK, a_room, a_seat
from tests.live_room import left, opened, served

from coroom.host.rooms import Room
from coroom.testing import Call, ModelServer, Script, Turn

pytestmark = pytest.mark.usefixtures("frameworks")

SELL = Call("shop_add", {"table": "stock", "where": {"item": "tea"}, "add": {"left": -2}})
SELLS = Script((Turn(calls=(LOOK,)), Turn(calls=(SELL,), expect=r"left\W+5"), Turn(text="Sold.", expect="is done")))


def think(messages: "Sequence[late.BaseMessage]") -> "late.Thought":
    said = [m for m in messages if isinstance(m, late.AIMessage)]
    calls: list[late.Thought] = [(LOOK.tool, dict(LOOK.arguments)), (SELL.tool, dict(SELL.arguments)), "Sold."]
    return calls[len(said)]


@pytest.mark.parametrize("naming", ["create_agent", "RoomRunner"])
async def test_the_lines_for_a_framework_sell_two_of_the_tea(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, naming: str
) -> None:
    room = await a_room(tmp_path)
    seat = await a_seat(room, "ada")
    monkeypatch.setattr("langchain.agents.factory.init_chat_model", lambda _name: late.Thinks(think=think))
    late.set_tracing_disabled(True)
    with ModelServer({"ada": SELLS}, hold_s=300) as server:
        async with served(room) as url:
            told = {"URL": url, "TOKEN": seat.token}
            for name, value in told.items():
                monkeypatch.setenv(f"COROOM_{name}", value)
            monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
            monkeypatch.setenv("OPENAI_API_KEY", "ada")
            await run(block(naming))
        if naming == "RoomRunner":
            assert server.failures() == ()
    assert left(tmp_path)["tea"] == 3
    assert not room.host.state.order.calls, "it stayed until what it did was final"
    await room.close()


async def test_the_lines_for_a_function_of_ones_own_bring_it_to_a_room_that_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tools.yaml").write_text("brought: true\n")
    room = await opened(tmp_path, tmp_path / "tools.yaml")
    assert isinstance(room, Room)
    seat = await a_seat(room, "ada")
    async with served(room) as url:
        monkeypatch.setenv("COROOM_URL", url)
        monkeypatch.setenv("COROOM_TOKEN", seat.token)
        await run(block("functions=[ship]"))
    assert capsys.readouterr().out == "['ship', 'answer', 'call']\n"
    await room.close()


async def test_the_lines_for_any_mcp_client_look_at_the_tea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = await a_room(tmp_path)
    seat = await a_seat(room, "ada")
    async with served(room) as url:
        monkeypatch.setenv("COROOM_URL", url)
        monkeypatch.setenv("COROOM_TOKEN", seat.token)
        module = await run(block("call_tool"))
    assert '"left":5' in str(module["seen"]).replace("\\", "")
    await room.close()


def test_every_row_of_what_call_does_is_there() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    from coroom.mcp.tools import CALL_TOOL  # noqa: PLC0415  only here

    (does,) = [argument.choices for argument in CALL_TOOL.arguments if argument.name == "do"]
    assert tuple(rows) == does
    assert os.environ.get("COROOM_TOKEN") is None
