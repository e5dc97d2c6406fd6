"""Weather buoys: what modern Python is made of: asynchronous code, generators, contexts, decorators, time zones."""

BUOYS = {
    "telemetry.py": '''from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum


class Level(Enum):
    CALM = "CALM"
    ROUGH = "ROUGH"
    STORM = "STORM"


@dataclass
class Reading:
    buoy: str
    taken: datetime
    wave_m: float
    notes: list[str] = field(default_factory=list)

    def level(self) -> Level:
        if self.wave_m >= 6:
            return Level.STORM
        return Level.ROUGH if self.wave_m >= 2 else Level.CALM

    def remark(self, text: str) -> None:
        self.notes.append(text)


@dataclass
class Span:
    start: datetime
    end: datetime

    def length(self) -> timedelta:
        return self.end - self.start


def parse_time(text: str) -> datetime:
    """A moment as buoys write it: 2024-03-01T12:00:00."""
    return datetime.fromisoformat(text)


def spoken(span: Span) -> str:
    minutes = int(span.length().total_seconds() // 60)
    return f"{minutes} min"
''',
    "fleet.py": '''from __future__ import annotations

import math


class Buoy:
    def __init__(self, name: str, x_km: float, y_km: float, priority: int = 0) -> None:
        self.name = name
        self.x_km = x_km
        self.y_km = y_km
        self.priority = priority
        self.last_seen: float = 0.0

    def distance(self, other: Buoy) -> float:
        """How far another buoy is."""
        return math.hypot(self.x_km - other.x_km, self.y_km - other.y_km)

    def seen(self, at: float) -> None:
        self.last_seen = at


class Fleet:
    def __init__(self) -> None:
        self._buoys: dict[str, Buoy] = {}

    def add(self, buoy: Buoy) -> None:
        self._buoys[buoy.name] = buoy

    def get(self, name: str) -> Buoy:
        return self._buoys[name]

    def size(self) -> int:
        return len(self._buoys)

    def names(self) -> list[str]:
        return sorted(self._buoys)

    def all(self) -> list[Buoy]:
        """The buoys."""
        return [self._buoys[name] for name in self.names()]

    def near(self, name: str, limit: float) -> list[str]:
        here = self.get(name)
        return [each.name for each in self.all() if each is not here and here.distance(each) <= limit]


def leg(fleet: Fleet, first: str, second: str) -> str:
    return f"{first} to {second}: {fleet.get(first).distance(fleet.get(second)):.1f}"
''',
    "station.py": '''from __future__ import annotations

import asyncio


class Station:
    """Collects what comes over the air."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self.kept: dict[str, float] = {}
        self.closed = False

    async def fetch(self, name: str) -> float:
        await asyncio.sleep(0)
        return self.kept.get(name, 0.0)

    def tune(self, name: str) -> str:
        return f"channel-{name}"

    async def store(self, name: str, value: float) -> None:
        self.kept[name] = value

    async def snapshot(self) -> dict[str, float]:
        async with self._lock:
            await asyncio.sleep(0)
            return dict(self.kept)

    async def fetch_all(self, names: list[str]) -> list[float]:
        return list(await asyncio.gather(*(self.fetch(name) for name in names)))


async def loudest(station: Station, names: list[str]) -> float:
    values = await station.fetch_all(names)
    return max(values, default=0.0)
''',
    "archive.py": '''from __future__ import annotations

from collections.abc import Iterator


class Page:
    def __init__(self, rows: list[str]) -> None:
        self.rows = rows


class Archive:
    def __init__(self, rows: list[str]) -> None:
        self._rows = rows
        self.journal: list[str] = []

    def lines(self) -> list[str]:
        return [row.strip() for row in self._rows if row.strip()]

    def pages(self, size: int) -> Iterator[list[str]]:
        page: list[str] = []
        for row in self._rows:
            page.append(row)
            if len(page) == size:
                yield page
                page = []
        if page:
            yield page

    def append(self, row: str) -> None:
        self._rows.append(row)
        self.journal.append(f"append {row}")


class Transaction:
    """Takes rows back when something goes wrong."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.before: list[str] = []

    def __enter__(self) -> Archive:
        self.before = list(self.archive._rows)
        return self.archive

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        if kind is not None:
            self.archive._rows[:] = self.before
        return False


def load(archive: Archive, rows: list[str]) -> None:
    with Transaction(archive) as writing:
        for row in rows:
            writing.append(row)


def open_archive(rows: list[str]) -> Archive:
    return Archive(rows)


def count(rows: list[str]) -> int:
    return len(open_archive(rows).lines())


def longest(archive: Archive) -> str:
    found = ""
    for line in archive.lines():
        if len(line) > len(found):
            found = line
    return found
''',
    "panels.py": '''from __future__ import annotations

from abc import ABC, abstractmethod


class Panel(ABC):
    title = "panel"

    def render(self) -> str:
        return self.title


class WavePanel(Panel):
    title = "waves"

    def __init__(self, height: float) -> None:
        self.height = height

    def render(self) -> str:
        return f"{self.height} m"


class WindPanel(Panel):
    title = "wind"

    def __init__(self, knots: int) -> None:
        self.knots = knots

    def render(self) -> str:
        return f"{self.knots} kn"


def board(panels: list[Panel]) -> str:
    return "\\n".join(panel.render() for panel in panels)


class Sensor:
    """One measuring device."""

    unit = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def read(self, raw: int) -> float:
        return raw / 10

    def describe(self) -> str:
        return f"{self.name} [{self.unit}]"


class Thermometer(Sensor):
    unit = "C"

    def read(self, raw: int) -> float:
        return super().read(raw) - 40


class Barometer(Sensor):
    unit = "hPa"

    def read(self, raw: int) -> float:
        return super().read(raw) + 900
''',
    "wires.py": """from __future__ import annotations

import threading as th
from threading import RLock as Lock

AGAIN = Lock()
ONCE = th.Lock()
SENT: list[str] = []


def send(text: str) -> int:
    SENT.append(text)
    return len(SENT)


def last() -> str:
    return SENT[-1]


class Wire:
    def __init__(self, sender: str) -> None:
        self.sender = sender

    def hand_on(self, sender: str) -> None:
        self.sender = sender
""",
    "moorings.py": """from __future__ import annotations

from panels import Panel, Sensor


class DepthPanel(Panel):
    title = "depth"

    def wide(self) -> str:
        return self.render().center(20)


class Salinity(Sensor):
    unit = "PSU"

    def read(self, raw: int) -> float:
        return raw / 100
""",
    "commands.py": '''from __future__ import annotations

from collections.abc import Callable
from functools import wraps

COMMANDS: dict[str, Callable[..., str]] = {}
LIMITS_TEXT = "wave=6;wind=40"


def command(run: Callable[..., str]) -> Callable[..., str]:
    """Registers a command by its name."""

    @wraps(run)
    def called(*args: str) -> str:
        return run(*args)

    COMMANDS[run.__name__] = called
    return called


@command
def status(buoy: str) -> str:
    return f"{buoy}: ok"


@command
def reset(buoy: str) -> str:
    return f"{buoy}: reset"


def dispatch(line: str) -> str:
    name, *args = line.split()
    return COMMANDS[name](*args)


def limits() -> dict[str, int]:
    """The limits of alarms."""
    found = {}
    for part in LIMITS_TEXT.split(";"):
        name, value = part.split("=")
        found[name] = int(value)
    return found


def exceeds(name: str, value: float) -> bool:
    return value > limits()[name]


class Batch:
    def __init__(self, name: str, tags: list[str] | None = None) -> None:
        self.name = name
        self.tags = tags if tags is not None else []

    def label(self) -> str:
        return " ".join([self.name, *self.tags])
''',
    "sheets.py": """from __future__ import annotations


def trimmed(text: str) -> str:
    return text[:12]


def row(buoy: str, wave_m: float) -> str:
    return trimmed(f"{buoy} {wave_m}")


def legend() -> dict[str, str]:
    return {"m": "metres", "kn": "knots"}


def sheet(rows: list[tuple[str, float]]) -> str:
    return "\\n".join(row(buoy, wave_m) for buoy, wave_m in rows)
""",
    "polling.py": '''from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

HARBOUR = timezone(timedelta(hours=10))


@dataclass
class Poll:
    every: int = 30
    timeout: float = 5.0
    retries: int = 2


def due(poll: Poll, last: float) -> float:
    return last + poll.every


def worst(poll: Poll) -> float:
    return poll.timeout * (poll.retries + 1)


class Log:
    def __init__(self) -> None:
        self.entries: list[tuple[datetime, str]] = []

    def add(self, at: datetime, text: str) -> None:
        """Keeps a line; `at` has a zone."""
        self.entries.append((at.astimezone(HARBOUR), text))

    def lines(self) -> list[str]:
        return [text for _, text in self.entries]

    def first(self) -> datetime:
        return self.entries[0][0]


def gap(log: Log) -> timedelta:
    return log.entries[-1][0] - log.first()


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
''',
}
