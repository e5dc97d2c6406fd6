"""What `coroom evaluate` says to a call that cannot be carried out."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from coroom.cli import main

REAL = ("office", "--agent", "builtin", "--model", "openai:x")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name six, ledger, races, office, cluster or a folder"),
        (["cooperbench:/none"], "there is no folder /none: name CooperBench's dataset/ folder"),
        (
            ["six", "--stop-at", "usd=5", "--silence", "9"],
            "--silence, --stop-at is for real agents, and synthetic is none",
        ),
        (["office", "--database", "host=127.0.0.1 port=1 user=x"], "--database cannot be used: "),
        (["six", "--database", "host=127.0.0.1"], "--database is for the rows of office"),
        ([*REAL, "--database", "host=127.0.0.1 port=1 user=x"], "--database cannot be used: "),
        ([*REAL, "--database", "host=127.0.0.1", "--jobs", "2"], "--database has one trial at a time"),
        (["seven"], "there is no suite 'seven'"),
        (["six", "--conditions", "duo"], "there is no condition 'duo'"),
        (["six", "--agents", "0"], "'0' is no list of numbers of agents"),
        (["six", "--agent", "clod"], "There is no agent 'clod'"),
        (["six", "--agent", "builtin:openai:x"], "goes into --model"),
        (["six", "--agent", "builtin"], "The built-in agent needs a model: --model anthropic:NAME"),
        (["six", "--agent", "tape:none.jsonl"], "none.jsonl is no tape: No such file"),
        (["six", "--agent", "claude", "--price", "3"], "'3' is no price"),
        (["six", "--agent", "claude", "--stop-at", "hours=3"], "'hours=3' is no part of a limit"),
        (["six", "--match", "tokens"], "--match tokens needs --tokens"),
        (["--replay", "six/none"], "No trial 'six/none' has ended"),
    ],
)
def test_a_call_that_cannot_be_is_refused_in_words_and_leaves_nothing_behind(
    tmp_path: Path, words: list[str], said: str
) -> None:
    result = CliRunner().invoke(main, ["evaluate", *words, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not (tmp_path / "out").exists()


def test_agents_that_are_not_installed_are_refused_before_anything_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(main, ["evaluate", "six", "--agent", "claude", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "claude is not installed here. " in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [["evaluate", "six"], ["evaluate", "power", "--trials", "9"]])
def test_without_what_reports_need_nothing_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr("coroom.cli.evaluate.find_spec", lambda name: None if name == "scipy" else object())
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "Evaluations need scipy as well: pip install 'coroom[evaluate]'" in result.stderr
    assert not list(tmp_path.iterdir())
