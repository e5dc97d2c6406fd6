"""Plays every scenario. After a change that is meant: COROOM_REWRITE=1 pytest tests/scenarios, then read the diff."""

import os
from pathlib import Path

import pytest
from tests.scenarios.language import SEPARATOR, rewritten

SCENARIOS = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_the_room_answers_as_the_scenario_says(scenario: Path) -> None:
    text = scenario.read_text(encoding="utf-8")
    played = rewritten(text)
    if os.environ.get("COROOM_REWRITE"):
        scenario.write_text(played, encoding="utf-8")
    else:
        assert played == text


def test_there_are_scenarios_and_each_of_them_asks_something() -> None:
    assert len(SCENARIOS) >= 8
    assert all(SEPARATOR in scenario.read_text(encoding="utf-8") for scenario in SCENARIOS)


def test_a_word_that_no_scenario_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="no scenario says 'dance'"):
        rewritten("ada dance\n----\n")
