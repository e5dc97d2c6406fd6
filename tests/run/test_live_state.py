"""A run whose room has tools on live state: who has to judge again is asked, and what was done to the end stays."""

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tests.run.runs import Does, Ground, perform, tasks

from coroom.agents.room_client import RoomClient
from coroom.run.worker import Desk


async def called(client: RoomClient, tool: str, **arguments: object) -> str:
    told = await client.call("call", {"do": "call", "tool": tool, "arguments": json.dumps(arguments)})
    assert not told.refused, told.text
    return told.text


async def test_who_has_finished_is_asked_again_when_what_it_read_changes_and_nobody_is_taken_back(
    tmp_path: Path,
) -> None:
    shop = tmp_path / "shop.db"
    with closing(sqlite3.connect(shop)) as made, made:
        made.execute("CREATE TABLE prices (item TEXT PRIMARY KEY, cents INTEGER)")
        made.execute("INSERT INTO prices VALUES ('lamp', 100)")
    (tmp_path / "tools.yaml").write_text("sqlite: {shop: shop.db}")
    has_read, asked = asyncio.Event(), list[str]()

    async def writes_late(desk: Desk, client: RoomClient) -> None:
        await client.call("task", {"do": "take", "task": "t1"})
        await has_read.wait()
        await called(client, "shop_update", table="prices", where={"item": "lamp"}, set={"cents": 105})
        await client.call("task", {"do": "done"})
        assert not await desk.more()

    async def reads_early(desk: Desk, client: RoomClient) -> None:
        await client.call("task", {"do": "take", "task": "t2"})
        await called(client, "shop_select", table="prices", where={"item": "lamp"})
        await client.call("task", {"do": "done"})
        has_read.set()
        assert await desk.more(), "its session is over, and there is a notice to judge"
        told = await client.call("sync", {})
        asked.extend(re.findall(r"kind=conflict id=(\w+)", told.text))
        assert not (await client.call("answer", {"about": asked[0], "choice": "no_effect"})).refused
        assert not await desk.more()

    ground = Ground.at(tmp_path)
    plan = ground.plan([Does("ann", writes_late), Does("bob", reads_early)], tasks("first thing", "second other"))
    room = replace(plan.room, policy="preorder", tools=tmp_path / "tools.yaml")
    ended = await perform(replace(plan, room=room, land=False))
    assert {name: work.error for name, work in ended.outcome.works.items()} == {"ann": "", "bob": ""}
    assert len(asked) == 1
    with closing(sqlite3.connect(shop)) as left:
        assert left.execute("SELECT cents FROM prices").fetchall() == [(105,)]
