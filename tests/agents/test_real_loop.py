"""`coroom loop` as a person types it, with real agent CLIs whose model is a script: one fresh session each, to main."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from tests.agents.stage import AS_EVERYWHERE
from tests.cli.commands import until
from tests.git.repositories import git, new_repository

from coroom.host.served import Serving
from coroom.testing import Call, ModelServer, Script, Turn

# The first test may have to wait until the clients are installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

WITHIN_S = 300.0
ASKED: dict[str, Any] = {"expect": "Your task: test:", "capture": {"name": r"Your task: test:(\w+)"}}
ASKS_AT = {"claude": "/v1/messages", "codex": "/v1/responses"}

CHECK = b"""#!/bin/sh
for name in left right; do
    test -e $name.txt || { echo "not ok 1 - $name"; bad=1; }
done
exit ${bad:-0}
"""


@pytest.mark.long
@pytest.mark.parametrize("isolation", ["plain", "bubblewrap"])
def test_each_client_mends_a_failing_test_in_one_fresh_session_that_lands_and_its_cost_is_counted(
    tmp_path: Path, clients_path: str, model: ModelServer, isolation: str
) -> None:
    kinds, in_room = ("claude", "codex"), isolation == "bubblewrap"
    repository = new_repository(tmp_path / "repository", {"check.sh": CHECK})
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "shared.git")
    git(repository, "remote", "add", "origin", str(tmp_path / "shared.git"))
    # Where a room is open its tools are the session's too, through the isolation.
    told = (Turn(calls=(Call("say", {"kind": "note", "text": "I write ${name}.txt"}),), **ASKED),) if in_room else ()
    write = Call("@write", {"path": "${name}.txt", "text": "made by a client\n"})
    turns = (
        *told,
        Turn(calls=(write,), gate="each has one", **({"expect": "Said."} if in_room else ASKED)),
        Turn(text="I have written it."),
    )
    # Codex names files relative to its own workplace.
    model.add("any", Script(turns, {"cwd": str(tmp_path / "loops" / "x-1" / "work")}))
    subprocess.run([Path(__file__).parents[2] / "scripts" / "isolation.sh"], check=True)
    (tmp_path / "home").mkdir()
    environment = {
        "PATH": clients_path,
        "HOME": str(tmp_path / "home"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "LANG": "C.UTF-8",
        "COROOM_MODEL_URL": model.url,
        "COROOM_MODEL_KEY": "any",
        **AS_EVERYWHERE,
    }
    command = [sys.executable, "-P", "-m", "coroom.cli", "loop", "--directory", str(repository), "--name", "x"]
    command += [word for kind in kinds for word in ("--agent", kind)]
    command += ["--test", "sh check.sh", "--isolation", isolation, "--state", str(tmp_path / "loops"), "--json"]
    command += ["--agents", str(len(kinds)), "--sessions", str(len(kinds)), "--usd", "9", "--price", "1/10"]
    with room_over(repository, environment) if in_room else nullcontext():
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, text=True
        )
        try:
            until(
                lambda: {one.path for one in model.received("any")} >= {ASKS_AT[kind] for kind in kinds},
                "each client has asked",
                process,
            )
            model.open("each has one")
            printed, told_by_it = process.communicate(timeout=WITHIN_S)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0, told_by_it + printed
    assert model.failures() == (), told_by_it
    found = json.loads(printed)
    names = {f"x-{number + 1}" for number in range(len(kinds))}
    assert {(turn["agent"], turn["outcome"]) for turn in found["turns"]} == {(name, "landed") for name in names}, (
        told_by_it
    )
    for turn in found["turns"]:
        assert min(turn["input_tokens"], turn["output_tokens"], turn["cost_usd"]) > 0
    assert set(found["ended"].values()) == {"2 sessions are used up"}
    keys = [turn["key"].removeprefix("test:") for turn in found["turns"]]
    assert len(set(keys)) == len(kinds)
    for key in keys:
        assert git(tmp_path / "shared.git", "show", f"main:{key}.txt") == "made by a client"
    agents = git(
        tmp_path / "shared.git", "log", "--format=%(trailers:key=Coroom-Agent,valueonly,separator=%x20)", "main"
    )
    assert set(agents.split()) == names


@contextmanager
def room_over(repository: Path, environment: dict[str, str]) -> Iterator[None]:
    """`coroom up` until the block ends."""
    command = [sys.executable, "-P", "-m", "coroom.cli", "up", str(repository), "--port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until(lambda: Serving.read(repository / ".git" / "coroom" / "main"), "the room is served", process)
        yield
    finally:
        process.terminate()
        process.communicate()
