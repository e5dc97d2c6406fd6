"""What each command would make happen, one file a subject. Pure: a decision is a value, and `room.decide` finds its
function.

Read `decision` first: what a decision is, and the small questions that all of them ask. Then a subject: `rooms`,
`agents`, `claims`, `tasks`, `notices`, `edits`, `checks`, `actions`, `landings`, `tools`. Calls on live state have five
files: `calls` (what agents ask for), `repairs` (what the host reports of each step), `judging` (what agents make of
notices), `concluding` (who is done, or is given up), and `reorder`, which adds to each of these decisions what follows
from it.
"""
