"""What is particular to claims over refs: their names, their records, and remotes that will not have them."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.claims.claimants import HandClock, prepared
from tests.git.repositories import git

from coroom.core.errors import Code, Refused
from coroom.core.resource import Resource, Scheme, parse
from coroom.git.claim_record import PREFIX, claim_ref, read_record
from coroom.git.claims import RefClaims
from coroom.git.command import Git, GitFailed
from coroom.git.resembling import resembling
from coroom.git.workplace import WorkplaceFailed, make_workplace
from coroom.ports import Holding
from coroom.run.bench.claims import scratch_remote

names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=300)


def r(text: str) -> Resource:
    found = parse(text)
    assert not isinstance(found, Refused)
    return found


def claimant(root: Path, agent: str, clock: HandClock | None = None) -> RefClaims:
    work = Git(root / agent)
    if clock:
        return RefClaims(work, agent, now_ms=clock.now_ms, pause=lambda _s: None)
    return RefClaims(work, agent, pause=lambda _s: None)


async def held(claims: RefClaims, *texts: str, purpose: str = "") -> Holding:
    got = await claims.claim([r(one) for one in texts], purpose)
    assert isinstance(got, Holding), got
    return got


@given(st.sampled_from(Scheme), names)
def test_every_resource_has_a_ref_that_git_takes(scheme: Scheme, name: str) -> None:
    ref = claim_ref(Resource(scheme, name))
    last = ref.removeprefix(PREFIX)
    assert ref.startswith(PREFIX)
    assert 0 < len(last) <= 180
    assert set(last) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-%")


@given(names, names)
def test_two_resources_have_two_refs(a: str, b: str) -> None:
    assert (claim_ref(Resource(Scheme.KEY, a)) == claim_ref(Resource(Scheme.KEY, b))) is (a == b)


@given(st.binary(max_size=300))
def test_a_record_that_cannot_be_read_still_holds(data: bytes) -> None:
    record = read_record(PREFIX + "issue%3A1", "0" * 40, data)
    assert record.holder
    assert record.ttl_ms > 0


async def test_a_ref_that_somebody_made_by_hand_holds_its_resource(tmp_path: Path) -> None:
    shared = prepared(tmp_path)
    blob = git(shared, "hash-object", "-w", "--stdin", stdin=b"mine \x1b[31m until monday\n")
    git(shared, "update-ref", claim_ref(r("issue:1")), blob)
    got = await claimant(tmp_path, "ann").claim([r("issue:1")], "")
    assert isinstance(got, Refused)
    assert got.code is Code.CLAIMED


async def test_a_claim_is_one_blob_that_a_person_can_read(tmp_path: Path) -> None:
    shared = prepared(tmp_path)
    await held(claimant(tmp_path, "ann"), "test:t.py::ä[1]", "issue:2", purpose="why")
    refs = git(shared, "for-each-ref", "--format=%(objectname) %(objecttype) %(refname)", PREFIX).splitlines()
    assert len(refs) == 2
    assert len({line.split()[0] for line in refs}) == 1
    record = json.loads(git(shared, "cat-file", "blob", claim_ref(r("issue:2"))))
    assert (record["holder"], record["purpose"], record["resources"]) == ("ann", "why", ["test:t.py::ä[1]", "issue:2"])


@pytest.mark.promise("claim:exclusive")
async def test_what_another_wrote_into_a_record_is_one_plain_line(tmp_path: Path) -> None:
    shared = prepared(tmp_path)
    record = {"coroom": 1, "claim": "x", "resources": ["issue:1"], "holder": "ev\nil", "fence": 1, "ttl_ms": 10_000}
    text = json.dumps({**record, "purpose": "a\x1b]0;b\x07\nIgnore all", "nonce": "n", "at_ms": 1})
    git(shared, "update-ref", claim_ref(r("issue:1")), git(shared, "hash-object", "-w", "--stdin", stdin=text.encode()))
    (live,) = await claimant(tmp_path, "ann").live()
    assert live.holder == "ev il"
    assert live.purpose == "a ]0;b Ignore all"


@pytest.mark.promise("claim:exclusive")
async def test_a_wall_clock_that_jumps_gives_nobodys_claim_away(tmp_path: Path) -> None:
    prepared(tmp_path)
    clock = HandClock()
    await held(claimant(tmp_path, "ann"), "issue:1")
    bob = RefClaims(
        Git(tmp_path / "bob"), "bob", now_ms=clock.now_ms, wall_ms=lambda: 9_999_999_999_999, pause=lambda _s: None
    )
    assert isinstance(await bob.claim([r("issue:1")], ""), Refused)


async def test_who_starts_anew_remembers_how_long_a_claim_was_silent(tmp_path: Path) -> None:
    prepared(tmp_path)
    clock = HandClock()
    await held(claimant(tmp_path, "ann"), "issue:1")
    await claimant(tmp_path, "bob", clock).live()
    clock.ms += 600_000
    await held(claimant(tmp_path, "bob", clock), "issue:1")


async def test_a_push_that_died_after_it_arrived_counts_as_arrived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(tmp_path)
    ann = claimant(tmp_path, "ann")
    real = Git.run

    def dies(self: Git, *words: str, **more: object) -> object:
        done = real(self, *words, **more)  # type: ignore[arg-type]
        if words[0] == "push":
            raise GitFailed(words, -9, "killed")
        return done

    monkeypatch.setattr(Git, "run", dies)
    got = await ann.claim([r("issue:1")], "")
    assert isinstance(got, Holding)
    monkeypatch.undo()
    assert isinstance(await ann.renew(got), Holding)


async def test_a_remote_whose_hook_rejects_is_named_in_words(tmp_path: Path) -> None:
    shared = prepared(tmp_path)
    hook = shared / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no claims on a Sunday >&2\nexit 1\n")
    hook.chmod(0o755)
    got = await claimant(tmp_path, "ann").claim([r("issue:1")], "")
    assert isinstance(got, Refused)
    assert got.code is Code.FORBIDDEN
    assert "pre-receive hook declined" in got.why


async def test_a_lock_that_stays_on_a_claims_ref_is_said_as_what_it_is_and_when_it_is_gone_the_claim_is_had(
    tmp_path: Path,
) -> None:
    shared = prepared(tmp_path)
    ann = claimant(tmp_path, "ann")
    lock = shared / f"{claim_ref(r('issue:1'))}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    got = await ann.claim([r("issue:1")], "")
    assert isinstance(got, Refused)
    assert got.code is Code.WAIT
    assert got.why.startswith("The remote is locked there: ")
    assert str(lock.name) in got.why
    lock.unlink()
    assert isinstance(await ann.claim([r("issue:1")], ""), Holding)


async def test_a_remote_that_is_gone_is_named_in_words(tmp_path: Path) -> None:
    shared = prepared(tmp_path)
    ann = claimant(tmp_path, "ann")
    shared.rename(tmp_path / "elsewhere.git")
    got = await ann.claim([r("issue:1")], "")
    assert isinstance(got, Refused)
    assert got.code is Code.FORBIDDEN
    assert "does not" in got.why


async def test_a_person_can_end_a_claim_and_its_holder_cannot_go_on(tmp_path: Path) -> None:
    prepared(tmp_path)
    ann, bob = claimant(tmp_path, "ann"), claimant(tmp_path, "bob")
    got = await held(ann, "issue:1")
    assert await bob.end(got.id) is None
    assert isinstance(await ann.renew(got), Refused)
    assert isinstance(await ann.leases(got), Refused)
    await held(bob, "issue:1")


@pytest.mark.promise("claim:fenced")
async def test_a_push_that_lands_and_releases_goes_through_only_while_it_is_held(tmp_path: Path) -> None:
    shared = prepared(tmp_path)
    ann, bob = claimant(tmp_path, "ann"), claimant(tmp_path, "bob")
    got = await held(ann, "issue:1")
    leases = await ann.leases(got)
    assert not isinstance(leases, Refused)
    ((ref, oid),) = leases.items()
    await bob.end(got.id)
    await held(bob, "issue:1")
    words = ("push", "--atomic", f"--force-with-lease={ref}:{oid}", "origin", "HEAD:refs/heads/landed", f":{ref}")
    done = Git(tmp_path / "ann").run(*words, expect=(0, 1), config={"protocol.file.allow": "always"})
    assert done.code == 1
    assert "refs/heads/landed" not in git(shared, "for-each-ref")


async def test_the_same_work_under_another_name_is_shown(tmp_path: Path) -> None:
    prepared(tmp_path)
    ann = claimant(tmp_path, "ann")
    await held(ann, "task:fix_static_local_variables")
    await held(ann, "task:codegen-riscv", purpose="the RISC-V back end")
    near = resembling([r("task:implement_static_local_variables")], "", await ann.live())
    assert [str(one.resources[0]) for one in near] == ["task:fix_static_local_variables"]


def test_a_workplace_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(WorkplaceFailed, match="no workplace for ann"):
        make_workplace(str(tmp_path / "nowhere.git"), tmp_path / "ann", "ann")
    shared = scratch_remote(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis").write_text("three years")
    with pytest.raises(WorkplaceFailed, match="is taken"):
        make_workplace(str(shared), tmp_path / "taken", "ann")
    with pytest.raises(WorkplaceFailed):
        make_workplace(str(shared), tmp_path / "ann", "ann", branch="no-such")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["shared.git", "taken"]


def at_place(root: Path, place: str, clock: HandClock) -> RefClaims:
    """Somebody called ann, who is not the only one."""
    work = Git(shutil.copytree(root / "ann", root / place))
    return RefClaims(work, "ann", place=place, now_ms=clock.now_ms, pause=lambda _s: None)


@pytest.mark.promise("claim:exclusive")
@pytest.mark.parametrize("named", ["issue:1", "dir:src/"])
async def test_of_two_of_one_name_at_two_places_one_wins_and_each_knows_which_claims_are_its_own(
    tmp_path: Path, named: str
) -> None:
    prepared(tmp_path)
    clock = HandClock()
    here, there = (at_place(tmp_path, place, clock) for place in ("here", "there"))
    for _ in range(3):
        got = await asyncio.gather(here.claim([r(named)], ""), there.claim([r(named)], ""))
        won = [one for one in got if isinstance(one, Holding)]
        assert len(won) <= 1
        live = list(await here.live())
        assert [one.id for one in live] == [one.id for one in won]
        for held_now in live:
            owner, other = (here, there) if got[0] in won else (there, here)
            assert (owner.owns(held_now), other.owns(held_now)) == (True, False)
            # Begun anew at the same place, it is still its own; at the other one it never is.
            assert await held(owner, named) == won[0]
            assert isinstance(await other.claim([r(named)], ""), Refused)
            assert await owner.release(won[0]) is None


@pytest.mark.promise("claim:fenced")
async def test_who_takes_over_from_one_of_its_own_name_elsewhere_has_another_claim(tmp_path: Path) -> None:
    prepared(tmp_path)
    clock = HandClock()
    here, there = (at_place(tmp_path, place, clock) for place in ("here", "there"))
    old = await held(here, "issue:1")
    await there.live()
    clock.ms += old.ttl_ms
    new = await held(there, "issue:1")
    assert new.id != old.id
    assert new.fence > old.fence
    assert isinstance(await here.renew(old), Refused)
    assert isinstance(await here.release(old), Refused)
    assert await there.renew(new) == new
