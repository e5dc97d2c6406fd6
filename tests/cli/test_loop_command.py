"""`coroom loop` over a real remote with a real gate: what it lands, what it leaves alone, and how it stops."""

import json
import os
import signal
from pathlib import Path

import pytest
from tests.cli.commands import Place, ended, until
from tests.cli.looping import FILES, MENDS, kept_of, landed_in, loop_place, looped, shared
from tests.git.repositories import git

from coroom.run.loop import agent


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return loop_place(tmp_path)


def test_failing_tests_are_found_claimed_mended_and_landed_and_then_it_ends(place: Place) -> None:
    done = place.run(*looped(place, f'{MENDS}; echo "$COROOM_TASK" >> {place.root}/calls', "--until-done", agents=2))
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["landed"] == 2
    assert (place.root / "calls").read_text().split() in (["test:a", "test:b"], ["test:b", "test:a"])
    assert shared(place, "show", "main:a.txt", "main:b.txt") == "good\ngood"
    assert sorted(landed_in(place)) == ["test:a", "test:b"]
    assert shared(place, "for-each-ref", "refs/coroom/claims", "refs/coroom/queue") == ""
    assert all("not landed" not in one for one in found["ended"].values())
    logs = sorted((place.root / "state/coroom/loops").rglob("logs/*.log"))
    assert len(logs) == 2
    assert all(one.name[6:18] in shared(place, "log", "--format=%H", "main") for one in logs)


def test_a_red_branch_is_told_in_words_once_and_blames_nobody(place: Place) -> None:
    done = place.run(*looped(place, MENDS, "--until-done", agents=2))
    told = [line for line in done.err.splitlines() if "is red" in line]
    head = shared(place, "rev-list", "--max-parents=0", "main")
    assert len(told) == 1, done.err
    assert f"main at {head[:12]} is red: a, b. Nobody is blamed; each is a task of its own" in told[0]
    notes = shared(place, "ls-tree", "--name-only", "coroom/notes:current_tasks").split()
    assert notes == ["test-a.md", "test-b.md"]
    assert f"It fails at {head[:12]}" in shared(place, "show", "coroom/notes:current_tasks/test-a.md")


def test_a_bound_that_would_never_come_is_refused(place: Place) -> None:
    done = place.run(*looped(place, MENDS, "--usd", "1"))
    assert done.code == 2
    assert "A command tells neither what it costs nor how many tokens it used. Bound it with --sessions" in done.err
    assert "A command tells neither" in place.run(*looped(place, MENDS, "--tokens", "9")).err
    assert "'much' is no price" in place.run(*looped(place, MENDS, "--usd", "1", "--price", "much")).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--price", "much"), "'much' is no price"),
        (("--agent", "nobody"), "'nobody' is no kind of agent"),
        (("--agent", "command:true", "--isolation", "moat"), "There is no isolation 'moat'"),
        (("--agent", "command:true", "--role", "king"), "There is no role 'king'"),
        (("--agent", "command:true"), "--test"),
    ],
)
def test_what_is_wrong_with_the_call_is_said_before_a_test_command_is_asked_for(
    place: Place, words: tuple[str, ...], said: str
) -> None:
    done = place.call("loop", *words)
    assert done.code == 2
    assert said in done.err
    assert not (place.root / "state").exists()


def test_nothing_to_do_calls_no_agent(place: Place) -> None:
    done = place.run(*looped(place, f"touch {place.root}/called", "--test", "true", "--until-done"))
    assert done.code == 0, done.err
    assert json.loads(done.out)["sessions"] == 0
    assert not (place.root / "called").exists()


def test_a_session_that_cannot_do_it_leaves_a_note_that_the_next_one_reads(place: Place) -> None:
    command = f"cat >> {place.root}/prompts; echo I tried the left door; exit 3"
    done = place.run(*looped(place, command, "--sessions", "1"))
    assert done.code == 0, done.err
    (turn,) = json.loads(done.out)["turns"]
    assert turn["outcome"] == "nothing"
    assert "exit code 3" in turn["why"]
    note = shared(place, "show", f"coroom/notes:current_tasks/{turn['key'].replace(':', '-')}.md")
    assert "I tried the left door" in note
    (place.root / "prompts").unlink()
    for _ in range(2):
        place.run(*looped(place, command, "--sessions", "2"))
    assert "> Its last words: I tried the left door" in (place.root / "prompts").read_text()


def test_work_that_breaks_another_test_does_not_land_and_is_kept(place: Place) -> None:
    done = place.run(*looped(place, f"{MENDS}; echo bad > c.txt", "--sessions", "1"))
    found = json.loads(done.out)
    (turn,) = found["turns"]
    assert found["landed"] == 0
    assert turn["outcome"] != "landed"
    assert shared(place, "show", "main:c.txt") == "good"
    assert shared(place, "show", f"{kept_of(place)[0]}:c.txt") == "bad"
    assert shared(place, "for-each-ref", "refs/coroom/claims") == ""


def test_stopped_it_keeps_what_was_unfinished_and_gives_up_its_claim(place: Place) -> None:
    process = place.start(*looped(place, f"echo half > half.txt; touch {place.root}/begun; exec sleep 600"))
    until((place.root / "begun").exists, "a session works", process)
    process.send_signal(signal.SIGTERM)
    done = ended(process)
    assert done.code == 143, done.err
    assert shared(place, "show", f"{kept_of(place)[0]}:half.txt") == "half"
    assert shared(place, "for-each-ref", "refs/coroom/claims") == ""
    assert json.loads(done.out)["turns"][0]["outcome"] == "stopped"


def test_after_kill_9_the_next_loop_of_that_name_takes_its_task_up_again(place: Place) -> None:
    wait = f"test -e {place.root}/gate || {{ echo half > half; touch {place.root}/begun; exec sleep 600; }}; {MENDS}"
    process = place.start(*looped(place, wait))
    until((place.root / "begun").exists, "a session works", process)
    process.kill()
    ended(process)
    assert shared(place, "for-each-ref", "refs/coroom/claims") != ""
    (place.root / "gate").touch()
    done = place.run(*looped(place, wait, "--until-done"))
    assert json.loads(done.out)["landed"] == 2, done.err
    assert "ended the session that a killed loop had left behind" in done.err
    # What the killed session had done was kept before its claim ended; nobody works on it any more once it has landed.
    assert "its loop was killed; what it had done is in refs/coroom/wip/x-1-" in done.err
    assert "its loop was killed" in shared(place, "grep", "-h", "killed", "coroom/notes", "--", "current_tasks")
    assert kept_of(place) == []


def test_a_role_that_may_not_change_a_path_does_not_land_it(place: Place) -> None:
    roles = place.repository / ".coroom" / "roles"
    roles.mkdir(parents=True)
    (roles / "writer.md").write_text(
        "---\ntitle: writes\ntakes: [tests]\nmay_change: ['docs/**']\n---\nWrite, {agent}.\n"
    )
    assert "writer (.coroom/roles): writes. Takes failing tests; changes only glob:docs/**." in place.run("roles").out
    done = place.run(*looped(place, MENDS, "--sessions", "1", "--role", "writer"))
    (turn,) = json.loads(done.out)["turns"]
    assert turn["outcome"] == "kept"
    assert "the role writer may not change" in turn["why"]


def test_a_client_that_ends_at_once_again_and_again_is_not_started_for_ever(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert agent.INSTANT_MAX * agent.AGAIN_S[0] < 60
    for pauses in ("AGAIN_S", "IDLE_S"):
        monkeypatch.setattr(agent, pauses, (0.0,))
    done = place.call(*looped(place, f"echo x >> {place.root}/starts; exit 1", "--until-done"))
    assert len((place.root / "starts").read_text().split()) == agent.INSTANT_MAX
    assert done.code == 0, done.err
    assert "5 sessions in a row ended at once: " in json.loads(done.out)["ended"]["x-1"]


def test_a_list_of_tasks_is_done_in_order_and_each_once(place: Place) -> None:
    (place.root / "todo.yaml").write_text(
        "- {id: one, title: the first thing}\n- {id: two, title: the second thing, after: [one]}\n"
    )
    command = f'echo "$COROOM_TASK" | tee -a {place.root}/calls > "done-${{COROOM_TASK#task:}}"'
    words = ("--tasks", str(place.root / "todo.yaml"), "--test", "true", "--until-done")
    done = place.run(*looped(place, command, *words))
    assert json.loads(done.out)["landed"] == 2, done.err
    assert (place.root / "calls").read_text().split() == ["task:one", "task:two"]


def test_without_a_remote_it_says_how_to_make_one(place: Place) -> None:
    git(place.repository, "remote", "remove", "origin")
    done = place.run(*looped(place, "true"))
    assert done.code == 2
    assert "git clone --bare" in done.err


def test_a_second_loop_of_the_same_name_is_refused(place: Place) -> None:
    process = place.start(*looped(place, f"touch {place.root}/begun; exec sleep 600"))
    until((place.root / "begun").exists, "a session works", process)
    second = place.run(*looped(place, "true"))
    assert second.code == 1
    assert "another loop works as x-1" in json.loads(second.out)["ended"]["x-1"]
    process.send_signal(signal.SIGTERM)
    ended(process)


def test_a_session_that_has_lost_its_claim_is_ended_and_what_it_did_is_kept(place: Place) -> None:
    command = f"echo half > half.txt; touch {place.root}/begun; exec sleep 600"
    process = place.start(*looped(place, command, "--ttl", "1.5", "--sessions", "1"))
    until((place.root / "begun").exists, "a session works", process)
    for ref in shared(place, "for-each-ref", "--format=%(refname)", "refs/coroom/claims").split():
        shared(place, "update-ref", "-d", ref)
    done = ended(process)
    assert json.loads(done.out)["turns"][0]["outcome"] == "claim-lost", done.err
    assert shared(place, "show", f"{kept_of(place)[0]}:half.txt") == "half"


HOLDS_BACK = """#!/bin/sh
while read old new ref; do
    case $ref in refs/coroom/claims/*) ;; *) continue ;; esac
    git cat-file blob $new 2>/dev/null | grep -q '"holder": "x-1"' || continue
    test -e ../came && continue
    touch ../came
    cat ../gate > /dev/null
done
"""
"""In the shared repository: the first claim of x-1 is held at its door until somebody opens the gate, a pipe."""


@pytest.mark.parametrize("what", ["test", "task"])
@pytest.mark.promise("claim:exclusive")
def test_what_another_lands_between_the_look_at_the_branch_and_the_claim_is_not_done_again(
    place: Place, what: str
) -> None:
    (place.root / "todo.yaml").write_text("- {id: a, title: the only thing}\n")
    listed = (
        ("--tasks", str(place.root / "todo.yaml"), "--test", "true") if what == "task" else ("--test", "sh check.sh")
    )
    git(place.repository, "rm", "--quiet", "b.txt")
    (place.repository / "check.sh").write_bytes(FILES["check.sh"].replace(b"a b c", b"a c"))
    git(place.repository, "commit", "--quiet", "--all", "--message=one thing is left to do")
    git(place.repository, "push", "--quiet", "origin", "HEAD:main")
    hook = place.root / "shared.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOLDS_BACK)
    hook.chmod(0o755)
    os.mkfifo(place.root / "gate")
    command = f'echo good > "${{COROOM_TASK#{what}:}}.txt"; echo "$COROOM_TASK" >> {place.root}/calls'
    late = place.start(*looped(place, command, *listed, "--until-done"))
    until((place.root / "came").exists, "the late one claims", late)
    quick = place.run(*looped(place, command, *listed, "--until-done", "--name", "y"))
    assert json.loads(quick.out)["landed"] == 1, quick.err
    (place.root / "gate").write_text("")
    done = ended(late)
    found = json.loads(done.out)
    assert (found["sessions"], found["ended"]["x-1"]) == (0, "everything is done"), done.err
    assert (place.root / "calls").read_text().split() == [f"{what}:a"]
    assert landed_in(place) == [f"{what}:a"]
    assert shared(place, "for-each-ref", "refs/coroom/claims") == ""


def test_what_a_person_lands_while_a_session_works_is_not_landed_again_and_its_work_is_kept(place: Place) -> None:
    (place.root / "todo.yaml").write_text("- {id: a, title: the only thing}\n")
    os.mkfifo(place.root / "gate")
    command = f"touch {place.root}/begun; cat {place.root}/gate; echo mine > mine.txt"
    listed = ("--tasks", str(place.root / "todo.yaml"), "--test", "true", "--until-done")
    process = place.start(*looped(place, command, *listed))
    until((place.root / "begun").exists, "a session works", process)
    git(place.repository, "commit", "--quiet", "--allow-empty", "--message=by hand\n\nCoroom-Task: task:a")
    git(place.repository, "push", "--quiet", "origin", "HEAD:main")
    (place.root / "gate").write_text("")
    done = ended(process)
    (turn,) = json.loads(done.out)["turns"]
    assert (turn["outcome"], turn["commit"]) == ("done-meanwhile", kept_of(place)[0]), done.err
    assert shared(place, "show", f"{kept_of(place)[0]}:mine.txt") == "mine"
    assert "mine.txt" not in shared(place, "ls-tree", "--name-only", "main")
