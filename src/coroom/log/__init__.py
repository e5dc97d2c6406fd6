"""Where the room's events are kept: one contract (`ports.Log`), several implementations, one contract suite in the
tests.

Read `chain` (what every log checks), `memory` (the contract at its plainest), then `sqlite` with `schema` (its tables),
`segment` (old events packed) and `exclusive` (one log, one host).
"""
