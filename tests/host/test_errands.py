"""Calls that are carried through, and those that are attended by whoever asked."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from coroom.host.door.errands import Errands


class Work:
    """Work that ends when it is told to, and counts how often it was begun."""

    def __init__(self) -> None:
        self.end = asyncio.Event()
        self.begun = 0

    async def done(self) -> str:
        self.begun += 1
        await self.end.wait()
        return "done"

    async def broken(self) -> str:
        await self.done()
        message = "out of order"
        raise ValueError(message)


async def asked_twice(work: Work, one: Coroutine[Any, Any, str], other: Coroutine[Any, Any, str]) -> list[object]:
    tasks = [asyncio.ensure_future(one), asyncio.ensure_future(other)]
    await asyncio.sleep(0)
    work.end.set()
    return list(await asyncio.gather(*tasks, return_exceptions=True))


@pytest.mark.promise("call:once")
async def test_work_that_is_attended_is_shared_by_those_who_ask_for_it_meanwhile() -> None:
    errands, work = Errands(), Work()
    first = errands.attend("a", work.done())
    assert await asked_twice(work, first, errands.attend("a", work.done())) == ["done"] * 2
    work.end.clear()
    carried = errands.carry("a", work.done(), lambda _: None)
    assert await asked_twice(work, errands.attend("a", work.done()), carried) == ["done"] * 2
    work.end.clear()
    first = errands.carry("a", work.done(), lambda _: None)
    assert await asked_twice(work, first, errands.attend("a", work.done())) == ["done"] * 2
    assert work.begun == 3


async def test_work_without_a_name_is_each_ones_own() -> None:
    errands, work = Errands(), Work()
    assert await asked_twice(work, errands.attend(None, work.done()), errands.attend(None, work.done())) == ["done"] * 2
    assert work.begun == 2


async def test_what_breaks_breaks_for_all_who_wait_and_the_next_begins_anew() -> None:
    errands, work = Errands(), Work()
    first, other = await asked_twice(work, errands.attend("a", work.broken()), errands.attend("a", work.broken()))
    assert isinstance(first, ValueError)
    assert isinstance(other, ValueError)
    assert await errands.attend("a", work.done()) == "done"
    with pytest.raises(ValueError, match="out of order"):
        await errands.attend("a", work.broken())


async def test_who_attends_and_is_cancelled_takes_the_work_along_and_who_joined_it_does_not() -> None:
    errands, work = Errands(), Work()
    first = asyncio.ensure_future(errands.attend("a", work.done()))
    await asyncio.sleep(0)
    joined = asyncio.ensure_future(errands.attend("a", work.done()))
    await asyncio.sleep(0)
    joined.cancel()
    await asyncio.wait([joined])
    assert not first.done()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.end.set()
    assert await errands.attend("a", work.done()) == "done"
