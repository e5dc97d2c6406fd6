"""The room as MCP tools, over HTTP; and a shim for clients that speak only over standard input and output.

`tools` is the table of them, `arguments` what each takes, `server` the endpoint, `straight` the calls that need none of
the SDK's transports and `plain` those that need none of its models, `unheard` replies that nobody looks at. `sdk`
imports of the official SDK what is needed and no more. `shim` stands alone.
"""
