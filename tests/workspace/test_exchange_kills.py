"""Puts killed at any step, and a thousand writes against puts: nothing is lost."""

import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.workspace.mirrors import STAGE, Mirror, done, expect

from coroom.workspace.exchange import PutDone
from coroom.workspace.stage import Note
from coroom.workspace.swap import KernelSwap

WRITES = int(os.environ.get("COROOM_BRIDGE_WRITES", "1000"))


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(1, 14))
@pytest.mark.parametrize("agent_writes", [True, False])
def test_a_put_killed_at_any_step_loses_nothing(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, step: int, agent_writes: bool
) -> None:
    file = mirror.path / "f"
    file.write_bytes(b"old")
    if agent_writes:
        mirror.swap.before = lambda: file.write_bytes(b"agent")
    calls = 0

    def counted(name: str) -> Callable[..., object]:
        real = getattr(os, name)

        def call(*args: object, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            if calls >= step:
                raise Killed
            return real(*args, **kwargs)

        return call

    with monkeypatch.context() as patched:
        for name in ("write", "link", "rename", "unlink", "fchmod", "readlink"):
            patched.setattr(os, name, counted(name))
        with suppress(Killed):
            mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0)
    found = [late.state.data for late in mirror.restart().recover(now=0)]
    texts = {file.read_bytes(), *found}
    assert texts <= {b"old", b"room", b"agent"}
    assert file.read_bytes() in (b"old", b"room", b"agent")
    if agent_writes and calls >= 1 and file.read_bytes() != b"old":
        assert b"agent" in texts
    if not agent_writes:
        assert found == []


def test_a_note_cut_off_by_a_crash_is_cleared_away(mirror: Mirror) -> None:
    ticket = mirror.stage.begin(Note("f", "1", "2"))
    note = mirror.path / STAGE / f"{ticket}.note"
    note.write_bytes(note.read_bytes()[:10])
    (mirror.path / STAGE / ticket).write_bytes(b"staged")
    (mirror.path / STAGE / "stray").write_bytes(b"staged")
    assert mirror.exchange.recover(now=0) == []
    assert mirror.staged() == []


def test_a_file_over_the_limit_that_was_displaced_stays_in_the_stage(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, KernelSwap(), bytes_max=100)
    file = tmp_path / "f"
    file.write_bytes(b"old")
    mirror.swap.before = lambda: file.write_bytes(b"x" * 101)
    answer = done(mirror.exchange.put("f", b"room", expected=expect(b"old"), now=0))
    assert answer.displaced is not None
    assert answer.displaced.state.oversize
    mirror.exchange.collect(100)
    assert (tmp_path / STAGE / answer.displaced.ticket).stat().st_size == 101
    mirror.close()


@pytest.mark.parametrize("by_rename", [True, False], ids=["by rename", "in place"])
def test_of_a_thousand_writes_against_puts_none_is_lost(tmp_path: Path, by_rename: bool) -> None:
    mirror = Mirror(tmp_path, KernelSwap())
    file = tmp_path / "f"
    file.write_bytes(b"room 0")
    finished = threading.Event()

    def write() -> None:
        pace = random.Random(8)
        for number in range(WRITES):
            time.sleep(pace.uniform(0, 0.0005))
            text = b"agent %d" % number
            if by_rename:
                (tmp_path / "f.tmp").write_bytes(text)
                os.replace(tmp_path / "f.tmp", file)
            else:
                fd = os.open(file, os.O_WRONLY | os.O_TRUNC)
                os.write(fd, text)
                os.close(fd)
            # The next write waits until this one was seen, or it would itself be the one that overwrites
            # it.
            wait = threading.Event()
            waits.append((text, wait))
            wait.wait(10)
        finished.set()

    waits: list[tuple[bytes, threading.Event]] = []
    agent = threading.Thread(target=write)
    agent.start()
    shadow, puts, rounds, clock = b"room 0", 0, 0, 0.0
    seen: set[bytes] = set()
    displaced = 0
    released = 0
    while not finished.is_set():
        rounds += 1
        clock += 0.01
        answer = mirror.exchange.put("f", b"room %d" % (puts + 1), expected=expect(shadow), now=clock)
        if isinstance(answer, PutDone):
            puts += 1
            shadow = b"room %d" % puts
            if answer.displaced is not None and answer.displaced.state.data is not None:
                displaced += 1
                seen.add(answer.displaced.state.data)
                mirror.exchange.taken(answer.displaced.ticket)
        elif answer.found is not None and answer.found.data and answer.found.settled:
            shadow = answer.found.data
            seen.add(shadow)
        for late in mirror.exchange.collect(clock) if rounds % 10 == 0 else ():
            if late.state.data is not None:
                seen.add(late.state.data)
            mirror.exchange.taken(late.ticket)
        while released < len(waits) and waits[released][0] in seen:
            waits[released][1].set()
            released += 1
    agent.join()
    assert {b"agent %d" % number for number in range(WRITES)} <= seen
    assert puts > 100
    assert displaced > 0
    mirror.close()
