"""The score over several games."""


class Score:
    """Wins, draws and streaks, as they were recorded."""

    def __init__(self) -> None:
        self._results: list[str] = []

    def record(self, result: str) -> None:
        """Take note of how a game ended: X, O or draw."""
        if result not in {"X", "O", "draw"}:
            message = f"no result: {result}"
            raise ValueError(message)
        self._results.append(result)

    def wins(self, mark: str) -> int:
        """Games that mark has won."""
        return self._results.count(mark)

    @property
    def draws(self) -> int:
        """Games that nobody won."""
        return self._results.count("draw")

    @property
    def games(self) -> int:
        """All games."""
        return len(self._results)

    def leader(self) -> str | None:
        """Who has won more."""
        x, o = self.wins("X"), self.wins("O")
        return None if x == o else "X" if x > o else "O"

    def streak(self, mark: str) -> int:
        """Games in a row that mark has won, up to the last."""
        found = 0
        for result in reversed(self._results):
            if result != mark:
                break
            found += 1
        return found

    def reset(self) -> None:
        """Begin anew."""
        self._results.clear()
