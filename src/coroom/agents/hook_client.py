"""The command hook of agent CLIs: asks the room, and answers for it when it is silent.

Run by the client as `python3 -S -E hook_client.py CLIENT MOMENT` with the client's hook JSON on standard
input; COROOM_URL and COROOM_TOKEN are in the environment. The room's reply goes to standard output as it
is. Clients let an action pass when a hook fails, so before an action this one fails closed: exit status 2
and a sentence on standard error, which clients show to the model, within its own time limit. At every other
moment it fails open and says nothing. Without COROOM_TOKEN the agent is in no room, and the hook says
nothing either.

It stands alone, without the package and without http.client, because the client waits for it at every tool
call.
"""

import json
import os
import socket
import sys
import time

LIMIT_S = 4.0
REPLY_BYTES_MAX = 1 << 20


def ask(url: str, token: str, path: str, body: bytes, deadline: float) -> bytes:
    """The body of the room's answer to POST `path`; raises OSError or ValueError when none comes in time."""
    scheme, _, rest = url.partition("://")
    authority = rest.split("/", 1)[0]
    host, _, port = authority.rpartition(":")
    if scheme != "http" or not host or not port.isdecimal():
        raise ValueError(f"its address is http://HOST:PORT, not {url}")
    head = (
        f"POST {path} HTTP/1.0\r\nHost: {authority}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host.strip("[]"), int(port)), _left(deadline)) as connection:
        connection.settimeout(_left(deadline))
        connection.sendall(head.encode("ascii") + body)
        received = bytearray()
        while len(received) <= REPLY_BYTES_MAX:
            connection.settimeout(_left(deadline))
            piece = connection.recv(65536)
            if not piece:
                break
            received += piece
    header, _, reply = bytes(received).partition(b"\r\n\r\n")
    status = header.split(b" ", 2)[1:2]
    if status != [b"200"]:
        raise ValueError(f"it answered {b''.join(status).decode('ascii', 'replace') or 'nothing'}")
    if not isinstance(json.loads(reply), dict):
        raise ValueError("its answer was not understood")
    return reply


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("it did not answer in time")
    return left


def main(arguments: list[str]) -> int:
    """Exit status 0, or 2 when an action must not go on because the room cannot be asked."""
    client, moment, *urls = arguments
    token = os.environ.get("COROOM_TOKEN")
    if not token:
        return 0
    deadline = time.monotonic() + LIMIT_S
    try:
        url = os.environ.get("COROOM_URL") or urls[0]
        reply = ask(url, token, f"/hooks/{client}/{moment}", sys.stdin.buffer.read(), deadline)
    except (OSError, ValueError, IndexError) as fault:
        if moment != "before":
            return 0
        sys.stderr.write(
            f"The room that coordinates this repository could not be asked ({fault}), so nothing may be "
            "changed now. Wait a moment and try again; if it stays silent, stop and tell the user to run `coroom up`.\n"
        )
        return 2
    sys.stdout.buffer.write(reply)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
