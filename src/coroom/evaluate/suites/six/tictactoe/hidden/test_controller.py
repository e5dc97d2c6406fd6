import random

import pytest
from tictactoe.controller import Game


def test_a_person_who_is_o_meets_a_board_with_one_x() -> None:
    game = Game("O")
    assert game.board.count("X") == 1
    assert game.board.count("O") == 0
    assert game.status == "your turn"


def test_a_press_is_answered() -> None:
    game = Game()
    assert game.press(4) == "your turn"
    assert game.board[4] == "X"
    assert game.board.count("O") == 1


def test_a_taken_cell_changes_nothing() -> None:
    game = Game()
    game.press(4)
    before = game.board
    assert game.press(4) == "your turn"
    assert game.board == before


@pytest.mark.parametrize("human", ["X", "O"])
def test_a_person_who_plays_anyhow_never_wins_and_each_game_counts_once(human: str) -> None:
    chance = random.Random(3)
    game = Game(human)
    for played in range(1, 41):
        while game.status == "your turn":
            game.press(chance.choice([c for c in range(9) if game.board[c] == "."]))
        assert game.status in {"you lose", "draw"}
        assert game.score.games == played
        over = game.board
        assert game.press(0) == game.status
        assert game.press(chance.randrange(9)) == game.status
        assert game.board == over
        assert not game.undo()
        assert game.score.games == played
        game.restart()
        assert game.status == "your turn"
    assert game.score.wins(human) == 0


def test_undo_takes_back_both_moves() -> None:
    game = Game()
    assert not game.undo()
    game.press(4)
    before = game.board
    game.press(next(c for c in range(9) if game.board[c] == "."))
    if game.status == "your turn":
        assert game.undo()
        assert game.board == before
    assert game.undo()
    assert game.board == "." * 9


def test_what_is_no_mark_cannot_play() -> None:
    with pytest.raises(ValueError):
        Game("Z")
