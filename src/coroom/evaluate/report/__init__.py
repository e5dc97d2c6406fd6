"""The report of an evaluation: tables, plots, and what may not be concluded.

`write` makes it, of `tables`, `plots` and `rooms` (what went on in them), with what `real` agents add, set as a `page`;
`serve` shows it with the replays.
"""
