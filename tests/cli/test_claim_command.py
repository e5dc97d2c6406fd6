"""`coroom claim`, `release` and `claims`, as a person types them."""

import json
from pathlib import Path

import pytest
from tests.cli.commands import Place, place_at
from tests.git.repositories import git


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = place_at(tmp_path)
    git(tmp_path, "clone", "--quiet", "--bare", str(place.repository), "shared.git")
    git(place.repository, "remote", "add", "origin", str(tmp_path / "shared.git"))
    return place


def test_one_claims_another_is_refused_and_what_is_released_is_free(place: Place) -> None:
    mine = place.call("claim", "issue:17", "test:t.py::a", "--as", "ann", "--purpose", "the date parser")
    assert (mine.code, mine.err) == (0, "")
    assert mine.out.startswith("You hold issue:17, test:t.py::a for 600 s (fence ")
    theirs = place.call("claim", "issue:17", "--as", "bob", "--json")
    assert theirs.code == 1
    document = json.loads(theirs.out)
    assert (document["claimed"], document["code"]) == (False, "claimed")
    assert "held by ann (exclusive: the date parser)" in document["why"]
    shown = json.loads(place.call("claims", "--json").out)["claims"]
    assert [(one["holder"], one["resources"]) for one in shown] == [("ann", ["issue:17", "test:t.py::a"])]
    assert place.call("release", "issue:17", "--as", "bob").code == 1
    assert place.call("release", "--as", "ann").out == "Released issue:17, test:t.py::a.\n"
    assert place.call("claims").out == "Nothing is claimed.\n"


def test_what_may_be_the_same_work_is_noted_and_a_claim_can_be_ended_by_force(place: Place) -> None:
    place.call("claim", "task:fix-static-local-variables", "--as", "ann")
    near = place.call("claim", "task:implement-static-local-variables", "--as", "bob")
    assert near.code == 0
    assert "may be the same work: task:fix-static-local-variables by ann" in near.err
    assert place.call("release", "--force", "task:fix-static-local-variables", "--as", "bob").code == 0
    assert "ann" not in place.call("claims").out


def test_without_a_remote_it_says_what_to_do(place: Place) -> None:
    git(place.repository, "remote", "remove", "origin")
    done = place.call("claim", "issue:1")
    assert done.code == 2
    assert "has no remote 'origin' (it has: none)" in done.err
    assert place.call("claim", "issue:1", "--remote", ".").code == 0
    wrong = place.call("claim", "nonsense")
    assert wrong.code == 2
    assert "names no resource" in wrong.err
