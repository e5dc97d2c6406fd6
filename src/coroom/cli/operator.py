"""What commands ask of a running room with its operator's secret."""

import json
import socket
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from coroom.cli.place import Running, WrongCallError
from coroom.core.codec import Json

ANSWER_WITHIN_S = 120.0
"""A clone of a large repository takes its time."""


def asked(running: Running, act: str, given: Mapping[str, Json]) -> tuple[int, dict[str, Any] | None]:
    """The HTTP status and the answer of the room, None where that is no JSON object.

    Raises:
        WrongCallError: nobody answers there.
    """
    parts = urlsplit(running.url)
    headers = {"Content-Type": "application/json", "X-Coroom-Operator": running.operator_token}
    connection = HTTPConnection(parts.hostname or "localhost", parts.port, timeout=ANSWER_WITHIN_S)
    try:
        with closing(connection):
            if parts.scheme == "unix":
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.settimeout(ANSWER_WITHIN_S)
                connection.sock.connect(parts.path)
            inside = "" if parts.scheme == "unix" else parts.path
            connection.request("POST", f"{inside}/operator/{act}", json.dumps(given).encode(), headers)
            response = connection.getresponse()
            status, body = response.status, response.read()
    except (OSError, HTTPException) as problem:
        message = f"The room at {running.url} does not answer: {problem}. Start it again with coroom up."
        raise WrongCallError(message) from problem
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    return status, told if isinstance(told, dict) else None
