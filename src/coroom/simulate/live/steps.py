"""The kinds of steps of a schedule on live state, and how often each is drawn."""

from coroom.simulate.steps import turns_of

WEIGHTS: dict[str, int] = {
    "call": 90,
    "send": 170,
    "deliver": 170,
    "carry": 330,
    "flush": 170,
    "reply": 150,
    "duplicate": 20,
    "lose": 12,
    "crash": 14,
    "doom": 30,
    "jump": 8,
    "stall": 8,
    "rejoin": 6,
    "snapshot": 6,
    "pause": 5,
    "meddle": 8,
    "break": 20,
}
"""How often each kind of step is drawn, in about a thousand.

`call` is a whole round trip without a fault; `send`, `deliver`, `carry` (one step of one call or repair under way),
`flush` and `reply` are its parts, between which anything may happen. `doom` is a crash that waits for a repair that
nobody's call began. `meddle` and `break` count only in worlds whose
tools can fail: somebody outside writes, and an undo stops working.
"""

TURNS = turns_of(WEIGHTS)
