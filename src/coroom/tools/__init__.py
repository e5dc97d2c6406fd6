"""Tools that act on state outside the room: files, rows, Kubernetes objects, shell commands, any MCP server."""
