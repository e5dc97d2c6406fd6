"""The room itself, pure: standard library only, no clock, disk, network, asyncio or randomness.

Read `room` first, which has the two functions that everything hangs on, then the rest in this order:

- what is talked about: `resource` (with `glob`), `agent`, `claim`, `task`, `file`, `check`, `notice`, `action`, `tool`,
  `limits`, `errors`
- what is asked, what happens, what there is: `command`, `event`, `state` (whose maps are the `table`'s; `holdings`
  is found from its claims)
- what follows: `decide` makes events of a command, `evolve` a state of an event. These four are folders with one file a
  subject, and a subject has the same name in each of them: follow `claims` through all four and you know the way.
- who waits, who sees what, who is told, what is undone: `policy`, the six in `policies`, and for calls on live state
  the serial order in `ordering`
- what is seen of it: `view` (for pages and `sync`), `timeline` and `timeline_calls` (in sentences)
- how it is kept and checked: `codec` (JSON and back, readable for ever), `invariants` (what is true of every state),
  `quick` (the dataclass that all of it is made of: declared and made in a fraction of the time)
"""
