"""Bounds of the daemon's own doors, each with its reason (promise room:bounded); those of a room are in the core."""

BODY_BYTES_MAX = 4 * 1024 * 1024
"""A hook carries the whole text that a client is about to write; larger files come over the disk."""

BODY_WITHIN_S = 10.0
"""A body of that size comes over loopback in milliseconds; who dribbles holds nothing up for longer."""

JSON_DEPTH_MAX = 64
"""MCP nests some ten deep; parsers recurse."""

JSON_BRACKETS_MAX = 20_000
"""Objects and lists in one body: a thousand times what any client sends."""

CALLS_PER_S = 400.0
"""A client that waits for its answers makes under 300 a second; more is a loop that would starve the others."""

CALLS_AT_ONCE = 800.0
"""What may come in a burst before that rate counts."""

UNDER_WAY_MAX = 64
"""Calls of one agent that wait at the same time: some syncs and hooks, not an army."""

SWITCH_S = 0.0005
"""How long a thread that computes (a check, a merge) keeps the interpreter when others want it. With the 5 ms that are
usual, an edit on its way to sixteen mirrors, which changes threads some fifty times, lost a quarter of a second.
"""

STOP_WITHIN_S = 1.0
"""What open answers get to end in when the daemon stops; clients ask again."""

CONNECTION_IDLE_S = 600
"""How long a client's connection is kept for its next call: a model thinks for minutes between two of them."""
