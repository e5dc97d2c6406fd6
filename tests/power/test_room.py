"""When the power of a whole room fails at any instant, it opens again, with all in it that was accepted."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from tests.git.repositories import fsck, git, new_repository
from tests.power.room_at_work import FILES, WRITTEN, plan
from tests.power.tree import Call, Found, Tree, put, traced

from coroom.core.file import HeldState
from coroom.core.state import RoomState
from coroom.git.repository import Repository, inspect
from coroom.host.edits import shadow
from coroom.host.rooms import Room

POINTS = int(os.environ.get("COROOM_ROOM_POINTS", "8"))
"""At so many instants the power fails; 0 for every one at which the disk is another than before."""

SYNCS = frozenset({"fsync", "fdatasync", "sync_file_range"})
AT_WORK = Path(__file__).with_name("room_at_work.py")


def answers(call: Call) -> list[dict[str, Any]]:
    """What the program said on standard output by this call."""
    said = call.texts[0] if call.name == "write" and call.texts and "pipe" in call.file else b""
    return [json.loads(line) for line in said.splitlines() if line.startswith(b'{"')]


async def opened(directory: Path) -> tuple[RoomState, dict[str, bytes], dict[str, bytes]]:
    """What is found when the room opens: its state, what its agents' mirrors hold, and the accepted texts."""
    repository = inspect(directory / "repository")
    assert isinstance(repository, Repository), repository
    room = await Room.open(repository, plan(directory))
    assert isinstance(room, Room), room
    try:
        state = room.host.state
        texts: dict[str, bytes] = {}
        mirrors: dict[str, bytes] = {}
        for path, head in state.files().items():
            data = await asyncio.to_thread(room.host.blob, head.blob)
            assert data is not None
            texts[path] = data
        for name in state.agents:
            seat = await room.admit(name)
            assert not hasattr(seat, "why"), seat
            mirrors |= {f"{name} {path}": (seat.directory / path).read_bytes() for path in texts}
        return room.host.state, texts, mirrors
    finally:
        await room.close()


def holds(directory: Path, told: Sequence[dict[str, Any]]) -> None:
    """The room that is found there opens once the machine has started again, and has all that was told."""
    with patch.object(shadow, "boot_id", lambda: "the next"):
        state, texts, mirrors = asyncio.run(opened(directory))
    newest: dict[str, tuple[int, str]] = {}
    for one in told:
        if "head" in one:
            assert state.seq >= one["head"]
        if "accepted" in one:
            newest[one["accepted"]] = one["version"], one["text"]
        if "held" in one:
            held = state.held[one["held"]]
            assert held.state is HeldState.OPEN
        if "landed" in one:
            repository = directory / "repository"
            assert git(repository, "merge-base", "--is-ancestor", one["landed"], one["branch"]) == ""
            for path, text in one["files"].items():
                assert git(repository, "show", f"{one['branch']}:{path}") == text.strip()
    for path, (version, text) in newest.items():
        head = state.head(path)
        assert head is not None
        assert head.version >= version
        if head.version == version:
            assert texts[path] == text.encode()
    for path, data in texts.items():
        assert data.decode() in WRITTEN[path], f"{path}: nobody wrote {data!r}"
    disputed = {held.path for held in state.open_held()}
    for name, data in mirrors.items():
        path = name.partition(" ")[2]
        assert path in disputed or data == texts[path], name
    fsck(directory / "repository")


@dataclass(frozen=True)
class Traced:
    """A room that was at work at `top`: what was there before, what it did, and what was there afterwards."""

    top: Path
    before: Found
    calls: list[Call]
    after: Found

    def tree(self) -> Tree:
        put(self.before, self.top)
        return Tree.of(self.top)


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    directory = tmp_path_factory.mktemp("power")
    top = directory / "room"
    new_repository(top / "repository", FILES)
    before = Tree.of(top).found()
    calls = traced(str(AT_WORK), str(top), log=directory / "trace")
    return Traced(top, before, calls, Tree.of(top).found())


def test_the_model_of_the_disk_ends_as_the_disk_does(at_work: Traced) -> None:
    tree = at_work.tree()
    for call in at_work.calls:
        tree.take(call)
    assert tree.found() == at_work.after


@pytest.mark.promise("log:durable", "doc:nothing-lost", "git:sound")
def test_a_room_whose_power_fails_opens_again_with_all_that_was_accepted_held_and_landed(at_work: Traced) -> None:
    counted, tree = at_work.tree(), at_work.tree()
    every = [number for number, call in enumerate(at_work.calls) if counted.take(call) or answers(call)]
    count = POINTS or len(every)
    chosen = {every[round((place + 0.5) * len(every) / count) - 1] for place in range(count)}
    chance, told, tried = Random(1), list[dict[str, Any]](), 0
    for number, call in enumerate(at_work.calls):
        tree.take(call)
        told += answers(call)
        if number not in chosen:
            continue
        tried += 1
        for lucky in (None, chance) if POINTS == 0 else ((None, chance)[tried % 2],):
            put(tree.after_power_loss(lucky), at_work.top)
            try:
                holds(at_work.top, told)
            except BaseException as fault:
                fault.add_note(f"the power failed after call {number} of {len(at_work.calls)}: {call.name} {call.file}")
                raise
    assert tried == len(chosen)
    assert {key for one in told for key in one} >= {"accepted", "held", "landed"}
    sys.stdout.write(f"{tried} of {len(every)} instants: nothing lost, every room opened\n")


def test_a_room_that_answers_before_it_has_synced_would_be_found_out(at_work: Traced) -> None:
    """The same calls without most of their syncs: the model of the disk can lose what it is there to lose."""
    tree, told = at_work.tree(), list[dict[str, Any]]()
    for call in at_work.calls:
        if not told or call.name not in SYNCS:
            tree.take(call)
        told += answers(call)
    put(tree.after_power_loss(None), at_work.top)
    with pytest.raises(AssertionError):
        holds(at_work.top, told)
