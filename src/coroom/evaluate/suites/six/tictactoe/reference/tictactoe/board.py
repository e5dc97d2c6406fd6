"""The board: nine characters, row by row."""

EMPTY = "." * 9


def cells(board: str) -> list[int]:
    """The free cells, ascending."""
    return [cell for cell, mark in enumerate(board) if mark == "."]


def turn(board: str) -> str:
    """Whose turn it is: X begins."""
    return "X" if board.count("X") == board.count("O") else "O"


def place(board: str, cell: int, mark: str) -> str:
    """The board after a move; ValueError when it is not allowed."""
    if cell not in range(9) or board[cell] != ".":
        message = f"cell {cell} cannot be taken"
        raise ValueError(message)
    if mark not in {"X", "O"} or mark != turn(board):
        message = f"it is not {mark}'s turn"
        raise ValueError(message)
    return board[:cell] + mark + board[cell + 1 :]


def show(board: str) -> str:
    """Three lines of three."""
    return "\n".join(board[row : row + 3].replace(".", " ") for row in (0, 3, 6))
