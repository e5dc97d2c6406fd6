"""The player."""

from collections.abc import Iterable
from typing import Any

from visualizer.stats import Stats
from visualizer.steps import Step, apply


class Player:
    """Runs steps forwards and backwards."""

    def __init__(self, items: list[Any], steps: Iterable[Step]) -> None:
        self.items = list(items)
        self.position = 0
        self.stats = Stats()
        self.playing = False
        self.done = False
        self._speed = 1
        self._source = iter(steps)
        self._seen: list[Step] = []
        self._undo: list[Step] = []

    @property
    def speed(self) -> int:
        """Steps a tick."""
        return self._speed

    @speed.setter
    def speed(self, steps: int) -> None:
        if steps < 1:
            message = "a tick takes at least one step"
            raise ValueError(message)
        self._speed = steps

    def forward(self) -> Step | None:
        """One step on."""
        if self.position == len(self._seen):
            following = next(self._source, None)
            if following is None:
                self.done = True
                return None
            self._seen.append(following)
        step = self._seen[self.position]
        self._undo.append(apply(step, self.items))
        self.stats.add(step)
        self.position += 1
        return step

    def back(self) -> Step | None:
        """One step back."""
        if not self._undo:
            return None
        apply(self._undo.pop(), self.items)
        self.position -= 1
        self.done = False
        step = self._seen[self.position]
        self.stats.remove(step)
        return step

    def run(self) -> None:
        """To the end."""
        while self.forward() is not None:
            pass

    def seek(self, position: int) -> None:
        """To a place, either way."""
        while self.position < position and self.forward() is not None:
            pass
        while self.position > max(position, 0):
            self.back()

    def play(self) -> None:
        """Let ticks move it."""
        self.playing = True

    def pause(self) -> None:
        """Let ticks pass."""
        self.playing = False

    def tick(self) -> None:
        """The clock's beat."""
        for _ in range(self.speed):
            if self.playing and self.forward() is None:
                self.playing = False
