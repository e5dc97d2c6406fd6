"""Fresh sessions: agents that orient themselves, claim one thing, work on it, land it, and begin anew (docs/loop.md).

`agent` is the loop of one agent, `under_claim` what it does about an item that it has claimed, `sessions` how a session
is started and bounded. What a turn needs: `work` (what there is to do) with `failing`, `orient` (what the session is
told), `place` (its directories), `peers` and `room_peers` (the others), `turn` and `bounds` (how it works, what it may
use), `ratchet` (the rule while main is red); what a kill leaves: `begun`, `unfinished`. `together` runs several agents
in one process; `scene` with `mender` is `make run-loop`.
"""
