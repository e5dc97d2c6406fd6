"""What of the SDK a room is served with.

As a whole the SDK is also a client, an OAuth server and a second kind of server, with cryptography and an HTTP client
for them: a fifth of the daemon's start and 12 MB that no room needs. Of the models of all messages in all versions of
the protocol a room uses a few.
"""

from coroom.processes.postponed import built_when_used, postpone

postpone("mcp")
postpone("mcp.server")

with built_when_used():
    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
    from mcp.server.lowlevel import Server
    from mcp.server.streamable_http import check_accept_headers
    from mcp.server.streamable_http_manager import (
        StreamableHTTPASGIApp,
        StreamableHTTPSessionManager,
    )
    from mcp.server.transport_security import TransportSecuritySettings
    from mcp.shared.exceptions import MCPError
    from mcp_types import (
        CLIENT_CAPABILITIES_META_KEY,
        CLIENT_INFO_META_KEY,
        INVALID_PARAMS,
        LOG_LEVEL_META_KEY,
        PROTOCOL_VERSION_META_KEY,
        SERVER_INFO_META_KEY,
        CallToolRequestParams,
        CallToolResult,
        CancelledNotificationParams,
        ListPromptsResult,
        ListResourcesResult,
        ListResourceTemplatesResult,
        ListToolsResult,
        PaginatedRequestParams,
        ReadResourceRequestParams,
        ReadResourceResult,
        RequestId,
        TextContent,
        Tool,
        ToolAnnotations,
    )
    from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

__all__ = [
    "CLIENT_CAPABILITIES_META_KEY",
    "CLIENT_INFO_META_KEY",
    "HANDSHAKE_PROTOCOL_VERSIONS",
    "INVALID_PARAMS",
    "LOG_LEVEL_META_KEY",
    "MODERN_PROTOCOL_VERSIONS",
    "PROTOCOL_VERSION_META_KEY",
    "SERVER_INFO_META_KEY",
    "CallNext",
    "CallToolRequestParams",
    "CallToolResult",
    "CancelledNotificationParams",
    "HandlerResult",
    "ListPromptsResult",
    "ListResourceTemplatesResult",
    "ListResourcesResult",
    "ListToolsResult",
    "MCPError",
    "PaginatedRequestParams",
    "ReadResourceRequestParams",
    "ReadResourceResult",
    "RequestId",
    "Server",
    "ServerRequestContext",
    "StreamableHTTPASGIApp",
    "StreamableHTTPSessionManager",
    "TextContent",
    "Tool",
    "ToolAnnotations",
    "TransportSecuritySettings",
    "check_accept_headers",
]
