"""What the door remembers of replies that are under way."""

import pytest
from tests.doorway import hashed, open_room

from coroom.core import command as c
from coroom.core.agent import HOST
from coroom.core.errors import Code
from coroom.host.door.receipt import RECEIPT, Receipt
from coroom.log.memory import MemoryLog


async def heartbeat(_: str) -> None:
    return


@pytest.mark.promise("notice:delivered")
async def test_an_agent_seated_anew_is_told_again_what_its_earlier_client_got_last() -> None:
    room = await open_room(MemoryLog(), "ann", "bob")
    try:
        await room.door.say("bob", "contract", "use foo()", "ann", "", [], "")
        assert [n.text for n in (await room.door.sync("ann", 0, heartbeat)).notices] == ["use foo()"]
        await room.host.submit(HOST, c.Join(agent="ann", secret_hash=hashed("another")))
        assert [n.text for n in (await room.door.sync("ann", 0, heartbeat)).notices] == ["use foo()"]
        assert (await room.door.sync("ann", 0, heartbeat)).notices == ()
    finally:
        await room.host.close()


async def test_an_edit_with_the_operation_id_of_another_edit_is_refused_rather_than_lost() -> None:
    room = await open_room(MemoryLog(), "ann")
    try:
        await room.door.edit("ann", "a.py", "", "one\n", "1")
        assert not (await room.door.edit("ann", "a.py", "", "one\n", "1")).refused
        for path, old, new in (("a.py", "one", "two"), ("b.py", "", "one\n")):
            refused = (await room.door.edit("ann", path, old, new, "1")).refused
            assert refused
            assert refused.code is Code.BAD_INPUT
        assert not (await room.door.edit("ann", "a.py", "one", "two", "2")).refused
    finally:
        await room.host.close()


@pytest.mark.promise("notice:delivered")
async def test_a_call_made_while_another_reply_is_under_way_does_not_acknowledge_what_rides_on_that() -> None:
    room = await open_room(MemoryLog(), "ann", "bob")
    try:
        await room.door.say("bob", "note", "hello", "ann", "", [], "")
        first, second = Receipt(), Receipt()
        RECEIPT.set(first)
        assert (await room.door.task("ann", "list", {}, "")).notices
        RECEIPT.set(second)
        await room.door.task("ann", "list", {}, "")
        second.sent()
        first.close()
        assert [n.text for n in room.host.state.inbox("ann")] == ["hello"]
        RECEIPT.set(None)
        assert not (await room.door.task("ann", "list", {}, "")).notices
        assert not room.host.state.inbox("ann")
    finally:
        RECEIPT.set(None)
        await room.host.close()


@pytest.mark.promise("notice:delivered")
async def test_what_rode_on_a_reply_that_never_left_is_told_again() -> None:
    room = await open_room(MemoryLog(), "ann", "bob")
    try:
        await room.door.say("bob", "note", "hello", "ann", "", [], "")
        lost = Receipt()
        RECEIPT.set(lost)
        await room.door.sync("ann", 0, heartbeat)
        lost.close()
        RECEIPT.set(None)
        assert [n.text for n in (await room.door.sync("ann", 0, heartbeat)).notices] == ["hello"]
    finally:
        RECEIPT.set(None)
        await room.host.close()


async def test_a_sync_about_what_is_not_there_says_so() -> None:
    room = await open_room(MemoryLog(), "ann")
    try:
        answer = await room.door.sync("ann", 0, heartbeat, "nonsense")
        assert answer.data["about"] == "There is no task and no held edit 'nonsense'."
    finally:
        await room.host.close()


async def test_who_comes_later_is_told_once_of_the_contracts_that_were_said_before() -> None:
    room = await open_room(MemoryLog(), "ann", "bob")
    try:
        await room.door.say("bob", "contract", "use foo()", "", "", [], "")
        await room.door.say("bob", "note", "good morning", "", "", [], "")
        await room.door.say("bob", "contract", "for ann alone", "ann", "", [], "")
        await room.join("cyd")
        assert [(n.sender, n.text) for n in (await room.door.sync("cyd", 0, heartbeat)).notices] == [
            ("bob", "use foo()")
        ]
        assert (await room.door.sync("cyd", 0, heartbeat)).notices == ()
        assert [n.text for n in (await room.door.on_start("cyd")).notices] == ["use foo()"]
        assert (await room.door.sync("bob", 0, heartbeat)).notices == ()
    finally:
        await room.host.close()
