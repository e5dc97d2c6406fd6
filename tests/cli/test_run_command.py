"""`coroom run` as a person meets it: what it prints, how it ends, and how it goes on after the worst."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.commands import WITHIN_S, Place, board, ended, place_at, shell, task, until, write
from tests.git.repositories import fsck, git, picture

from coroom.cli.screen import TerminalScreen, print_summary
from coroom.run.summary import Deeds, Summary
from coroom.run.worker import Work


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return place_at(tmp_path, {"a.txt": b"one\ntwo\nthree\n"})


def test_two_tapes_do_two_tasks_and_land_one_branch_while_the_checkout_stays_as_it_was(place: Place) -> None:
    ann = place.tape("ann", task("take", task="task-1"), write("ann.txt", "by ann\n"), task("done", summary="ann did"))
    bob = place.tape("bob", task("take", task="task-2"), write("bob.txt", "by bob\n"), task("done", summary="bob did"))
    before = picture(place.repository)
    tasks = board(place, ["write ann's file", "write the other one"])
    done = place.run("run", tasks, "--agent", ann, "--agent", bob, "--test", "test -f ann.txt -a -f bob.txt", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert {d["agent"]: d["tasks"] for d in document["agents"]} == {"ann": ["task-1"], "bob": ["task-2"]}
    assert (document["refused"], document["left"], document["landed"]["branch"]) == ("", [], "coroom/run")
    assert Path(document["page"]).read_text().startswith("<!doctype html>")
    assert picture(place.repository) == before
    trailers = git(
        place.repository, "log", "main..coroom/run", "--format=%(trailers:key=Coroom-Task,valueonly,separator=)"
    )
    assert sorted(trailers.split()) == ["task-1", "task-2"]
    fsck(place.repository)
    for part in (done.out, done.err):
        assert "\x1b" not in part
    assert "Traceback" not in done.err


def test_in_words_the_result_says_who_did_what_and_where_it_landed(place: Place) -> None:
    ann = place.tape("ann", task("next"), write("ann.txt", "by ann\n"), task("done", summary="ann did"))
    done = place.run("run", "write ann's file", "--agent", ann, "--test", "true")
    assert done.code == 0, done.err
    for words in ("Who did what", "ann (tape)", "task-1", "Landed 1 commit on coroom/run, tests green.", "room.html"):
        assert words in done.out
    assert "\x1b" not in done.out + done.err
    assert "watch it live at http://127.0.0.1:" in done.err


@pytest.mark.parametrize("columns", [30, 80])
def test_a_narrow_terminal_cuts_no_figure_and_no_address(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = tuple(f"task-{n}" for n in range(9))
    counts = {"edits": 1, "merged": 0, "held": 0, "told": 0}
    deeds = tuple(
        Deeds(agent=name, client="tape", tasks=tasks, **counts, work=Work(seconds=3.25)) for name in ("ann", "agent-1")
    )
    words = {"refused": "", "url": "", "limit": "", "tapes": ""}
    summary = Summary(deeds=deeds, meetings=(), seconds=3.3, longest=3.25, together=6.5, landed={}, left=(), **words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        print_summary(summary)
        TerminalScreen().say(f"watch it live at http://127.0.0.1:1/{'k' * 90}")
    said = capsys.readouterr()
    assert "…" not in said.out
    assert f"http://127.0.0.1:1/{'k' * 90}" in said.err
    for shown in ("agent-1 (tape)", "tasks done", "edits", "merged", "held", "told", "seconds", "tokens"):
        assert shown in said.out


def test_tests_that_fail_land_nothing_and_the_exit_code_is_1(place: Place) -> None:
    ann = place.tape("ann", task("next"), write("ann.txt", "by ann\n"), task("done", summary="ann did"))
    done = place.run("run", "write ann's file", "--agent", ann, "--test", "echo it is red; false")
    assert done.code == 1
    assert "Not landed: " in done.out
    assert "it is red" in done.out
    assert git(place.repository, "branch", "--list", "coroom/*") == ""


def gated(place: Place) -> tuple[str, Path]:
    """A tape of two tasks that stands still in a shell command until its gate is opened."""
    gate = place.root / "gate"
    tape = place.tape(
        "ann",
        task("next"),
        write("first.txt", "before\n"),
        task("done", summary="first"),
        task("next"),
        write("second.txt", "before\n"),
        shell(f"while ! test -e {gate}; do sleep 0.05; done"),
        write("third.txt", "after\n"),
        task("done", summary="second"),
    )
    return tape, gate


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_run_that_is_stopped_or_killed_goes_on_where_it_was(place: Place, number: signal.Signals) -> None:
    tape, gate = gated(place)
    tasks = board(place, ["the first thing", "another matter"])
    process = place.start("run", tasks, "--agent", tape, "--test", "true")
    until(lambda: place.position("ann") == 5, "the tape stands still", process)
    process.send_signal(number)
    stopped = ended(process)
    assert "Traceback" not in stopped.err
    if number is not signal.SIGKILL:
        assert stopped.code == 128 + number
        assert "coroom run --resume --room run" in stopped.err

    again = place.run("run", tasks, "--agent", tape)
    assert (again.code, "--resume" in again.err) == (2, True)

    mirror = next((place.root / "state").glob("coroom/*/run/ann"))
    (mirror / "meanwhile.txt").write_text("written while nobody watched\n")
    gate.touch()
    done = place.run("run", "--resume", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert [d["tasks"] for d in document["agents"]] == [["task-1", "task-2"]]
    tree = git(place.repository, "ls-tree", "--name-only", "coroom/run").split()
    assert tree == ["a.txt", "first.txt", "meanwhile.txt", "second.txt", "third.txt"]
    fsck(place.repository)


def test_agents_that_outlived_a_killed_run_are_ended_by_the_next_one(place: Place) -> None:
    note = place.root / "pid"
    command = f"command:sh -c 'echo $$ >> {note}; test -e {place.root}/gate || exec sleep 600'"
    process = place.start("run", "one thing to do", "--agents", "1", "--agent", command, "--isolation", "plain")
    until(lambda: note.exists() and note.read_text().strip(), "the agent has started", process)
    process.kill()
    ended(process)
    left = int(note.read_text())
    os.kill(left, 0)
    (place.root / "gate").touch()
    done = place.run("run", "--resume")
    assert done.code == 1
    assert "3 sessions in a row finished no task" in done.out
    assert "ended the session that a killed run had left behind" in done.err
    until(lambda: not _alive(left), "the agent of the killed run has ended")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_isolated_agent_is_said_to_be_so_and_changes_nothing_outside_its_mirror(place: Place) -> None:
    command = f"command:sh -c 'touch mine; touch {place.root}/outside; cat {place.kept()}/operator.token; exit 4'"
    words = ("run", "one thing to do", "--agents", "1", "--agent", command, "--isolation", "bubblewrap", "--json")
    done = place.run(*words)
    document = json.loads(done.out)
    assert document["agents"][0]["client"] == "command in bubblewrap"
    assert "Agents change only their own directory" in document["isolation"]["command-1"][0]
    assert "command-1: bubblewrap. Agents change only" in done.err
    assert document["agents"][0]["edits"] == 1
    assert not (place.root / "outside").exists()
    said = (place.kept() / "agents/command-1/logs/session-1.err").read_text()
    assert "operator.token: No such file" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--evaluator", "nobody"), "'nobody' is no kind of agent"),
        (("--isolation", "moat"), "There is no isolation 'moat'"),
        (("--tools", "/nosuch"), "/nosuch cannot be read: no such file or directory. Name a file of tools"),
    ],
)
def test_what_cannot_be_had_is_said_before_anything_is_planned(place: Place, words: tuple[str, ...], said: str) -> None:
    (place.root / "todo.md").write_text("- one thing\n- another thing\n")
    done = place.call("run", str(place.root / "todo.md"), "--agent", "command:git", *words)
    assert done.code == 2
    assert said in done.err
    assert not (place.repository / ".git" / "coroom").exists()


def test_an_isolation_that_cannot_be_had_is_refused_and_nothing_else_is_taken_for_it(place: Place) -> None:
    assert (
        "There is no isolation 'jail'"
        in place.run("run", "one thing", "--agent", "command:git", "--isolation", "jail").err
    )
    tools = place.root / "bin"
    tools.mkdir()
    (tools / "git").symlink_to("/usr/bin/git")
    place.environment["PATH"] = str(tools)
    done = place.run("run", "one thing", "--agent", "command:git", "--isolation", "bubblewrap")
    assert done.code == 2
    assert "bubblewrap is not installed here. Install it" in done.err
    assert not place.kept().exists()


def test_an_agent_that_fails_is_told_with_the_place_of_its_output(place: Place) -> None:
    done = place.run("run", "one thing to do", "--agents", "1", "--agent", "command:sh -c 'echo oh >&2; exit 4'")
    assert done.code == 1
    logs = place.kept() / "agents" / "command-1" / "logs"
    assert f"command-1 failed: sh ended with exit code 4. Its output is in {logs}." in done.out
    assert (logs / "session-1.err").read_text() == "oh\n"
    assert "One task is not done: task-1 (one thing to do)" in done.out


def test_escape_sequences_of_an_agent_reach_no_terminal(place: Place) -> None:
    done = place.run(
        "run", "one thing to do", "--agents", "1", "--agent", r"command:printf '\033[2Jnot\033]0;x\007 so\n'"
    )
    assert "command-1: not so" in done.err
    assert "\x1b" not in done.out + done.err


def test_more_tasks_can_be_given_to_a_room_that_is_resumed(place: Place) -> None:
    ann = place.tape("ann", task("next"), write("1.txt", "1\n"), task("done", summary="1"))
    assert place.run("run", "the first thing", "--agent", ann, "--test", "true").code == 0
    bob = place.tape("bob", task("next"), write("2.txt", "2\n"), task("done", summary="2"))
    done = place.run("run", "another matter", "--resume", "--agent", bob, "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert {d["agent"]: d["tasks"] for d in document["agents"]} == {"ann": ["task-1"], "bob": ["task-2"]}
    assert git(place.repository, "ls-tree", "--name-only", "coroom/run").split() == ["1.txt", "2.txt", "a.txt"]


@pytest.fixture
def small_disk(place: Place) -> Iterator[Path]:
    """A disk of its own under the room's directory."""
    small = place.kept()
    small.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield small
    subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_a_full_disk_ends_the_run_in_words_and_with_room_again_it_goes_on(place: Place, small_disk: Path) -> None:
    gate = place.root / "gate"
    tape = place.tape(
        "ann",
        task("next"),
        shell(f"while ! test -e {gate}; do sleep 0.05; done"),
        *(write(f"{number}.txt", f"{number}\n" * 20_000) for number in range(8)),
        task("done", summary="all"),
    )
    process = place.start("run", "fill the disk", "--agent", tape, "--test", "true")
    until(lambda: place.position("ann") == 1, "the tape stands still", process)
    _fill(small_disk / "filler")
    gate.touch()
    full = ended(process)
    assert full.code == 1
    assert "Traceback" not in full.err
    assert "full" in full.err.splitlines()[-1]
    assert "coroom run --resume" in full.err.splitlines()[-1]

    (small_disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    done = place.run("run", "--resume", "--json")
    assert done.code == 0, done.err
    assert len(git(place.repository, "ls-tree", "--name-only", "coroom/run").split()) == 9


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


def test_a_run_on_a_leash_ends_with_whoever_holds_it_and_stays_resumable(place: Place) -> None:
    tape, gate = gated(place)
    words = [sys.executable, "-P", "-m", "coroom.cli", "run", board(place, ["first", "second"]), "--agent", tape]
    with subprocess.Popen(
        [*words, "--leash", "--test", "true"],
        cwd=place.repository,
        env=place.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        until(lambda: place.position("ann") >= 5, "the tape stands at its gate", None)
        assert process.stdin
        process.stdin.close()
        assert process.wait(WITHIN_S) == 128 + signal.SIGTERM
    gate.touch()
    assert (place.kept() / "run.json").exists()
