"""Tasks on live state: rows of a database and objects of a cluster, changed through a room's tools by many at once.

`task` says what a task is, `world` where its state lives; the suites are `office` (`office_meetings`, `office_money`,
`office_slots` over `rows`) and `cluster`. Synthetic agents: `play` with `turns` and `played`; real ones: `served` with
`served_outbox`. Ends are judged by `judge` on a `model` that shares no code with tools or room; `trial` is all of one.
"""
