"""An ordinary MCP server that knows nothing of rooms: notes in a JSON file."""

import json
import sys
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("notes")


def notes() -> dict[str, str]:
    place = Path(sys.argv[1])
    return dict(json.loads(place.read_text())) if place.exists() else {}


def keep(changed: dict[str, str]) -> None:
    Path(sys.argv[1]).write_text(json.dumps(changed))


@server.tool()
def get_note(number: int) -> dict[str, str]:
    """The text of a note."""
    found = notes()
    if str(number) not in found:
        raise ToolError(f"there is no note {number}")
    return {"text": found[str(number)]}


@server.tool()
def set_note(number: int, text: str) -> dict[str, int]:
    """Write a note."""
    if text == "forbidden":
        raise ToolError("this text is not taken")
    keep(notes() | {str(number): text})
    return {"number": number}


@server.tool()
def delete_note(number: int) -> bool:
    """Remove a note."""
    found = notes()
    if str(number) not in found:
        raise ToolError(f"there is no note {number}")
    keep({key: text for key, text in found.items() if key != str(number)})
    return True


@server.tool()
def send_note(number: int, to: str) -> str:
    """Send a note to somebody."""
    return f"sent {number} to {to}"


if __name__ == "__main__":
    server.run("stdio")
