"""Landing while others do: what is seen may have landed, ended or been given back before it is looked at."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.git.repositories import git
from tests.git.shared_places import FORMS, Ending, SharedPlace, held_by, shared_place
from tests.run.test_clocks import KEY, landed_once, wish, with_work

from coroom.git.claim_record import claim_ref
from coroom.git.gate import turn
from coroom.git.landing import RETURNED, Entry, forget, give_back, queued, submit
from coroom.git.repository import Repository, inspect
from coroom.git.shared import Published, RemoteRefs
from coroom.run.destination import Destination, destination_of
from coroom.run.landing import LandingEnd, land_here
from coroom.run.radar import meetings_at


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def checkout(place: SharedPlace) -> Repository:
    repository = inspect(place.work, detached=True)
    assert isinstance(repository, Repository)
    return repository


@pytest.mark.promise("claim:fenced", "git:sound")
@pytest.mark.parametrize("before", ["read", "fetch"])
@pytest.mark.parametrize("form", FORMS)
async def test_who_lands_what_another_process_has_landed_since_the_first_look_is_told_that_it_is_there(
    form: str, before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = with_work(tmp_path, form)
    claim = claim_ref(KEY)
    held_by(place.store, claim, "ann", 1)
    kind, others = type(place.shared), list[object]()
    ask = getattr(kind, before)

    def asked(self: object, *words: object) -> object:
        if not others and any(claim in word for word in words):  # type: ignore[operator]
            others.append("lands")
            others.append(asyncio.run(land_here(checkout(place), wish(place, KEY), lambda _text: None)))
        return ask(self, *words)

    monkeypatch.setattr(kind, before, asked)
    end = await land_here(checkout(place), wish(place, KEY), lambda _text: None)
    for one in (*others[1:], end):
        assert isinstance(one, LandingEnd), one
        assert one.commit == place.main()
    assert others[1:]
    landed_once(place)


async def test_a_reason_that_another_hears_and_drops_first_leaves_the_author_told_that_nothing_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = with_work(tmp_path, "remote")
    goal = destination_of(checkout(place), str(place.store))
    assert isinstance(goal, Destination)
    fetch = RemoteRefs.fetch

    def given_back(text: str) -> None:
        if "another gate is at work" in text:
            [entry] = queued(place.shared)
            assert give_back(place.shared, entry, "red", "It fails.") == Published()

    def fetched(self: RemoteRefs, refs: Mapping[str, str]) -> Mapping[str, str]:
        if any(ref.startswith(RETURNED) for ref in refs):
            monkeypatch.setattr(RemoteRefs, "fetch", fetch)
            [back] = queued(place.shared, below=RETURNED)
            assert forget(place.shared, back) == Published()
        return fetch(self, refs)

    monkeypatch.setattr(RemoteRefs, "fetch", fetched)
    with turn(goal.directory) as mine:
        assert mine
        end = await land_here(checkout(place), wish(place), given_back)
    assert isinstance(end, LandingEnd)
    assert (end.landed, end.kind) == (False, "withdrawn")
    assert place.refs() == ["refs/heads/main"]


def test_a_branch_that_goes_while_all_are_probed_meets_nobody(tmp_path: Path) -> None:
    place = shared_place("remote", tmp_path, {"a.txt": b"a\n"})
    for name in ("one", "two"):
        tip = place.commit({"a.txt": name.encode()})
        git(place.work, "push", "--quiet", str(place.store), f"{tip}:refs/heads/{name}")
    mine = submit(place.shared, place.commit({"a.txt": b"mine"}), onto="main", agent="ann")
    assert isinstance(mine, Entry)
    found = meetings_at(Ending(place, "refs/heads/one"), "main")
    assert [(meeting.earlier.name, meeting.later.tip) for meeting in found] == [("two", mine.tip)]
