"""The room as MCP tools, over HTTP; and a shim for clients that speak only over standard input and output."""
