"""What an agent that was admitted to a room is handed."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent's way in: its name, its secret (kept nowhere else), and the directory it works in."""

    agent: str
    token: str = field(repr=False)
    directory: Path
