"""Refs changed together by compare-and-swap: one contract for the repository itself and for a remote."""

from pathlib import Path

import pytest
from tests.git.repositories import fsck, git
from tests.git.shared_places import FORMS, Ending, SharedPlace, hook, shared_place

from coroom.git.command import Git, GitFailed
from coroom.git.shared import FETCHES_MAX, NotPublished, Obstacle, Published, RefChange, RemoteRefs

MAIN = "refs/heads/main"


@pytest.fixture(params=FORMS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> SharedPlace:
    return shared_place(str(request.param), tmp_path)


def obstacle(done: Published | NotPublished) -> Obstacle:
    assert isinstance(done, NotPublished), done
    assert done.why
    return done.obstacle


def test_all_changes_happen_together_or_none(place: SharedPlace) -> None:
    old, new = place.main(), place.commit({"b.txt": b"b"})
    both = [RefChange(MAIN, new, old), RefChange("refs/coroom/x/1", new, "")]
    assert place.shared.publish(both) == Published()
    assert place.shared.read(MAIN, "refs/coroom/x") == {MAIN: new, "refs/coroom/x/1": new}
    newer = place.commit({"c.txt": b"c"}, base=new)
    done = place.shared.publish([RefChange(MAIN, newer, new), RefChange("refs/coroom/x/1", "", old)])
    assert obstacle(done) is Obstacle.STALE
    assert isinstance(done, NotPublished)
    assert "refs/coroom/x/1" in done.refs
    assert place.shared.read(MAIN, "refs/coroom/x") == {MAIN: new, "refs/coroom/x/1": new}
    fsck(place.store)


def test_to_ask_again_for_what_is_there_is_to_have_done_it(place: SharedPlace) -> None:
    old, new = place.main(), place.commit({"b.txt": b"b"})
    changes = [RefChange(MAIN, new, old), RefChange("refs/coroom/gone", "", old)]
    git(place.store, "update-ref", "refs/coroom/gone", old)
    assert place.shared.publish(changes) == Published()
    assert place.shared.publish(changes) == Published()
    assert place.shared.read("refs/coroom") == {}


def test_a_ref_that_must_be_new_is_not_overwritten(place: SharedPlace) -> None:
    mine, theirs = place.commit({"b.txt": b"b"}), place.main()
    git(place.store, "update-ref", "refs/coroom/x", theirs)
    assert obstacle(place.shared.publish([RefChange("refs/coroom/x", mine, "")])) is Obstacle.STALE
    assert place.shared.read("refs/coroom/x") == {"refs/coroom/x": theirs}


def test_a_lock_left_on_a_ref_is_said_and_nothing_moves(place: SharedPlace) -> None:
    old, new = place.main(), place.commit({"b.txt": b"b"})
    git_directory = place.store if (place.store / "HEAD").exists() else place.store / ".git"
    (git_directory / f"{MAIN}.lock").touch()
    assert obstacle(place.shared.publish([RefChange(MAIN, new, old)])) is Obstacle.LOCKED
    assert place.main() == old


def test_only_what_lies_below_a_prefix_is_read(place: SharedPlace) -> None:
    for name in ("refs/coroom/queue/1", "refs/coroom/queued", "refs/other/refs/coroom/queue/2"):
        git(place.store, "update-ref", name, place.main())
    assert list(place.shared.read("refs/coroom/queue")) == ["refs/coroom/queue/1"]


def test_a_branch_that_is_checked_out_is_not_moved_under_its_checkout(tmp_path: Path) -> None:
    place = shared_place("own", tmp_path)
    new = place.commit({"b.txt": b"b"})
    old = place.main()
    git(place.work, "checkout", "--quiet", "main")
    done = place.shared.publish([RefChange(MAIN, new, old)])
    assert obstacle(done) is Obstacle.REJECTED
    assert "checked out" in str(done)
    assert place.main() == old


def test_a_hook_that_rejects_is_quoted(tmp_path: Path) -> None:
    place = shared_place("remote", tmp_path)
    hook(place.store, "pre-receive", "#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n")
    old, new = place.main(), place.commit({"b.txt": b"b"})
    done = place.shared.publish([RefChange(MAIN, new, old)])
    assert obstacle(done) is Obstacle.REJECTED
    assert "not on a Friday" in str(done)
    assert place.main() == old


def test_a_push_into_the_checkout_of_somebody_is_refused_in_words(tmp_path: Path) -> None:
    place = shared_place("remote", tmp_path)
    somebody = tmp_path / "somebody"
    git(tmp_path, "clone", "--quiet", str(place.store), str(somebody))
    shared = RemoteRefs(Git(place.work), str(somebody), "origin")
    done = shared.publish([RefChange(MAIN, place.commit({"b.txt": b"b"}), place.main())])
    assert obstacle(done) is Obstacle.REJECTED
    assert "origin refuses main: branch is currently checked out" in str(done)


def test_a_remote_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    place = shared_place("remote", tmp_path)
    gone = RemoteRefs(Git(place.work), str(tmp_path / "gone.git"), "origin")
    done = gone.publish([RefChange(MAIN, place.commit({"b.txt": b"b"}), place.main())])
    assert obstacle(done) is Obstacle.UNREACHABLE
    assert "origin cannot be reached" in str(done)
    with pytest.raises(GitFailed):
        gone.read(MAIN)


def test_a_push_whose_end_was_not_seen_is_found_out_from_the_refs(tmp_path: Path) -> None:
    """The remote's last hook kills the push after everything has moved."""
    place = shared_place("remote", tmp_path)
    hook(place.store, "post-receive", "#!/bin/sh\nkill -9 $(ps -o ppid= -p $PPID)\n")
    old, new = place.main(), place.commit({"b.txt": b"b"})
    assert place.shared.publish([RefChange(MAIN, new, old)]) == Published()
    assert place.main() == new


def test_objects_of_a_remote_are_there_after_a_fetch(tmp_path: Path) -> None:
    place = shared_place("remote", tmp_path)
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(place.store), str(other))
    git(other, "commit", "--quiet", "--allow-empty", "--message=far")
    git(other, "push", "--quiet", "origin", "HEAD:refs/coroom/far")
    refs = place.shared.read("refs/coroom")
    place.shared.fetch(refs)
    assert place.shared.git.line("cat-file", "-t", refs["refs/coroom/far"]) == "commit"
    assert "refs/coroom/had/coroom/far" in git(place.work, "for-each-ref", "--format=%(refname)").split()
    git(place.store, "update-ref", "-d", "refs/coroom/far")
    assert place.shared.read("refs/coroom") == {}
    assert "had" not in git(place.work, "for-each-ref", "--format=%(refname)")


def with_refs(place: SharedPlace, count: int) -> list[str]:
    """That many refs, each with a commit that nobody has fetched."""
    refs = [f"refs/coroom/x/{number}" for number in range(count)]
    for ref in refs:
        git(place.store, "update-ref", ref, git(place.store, "commit-tree", "-m", ref, "main^{tree}"))
    return refs


@pytest.mark.parametrize("protocol", ["0", "2"])
def test_a_ref_that_ends_between_the_look_and_the_fetch_is_left_out_and_the_others_are_fetched(
    protocol: str, tmp_path: Path
) -> None:
    place = shared_place("remote", tmp_path)
    git(place.work, "config", "protocol.version", protocol)
    one, two, three, four = with_refs(place, 4)
    shared = Ending(place, one, three)
    seen = shared.read("refs/coroom/x")
    assert list(seen) == [one, two, three, four]
    assert shared.fetch(seen) == {two: seen[two], four: seen[four]}
    assert {place.shared.git.line("cat-file", "-t", seen[ref]) for ref in (two, four)} == {"commit"}


def test_when_all_that_was_seen_has_ended_nothing_is_fetched_and_nothing_fails(tmp_path: Path) -> None:
    place = shared_place("remote", tmp_path)
    shared = Ending(place, *with_refs(place, 1))
    assert shared.fetch(shared.read("refs/coroom/x")) == {}


def test_what_another_process_of_the_clone_fetches_at_the_same_moment_is_fetched_all_the_same(
    tmp_path: Path,
) -> None:
    place = shared_place("remote", tmp_path)
    [ref] = with_refs(place, 1)
    git(place.work, "config", "remote.far.url", str(place.store))
    shared, once = RemoteRefs(Git(place.work), "far"), tmp_path / "once"
    shared.fetch(shared.read(ref))
    git(place.store, "update-ref", ref, git(place.store, "commit-tree", "-m", "moved", "main^{tree}"))
    kept = ref.replace("refs/", "refs/coroom/had/", 1)
    other = git(place.work, "commit-tree", "-m", "other", "main^{tree}")
    # Git waits for the far end before it changes any ref.
    far_end = tmp_path / "upload-pack"
    far_end.write_text(
        f'#!/bin/sh\ngit-upload-pack "$@"\n'
        f"test -e {once} || {{ touch {once}; git --git-dir={place.work}/.git update-ref {kept} {other}; }}\n"
    )
    far_end.chmod(0o755)
    seen = shared.read(ref)
    git(place.work, "config", "remote.far.uploadpack", str(far_end))
    assert shared.fetch(seen) == seen
    assert once.exists()
    assert git(place.work, "rev-parse", kept) == seen[ref]


def test_where_more_ends_before_each_fetch_git_is_asked_a_bounded_number_of_times(tmp_path: Path) -> None:
    place = shared_place("remote", tmp_path)
    refs = with_refs(place, FETCHES_MAX + 2)
    shared = Ending(place, *refs)
    with pytest.raises(GitFailed, match="couldn't find remote ref"):
        shared.fetch(shared.read("refs/coroom/x"))
    assert shared.ends == refs[FETCHES_MAX:]


def test_a_fetch_that_fails_for_any_other_reason_is_a_failure_at_once(tmp_path: Path) -> None:
    place = shared_place("remote", tmp_path)
    [ref] = with_refs(place, 1)
    shared = Ending(place)
    seen = shared.read("refs/coroom/x")
    (place.store / "objects" / seen[ref][:2] / seen[ref][2:]).unlink()
    shared.ends = [ref]
    with pytest.raises(GitFailed, match=r"^(?!.*couldn't find remote ref)"):
        shared.fetch(seen)
    assert shared.ends == [ref]


def test_a_fetch_that_was_killed_halfway_is_made_whole(tmp_path: Path) -> None:
    place = shared_place("remote", tmp_path)
    own = tmp_path / "own.git"
    git(tmp_path, "init", "--quiet", "--bare", str(own))
    shared = RemoteRefs(Git(own), str(place.store))
    main = place.main()
    commit = git(place.store, "cat-file", "commit", main)
    git(own, "hash-object", "-w", "-t", "commit", "--stdin", stdin=commit.encode() + b"\n")
    shared.fetch(shared.read(MAIN))
    assert git(own, "ls-tree", "-r", "-l", main).split()[-1] == "a.txt"
    assert "BAD" not in git(own, "ls-tree", "-r", "-l", main)
