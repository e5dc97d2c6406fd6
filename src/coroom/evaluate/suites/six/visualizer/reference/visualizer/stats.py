"""Counting steps."""

from typing import Any


class Stats:
    """How many steps of each kind."""

    def __init__(self) -> None:
        self._counts = {"compare": 0, "swap": 0, "set": 0}

    @property
    def compares(self) -> int:
        """Comparisons."""
        return self._counts["compare"]

    @property
    def swaps(self) -> int:
        """Exchanges."""
        return self._counts["swap"]

    @property
    def sets(self) -> int:
        """Writes."""
        return self._counts["set"]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self._counts.values())

    def add(self, step: tuple[str, int, Any]) -> None:
        """One more."""
        self._counts[self._kind(step)] += 1

    def remove(self, step: tuple[str, int, Any]) -> None:
        """One less."""
        kind = self._kind(step)
        if not self._counts[kind]:
            message = f"no {kind} was added"
            raise ValueError(message)
        self._counts[kind] -= 1

    def as_dict(self) -> dict[str, int]:
        """All three by name."""
        return {"compares": self.compares, "swaps": self.swaps, "sets": self.sets}

    def _kind(self, step: tuple[str, int, Any]) -> str:
        if step[0] not in self._counts:
            message = f"no kind of step: {step[0]}"
            raise ValueError(message)
        return step[0]
