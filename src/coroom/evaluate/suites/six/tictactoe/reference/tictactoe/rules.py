"""Who has won, and whether it is over."""

LINES = (
    (0, 1, 2),
    (3, 4, 5),
    (6, 7, 8),
    (0, 3, 6),
    (1, 4, 7),
    (2, 5, 8),
    (0, 4, 8),
    (2, 4, 6),
)


def winning_line(board: str) -> tuple[int, int, int] | None:
    """The line that won, if one did."""
    for a, b, c in LINES:
        if board[a] != "." and board[a] == board[b] == board[c]:
            return (a, b, c)
    return None


def winner(board: str) -> str | None:
    """The mark that has won."""
    line = winning_line(board)
    return board[line[0]] if line else None


def is_draw(board: str) -> bool:
    """Full, and nobody has won."""
    return "." not in board and winner(board) is None


def is_over(board: str) -> bool:
    """Nobody can move any more."""
    return winner(board) is not None or is_draw(board)
