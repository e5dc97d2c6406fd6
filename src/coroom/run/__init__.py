"""What a person starts: a run of several agents, the daemon that serves a room, landing from a checkout, the loop.

- the main job, `coroom run`: `session` (all of it), `outcome` (what came of it), `board` (its tasks), `planned` and
  `arrangement` (how it is made), `worker` (the port) and `workers` (its two kinds), `briefing`, `isolating`,
  `run_limit`, `summary`
- the daemon, which `session` and `coroom up` serve a room with: `daemon`
- landing what a checkout holds: `destination` (where), `landing` (how), `radar`
- is this machine fit: `machine`, `selftest`
- what plays when nobody brings anything: `demo` over `package`
- each with a folder of its own: `loop`, `oracle` (`coroom bisect`), `bench`; and `fast`, the plug-in of `pytest --fast`
"""
