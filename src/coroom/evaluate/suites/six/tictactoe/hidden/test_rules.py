import itertools

import pytest
from tictactoe.rules import LINES, is_draw, is_over, winner, winning_line

BY_HAND = {frozenset(line) for line in [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]}


def test_there_are_eight_lines_rows_first() -> None:
    assert len(LINES) == 8
    assert {frozenset(line) for line in LINES} == BY_HAND
    assert [tuple(line) for line in LINES[:3]] == [(0, 1, 2), (3, 4, 5), (6, 7, 8)]


@pytest.mark.parametrize("line", sorted(map(sorted, BY_HAND)))
@pytest.mark.parametrize("mark", ["X", "O"])
def test_three_in_a_line_win(line: list[int], mark: str) -> None:
    board = "".join(mark if cell in line else "." for cell in range(9))
    assert winner(board) == mark
    assert sorted(winning_line(board) or ()) == line
    assert is_over(board)


def test_every_board_is_judged_as_by_the_lines() -> None:
    for marks in itertools.product("XO.", repeat=9):
        board = "".join(marks)
        won = {m for m in "XO" if any(all(board[c] == m for c in line) for line in BY_HAND)}
        if len(won) > 1:
            continue
        assert winner(board) == (next(iter(won)) if won else None)
        full = "." not in board
        assert is_draw(board) == (full and not won)
        assert is_over(board) == (full or bool(won))
