"""The tests of what agents wrote run in an isolation, at the gate and in a room; and nothing else is taken for it."""

import asyncio
import shlex
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.git.repositories import git, new_repository, write
from tests.git.shared_places import SharedPlace, shared_place
from tests.host.landed_room import opened, place_of

from coroom.checks.suites.command import SuiteCommand
from coroom.cli.gate import run as run_gate
from coroom.cli.land import land
from coroom.cli.run import run
from coroom.cli.up import up
from coroom.core.errors import Code, Refused
from coroom.git.command import Git
from coroom.git.landing import RETURNED, queued, submit
from coroom.git.repository import Repository, inspect, object_places
from coroom.host.confined import Confined, confined
from coroom.host.landing.gate import Gate, GatePlan
from coroom.host.landing.runners import Suite, on_files, takes_files
from coroom.launch import bubblewrap as bubblewrap_module
from coroom.launch.isolation import Bounds, Isolation
from coroom.launch.readable import environment_places, named_places
from coroom.run.landing import LandingEnd, LandingWish, land_here

KINDS = [Isolation.BUBBLEWRAP, Isolation.CONTAINER]

HARM = """
import os, socket, subprocess, sys
secret, outside, objects, port = sys.argv[1:]
for what in (
    lambda: print(open(secret).read()),
    lambda: open(outside + "/x", "w"),
    lambda: open(objects + "/x", "w"),
    lambda: open(".git/config", "a").write("[core]\\nfsmonitor = touch /x\\n"),
    lambda: os.rename(".git", "git"),
    lambda: subprocess.run(["rm", "-rf", ".git"], check=True, stderr=-3),
    lambda: socket.create_connection(("127.0.0.1", int(port)), 2),
):
    try:
        what()
        print("DONE HARM")
    except (OSError, subprocess.CalledProcessError) as refused:
        print("refused")
print("token", os.environ.get("COROOM_TOKEN"), os.environ.get("SECRET_KEY"))
print("history", subprocess.run(["git", "log", "-1", "--format=%s"], capture_output=True, text=True).stdout)
open("cache", "w"), open(os.path.expanduser("~/own"), "w")
"""


def confined_by(kind: str, checkout: Path) -> Confined:
    found = confined(kind, Bounds(memory_bytes=512 << 20, processes=60), checkout)
    assert isinstance(found, Confined), found
    return found


def gate_at(place: SharedPlace, root: Path, said: list[str], **suite: Any) -> Gate:
    told = Suite(**{"timeout_s": 60.0, "checkout": place.work, **suite})
    return Gate(place.shared, GatePlan(onto="main", directory=root / "gate", suite=told, look_s=0.05), said.append)


def waits(place: SharedPlace, files: dict[str, bytes], agent: str = "ann") -> None:
    assert not isinstance(submit(place.shared, place.commit(files), onto="main", agent=agent), Refused)


async def settled(gate: Gate) -> None:
    async with asyncio.timeout(100):
        await gate.serve(lambda: gate.is_idle and not gate.waiting)


@pytest.mark.promise("room:confined", "main:green")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("isolations")
async def test_the_gates_tests_change_their_tree_and_nothing_else_and_reach_nobody(
    kind: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COROOM_TOKEN", "t0ken")
    monkeypatch.setenv("SECRET_KEY", "t0ken")
    place = shared_place("own", tmp_path, {"a.txt": b"1\n", ".gitignore": b"cache\n"})
    (tmp_path / "outside").mkdir()
    write(tmp_path, {"secret": b"t0ken"})
    waits(place, {"harm.py": HARM.encode()})
    objects = object_places(Git(place.store))[0]
    with socket.create_server(("127.0.0.1", 0)) as bystander:
        words = (tmp_path / "secret", tmp_path / "outside", objects, bystander.getsockname()[1])
        test = f"python3 harm.py {shlex.join(map(str, words))} && test -e harm.py"
        said: list[str] = []
        gate = gate_at(place, tmp_path, said, test=test, confined=confined_by(kind, place.work))
        await settled(gate)
    [log] = (tmp_path / "gate" / "logs").iterdir()
    assert log.read_text().splitlines() == ["refused"] * 7 + ["token None None", "history change", ""]
    assert [one.commit for one in gate.settled.values()] == [place.main()]
    assert list((tmp_path / "outside").iterdir()) == []
    assert not (objects / "x").exists()
    runner = tmp_path / "gate" / "runners" / "0"
    assert (runner / "cache").exists()
    assert "fsmonitor" not in (runner / ".git" / "config").read_text()


@pytest.mark.promise("main:green")
@pytest.mark.usefixtures("isolations")
async def test_a_verdict_of_one_isolation_is_not_taken_for_another(tmp_path: Path) -> None:
    place = shared_place("own", tmp_path)
    plain, boxed = (confined_by(kind, place.work) for kind in ("plain", "bubblewrap"))
    suites = [Suite(test="true", timeout_s=1, confined=one) for one in (plain, boxed)]
    assert suites[0].definition == Suite(test="true", timeout_s=1).definition
    assert suites[0].definition != suites[1].definition
    waits(place, {"x": b""})
    said: list[str] = []
    gate = gate_at(place, tmp_path, said, test="false", confined=boxed)
    await gate.serve(lambda: gate.main_is_red and gate.is_idle)
    assert any("--isolation plain" in line for line in said)
    assert queued(place.shared, below=RETURNED) == []


@pytest.mark.usefixtures("isolations")
async def test_a_rooms_tests_run_isolated_too_and_that_is_in_their_verdict(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r")
    secret = tmp_path / "secret"
    secret.write_text("t0ken")
    test = f"test -e a.txt && ! cat {shlex.quote(str(secret))}"
    place = place_of(directory, tmp_path, test=test, confined=confined_by("bubblewrap", directory))
    async with opened(place) as room:
        await room.write("ann", "a.txt", b"mine\n")
        answer = await room.land()
        assert answer.refused is None, answer.refused
        [verdict] = room.host.state.verdicts.values()
        assert " in bubblewrap: " in verdict.summary


@pytest.mark.parametrize("asked", ["bubblewrap", "jail"])
async def test_an_isolation_that_is_not_here_is_refused_before_anything_waits(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(bubblewrap_module, "_problem", lambda: ("bubblewrap is not installed here.", "Install it."))
    place = shared_place("remote", tmp_path)
    git(place.work, "checkout", "--quiet", "--detach", place.commit({"x": b""}))
    repository = inspect(place.work, detached=True)
    assert isinstance(repository, Repository)
    said: list[str] = []
    wish = LandingWish(remote=str(place.store), test="true", isolation=asked)
    refused = await land_here(repository, wish, said.append)
    assert isinstance(refused, Refused)
    assert refused.code is Code.BAD_INPUT
    assert ("not installed here" in refused.why) == (asked == "bubblewrap")
    assert place.refs() == ["refs/heads/main"]
    nobody_asked = await land_here(repository, LandingWish(remote=str(place.store), test="true"), said.append)
    assert isinstance(nobody_asked, LandingEnd), nobody_asked
    assert nobody_asked.landed
    assert any(line.startswith("The tests run as you, in no isolation") for line in said)


@pytest.mark.usefixtures("isolations")
async def test_the_users_own_command_for_affected_tests_runs_first_on_what_has_changed(tmp_path: Path) -> None:
    place = shared_place("own", tmp_path)
    waits(place, {"with space.js": b"", "ü.js": b""})
    said: list[str] = []
    await settled(
        gate_at(place, tmp_path, said, test="echo WHOLE", affected="for n in {paths}; do echo $n=; done; false")
    )
    [back] = queued(place.shared, below=RETURNED)
    assert "with space.js=\nü.js=" in back.why
    assert "WHOLE" not in back.why
    waits(place, {"b.js": b""}, "bob")
    await settled(gate_at(place, tmp_path, said, test="test -e b.js", affected="test -e {paths}"))
    assert "b.js" in place.files()
    assert not any("known for pytest only" in line for line in said)


async def test_that_another_test_command_is_run_whole_is_said_once(tmp_path: Path) -> None:
    place = shared_place("own", tmp_path)
    for name in ("x", "y"):
        waits(place, {name: b""}, name)
    said: list[str] = []
    await settled(gate_at(place, tmp_path, said, test="make check || true"))
    [line] = [line for line in said if "known for pytest only" in line]
    assert "make check || true is run whole each time. Name a command for them with --affected 'CMD {paths}'" in line


async def test_affected_tests_that_are_all_left_out_by_options_say_nothing_against_a_change(tmp_path: Path) -> None:
    quiet = b"import pytest\n@pytest.mark.slow\ndef test_x(): assert False\n"
    files = {f"test_{name}.py": b"def test_y(): pass\n" for name in "abc"}
    config = b"[pytest]\naddopts = -q -m 'not slow' -p no:cacheprovider\nmarkers = slow\n"
    place = shared_place("own", tmp_path, {**files, "pytest.ini": config})
    waits(place, {"test_d.py": quiet})
    said: list[str] = []
    gate = gate_at(place, tmp_path, said, test=f"{sys.executable} -m pytest")
    await settled(gate)
    assert [one.kind for one in gate.settled.values()] == [""], said


def test_only_pytest_with_nothing_but_options_is_given_files() -> None:
    def line(text: str) -> SuiteCommand:
        return SuiteCommand(("/bin/sh", "-c", text), "it was given")

    taken = ["pytest", "python -m pytest -q", ".venv/bin/python3.11 -m pytest -n 2 -x", "/opt/v/bin/pytest --maxfail=1"]
    assert [text for text in taken if not takes_files(line(text))] == []
    others = [
        "make test",
        "pytest tests/unit",
        "pytest -q; true",
        "pytest -k 'a or b'",
        "mypytest",
        "X=1 pytest",
        "tox",
    ]
    assert [text for text in others if takes_files(line(text))] == []
    assert takes_files(SuiteCommand(("python3", "-m", "pytest", "-q"), "configured"))
    assert on_files(line("pytest -q"), ["t e.py"]).argv[2] == "pytest -q -- 't e.py'"
    assert on_files(SuiteCommand(("python3", "-m", "pytest"), ""), ["t.py"]).argv == (
        "python3",
        "-m",
        "pytest",
        "--",
        "t.py",
    )


def test_of_a_command_its_programs_are_seen_and_of_a_checkout_its_environment(tmp_path: Path) -> None:
    tool, script = tmp_path / "opt" / "bin" / "tool", tmp_path / "ci" / "run"
    for path in (tool, script):
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    (tmp_path / "ci" / "secret").write_text("x")
    words = [str(tool), str(script), str(tmp_path / "ci" / "secret"), "/bin/sh", "-c"]
    assert named_places(words) == [script, tmp_path / "opt"]
    assert environment_places(tmp_path) == []
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(tool)
    assert environment_places(tmp_path) == [tmp_path / ".venv", tmp_path / "opt"]


def test_objects_that_a_repository_borrows_are_seen_with_its_own(tmp_path: Path) -> None:
    source = new_repository(tmp_path / "source")
    git(tmp_path, "clone", "--quiet", "--bare", "--shared", str(source), str(tmp_path / "middle.git"))
    git(tmp_path, "clone", "--quiet", "--bare", "--shared", str(tmp_path / "middle.git"), str(tmp_path / "last.git"))
    places = object_places(Git(tmp_path / "last.git"))
    assert set(places) == {tmp_path / "last.git/objects", tmp_path / "middle.git/objects", source / ".git/objects"}


def test_the_options_for_isolation_are_the_same_wherever_something_lands() -> None:
    for command in (land, run_gate, run, up):
        names = {option for one in command.params for option in one.opts}
        assert {"--isolation", "--test-reads", "--test-memory"} <= names, command.name
