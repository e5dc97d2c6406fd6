"""How an agent of a loop works, and what is written down of each of its turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coroom.agents.adapter import ModelApi
from coroom.agents.role_files import RoleFile
from coroom.core.command import PostTask
from coroom.git.claims import TTL_MS
from coroom.host.confined import Confined

LANDED = "landed"
NOTHING = "nothing"

GONE = "done-meanwhile"
"""How a turn ends whose item was landed by another before this one could: nothing is to be landed twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an agent of a loop works. `isolation` is what was asked for, `confined` what tests that are not for a landing
    run in.
    """

    role: RoleFile
    model: str | None = None
    api: ModelApi | None = None
    test: str = ""
    test_s: float = 1_800.0
    ttl_ms: int = TTL_MS
    tasks: Sequence[PostTask] = ()
    until_done: bool = False
    shared: Path = field(default_factory=Path)
    isolation: str = ""
    confined: Confined = field(default_factory=Confined)


@dataclass(slots=True)
class Turn:
    """What is written down of one turn, a line of `turns.jsonl`. `harness_s` is what neither agent nor landing took."""

    agent: str
    key: str
    base: str
    log: str = ""
    outcome: str = ""
    why: str = ""
    commit: str = ""
    session_s: float = 0.0
    landing_s: float = 0.0
    tests_s: float = 0.0
    harness_s: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    landing: bool = False
