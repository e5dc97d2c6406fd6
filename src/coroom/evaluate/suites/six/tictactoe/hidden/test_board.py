import pytest
from tictactoe.board import EMPTY, cells, place, show, turn


def test_the_empty_board_has_nine_free_cells() -> None:
    assert EMPTY == "........."
    assert cells(EMPTY) == list(range(9))


def test_turns_alternate_and_x_begins() -> None:
    board = EMPTY
    for number, cell in enumerate((4, 0, 8, 2)):
        mark = "XO"[number % 2]
        assert turn(board) == mark
        board = place(board, cell, mark)
    assert board == "O.O.X...X"
    assert cells(board) == [1, 3, 5, 6, 7]


@pytest.mark.parametrize(("board", "cell", "mark"), [(EMPTY, 9, "X"), (EMPTY, -1, "X"), ("X........", 0, "O")])
def test_a_cell_that_is_none_or_taken_is_refused(board: str, cell: int, mark: str) -> None:
    with pytest.raises(ValueError):
        place(board, cell, mark)


@pytest.mark.parametrize("mark", ["O", "x", ".", ""])
def test_only_the_mark_whose_turn_it_is_may_move(mark: str) -> None:
    with pytest.raises(ValueError):
        place(EMPTY, 0, mark)


def test_a_move_leaves_the_old_board_as_it_was() -> None:
    before = "X........"
    assert place(before, 1, "O") == "XO......."
    assert before == "X........"


def test_the_board_is_shown_in_three_lines() -> None:
    assert show("XO..X...O") == "XO \n X \n  O"
