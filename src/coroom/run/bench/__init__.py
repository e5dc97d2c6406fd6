"""What Coroom costs and how often it is right, measured through its own doors; one file a benchmark, none of them a
test.

- `coroom bench room`: `room` (the parts, in order), `calls`, `edits`, `opening`, with a client of next to no weight
  (`wire`) and the daemon in a process of its own (`scratch_room`)
- the others: `claims`, `gate`, `bisect`, `loop`, `planning` with `commits`, `pairs`, `taken_out` and `verdicts`,
  `check` with `known_cases`, `case_tests` and `merges`
- `figures`: how results are written down, with machine and versions
"""
