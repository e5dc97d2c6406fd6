"""Unfinished work in the shared remote: each place's own, and nothing of it is replaced by what comes later."""

from pathlib import Path

import pytest
from tests.git.repositories import git, new_repository

from coroom.core.resource import Resource, Scheme
from coroom.git.command import Git, GitFailed
from coroom.run.bench.claims import scratch_remote
from coroom.run.loop.unfinished import UNSAVED, WIP, Unfinished, place_name

ITEM, OTHER = Resource(Scheme.TEST, "t.py::a"), Resource(Scheme.TEST, "t.py::b")


class Harness:
    """The harness's repository of one loop whose agent is called ann."""

    def __init__(self, root: Path, shared: Path) -> None:
        self.work = new_repository(root / "work", {"a.txt": b"bad\n"})
        self.base = git(self.work, "rev-parse", "HEAD")
        self.unfinished = Unfinished(Git(self.work), str(shared), "ann", place_name(root / "name"))

    def worked(self, text: str) -> str:
        """What a session that began from the base has left."""
        git(self.work, "checkout", "--quiet", "--detach", self.base)
        (self.work / "a.txt").write_text(text)
        git(self.work, "commit", "--quiet", "--all", f"--message={text}")
        return git(self.work, "rev-parse", "HEAD")

    def sees(self, item: Resource = ITEM) -> str:
        words = ("fetch", "--quiet", "--prune", str(self.unfinished._remote), self.unfinished.spec(item))
        git(self.work, *words)
        return self.unfinished.of(item, self.base)


def refs(shared: Path) -> list[str]:
    return git(shared, "for-each-ref", "--format=%(refname)", WIP).split()


def test_two_loops_of_one_name_keep_their_unfinished_work_apart_and_each_sees_both(tmp_path: Path) -> None:
    shared = scratch_remote(tmp_path)
    here, there = Harness(tmp_path / "here", shared), Harness(tmp_path / "there", shared)
    kept = [
        here.unfinished.save(here.worked("left door"), ITEM),
        there.unfinished.save(there.worked("right door"), ITEM),
    ]
    assert sorted(refs(shared)) == sorted(kept)
    assert len(set(kept)) == 2
    for one in (here, there):
        told = one.sees()
        assert "left door" in told
        assert "right door" in told
    # Begun anew, a loop is still the same place; what it has finished it forgets, and nobody else's.
    again = Unfinished(Git(here.work), str(shared), "ann", place_name(tmp_path / "here" / "name"))
    again.drop(ITEM)
    assert refs(shared) == [kept[1]]
    assert "left door" not in there.sees()


def test_what_a_place_left_before_stays_in_what_it_leaves_later_and_of_other_items(tmp_path: Path) -> None:
    shared = scratch_remote(tmp_path)
    ann = Harness(tmp_path / "ann", shared)
    first, second, third = (ann.worked(text) for text in ("one", "two", "three"))
    ref = ann.unfinished.save(first, ITEM)
    assert ann.unfinished.save(second, ITEM) == ref
    assert ann.unfinished.save(third, OTHER) != ref
    held = git(shared, "rev-list", ref).split()
    assert {first, second} <= set(held)
    assert git(shared, "show", f"{ref}:a.txt") == "two"
    told = ann.sees().splitlines()
    assert [one.partition(":")[2].partition(":")[0].strip() for one in told] == ["two", "one"]
    assert f"git show {second[:12]}" in told[0]
    assert "three" in ann.sees(OTHER)


def test_what_the_branch_has_by_now_is_not_unfinished(tmp_path: Path) -> None:
    shared = scratch_remote(tmp_path)
    ann = Harness(tmp_path / "ann", shared)
    tip = ann.worked("one")
    ann.unfinished.save(tip, ITEM)
    assert ann.sees()
    assert ann.unfinished.of(ITEM, tip) == ""
    assert ann.unfinished.of(OTHER, ann.base) == ""


def test_the_job_of_a_role_has_all_of_it_at_hand(tmp_path: Path) -> None:
    shared = scratch_remote(tmp_path)
    ann, bob = Harness(tmp_path / "ann", shared), Harness(tmp_path / "bob", shared)
    kept = ann.unfinished.save(ann.worked("one"), ITEM)
    bob.sees(Resource(Scheme.ROLE, "integrator"))
    assert git(bob.work, "show", f"{kept}:a.txt") == "one"


def test_a_place_whose_name_was_lost_to_a_full_disk_gets_another_and_never_an_empty_one(tmp_path: Path) -> None:
    named = tmp_path / "name"
    first = place_name(named)
    assert place_name(named) == first
    named.write_text("")
    assert place_name(named) not in {"", first}


def test_what_the_remote_does_not_take_is_kept_here_until_it_does(tmp_path: Path) -> None:
    shared = scratch_remote(tmp_path)
    ann = Harness(tmp_path / "ann", shared)
    away = shared.with_name("away.git")
    first, second = ann.worked("one"), ann.worked("two")
    shared.rename(away)
    for tip in (first, second):
        with pytest.raises(GitFailed):
            ann.unfinished.save(tip, ITEM)
    away.rename(shared)
    ann.unfinished.save_again()
    (ref,) = refs(shared)
    assert {first, second} <= set(git(shared, "rev-list", ref).split())
    assert git(ann.work, "for-each-ref", UNSAVED) == ""
    ann.unfinished.save_again()
    assert refs(shared) == [ref]
