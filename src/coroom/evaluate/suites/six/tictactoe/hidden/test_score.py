import random

import pytest
from tictactoe.score import Score


def test_a_new_score_is_empty() -> None:
    score = Score()
    assert (score.wins("X"), score.wins("O"), score.draws, score.games, score.leader()) == (0, 0, 0, 0, None)


def test_any_sequence_of_results_is_counted() -> None:
    chance = random.Random(7)
    for _ in range(50):
        results = [chance.choice(["X", "O", "draw"]) for _ in range(chance.randrange(12))]
        score = Score()
        for result in results:
            score.record(result)
        assert score.games == len(results)
        assert score.wins("X") + score.wins("O") + score.draws == len(results)
        x, o = results.count("X"), results.count("O")
        assert score.leader() == ("X" if x > o else "O" if o > x else None)
        for mark in "XO":
            trailing = 0
            while trailing < len(results) and results[-1 - trailing] == mark:
                trailing += 1
            assert score.streak(mark) == trailing


@pytest.mark.parametrize("result", ["x", "", "win", None])
def test_what_is_no_result_is_refused(result: str) -> None:
    score = Score()
    with pytest.raises(ValueError):
        score.record(result)
    assert score.games == 0


def test_a_reset_forgets_everything() -> None:
    score = Score()
    score.record("X")
    score.reset()
    assert (score.games, score.streak("X"), score.leader()) == (0, 0, None)
