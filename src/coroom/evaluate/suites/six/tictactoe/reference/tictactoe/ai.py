"""The opponent: looks at every game that can follow."""

from functools import cache

from tictactoe.board import cells, place, turn
from tictactoe.rules import is_over, winner


@cache
def value(board: str) -> int:
    """How it ends for X when both play their best."""
    if is_over(board):
        return {"X": 1, "O": -1, None: 0}[winner(board)]
    mark = turn(board)
    best = max if mark == "X" else min
    return best(value(place(board, cell, mark)) for cell in cells(board))


def best_move(board: str) -> int:
    """The cell to take; a win at once before one that comes later."""
    if is_over(board):
        message = "the game is over"
        raise ValueError(message)
    mark = turn(board)
    free = cells(board)
    for cell in free:
        if winner(place(board, cell, mark)) == mark:
            return cell
    best = max if mark == "X" else min
    worths = [value(place(board, cell, mark)) for cell in free]
    return free[worths.index(best(worths))]
