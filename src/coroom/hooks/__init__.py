"""The room's answers to the hooks of agent CLIs: before a tool, after a tool, at start and at stop.

`endpoint` is where they come in, `clients` (with `patch` and `shell`) what a client's tool does to files, `words` the
answer in a client's own JSON. `brought` is another endpoint, for processes that bring functions.
"""
