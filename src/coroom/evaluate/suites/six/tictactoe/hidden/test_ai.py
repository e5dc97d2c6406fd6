import pytest
from tictactoe.ai import best_move, value
from tictactoe.board import EMPTY, cells, place, turn
from tictactoe.rules import is_over, winner


def never_beaten(board: str, mine: str) -> None:
    if is_over(board):
        assert winner(board) in {None, mine}
        return
    mark = turn(board)
    for cell in [best_move(board)] if mark == mine else cells(board):
        never_beaten(place(board, cell, mark), mine)


@pytest.mark.parametrize("mine", ["X", "O"])
def test_it_loses_to_no_line_of_play(mine: str) -> None:
    never_beaten(EMPTY, mine)


def test_it_wins_where_it_can_in_one_move_and_blocks_where_it_must() -> None:
    assert best_move("XX.OO....") == 2
    assert best_move("XX.O.....") == 2
    assert best_move("OO.XX..X.") == 2 or best_move("OO.XX..X.") == 5


def test_a_win_at_once_goes_before_a_win_later() -> None:
    assert best_move("XX.OO.X..") == 5
    assert best_move("X..XO.O..") == 2


def test_equally_good_cells_give_the_lowest() -> None:
    assert best_move(EMPTY) == 0


def test_a_game_that_is_over_has_no_move() -> None:
    with pytest.raises(ValueError):
        best_move("XXXOO....")


def test_the_value_is_how_it_ends_for_x() -> None:
    assert value(EMPTY) == 0
    assert value("XXXOO....") == 1
    assert value("XX.OO....") == 1
    assert value("XX.OO.X..") == -1
