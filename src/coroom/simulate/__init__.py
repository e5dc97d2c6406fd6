"""The room under a seeded scheduler: crashes, delays, late duplicates, stale holders, and checkers that know nothing of
the core. Shipped, so that whoever writes a policy or an agent can try it the same way.

`run` is where to begin: seeds in, verdicts out. A run is a list of `steps` (drawn by `chance`, made shorter by
`shrink`), played by a `world` of `actors` against a model host (`room`); what it leaves is a `history`, which
`checkers` judge. `mutants` are rooms that are wrong on purpose, and have to be caught. The same for calls on live state
is in `live`; `schedule` plays scripted programs without faults, for what policies cost.
"""
