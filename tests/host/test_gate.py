"""The gate over real repositories, with real test commands: main is green at every commit, and nothing is lost."""

import asyncio
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.git.repositories import fsck, git
from tests.git.shared_places import FORMS, SharedPlace, held_by, hook, parsed, shared_place

from coroom.git.claim_record import claim_ref
from coroom.git.command import Git
from coroom.git.gate import Verdicts, guard, key_of, turn, unguard
from coroom.git.landing import RETURNED, Entry, HeldClaim, queued, submit
from coroom.git.shared import RemoteRefs
from coroom.host.landing.gate import Gate, GatePlan, GateStopped
from coroom.host.landing.runners import Suite

GREEN = "! test -e bad"
CHANGES = int(os.environ.get("COROOM_GATE_CHANGES", "0"))


class Grounds(SharedPlace):
    """A shared place with a gate over it."""

    tmp: Path
    said: list[str]

    def gate(
        self, test: str = GREEN, *, runners: int = 2, timeout_s: float = 60.0, key: str = "", at: str = "gate"
    ) -> Gate:
        shared = self.shared
        directory = self.tmp / at
        directory.mkdir(exist_ok=True)
        if isinstance(shared, RemoteRefs):
            own = self.tmp / f"{at}.git"
            if not own.exists():
                git(self.tmp, "init", "--quiet", "--bare", str(own))
            shared = RemoteRefs(Git(own), str(self.store), "origin")
        suite = Suite(test=test, timeout_s=timeout_s)
        plan = GatePlan(onto="main", directory=directory, suite=suite, runners=runners, key=key)
        return Gate(shared, plan, self.said.append)

    def wait(
        self, files: dict[str, bytes], agent: str = "ann", *, base: str = "main", claims: Sequence[HeldClaim] = ()
    ) -> Entry:
        entry = submit(self.shared, self.commit(files, base, f"by {agent}"), onto="main", agent=agent, claims=claims)
        assert isinstance(entry, Entry), entry
        return entry

    def green_throughout(self, began: str) -> list[str]:
        """The commits of main since it began, each tested from outside with the plainest of means."""
        commits = git(self.store, "rev-list", "--first-parent", "--reverse", f"{began}..main").split()
        for commit in commits:
            assert "bad" not in self.files(commit), commit
        return commits

    def returned(self) -> dict[str, tuple[str, str]]:
        return {entry.agent: (entry.kind, entry.why) for entry in queued(self.shared, below=RETURNED)}


@pytest.fixture(params=FORMS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Grounds:
    return grounds(str(request.param), tmp_path)


@pytest.fixture
def remote(tmp_path: Path) -> Grounds:
    return grounds("remote", tmp_path)


def grounds(form: str, root: Path) -> Grounds:
    made = shared_place(form, root, {"a.txt": b"1\n2\n3\n4\n5\n", ".gitignore": b"cache\n"})
    found = Grounds(made.shared, made.store, made.work)
    found.tmp, found.said = root, []
    return found


async def all_settled(gate: Gate) -> None:
    async with asyncio.timeout(110):
        await gate.serve(lambda: gate.is_idle and not gate.waiting)


@pytest.mark.promise("main:green", "git:sound")
async def test_good_changes_land_bad_ones_come_back_and_main_is_green_at_every_commit(place: Grounds) -> None:
    began = place.main()
    for number in range(5):
        place.wait({f"f{number}": b"x"} | ({"bad": b""} if number in {1, 3} else {}), f"agent{number}")
    await all_settled(place.gate(runners=3))
    assert set(place.returned()) == {"agent1", "agent3"}
    assert all(kind == "red" for kind, _ in place.returned().values())
    assert {"f0", "f2", "f4"} <= set(place.files())
    assert place.green_throughout(began)
    assert not [ref for ref in place.refs() if "queue" in ref]
    fsck(place.store)


async def test_what_does_not_merge_with_main_comes_back_at_once_with_its_paths(remote: Grounds) -> None:
    remote.wait({"a.txt": b"one\n2\n3\n4\n5\n"})
    remote.wait({"a.txt": b"ONE\n2\n3\n4\n5\n"}, "bob")
    await all_settled(remote.gate())
    assert remote.returned() == {"bob": ("conflict", "It does not merge with main: a.txt.")}
    assert git(remote.store, "show", "main:a.txt").startswith("one")


@pytest.mark.promise("main:green")
async def test_what_fails_only_together_is_found_and_the_first_of_them_lands(remote: Grounds) -> None:
    began = remote.main()
    remote.wait({"x": b""})
    remote.wait({"y": b""}, "bob")
    await all_settled(remote.gate("! { test -e x && test -e y; }"))
    assert set(remote.returned()) == {"bob"}
    assert len(remote.green_throughout(began)) == 1


async def test_files_that_no_longer_parse_once_merged_are_red_without_a_test(remote: Grounds) -> None:
    python = b"def f():\n    return (1,\n            2,\n            3)\n"
    git(remote.work, "checkout", "--quiet", "--detach", "main")
    base = remote.commit({"m.py": python})
    git(remote.work, "push", "--quiet", str(remote.store), f"{base}:refs/heads/main")
    git(remote.work, "branch", "--force", "main", base)
    remote.wait({"m.py": python.replace(b"(1,", b"[1,").replace(b"3)", b"3]")})
    remote.wait(
        {"m.py": python.replace(b"def f():\n", b"def f():\n    x = (0\n").replace(b"return (1,", b"+ 1); return (1,")},
        "bob",
    )
    gate = remote.gate("true")
    await all_settled(gate)
    assert all(kind in {"conflict", "red"} for kind, _ in remote.returned().values())
    assert compile(git(remote.store, "show", "main:m.py"), "m.py", "exec")


async def test_a_flaky_failure_gets_its_second_chance(remote: Grounds, tmp_path: Path) -> None:
    once = shlex.quote(str(tmp_path / "once"))
    remote.wait({"x": b""})
    await all_settled(remote.gate(f"test -e {once} || ! touch {once}"))
    assert remote.returned() == {}
    assert "x" in remote.files()


@pytest.mark.promise("main:green")
async def test_several_flaky_tests_cost_no_good_change_its_place_and_main_is_green_at_every_commit(
    remote: Grounds, tmp_path: Path
) -> None:
    """Three changes bring a test each that fails once for no reason, wherever it is first run, and one is bad."""
    began = remote.main()
    marks = tmp_path / "marks"
    marks.mkdir()
    for number in range(7):
        kind = "bad" if number == 4 else "flaky" if number in {0, 3, 5} else "f"
        remote.wait({f"{kind}{number}" if kind != "bad" else "bad": b"x"}, f"agent{number}")
    flaky = f"for f in flaky*; do test -e $f && mkdir {shlex.quote(str(marks))}/$f 2>/dev/null && exit 1; done"
    await all_settled(remote.gate(f"{flaky}; {GREEN}", runners=3))
    assert set(remote.returned()) == {"agent4"}
    assert {"flaky0", "f1", "f2", "flaky3", "flaky5", "f6"} <= set(remote.files())
    assert len(list(marks.iterdir())) == 3
    assert remote.green_throughout(began)
    fsck(remote.store)


async def test_who_came_first_and_failed_once_is_not_passed_for_ever_by_those_who_keep_coming(
    remote: Grounds, tmp_path: Path
) -> None:
    mark = shlex.quote(str(tmp_path / "once"))
    remote.wait({"old": b""}, "old")
    gate = remote.gate(f"{{ ! test -e old || test -e {mark} || ! touch {mark}; }} && {GREEN}")
    came = 0

    def comes() -> bool:
        nonlocal came
        while came < 8 and came - len(gate.settled) < 2:
            remote.wait({f"f{came}": b""}, f"new{came}")
            came += 1
        return len(gate.settled) == 9

    async with asyncio.timeout(110):
        await gate.serve(comes)
    order = [one.entry.agent for one in gate.settled.values()]
    assert remote.returned() == {}
    assert sorted(order) == sorted(["old", *(f"new{number}" for number in range(8))])
    assert order.index("old") <= 5, order


if CHANGES:  # of make campaign

    @pytest.mark.promise("main:green", "git:sound")
    @pytest.mark.timeout(7_200)
    async def test_many_changes_of_which_a_tenth_is_bad_where_two_of_a_hundred_runs_fail_for_no_reason(
        remote: Grounds,
    ) -> None:
        began, since = remote.main(), time.monotonic()
        bad = {f"agent{number}" for number in range(4, CHANGES, 10)}
        for number in range(CHANGES):
            remote.wait({f"f{number}": b"x"} | ({"bad": b""} if f"agent{number}" in bad else {}), f"agent{number}")
        gate = remote.gate(f"test $(od -An -N1 -tu1 /dev/urandom) -ge 5 && {GREEN}", runners=4)
        async with asyncio.timeout(7_000):
            await gate.serve(lambda: gate.is_idle and not gate.waiting)
        back, commits = set(remote.returned()), remote.green_throughout(began)
        took = time.monotonic() - since
        fsck(remote.store)
        sys.stdout.write(
            f"{CHANGES} changes, {len(bad)} of them bad, 2 % of the runs flaky: {CHANGES - len(back)} landed in "
            f"{len(commits)} commits, each green; {len(back - bad)} good ones given back; {took:.0f} s\n"
        )
        assert bad <= back
        assert len(back - bad) <= 0.02 * CHANGES


async def test_a_test_that_never_ends_is_stopped_and_said(remote: Grounds) -> None:
    remote.wait({"x": b""})
    gate = remote.gate("test ! -e x || sleep 600", timeout_s=0.5)
    await all_settled(gate)
    [(kind, why)] = remote.returned().values()
    assert kind == "red"
    assert "did not end and was stopped after 0.5 s" in why


@pytest.mark.promise("main:green")
async def test_on_a_red_main_nobody_is_blamed_and_what_mends_it_lands(remote: Grounds) -> None:
    red = remote.commit({"bad": b""})
    git(remote.work, "push", "--quiet", str(remote.store), f"{red}:refs/heads/main")
    remote.wait({"x": b""}, base=red)
    mender = remote.commit({"y": b""}, base=red, without=["bad"])
    gate = remote.gate()
    async with asyncio.timeout(110):
        await gate.serve(lambda: gate.main_is_red and gate.is_idle)
    submit(remote.shared, mender, onto="main", agent="mender")
    await all_settled(remote.gate())
    assert remote.returned() == {}
    assert {"x", "y"} <= set(remote.files())
    assert "bad" not in remote.files()
    assert any("main itself is red" in line for line in remote.said)


@pytest.mark.promise("claim:fenced")
async def test_who_lost_its_claim_gets_its_work_back_and_the_others_land(remote: Grounds) -> None:
    claim = HeldClaim(ref=claim_ref(parsed("issue:7")), holder="ann", fence=1)
    remote.wait({"x": b""}, claims=[claim])
    remote.wait({"y": b""}, "bob")
    held_by(remote.store, claim.ref, "eve", 2)
    await all_settled(remote.gate())
    [(kind, why)] = remote.returned().values()
    assert kind == "claim"
    assert "eve holds it now" in why
    assert "y" in remote.files()
    assert "x" not in remote.files()
    assert claim.ref in remote.refs()


async def test_a_tree_that_has_passed_is_not_tested_again(remote: Grounds, tmp_path: Path) -> None:
    counting = f"echo run >> {shlex.quote(str(tmp_path / 'runs'))}"
    remote.wait({"x": b""})
    await all_settled(remote.gate(counting))
    git(remote.store, "update-ref", "refs/heads/main", "main^1")
    remote.wait({"x": b""}, "bob")
    await all_settled(remote.gate(counting))
    assert (tmp_path / "runs").read_text() == "run\n"
    remote.wait({"y": b""}, "cyd")
    await all_settled(remote.gate(counting + " "))
    assert (tmp_path / "runs").read_text() == "run\nrun\n"


async def test_a_runner_keeps_its_caches_and_nothing_else_from_test_to_test(remote: Grounds) -> None:
    test = "test ! -e left && touch left && { test ! -e y || test -e cache; } && touch cache"
    remote.wait({"x": b""})
    await all_settled(remote.gate(test, runners=1))
    remote.wait({"y": b""}, "bob")
    await all_settled(remote.gate(test, runners=1))
    assert remote.returned() == {}
    assert {"x", "y"} <= set(remote.files())


@pytest.mark.promise("main:green", "git:sound")
async def test_two_gates_on_one_repository_lose_nothing(remote: Grounds) -> None:
    began = remote.main()
    for number in range(6):
        remote.wait({f"f{number}": b"x"} | ({"bad": b""} if number == 2 else {}), f"agent{number}")
    one, two = remote.gate(), remote.gate(at="other")
    await asyncio.gather(all_settled(one), all_settled(two))
    assert {f"f{n}" for n in range(6) if n != 2} <= set(remote.files())
    assert "bad" not in remote.files()
    remote.green_throughout(began)
    assert not [ref for ref in remote.refs() if "queue" in ref]
    fsck(remote.store)


async def test_a_change_that_its_author_takes_out_is_not_landed(remote: Grounds, tmp_path: Path) -> None:
    entry = remote.wait({"x": b""})
    take = f"git --git-dir={shlex.quote(str(remote.store))} update-ref -d {entry.ref}; true"
    await all_settled(remote.gate(take))
    assert "x" not in remote.files()
    assert not [ref for ref in remote.refs() if "coroom" in ref]


async def test_a_remote_that_refuses_ends_the_gate_in_words_and_everything_waits(remote: Grounds) -> None:
    entry = remote.wait({"x": b""})
    hook(remote.store, "update", "#!/bin/sh\ncase $1 in refs/heads/main) echo 'protected branch' >&2; exit 1;; esac\n")
    with pytest.raises(GateStopped, match=r"origin refuses main: hook declined\. .*protected branch"):
        await all_settled(remote.gate())
    assert [e.id for e in queued(remote.shared)] == [entry.id]


@pytest.mark.promise("main:green")
async def test_a_guarded_main_moves_through_the_gate_and_in_no_other_way(remote: Grounds) -> None:
    guard(Git(remote.store), ["main"], "/usr/bin/env python3")
    began = remote.main()
    other = remote.commit({"x": b""})
    for words in (
        [f"{other}:main"],
        ["--force", f"{other}:main"],
        [":main"],
        ["--push-option=coroom-gate=0", f"{other}:main"],
    ):
        with pytest.raises(AssertionError, match="moves through the gate only"):
            git(remote.work, "push", "--quiet", str(remote.store), *words)
    git(remote.work, "push", "--quiet", str(remote.store), f"{other}:refs/heads/mine")
    assert remote.main() == began
    remote.wait({"x": b""})
    with pytest.raises(GateStopped, match="through the gate only"):
        await all_settled(remote.gate(key="wrong"))
    await all_settled(remote.gate(key=key_of(remote.store)))
    assert "x" in remote.files()
    assert (remote.store / "coroom-gate.key").stat().st_mode & 0o077 == 0
    assert unguard(Git(remote.store))
    assert not unguard(Git(remote.store))


def test_another_hook_is_left_alone(remote: Grounds) -> None:
    hook(remote.store, "pre-receive", "#!/bin/sh\n# mine\n")
    with pytest.raises(FileExistsError):
        guard(Git(remote.store), ["main"], "python3")
    assert (remote.store / "hooks/pre-receive").read_text() == "#!/bin/sh\n# mine\n"
    assert not unguard(Git(remote.store))


def test_one_process_at_a_time_runs_a_gate(tmp_path: Path) -> None:
    with turn(tmp_path / "gate") as first:
        assert first
        with turn(tmp_path / "gate") as second:
            assert not second
    with turn(tmp_path / "gate") as again:
        assert again


def test_a_damaged_verdict_is_no_verdict(tmp_path: Path) -> None:
    definition = Suite(test="x", timeout_s=1).definition
    (tmp_path / f"abc-{definition.digest}.json").write_text("{")
    assert Verdicts(tmp_path).get("abc", definition) is None
