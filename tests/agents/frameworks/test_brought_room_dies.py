"""Rooms in processes of their own that are killed while functions of agents' processes are in their hands."""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.cli.commands import WITHIN_S, Place, place_at, serving
from tests.live_room import opened

from coroom.agents.frameworks.brought import Function
from coroom.agents.frameworks.participant import NoRoomError, Participant
from coroom.agents.room_client import Told
from coroom.cli.join import admit
from coroom.cli.place import running_room
from coroom.core.agent import Role
from coroom.core.ordering.call import CallPhase
from coroom.core.resource import Resource
from coroom.host.rooms import Room
from coroom.tools.registry import Rehearsal, tool

TEA = "row:shelf/stock/tea"


async def calls(participant: Participant, tool_: str, **arguments: object) -> str:
    return (await participant.awaited(participant.call, tool_, arguments, "")).text


@dataclass
class Killed:
    """`coroom up` over one repository, again and again at one port."""

    place: Place
    port: str = "0"
    process: "subprocess.Popen[str] | None" = None

    @property
    def words(self) -> tuple[str, ...]:
        return "--policy", "preorder", "--tools", str(self.place.root / "tools.yaml"), "--port", self.port

    @asynccontextmanager
    async def up(self) -> AsyncIterator[str]:
        with serving(self.place, *self.words) as self.process:
            if self.port == "0":
                self.port = running_room(self.place.repository, "main").url.rpartition(":")[2]
            yield f"http://127.0.0.1:{self.port}"

    async def up_until_it_is_killed(self) -> None:
        self.process = self.place.start("up", *self.words)
        await asyncio.to_thread(self.process.communicate, timeout=WITHIN_S)

    def kill(self) -> None:
        assert self.process
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(WITHIN_S)

    async def token(self, name: str) -> str:
        running = running_room(self.place.repository, "main")
        seat = await asyncio.to_thread(admit, running, name, Role.IMPLEMENTER.value, "")
        return str(seat["token"])


@dataclass
class Shelf:
    """What a process holds. `steps` are those of trials so far; `at` one of them `then` happens."""

    left: dict[str, int] = field(default_factory=lambda: {"tea": 5, "jam": 9})
    steps: int = 0
    calls: int = 0
    at: int = 0
    then: Callable[[], None] = lambda: None
    knows: bool = True
    in_call: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)
    in_trial: bool = False

    def step(self) -> None:
        if self.in_trial:
            self.steps += 1
            if self.steps == self.at:
                self.then()

    def functions(self) -> tuple[Function, ...]:
        @tool(writes="row:shelf/stock/{item}", effect="blind")
        def put(item: str, count: int) -> int:
            """Say how many are left of an item."""
            self.step()
            self.left[item] = count
            if not self.in_trial:
                self.calls += 1
                self.in_call.set()
                assert self.goes_on.wait(WITHIN_S)
            return count

        @put.prepare
        def before(item: str) -> int:
            self.step()
            return self.left[item]

        @put.undo
        def back(item: str, before: int) -> None:
            self.step()
            self.left[item] = before

        @put.value
        def holds(resource: Resource) -> int | None:
            self.step()
            return self.left.get(resource.name.rpartition("/")[2])

        @put.trial
        def rehearse() -> Iterator[Rehearsal]:
            kept, self.left, self.in_trial = self.left, {"tea": 1}, True
            self.step()
            yield Rehearsal([{"item": "tea", "count": 3}], lambda: {TEA: str(self.left["tea"])})
            self.step()
            self.left, self.in_trial = kept, False

        if self.knows:

            @put.probe
            def became(item: str, count: int) -> int | None:
                self.step()
                return count if self.left[item] == count else None

        return (put,)


@pytest.fixture
def killed(tmp_path: Path) -> Killed:
    place = place_at(tmp_path)
    (tmp_path / "tools.yaml").write_text("brought: true\n")
    return Killed(place)


@pytest.mark.promise("log:durable")
async def test_a_room_that_dies_in_a_trial_leaves_the_process_as_it_was_and_tries_again_when_it_is_there(
    killed: Killed,
) -> None:
    shelf = Shelf()
    shelf.goes_on.set()

    async def dies(url: str, at: int) -> None:
        other = Shelf(at=at, then=killed.kill)
        with pytest.raises(NoRoomError, match="cannot be entered"):
            async with Participant(url, token, functions=other.functions(), stay_s=0):
                pass
        assert (other.left, other.in_trial) == ({"tea": 5, "jam": 9}, False), at

    async with killed.up() as url:
        token = await killed.token("ada")
        async with Participant(url, token, functions=shelf.functions(), stay_s=0):
            steps = shelf.steps
        await dies(url, steps // 2)
    async with killed.up() as url:
        await dies(url, steps)
    async with killed.up() as url, Participant(url, token, functions=shelf.functions(), stay_s=0) as ada:
        assert "is done" in await calls(ada, "put", item="tea", count=4)
        killed.kill()
        shelf.at, shelf.then = shelf.steps + steps // 2, killed.kill
        await killed.up_until_it_is_killed()
        async with killed.up():
            assert "is done" in await calls(ada, "put", item="jam", count=1)
            assert shelf.left == {"tea": 4, "jam": 1}
            await ada.awaited(ada.give_up, "changed my mind")
            assert shelf.left == {"tea": 5, "jam": 9}


@asynccontextmanager
async def killed_in_a_call(killed: Killed, shelf: Shelf) -> AsyncIterator[tuple[Participant, "asyncio.Task[Told]"]]:
    """Ada, who brings the shelf, and her call, in the middle of which the room has been killed."""
    async with killed.up() as url:
        token = await killed.token("ada")
        async with Participant(url, token, functions=shelf.functions(), stay_s=0) as ada:
            under_way = asyncio.create_task(ada.awaited(ada.call, "put", {"item": "tea", "count": 4}, "once"))
            await asyncio.to_thread(shelf.in_call.wait, WITHIN_S)
            killed.kill()
            yield ada, under_way


@pytest.mark.promise("log:durable", "run:serializable")
@pytest.mark.parametrize("knows", [True, False], ids=["a probe tells", "nobody can tell"])
async def test_a_call_that_the_room_died_in_is_found_out_once_the_process_is_back_or_fenced(
    killed: Killed, knows: bool
) -> None:
    shelf = Shelf(knows=knows)
    async with killed_in_a_call(killed, shelf) as (ada, under_way):
        shelf.goes_on.set()
        async with killed.up():
            told = await under_way
            assert shelf.left["tea"] == 4
            assert shelf.calls == 1
            if knows:
                assert "is done" in told.text
                await ada.awaited(ada.give_up, "changed my mind")
                assert shelf.left["tea"] == 5
            else:
                assert told.code == "fenced"


@pytest.mark.promise("log:durable", "run:serializable")
async def test_a_call_that_the_room_died_in_is_fenced_when_its_process_does_not_come_back(
    killed: Killed, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    async with killed_in_a_call(killed, shelf) as (_, under_way):
        under_way.cancel()
        shelf.goes_on.set()
    monkeypatch.setattr("coroom.host.calls.awaited.AWAITED_WITHIN_S", 0.01)
    room = await opened(killed.place.root, killed.place.root / "tools.yaml")
    assert isinstance(room, Room)
    while not room.host.state.order.fences:
        assert await room.host.changed(room.host.state.seq, WITHIN_S)
    (call,) = room.host.state.order.calls.values()
    (fence,) = room.host.state.order.fences.values()
    assert call.phase is CallPhase.FENCED
    assert "The process that brought put has not come back" in fence.why
    await room.close()
