"""Eight agents race for four free slots in a PostgreSQL table: what each policy makes of it.

    make example-bookings

Everybody looks which slots are free before anybody books: the classic write skew. One after the other, the first four
would get a slot each and the others none. The server is started here and gone afterwards.
"""

import subprocess
import sys
from pathlib import Path

import psycopg

from agents import LEGEND, POLICIES_SHOWN, Known, Step, line, play
from coroom.testing.postgres_server import PostgresServer
from coroom.tools.sql import sql_tools
from coroom.tools.sql_postgres import PostgresDatabase

SLOTS = ("13:00", "14:00", "17:00", "17:30")
AGENTS = ("ann", "ben", "cem", "dia", "eva", "fay", "gil", "hua")
ABOUT = (
    "Eight agents look what is free and take the first. "
    "One after the other: 13:00 ann, 14:00 ben, 17:00 cem, 17:30 dia."
)
_TABLE = "CREATE TABLE slots (slot text PRIMARY KEY, taken_by text)"


def booker(name: str) -> list[Step]:
    """Look what is free; take the first."""

    def book(known: Known) -> tuple[str, dict[str, object]] | None:
        free = known["free"]
        assert isinstance(free, list)
        if not free:
            return None
        return "office_update", {"table": "slots", "where": {"slot": free[0]["slot"]}, "set": {"taken_by": name}}

    return [("free", lambda _: ("office_select", {"table": "slots", "where": {"taken_by": None}})), ("book", book)]


def main(policies: list[str]) -> int:
    """Play each policy on a fresh table; 1 when preorder does not give what serial order gives."""
    found = subprocess.run(["scripts/system.sh", "postgres"], capture_output=True, text=True, check=True, cwd=_root())
    due = dict(zip(SLOTS, AGENTS, strict=False))
    wrong = 0
    with PostgresServer(found.stdout.strip()) as server:
        for policy in policies:
            with psycopg.connect(server.conninfo(), autocommit=True) as outside:
                outside.execute(f"DROP TABLE IF EXISTS slots, coroom_calls; {_TABLE}")
                outside.cursor().executemany("INSERT INTO slots VALUES (%s, NULL)", [(slot,) for slot in SLOTS])
                database = PostgresDatabase(server.conninfo(), "office")
                programs = {name: booker(name) for name in AGENTS}
                costs = play(policy, list(sql_tools(database)), programs, AGENTS)
                database.close()
                taken = dict(outside.execute("SELECT slot, taken_by FROM slots ORDER BY slot").fetchall())
            serial = len(set(taken.values()) - {None}) == len(SLOTS)
            end = ", ".join(f"{slot} {who or '(free)'}" for slot, who in taken.items())
            print(line(policy, end, costs, right=serial))
            wrong += policy == "preorder" and taken != due
    return 1 if wrong else 0


def _root() -> Path:
    return Path(__file__).resolve().parents[1]


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(main(sys.argv[1:]))
    print(ABOUT)
    ended = main(list(POLICIES_SHOWN))
    print(LEGEND)
    sys.exit(ended)
