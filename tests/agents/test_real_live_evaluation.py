"""Real agents, whose model is a script, on rows and objects: their calls in order, judged by serial orders."""

import json
import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from tests.agents.every_client import some
from tests.agents.stage import AS_EVERYWHERE

from coroom.cli import main
from coroom.core.event import Event, OrderNoticed
from coroom.evaluate.results import Results
from coroom.evaluate.trial import TrialResult
from coroom.testing import Call, ModelServer, Script, Turn
from coroom.testing.postgres_server import PostgresServer

# The first test may have to wait until the clients are installed, or PostgreSQL is.
pytestmark = pytest.mark.timeout(600)


def calls(tool: str, **arguments: object) -> Call:
    return Call("call", {"do": "call", "tool": tool, "arguments": json.dumps(arguments)})


def later(hour: int) -> Call:
    return calls("office_update", table="meetings", where={"id": "standup"}, set={"hour": hour})


LOOK = calls("office_select", table="meetings", where={"id": "standup"})


def takes(task: str) -> Turn:
    return Turn(calls=(Call("task", {"do": "take", "task": task}),), expect="The room has tools on live state as well")


ENDS = (
    Turn(calls=(Call("call", {"do": "done", "wait_s": 30}),)),
    Turn(calls=(Call("task", {"do": "done", "summary": "done"}),), expect="is final"),
    Turn(text="That is all.", expect="Well done"),
)
FIRST = Script(
    (
        takes("job-00"),
        Turn(calls=(LOOK,), expect="In the table meetings the row standup has an hour: make it 15 more than it is"),
        Turn(calls=(later(555),), expect="540", meet="both have looked"),
        *ENDS,
    ),
    match="-1, one of several",
)
# It has looked before the first one wrote, and would write the same hour again: an update lost.
SECOND = Script(
    (
        takes("job-01"),
        Turn(calls=(LOOK,)),
        Turn(calls=(Call("sync"),), expect="540", meet="both have looked", after=("first", 3)),
        Turn(calls=(LOOK,), expect="Judge what rests on it", capture={"notice": r"id=(n\d+)"}),
        Turn(calls=(later(570),), expect="555"),
        Turn(calls=(Call("answer", {"about": "${notice}", "choice": "repaired"}),)),
        *ENDS,
    ),
    match="-2, one of several",
)


def evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, server: ModelServer, *words: str
) -> tuple[TrialResult, list[Event]]:
    (tmp_path / "home").mkdir()
    here = {"PATH": path, "HOME": str(tmp_path / "home"), "COROOM_MODEL_URL": server.url, "COROOM_MODEL_KEY": "key"}
    for name, value in {**here, **AS_EVERYWHERE}.items():
        monkeypatch.setenv(name, value)
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["evaluate", *words, "--out", str(out), "--isolation", "plain", "--json"])
    assert done.exit_code == 0, done.stderr
    results = Results(out / "results.sqlite")
    (result,) = results.all()
    replay = (out / "replays" / (str(result.key).replace("/", "_") + ".html")).read_text()
    assert "call-finished" in replay
    assert list(out.glob("trials/**/room/tapes/*.jsonl"))
    return result, results.log(str(result.key)) or []


@pytest.mark.clients
@pytest.mark.parametrize("client", some("codex", "claude"))
def test_two_agents_that_have_read_the_same_row_lose_no_update_under_preorder(
    tmp_path: Path, clients_path: str, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    with ModelServer({"first": FIRST, "second": SECOND}) as server:
        words = ("office/push-back", "--agent", client, "--conditions", "preorder", "--agents", "2")
        result, events = evaluated(tmp_path, monkeypatch, clients_path, server, *words)
        server.verify()
    assert (result.score, result.whole, result.abandoned, result.infrastructure) == (1.0, True, False, "")
    assert result.units == {"each quarter of an hour counts": (1, 1), "a serial order": (1, 1)}
    assert result.metrics["order_notices"] == 1
    assert [event.body.agent for event in events if isinstance(event.body, OrderNoticed)] == [f"{client}-2"]


@pytest.mark.long
def test_the_rows_of_real_agents_can_be_in_a_postgresql_which_is_forgotten_when_the_trial_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).parents[2]
    found = subprocess.run(["scripts/system.sh", "postgres"], cwd=root, capture_output=True, text=True, check=True)
    words = ("office/push-back", "--agent", "builtin", "--model", "openai:scripted", "--conditions", "preorder")
    with PostgresServer(found.stdout.strip()) as postgres, ModelServer({"first": FIRST, "second": SECOND}) as server:
        where = ("--agents", "2", "--database", postgres.conninfo())
        result, _ = evaluated(tmp_path, monkeypatch, os.environ["PATH"], server, *words, *where)
        server.verify()
        with psycopg.connect(postgres.conninfo()) as rows:
            assert rows.execute("SELECT id, hour FROM meetings").fetchall() == [("standup", 570)]
    assert (result.score, result.metrics["order_notices"], result.infrastructure) == (1.0, 1, "")
    assert not list((tmp_path / "out").rglob("tools.yaml"))
