"""`coroom evaluate` with a real agent CLI whose model is a script: solo and full, to a score and a tape."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.agents.every_client import some
from tests.agents.stage import AS_EVERYWHERE
from tests.evaluate.tiny_suite import ONE, tiny_suite

from coroom.agents.scripted import read_tape
from coroom.cli import main
from coroom.core.event import FileAccepted, TaskDone
from coroom.evaluate.results import Results
from coroom.testing import Call, ModelServer, Script, Turn

# The first test may have to wait until the clients are installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

ALONE = Script(
    (
        Turn(
            calls=(Call("@write", {"path": "p/a.py", "text": ONE}),),
            expect=r"1\. a: A part",
            never="mcp__coroom|The room named",
        ),
        Turn(calls=(Call("@write", {"path": "p/b.py", "text": ONE}),)),
        Turn(text="Both are there."),
    ),
    match="You are at work on the repository",
)


def in_a_room(client: str) -> Script:
    turns = (
        Turn(calls=(Call("task", {"do": "next"}),), tools=("mcp__coroom__task",) if client == "claude" else ()),
        Turn(calls=(Call("@write", {"path": "p/a.py", "text": ONE}),), expect="a is yours"),
        Turn(calls=(Call("task", {"do": "done", "summary": "a"}),)),
        Turn(calls=(Call("task", {"do": "next"}),), expect="Well done"),
        Turn(calls=(Call("@write", {"path": "p/b.py", "text": ONE}),), expect="b is yours"),
        Turn(calls=(Call("task", {"do": "done", "summary": "b"}),)),
        Turn(text="The board is done.", expect="Well done", input_tokens=1_000),
    )
    return Script(turns, match=f"You are {client}-1, one of several")


def evaluate(folder: Path, suite: str, *words: str) -> dict[str, object]:
    done = CliRunner().invoke(main, ["evaluate", suite, "--out", str(folder), "--agents", "1", "--json", *words])
    assert done.exit_code == 0, done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document


@pytest.mark.long
@pytest.mark.parametrize("client", some("claude", "codex", "opencode", "gemini"))
def test_a_real_client_goes_through_solo_and_full_to_a_score_and_leaves_a_tape(
    tmp_path: Path, clients_path: str, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    (tmp_path / "home").mkdir()
    suite, agent = tiny_suite(tmp_path / "tiny"), f"{client}-1"
    with ModelServer({"alone": ALONE, "room": in_a_room(client)}) as server:
        here = {"PATH": clients_path, "HOME": str(tmp_path / "home"), "COROOM_MODEL_URL": server.url, **AS_EVERYWHERE}
        for name, value in here.items():
            monkeypatch.setenv(name, value)
        words = ["--agent", client, "--conditions", "solo,full", "--isolation", "plain", "--price", "3/15"]
        # Without a name Gemini CLI first asks a model which model to take, and tries for long.
        words += ["--model", "gemini-scripted"] if client == "gemini" else []
        document = evaluate(tmp_path / "out", suite, *words)
        server.verify()
    results = Results(tmp_path / "out" / "results.sqlite")
    found = {result.key.condition: result for result in results.all()}
    for name, edits_under_claims in (("solo", 0.0), ("full", 1.0)):
        result = found[name]
        assert (result.score, result.whole, result.abandoned, result.infrastructure) == (1.0, True, False, "")
        assert result.metrics["claim_compliance"] == edits_under_claims
        assert result.metrics["characters"] == 2 * len(ONE)
        assert result.metrics["usd"] > 0
        events = results.log(str(result.key)) or []
        assert [e.body.file.by for e in events if isinstance(e.body, FileAccepted)] == [agent, agent]
        assert sum(isinstance(e.body, TaskDone) for e in events) == (2 if name == "full" else 0)
    # What a turn is said to cost arrives as it was said, and once.
    assert found["full"].metrics["input_tokens"] >= 1_600
    replay = Path(str(document["page"])).parent / "replays" / (str(found["full"].key).replace("/", "_") + ".html")
    assert agent in replay.read_text()

    tape = next((tmp_path / "out" / "trials").glob(f"**/full/**/room/tapes/{agent}.jsonl"))
    played = [(step.tool, step.args.get("path")) for step in read_tape(tape)]
    assert [one for one in played if one[0] == "native_write"] == [("native_write", f"p/{unit}.py") for unit in "ab"]
