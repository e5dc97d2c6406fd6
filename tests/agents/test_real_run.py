"""`coroom run` as a person types it, with real agent CLIs whose model is a script."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.agents.stage import AS_EVERYWHERE
from tests.git.repositories import git, new_repository

from coroom.testing import Call, ModelServer, Script, Turn

# The first test may have to wait until the clients are installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

WITHIN_S = 80.0
RUN_WITHIN_S = 120.0
# Claude Code and Codex ask their providers at different paths.
BOTH = {"/v1/messages", "/v1/responses"}


@pytest.mark.long
async def test_a_run_lands_what_claude_code_and_codex_did_at_once_and_counts_their_tokens(
    tmp_path: Path, clients_path: str, model: ModelServer
) -> None:
    repository = new_repository(tmp_path / "repository", {"readme.txt": b"A project.\n"})
    turns = (
        Turn(calls=(Call("task", {"do": "next"}),), expect="one of several agents"),
        Turn(
            calls=(Call("@write", {"path": "${name}.txt", "text": "made by a client\n"}),),
            expect="is yours",
            capture={"name": r"write (\w+)\.txt"},
            gate="each has one",
        ),
        Turn(calls=(Call("task", {"do": "done", "summary": "written"}),)),
        Turn(text="I am done.", expect="Well done"),
    )
    # Codex names files relative to its own mirror.
    model.add("any", Script(turns, {"cwd": str(tmp_path / "mirrors" / "claude-1")}))
    subprocess.run([Path(__file__).parents[2] / "scripts" / "isolation.sh"], check=True)
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PATH": clients_path,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "COROOM_MODEL_URL": model.url,
        "COROOM_MODEL_KEY": "any",
        **AS_EVERYWHERE,
    }
    command = [sys.executable, "-m", "coroom.cli", "run", str(tmp_path / "todo.md"), "--directory", str(repository)]
    command += ["--agent", "claude", "--agent", "codex", "--json", "--mirrors", str(tmp_path / "mirrors")]
    command += ["--test", "cat left.txt right.txt", "--isolation", "bubblewrap"]
    (tmp_path / "todo.md").write_text("- write left.txt\n- write right.txt\n")
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    running = asyncio.create_task(process.communicate())
    try:
        async with asyncio.timeout(WITHIN_S):
            while {one.path for one in model.received("any") if one.conversation.turn == 1} != BOTH:
                assert not running.done(), running.result()
                await asyncio.sleep(0.02)
        model.open("each has one")
        async with asyncio.timeout(RUN_WITHIN_S):
            printed, complaints = await running
    finally:
        if process.returncode is None:
            process.terminate()
            await running
    told = complaints.decode()
    assert process.returncode == 0, told + printed.decode()
    assert model.failures() == (), told

    summary = json.loads(printed)
    assert [(one["client"], len(one["tasks"])) for one in summary["agents"]] == [
        ("claude in bubblewrap", 1),
        ("codex in bubblewrap", 1),
    ]
    assert all(one["input_tokens"] > 0 and one["output_tokens"] > 0 for one in summary["agents"])
    assert git(repository, "show", "coroom/run:left.txt") == git(repository, "show", "coroom/run:right.txt")
    commits = git(repository, "log", "--format=%b", "main..coroom/run")
    assert "Coroom-Agent: claude-1" in commits, commits
    assert "Coroom-Agent: codex-2" in commits, commits
    assert git(repository, "status", "--porcelain") == ""
