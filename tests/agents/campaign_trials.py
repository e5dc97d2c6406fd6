"""Trials with Claude Code and Codex that are too dear for every run of the tests; make campaign names this file.

What keeps a trial from being carried out is told in words, counted, and never a score; and a cluster is worked on.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.agents.stage import AS_EVERYWHERE
from tests.agents.test_real_live_evaluation import calls, evaluated
from tests.evaluate.tiny_suite import tiny_suite

from coroom.cli import main
from coroom.core.event import CallFinished
from coroom.evaluate.results import Results
from coroom.testing import ApiError, Call, ModelServer, Script, Turn

# The first test may have to wait until the clients are installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]


CLIENTS = pytest.mark.parametrize("client", ["codex", "claude"])


@dataclass(frozen=True)
class Failure:
    """What goes wrong, and by client what is said of it. A server without a script answers with 401."""

    script: Script | None
    said: dict[str, str]
    words: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


def fails(status: int) -> Script:
    return Script((Turn(error=ApiError(status=status, times=999, retry_after_s=0.01)),))


OUTSIDE = "echo lost > ../../stray.txt; echo anything > ../../repository/CONTRACT.md"
FAILURES = {
    "refuses": Failure(
        # Claude Code asks once more.
        Script((Turn(refuses="I will not do that."),) * 3),
        {
            "codex": "codex-1: the model answered with nothing: it refuses",
            "claude": "claude-1: .*flagged this message",
        },
    ),
    "no key": Failure(
        None,
        {"codex": "Codex has no key and is not logged in", "claude": "claude-1: Not logged in"},
        environment={"COROOM_MODEL_URL": "", "COROOM_MODEL_KEY": ""},
    ),
    "wrong key": Failure(None, {"codex": "codex-1: .*401 Unauthorized", "claude": "claude-1: .*401"}),
    "rate limit": Failure(fails(429), {"codex": "codex-1: .*429", "claude": "claude-1: .*429|rate limit"}),
    "overload": Failure(fails(529), {"codex": "codex-1: .*529", "claude": "claude-1: .*529|[Oo]verloaded"}),
    "hangs": Failure(
        Script((Turn(gate="never opened"),)),
        {"codex": "codex-1: nothing has come from it for 9 s", "claude": "claude-1: nothing has come from it for 9 s"},
        words=("--silence", "9"),
    ),
    "missing": Failure(
        None,
        {
            "codex": "codex is not installed here. Install Codex",
            "claude": "claude is not installed here. Install Claude",
        },
        environment={"PATH": "/usr/bin:/bin"},
    ),
    "writes outside": Failure(
        Script((Turn(calls=(Call("@shell", {"command": OUTSIDE}),)), Turn(text="Done."))),
        dict.fromkeys(("codex", "claude"), "an agent wrote outside its directory: .*stray.txt, .*CONTRACT.md"),
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
@CLIENTS
def test_it_is_an_infrastructure_failure_with_its_reason(
    tmp_path: Path, clients_path: str, monkeypatch: pytest.MonkeyPatch, client: str, failure: str
) -> None:
    case = FAILURES[failure]
    (tmp_path / "home").mkdir()
    with ModelServer({"key": case.script} if case.script else {}, unknown=401, hold_s=500) as server:
        here = {"PATH": clients_path, "HOME": str(tmp_path / "home"), "COROOM_MODEL_URL": server.url, **AS_EVERYWHERE}
        for name, value in {**here, "COROOM_MODEL_KEY": "key", **case.environment}.items():
            monkeypatch.setenv(name, value)
        for name in ("OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_HOME", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        words = ["evaluate", tiny_suite(tmp_path / "tiny"), "--agent", client, "--conditions", "solo", "--agents", "1"]
        words += ["--out", str(tmp_path / "out"), "--isolation", "plain", *case.words]
        told = CliRunner().invoke(main, words)
    (result,) = Results(tmp_path / "out" / "results.sqlite").all()
    assert (result.score, result.whole, result.units) == (0.0, False, {})
    assert re.search(case.said[client], result.infrastructure, re.DOTALL), result.infrastructure
    assert told.exit_code == 2
    assert "No trial has ended with a score; 1 failed for reasons of infrastructure" in told.stderr


def counted(task: str, before: str, after: str) -> tuple[Turn, ...]:
    release = {"kind": "ConfigMap", "name": "release"}
    return (
        Turn(calls=(Call("task", {"do": "take", "task": task}),)),
        Turn(
            calls=(calls("k8s_get", **release),),
            expect="In the ConfigMap release make the number one more than it is",
        ),
        Turn(calls=(calls("k8s_patch", **release, patch={"data": {"number": after}}),), expect=before),
        Turn(calls=(Call("task", {"do": "done", "summary": "counted"}),), expect="is done"),
    )


ALONE = Script((*counted("job-00", "7", "8"), *counted("job-01", "8", "9"), Turn(text="That is all.")))


@CLIENTS
def test_an_agent_alone_does_the_jobs_of_two_on_a_cluster(
    tmp_path: Path, clients_path: str, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    with ModelServer({"key": ALONE}) as server:
        words = ("cluster/release", "--agent", client, "--conditions", "serial", "--agents", "1")
        result, events = evaluated(tmp_path, monkeypatch, clients_path, server, *words)
        server.verify()
    assert (result.score, result.whole, result.infrastructure) == (1.0, True, "")
    assert result.metrics["calls"] == sum(isinstance(event.body, CallFinished) for event in events) > 0
