"""A whole day."""

from pomodoro.events import Events
from pomodoro.modes import Lengths
from pomodoro.progress import clock
from pomodoro.timer import Timer


class Session:
    """A timer, and what became of its periods."""

    def __init__(self, lengths: Lengths | None = None, auto: bool = False) -> None:
        self.events = Events()
        self.timer = Timer(lengths or Lengths(), self.events)
        self.log: list[tuple[str, str]] = []
        self.worked: float = 0
        self._auto = auto
        self.events.on("done", self._done)

    def skip(self) -> None:
        """On to the next period."""
        mode = self.timer.mode
        self.timer.skip()
        self.log.append((mode, "skipped"))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        while seconds > 0 and self.timer.state == "running":
            step = min(seconds, self.timer.left)
            if self.timer.mode == "work":
                self.worked += step
            self.timer.tick(step)
            seconds -= step
            if self._auto and self.timer.state == "idle":
                self.timer.start()

    def title(self) -> str:
        """For the window."""
        paused = " (paused)" if self.timer.state == "paused" else ""
        return f"{clock(self.timer.left)} {self.timer.mode}{paused}"

    def _done(self, mode: str, _finished: int) -> None:
        self.log.append((mode, "done"))
