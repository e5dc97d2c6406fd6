"""The timer."""

from pomodoro.events import Events
from pomodoro.modes import Lengths, following, length


class Timer:
    """One period after the other."""

    def __init__(self, lengths: Lengths, events: Events) -> None:
        self._lengths = lengths
        self._events = events
        self.mode = "work"
        self.state = "idle"
        self.finished = 0
        self.left: float = length(lengths, "work")

    def start(self) -> bool:
        """Let it run."""
        return self.state != "running" and self._to("running")

    def pause(self) -> bool:
        """Hold it."""
        return self.state == "running" and self._to("paused")

    def reset(self) -> bool:
        """This period anew."""
        full = length(self._lengths, self.mode)
        if self.state == "idle" and self.left == full:
            return False
        self.left = full
        return self._to("idle")

    def skip(self) -> bool:
        """On to the next period."""
        self._next(following(self.mode, self.finished, self._lengths))
        return self._to("idle")

    def tick(self, seconds: float) -> None:
        """Time passes."""
        if seconds < 0:
            message = "time does not go back"
            raise ValueError(message)
        if self.state != "running":
            return
        self.left -= seconds
        if self.left > 0:
            self._events.emit("tick", self.left)
            return
        ended = self.mode
        self.finished += ended == "work"
        self._next(following(ended, self.finished, self._lengths))
        self.state = "idle"
        self._events.emit("done", ended, self.finished)
        self._events.emit("changed", self.state, self.mode)

    def _next(self, mode: str) -> None:
        self.mode = mode
        self.left = length(self._lengths, mode)

    def _to(self, state: str) -> bool:
        self.state = state
        self._events.emit("changed", state, self.mode)
        return True
