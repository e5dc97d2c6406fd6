"""The daemon: MCP, hooks and the live page of one or several rooms, behind one guard, on one address.

`app` puts it together and serves it, `guard` is what every request passes first, `seats` how `coroom join` gets one;
`limits` are the daemon's bounds with their reasons, `json_shape` counts how deep a body nests.
"""
