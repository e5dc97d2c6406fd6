"""What can be done side by side: an index of symbols, coupling of tasks, and lanes. docs/planning.md has the reasons.

In the order in which a plan is made: `task` (what is to be planned), `index` over `modules` (what is defined where, and
who uses it) and `kept` (what was read before) on a `shelf`, `history` (files that change together), `footprint` and
`said_lines` (what a task will touch), `open_uses` (what only types tell), for which of the `servers` one
`language_server` is asked, `evidence` and `coupling` (whether two can be done at once), `durations`, `route` (lanes,
policy and number).
"""
