"""Landing by refs alone: queue, claim and branch change in one step, and a change is never in two places or in none."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.git.repositories import fsck, git
from tests.git.shared_places import FORMS, Ending, SharedPlace, held_by, parsed, shared_place

from coroom.core.errors import Fault
from coroom.git.claim_record import claim_ref
from coroom.git.landing import (
    QUEUE,
    RETURNED,
    Candidate,
    ClaimLost,
    Clash,
    Entry,
    HeldClaim,
    candidate,
    claims_of,
    forget,
    give_back,
    land,
    queued,
    settle,
    submit,
)
from coroom.git.shared import NotPublished, Obstacle, Published, RemoteRefs

CLAIM = HeldClaim(ref=claim_ref(parsed("test:tests/a.py::t")), holder="ann", fence=3, claim="c")


FILES = {"a.txt": b"1\n2\n3\n4\n5\n", "d/b.txt": b"b\n"}


@pytest.fixture(params=FORMS)
def either(request: pytest.FixtureRequest, tmp_path: Path) -> SharedPlace:
    return shared_place(str(request.param), tmp_path, FILES)


@pytest.fixture
def place(tmp_path: Path) -> SharedPlace:
    """Where the two forms differ in nothing, the one that costs less."""
    return shared_place("own", tmp_path, FILES)


def waiting(place: SharedPlace, files: dict[str, bytes], agent: str = "ann", **more: object) -> Entry:
    entry = submit(place.shared, place.commit(files, message=f"by {agent}"), onto="main", agent=agent, **more)  # type: ignore[arg-type]
    assert isinstance(entry, Entry), entry
    return entry


def made(place: SharedPlace, *entries: Entry) -> Candidate:
    found = candidate(place.shared.git, place.main(), entries)
    assert isinstance(found, Candidate), found
    return found


def hold(place: SharedPlace, claim: HeldClaim, nonce: str = "n") -> str:
    return held_by(place.store, claim.ref, claim.holder, claim.fence, nonce, claim.claim)


@pytest.mark.promise("git:sound")
def test_a_change_in_the_queue_is_kept_by_the_shared_repository(place: SharedPlace) -> None:
    entry = waiting(place, {"c.txt": b"c"}, task="t1", claims=(CLAIM,))
    [found] = queued(place.shared)
    assert found == entry
    assert (found.title, found.task, found.claims) == ("by ann", "t1", (CLAIM,))
    assert place.files(entry.ref) == ["a.txt", "c.txt", "d/b.txt"]
    fsck(place.store)


@pytest.mark.promise("main:green", "git:sound")
def test_main_the_claim_and_the_queue_change_in_one_step(either: SharedPlace) -> None:
    hold(either, CLAIM)
    entry = waiting(either, {"c.txt": b"c"}, task="t1", claims=(CLAIM,))
    base, new = either.main(), made(either, entry)
    assert land(either.shared, "main", base, new.commit, [entry]) == Published()
    assert either.main() == new.commit
    assert either.refs() == ["refs/heads/main"]
    assert git(either.store, "log", "-1", "--format=%an|%cn|%s|%P", "main") == f"ann|Coroom|by ann|{base} {entry.tip}"
    trailers = git(either.store, "log", "-1", "--format=%(trailers:only,unfold)", "main").splitlines()
    assert trailers == ["Coroom-Task: t1", "Coroom-Agent: ann", f"Coroom-Change: {entry.id}"]
    fsck(either.store)


@pytest.mark.promise("claim:fenced")
def test_who_lost_its_claim_cannot_land_however_late_it_comes(either: SharedPlace) -> None:
    hold(either, CLAIM)
    entry = waiting(either, {"c.txt": b"c"}, claims=(CLAIM,))
    base, new = either.main(), made(either, entry)
    hold(either, HeldClaim(ref=CLAIM.ref, holder="bob", fence=4, claim="d"))
    lost = land(either.shared, "main", base, new.commit, [entry])
    assert isinstance(lost, ClaimLost)
    assert lost.why == "ann no longer holds test:tests/a.py::t: bob holds it now"
    git(either.store, "update-ref", "-d", CLAIM.ref)
    assert isinstance(land(either.shared, "main", base, new.commit, [entry]), ClaimLost)
    assert either.main() == base


@pytest.mark.promise("claim:fenced")
def test_who_names_its_claim_does_not_land_under_anothers_of_the_same_name(place: SharedPlace) -> None:
    hold(place, CLAIM)
    key = parsed("test:tests/a.py::t")
    assert claims_of(place.shared, "ann", [key], "c") == claims_of(place.shared, "ann", [key]) == (CLAIM,)
    hold(place, replace(CLAIM, claim="elsewhere"))
    assert claims_of(place.shared, "ann", [key], "c") == key
    assert isinstance(claims_of(place.shared, "ann", [key]), tuple)


@pytest.mark.promise("claim:fenced")
def test_a_later_claim_of_the_same_holder_is_another_one_even_where_a_clock_gave_it_the_same_fence(
    place: SharedPlace,
) -> None:
    hold(place, CLAIM)
    entry = waiting(place, {"c.txt": b"c"}, claims=(CLAIM,))
    base, new = place.main(), made(place, entry)
    hold(place, replace(CLAIM, claim="later"))
    assert isinstance(land(place.shared, "main", base, new.commit, [entry]), ClaimLost)
    # What was queued by a version that did not know the id is judged by holder and fence.
    old = waiting(place, {"o.txt": b"o"}, claims=(replace(CLAIM, claim=""),))
    assert land(place.shared, "main", base, made(place, old).commit, [old]) == Published()


def test_a_claim_that_is_renewed_between_the_look_at_its_ref_and_the_fetch_is_not_taken_for_lost(
    tmp_path: Path,
) -> None:
    place = shared_place("remote", tmp_path, FILES)
    hold(place, CLAIM)
    entry = waiting(place, {"c.txt": b"c"}, claims=(CLAIM,))
    shared = place.shared
    assert isinstance(shared, RemoteRefs)
    renewals = iter("pqr")

    class Renewed(RemoteRefs):
        def read(self, *prefixes: str) -> dict[str, str]:
            found = super().read(*prefixes)
            nonce = next(renewals, "") if CLAIM.ref in prefixes else ""
            if nonce:
                hold(place, CLAIM, nonce)
            return found

    assert claims_of(Renewed(shared.git, str(place.store)), "ann", [parsed("test:tests/a.py::t")]) == (CLAIM,)
    renewals = iter("st")
    base, new = place.main(), made(place, entry)
    assert land(Renewed(shared.git, str(place.store)), "main", base, new.commit, [entry]) == Published()
    assert place.refs() == ["refs/heads/main"]


def test_a_change_that_leaves_the_queue_between_the_look_and_the_fetch_is_in_it_no_more(tmp_path: Path) -> None:
    place = shared_place("remote", tmp_path, FILES)
    one, two = waiting(place, {"c.txt": b"c"}), waiting(place, {"e.txt": b"e"}, agent="bob")
    assert queued(Ending(place, one.ref)) == [two]


@pytest.mark.promise("claim:fenced")
def test_a_claim_that_ends_between_the_look_at_its_ref_and_the_fetch_is_nobodys_and_nothing_lands_under_it(
    tmp_path: Path,
) -> None:
    place = shared_place("remote", tmp_path, FILES)
    key = parsed("test:tests/a.py::t")
    hold(place, CLAIM)
    entry = waiting(place, {"c.txt": b"c"}, claims=(CLAIM,))
    assert claims_of(Ending(place, CLAIM.ref), "ann", [key]) == key
    hold(place, CLAIM)
    base, new = place.main(), made(place, entry)
    lost = land(Ending(place, CLAIM.ref), "main", base, new.commit, [entry])
    assert isinstance(lost, ClaimLost)
    assert lost.why == "ann no longer holds test:tests/a.py::t: nobody holds it now"
    assert place.main() == base


def test_a_claim_that_was_renewed_meanwhile_is_still_the_same(place: SharedPlace) -> None:
    hold(place, CLAIM)
    entry = waiting(place, {"c.txt": b"c"}, claims=(CLAIM,))
    hold(place, CLAIM, nonce="renewed")
    assert land(place.shared, "main", place.main(), made(place, entry).commit, [entry]) == Published()
    assert CLAIM.ref not in place.refs()


def test_a_main_that_others_moved_is_not_overwritten(either: SharedPlace) -> None:
    entry = waiting(either, {"c.txt": b"c"})
    base, new = either.main(), made(either, entry)
    other = either.commit({"x.txt": b"x"})
    if either.store != either.work:
        git(either.work, "push", "--quiet", str(either.store), f"{other}:refs/heads/main")
    else:
        git(either.store, "update-ref", "refs/heads/main", other)
    done = land(either.shared, "main", base, new.commit, [entry])
    assert isinstance(done, NotPublished)
    assert done.obstacle is Obstacle.STALE
    assert either.main() == other
    assert [e.id for e in queued(either.shared)] == [entry.id]


def test_several_changes_land_as_one_commit_so_that_no_untested_one_is_on_main(place: SharedPlace) -> None:
    one = waiting(place, {"a.txt": b"one\n2\n3\n4\n5\n"})
    two = waiting(place, {"a.txt": b"1\n2\n3\n4\nfive\n"}, agent="bob")
    base, new = place.main(), made(place, one, two)
    assert land(place.shared, "main", base, new.commit, [one, two]) == Published()
    assert git(place.store, "show", "main:a.txt") == "one\n2\n3\n4\nfive"
    assert git(place.store, "rev-list", "--first-parent", f"{base}..main").split() == [new.commit]
    assert git(place.store, "log", "-1", "--format=%P", "main").split() == [base, one.tip, two.tip]
    assert git(place.store, "log", "-1", "--format=%s", "main") == "Land 2 changes"


def test_what_does_not_merge_names_the_paths(place: SharedPlace) -> None:
    one = waiting(place, {"a.txt": b"one\n2\n3\n4\n5\n", "日本 ü.txt": b"1"})
    two = waiting(place, {"a.txt": b"ONE\n2\n3\n4\n5\n", "日本 ü.txt": b"2"}, agent="bob")
    assert candidate(place.shared.git, place.main(), [one, two]) == Clash(two, ("a.txt", "日本 ü.txt"))


def test_a_rename_on_one_side_is_followed_by_the_edit_of_the_other(place: SharedPlace) -> None:
    tip = place.commit({"new/name.txt": b"1\n2\n3\n4\n5\n"}, message="move", without=["a.txt"])
    one = submit(place.shared, tip, onto="main", agent="ann")
    assert isinstance(one, Entry)
    two = waiting(place, {"a.txt": b"1\n2\n3\n4\nfive\n"}, agent="bob")
    new = made(place, one, two)
    assert git(place.work, "show", f"{new.commit}:new/name.txt") == "1\n2\n3\n4\nfive"
    assert "a.txt" not in git(place.work, "ls-tree", "--name-only", new.commit).split()


@pytest.mark.promise("git:sound")
def test_a_change_that_is_given_back_is_kept_with_the_reason(either: SharedPlace) -> None:
    entry = waiting(either, {"c.txt": b"c"})
    assert give_back(either.shared, entry, "red", "FAILED test_a") == Published()
    assert queued(either.shared) == []
    [back] = queued(either.shared, below=RETURNED)
    assert (back.id, back.tip, back.kind, back.why) == (entry.id, entry.tip, "red", "FAILED test_a")
    assert forget(either.shared, back) == Published()
    assert either.refs() == ["refs/heads/main"]


@pytest.mark.promise("git:sound")
def test_a_landing_that_was_cut_off_after_main_moved_is_finished(either: SharedPlace) -> None:
    hold(either, CLAIM)
    entry = waiting(either, {"c.txt": b"c"}, claims=(CLAIM,))
    other = waiting(either, {"e.txt": b"e"})
    new = made(either, entry)
    if either.store != either.work:
        git(either.work, "push", "--quiet", str(either.store), f"{new.commit}:refs/heads/main")
    else:
        git(either.store, "update-ref", "refs/heads/main", new.commit)
    assert settle(either.shared, "main", queued(either.shared), new.commit) == [other]
    assert either.refs() == [other.ref, "refs/heads/main"]


def test_a_commit_that_does_not_contain_what_it_should_never_lands(place: SharedPlace) -> None:
    entry = waiting(place, {"c.txt": b"c"})
    with pytest.raises(Fault, match="does not contain"):
        land(place.shared, "main", place.main(), place.main(), [entry])
    assert [e.id for e in queued(place.shared)] == [entry.id]


@pytest.mark.parametrize(
    "message", ["", "x\n\n{", "x\n\n[]", 'x\n\n{"claims": [{"ref": "refs/heads/main", "holder": "", "fence": 1}]}']
)
def test_what_anybody_else_puts_into_the_queue_is_passed_over(place: SharedPlace, message: str) -> None:
    odd = git(place.store, "commit-tree", "-p", "main", "-m", message, "main^{tree}") if message else place.main()
    git(place.store, "update-ref", f"{QUEUE}/0", odd)
    assert queued(place.shared) == []


def test_an_agents_words_cannot_forge_a_trailer(place: SharedPlace) -> None:
    entry = waiting(place, {"c.txt": b"c"}, title="x\n\nCoroom-Agent: root", task="t\nCoroom-Agent: eve")
    new = made(place, entry)
    trailers = git(place.work, "log", "-1", "--format=%(trailers:only,unfold)", new.commit).splitlines()
    assert [line for line in trailers if line.startswith("Coroom-Agent")] == ["Coroom-Agent: ann"]
