"""What was measured, as figures that say of themselves where and of how many samples they are."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from math import ceil
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Samples as min, median, p95 (the smallest that at least 95 % do not exceed) and max, in the unit of the row."""

    min: float
    median: float
    p95: float
    max: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> "Spread":
        """The spread of at least one sample."""
        ordered = sorted(samples)
        p95 = ordered[ceil(len(ordered) * 0.95) - 1]
        return cls(min=ordered[0], median=median(ordered), p95=p95, max=ordered[-1], count=len(ordered))

    def document(self) -> dict[str, float]:
        """All of it, for machines."""
        return {"min": self.min, "median": self.median, "p95": self.p95, "max": self.max, "count": self.count}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the result. `per_s`: how many a second all clients together got through."""

    part: str
    what: str
    spread: Spread
    unit: str = "ms"
    clients: int = 1
    per_s: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention:
    """Rounds in which all clients asked for one resource at once; `winners[n]` rounds had n winners."""

    clients: int
    rounds: int
    winners: dict[int, int]
    errors: int

    @property
    def fair(self) -> bool:
        """Whether each round had exactly one winner, and nothing went wrong."""
        return self.winners == ({1: self.rounds} if self.rounds else {}) and self.errors == 0


@dataclass(slots=True)
class Report:
    """Everything one benchmark found out."""

    rows: list[Row] = field(default_factory=list)
    contention: list[Contention] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every call was answered and every round of contention had one winner."""
        return not self.errors and all(c.fair for c in self.contention)

    def document(self) -> dict[str, object]:
        """All of it as plain data for JSON."""
        return {
            "benchmark": "room",
            "ok": self.ok,
            "machine": machine(),
            "versions": versions(),
            "clients": "real MCP clients over HTTP on loopback, in another process than the daemon",
            "rows": [asdict(row) for row in self.rows],
            "contention": [asdict(one) | {"fair": one.fair} for one in self.contention],
            "errors": self.errors,
            "seconds": self.seconds,
        }


def machine() -> dict[str, object]:
    """Where this runs. `load` is the mean of runnable processes over one, five and fifteen minutes: above the number
    of cores, others worked here too.
    """
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "load": [round(one, 2) for one in os.getloadavg()],
    }


def versions() -> dict[str, str]:
    """What the figures depend on."""
    found = {name: version(name) for name in ("coroom", "mcp", "uvicorn", "starlette", "pydantic")}
    return {**found, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as facts:
            named = (line.partition(":")[2].strip() for line in facts if line.startswith("model name"))
            return next(named, platform.machine())
    except OSError:
        return platform.machine()
