"""What a screen talks to."""

from tictactoe.ai import best_move
from tictactoe.board import EMPTY, cells, place, turn
from tictactoe.rules import is_over, winner
from tictactoe.score import Score


class Game:
    """A person against the opponent."""

    def __init__(self, human: str = "X") -> None:
        if human not in {"X", "O"}:
            message = f"no mark: {human}"
            raise ValueError(message)
        self.human = human
        self.score = Score()
        self.restart()

    @property
    def status(self) -> str:
        """How the game stands, for the person."""
        if not is_over(self.board):
            return "your turn"
        won = winner(self.board)
        return "draw" if won is None else "you win" if won == self.human else "you lose"

    def restart(self) -> None:
        """A new game; the score stays."""
        self.board = EMPTY
        self._before: list[str] = []
        if self.human == "O":
            self._reply()

    def press(self, cell: int) -> str:
        """The person's move and the reply to it."""
        if is_over(self.board) or cell not in cells(self.board):
            return self.status
        self._before.append(self.board)
        self.board = place(self.board, cell, self.human)
        if not is_over(self.board):
            self._reply()
        if is_over(self.board):
            self.score.record(winner(self.board) or "draw")
        return self.status

    def undo(self) -> bool:
        """Take back the last move of both."""
        if is_over(self.board) or not self._before:
            return False
        self.board = self._before.pop()
        return True

    def _reply(self) -> None:
        self.board = place(self.board, best_move(self.board), turn(self.board))
