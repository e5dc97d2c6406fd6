"""The door of a room, one method a tool or hook, and the words that go out by it.

- `caller`: who was proved to come
- `door`, with `needs` (what it asks of the rest of the room), `given` and `answer` (what comes in, what goes out)
- `overview` (where things stand)
- `riding` (what every answer carries) over `delivery` with `receipt` (which notices, and when they count as read)
- `replies` over `clean`: the one place that writes what agents read
- `tool_list`; `errands` and `refusals` (calls that are asked for more than once)
- two doors of the same form: `recorder` with `tapes`, and `silent`
"""
