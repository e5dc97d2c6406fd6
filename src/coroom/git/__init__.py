"""Everything that is done with git, each file over `command`, the only one that runs it.

- one repository: `repository` (can it be used, what is in it), `commits` (build them beside every checkout, move a
  ref), `changed`, `locks` with `sightings` (what a killed git left behind), `mirror` (a clone for an agent in a room)
- several clones of one remote, without a room: `workplace` (an agent's clone), `shared` (refs that all change by
  compare-and-swap), `claims` with `claim_record` and `resembling`, `task_notes`
- landing: `landing` (the queue as refs), `train` (what is tested when; pure), `gate` (what a gate keeps), `radar`
  (which branches will not merge)
"""
