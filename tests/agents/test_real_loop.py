"""`coroom loop` as a person types it, with real agent CLIs whose model is a script: one fresh session each, to main."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.agents.stage import AS_EVERYWHERE
from tests.cli.commands import until
from tests.git.repositories import git, new_repository

from coroom.testing import Call, ModelServer, Script, Turn

# The first test may have to wait until the clients are installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

WITHIN_S = 300.0
# Claude Code and Codex ask their providers at different paths.
BOTH = {"/v1/messages", "/v1/responses"}

CHECK = b"""#!/bin/sh
for name in left right; do
    test -e $name.txt || { echo "not ok 1 - $name"; bad=1; }
done
exit ${bad:-0}
"""


@pytest.mark.parametrize("isolation", ["plain", "bubblewrap"])
def test_each_client_mends_a_failing_test_in_one_fresh_session_that_lands(
    tmp_path: Path, clients_path: str, model: ModelServer, isolation: str
) -> None:
    repository = new_repository(tmp_path / "repository", {"check.sh": CHECK})
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "shared.git")
    git(repository, "remote", "add", "origin", str(tmp_path / "shared.git"))
    turns = (
        Turn(
            calls=(Call("@write", {"path": "${name}.txt", "text": "made by a client\n"}),),
            expect="Your task: test:",
            capture={"name": r"Your task: test:(\w+)"},
            gate="each has one",
        ),
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
    command += [word for kind in ("claude", "codex") for word in ("--agent", kind)]
    command += ["--test", "sh check.sh", "--isolation", isolation, "--state", str(tmp_path / "loops"), "--json"]
    command += ["--usd", "0.000001", "--price", "1/10"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, text=True
    )
    try:
        until(lambda: {one.path for one in model.received("any")} >= BOTH, "both clients have asked", process)
        model.open("each has one")
        printed, told = process.communicate(timeout=WITHIN_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, told + printed
    assert model.failures() == (), told
    found = json.loads(printed)
    assert [(turn["outcome"], turn["agent"]) for turn in sorted(found["turns"], key=lambda one: one["agent"])] == [
        ("landed", "x-1"),
        ("landed", "x-2"),
    ], told
    assert all(
        turn["input_tokens"] > 0 and turn["output_tokens"] > 0 and turn["cost_usd"] > 0 for turn in found["turns"]
    )
    assert set(found["ended"].values()) == {"1e-06 US dollars are spent"}
    assert git(tmp_path / "shared.git", "show", "main:left.txt", "main:right.txt") == "made by a client\n" * 2
    agents = git(tmp_path / "shared.git", "log", "--format=%(trailers:key=Coroom-Agent,valueonly,separator=)", "main")
    assert {"x-1", "x-2"} <= set(agents.split())
