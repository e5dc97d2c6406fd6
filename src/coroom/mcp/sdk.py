"""What of the SDK a room is served with.

As a whole the SDK is also a client, an OAuth server and a second kind of server, with cryptography and an HTTP client
for them: a fifth of the daemon's start and 12 MB that no room needs.
"""

from coroom.mcp.postponed import postpone

postpone("mcp")
postpone("mcp.server")

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext  # noqa: E402
from mcp.server.lowlevel import Server  # noqa: E402
from mcp.server.streamable_http_manager import (  # noqa: E402
    StreamableHTTPASGIApp,
    StreamableHTTPSessionManager,
)
from mcp.server.transport_security import TransportSecuritySettings  # noqa: E402
from mcp.shared.exceptions import MCPError  # noqa: E402

__all__ = [
    "CallNext",
    "HandlerResult",
    "MCPError",
    "Server",
    "ServerRequestContext",
    "StreamableHTTPASGIApp",
    "StreamableHTTPSessionManager",
    "TransportSecuritySettings",
]
