"""What holds for claims of every kind, by a room's server and by refs in a remote (`ports.Claims`)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.claims.claimants import Scene, by_refs, by_room

from coroom.core.errors import Code, Refused
from coroom.core.resource import Resource, parse
from coroom.ports import Holding

KINDS = {"refs": by_refs, "room": by_room}
TTL_MS = 60_000


@pytest.fixture(params=KINDS)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    opened: asyncio.Future[Scene] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def keep() -> None:
        # A client is closed by the task that opened it, and a fixture is ended by another one.
        async with KINDS[request.param](tmp_path) as scene:
            opened.set_result(scene)
            await over.wait()

    keeping = asyncio.create_task(keep())
    keeping.add_done_callback(lambda _: opened.done() or opened.cancel())
    yield await opened
    over.set()
    await keeping


def r(text: str) -> Resource:
    found = parse(text)
    assert not isinstance(found, Refused)
    return found


async def hold(scene: Scene, agent: str, *texts: str, purpose: str = "") -> Holding:
    got = await scene[agent].claim([r(one) for one in texts], purpose, TTL_MS)
    assert isinstance(got, Holding), got
    return got


async def refused(scene: Scene, agent: str, *texts: str) -> Refused:
    got = await scene[agent].claim([r(one) for one in texts], "too", TTL_MS)
    assert isinstance(got, Refused), got
    return got


@pytest.mark.promise("claim:exclusive")
async def test_a_second_claimant_is_refused_and_told_who_why_and_what_is_free(scene: Scene) -> None:
    await hold(scene, "ann", "test:t.py::a", "issue:3", purpose="the date parser")
    told = await refused(scene, "bob", "issue:3", "issue:4")
    assert told.code is Code.CLAIMED
    assert "issue:3 is held by ann" in told.why
    assert "the date parser" in told.why
    assert "60 s" in told.why
    assert "Free of what you asked: issue:4" in told.why
    await hold(scene, "cyd", "issue:4")


@pytest.mark.promise("claim:exclusive")
async def test_of_several_at_once_exactly_one_wins(scene: Scene) -> None:
    for turn in range(4):
        answers = await asyncio.gather(*(scene[a].claim([r(f"issue:{turn}")], "", TTL_MS) for a in scene.claims))
        assert [isinstance(one, Holding) for one in answers].count(True) == 1


@pytest.mark.promise("claim:exclusive")
@pytest.mark.parametrize(
    ("held", "wanted"), [("dir:src/", "file:src/a.py"), ("file:src/a.py", "glob:src/*.py"), ("row:d/t/1", "set:d/t")]
)
async def test_claims_that_overlap_meet_though_their_names_differ(scene: Scene, held: str, wanted: str) -> None:
    await hold(scene, "ann", held)
    assert (await refused(scene, "bob", wanted)).code is Code.CLAIMED


@pytest.mark.promise("claim:exclusive")
async def test_of_two_that_overlap_at_once_never_both_win(scene: Scene) -> None:
    for turn in range(3):
        answers = await asyncio.gather(
            scene["ann"].claim([r(f"dir:src{turn}/")], "", TTL_MS),
            scene["bob"].claim([r(f"file:src{turn}/a.py")], "", TTL_MS),
        )
        assert [isinstance(one, Holding) for one in answers].count(True) <= 1


async def test_a_claim_that_is_held_is_renewed_with_the_same_fence(scene: Scene) -> None:
    first = await hold(scene, "ann", "issue:1", "issue:2")
    assert (await hold(scene, "ann", "issue:1")).fence == first.fence
    renewed = await scene["ann"].renew(first)
    assert isinstance(renewed, Holding)
    assert renewed.fence == first.fence


@pytest.mark.promise("claim:released")
async def test_what_is_released_is_free_at_once(scene: Scene) -> None:
    held = await hold(scene, "ann", "issue:1", "issue:2")
    assert await scene["ann"].release(held) is None
    later = await hold(scene, "bob", "issue:2")
    assert later.fence >= held.fence


@pytest.mark.promise("claim:released")
async def test_a_sign_of_life_keeps_a_claim_and_silence_ends_it(scene: Scene) -> None:
    held = await hold(scene, "ann", "issue:1")
    await scene.passes(TTL_MS - 1_000)
    assert isinstance(await scene["ann"].renew(held), Holding)
    await scene.passes(TTL_MS - 1_000)
    assert "ann" in (await refused(scene, "bob", "issue:1")).why
    await scene.passes(1_000)
    await hold(scene, "bob", "issue:1")


@pytest.mark.promise("claim:fenced")
async def test_a_late_holder_is_refused_and_does_the_new_one_no_harm(scene: Scene) -> None:
    old = await hold(scene, "ann", "issue:1", "issue:2")
    await scene.passes(TTL_MS)
    new = await hold(scene, "bob", "issue:1")
    assert new.fence > old.fence
    late = await scene["ann"].renew(old)
    assert isinstance(late, Refused)
    assert late.code is Code.STALE
    await scene["ann"].release(old)
    assert isinstance(await scene["bob"].renew(new), Holding)


@pytest.mark.promise("claim:fenced")
async def test_an_overlapping_claim_that_has_run_out_cannot_come_back(scene: Scene) -> None:
    old = await hold(scene, "ann", "dir:src/")
    await scene.passes(TTL_MS)
    await hold(scene, "bob", "file:src/a.py")
    assert isinstance(await scene["ann"].renew(old), Refused)


async def test_what_is_not_ones_own_cannot_be_released(scene: Scene) -> None:
    held = await hold(scene, "ann", "issue:1")
    assert isinstance(await scene["bob"].release(held), Refused)
    assert (await refused(scene, "cyd", "issue:1")).code is Code.CLAIMED


@pytest.mark.promise("room:bounded")
async def test_a_claim_without_resources_or_over_its_bounds_is_refused_with_words(scene: Scene) -> None:
    for got in (
        await scene["ann"].claim([], ""),
        await scene["ann"].claim([r(f"issue:{n}") for n in range(65)], ""),
        await scene["ann"].claim([r("issue:1")], "x" * 201),
        await scene["ann"].claim([r("issue:1")], "", 4_000_000),
    ):
        assert isinstance(got, Refused)
        assert got.code in {Code.BAD_INPUT, Code.LIMIT}
