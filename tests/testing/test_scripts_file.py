"""Scripts in a file, and the server as a command of its own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.testing.test_model_server import Anthropic, post_to

from coroom.testing import ApiError, Call, Script, Turn
from coroom.testing.scripts_file import ScriptsError, read_scripts

WRITTEN = """
scripts:
  ann:
    match: You are ann
    variables: {cwd: /w}
    turns:
      - calls: [{task: {do: next}}, {"@write": {path: a.py, text: "x"}}]
        expect: one of
        after: [bob, 2]
        error: {status: 429, retry_after_s: 1.5}
      - {text: Done., refuses: null}
"""


def test_a_file_says_all_that_a_script_can_say(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(WRITTEN)
    first = Turn(
        calls=(Call("task", {"do": "next"}), Call("@write", {"path": "a.py", "text": "x"})),
        expect="one of",
        after=("bob", 2),
        error=ApiError(status=429, retry_after_s=1.5),
    )
    assert read_scripts(tmp_path / "s.yaml") == {
        "ann": Script((first, Turn(text="Done.")), {"cwd": "/w"}, "You are ann")
    }


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("scripts: {ann: {turns: [{says: x}]}}", "scripts.ann.turns.0.says: Extra inputs"),
        ("scripts: {ann: {}}", "scripts.ann.turns: Field required"),
        ("[", "cannot be read"),
        ("", "does not begin with 'scripts:'"),
        ("hello", "does not begin with 'scripts:'"),
    ],
)
def test_a_file_that_holds_no_scripts_is_refused_with_the_place(tmp_path: Path, text: str, where: str) -> None:
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(ScriptsError, match=where):
        read_scripts(tmp_path / "s.yaml")


def test_the_command_serves_a_file_says_how_to_reach_it_and_at_the_end_what_was_not_played(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("scripts: {a: {turns: [{text: One.}, {text: Two.}]}}")
    command = [sys.executable, "-m", "coroom.testing", str(tmp_path / "s.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "scripts: a." in process.stdout.readline()
        words = dict(part.split("=") for part in process.stdout.readline().split()[1:])
        assert words["COROOM_MODEL_KEY"] == "a"
        heard = post_to(words["COROOM_MODEL_URL"] + Anthropic.path, Anthropic().body(), "a")
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=60)
    assert "One." in heard
    assert (process.returncode, complaints) == (1, "a: stopped after turn 0 of 1\n")
