"""The server of notes as a process that begins where its imports end.

Its SDK takes a second of processor time to import, and the tests start it twenty times. Here a template process of this
test worker has imported it, and what is started is forked off with the standard streams of the program that asks for
it: this file, started as `python warm_notes.py SOCKET NOTES`, which ends when the server has.
"""

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

_ROOT = str(Path(__file__).parents[2])


def notes_server(notes: str) -> list[str]:
    """The command that serves the notes of this file."""
    return [sys.executable, "-I", "-S", __file__, _template(os.getpid()), notes]


@cache
def _template(_process: int) -> str:
    """Where that of this very process listens."""
    folder = tempfile.mkdtemp(prefix="coroom-notes-")
    control = f"{folder}/asked"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(control)
        listening.listen()
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(listening.fileno())],
            env={"LANG": "C.UTF-8", "PATH": os.environ["PATH"], "PYTHONPATH": _ROOT},
            pass_fds=[listening.fileno()],
        )
    atexit.register(_end, process, folder)
    return control


def _end(process: subprocess.Popen[bytes], folder: str) -> None:
    process.kill()
    process.wait()
    shutil.rmtree(folder)


def _ask(control: str, words: list[str]) -> None:
    """Have a server forked off that has our standard streams, and wait for its end."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(control)
        socket.send_fds(asking, [json.dumps(words).encode()], [0, 1, 2])
        for stream in (0, 1):  # the other side shall hear of the server's end, not of ours
            os.close(stream)
        asking.recv(1)


def _serve(listening: socket.socket) -> None:
    """Fork off one server for each that asks; in each of these, be the server."""
    import anyio._backends._asyncio  # noqa: F401, PLC0415
    from tests.tools.notes_server import server  # noqa: PLC0415

    while True:
        asking, _ = listening.accept()
        with suppress(ChildProcessError):  # those that have ended
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        text, streams, _flags, _address = socket.recv_fds(asking, 1 << 16, 3)
        if not os.fork():
            break
        asking.close()
        for stream in streams:
            os.close(stream)
    listening.close()
    for stream, place in zip(streams, (0, 1, 2), strict=True):
        os.dup2(stream, place)
        os.close(stream)
    sys.argv[1:] = json.loads(text)
    server.run("stdio")


if __name__ == "__main__":
    if sys.argv[1].isdecimal():
        _serve(socket.socket(fileno=int(sys.argv[1])))
    else:
        _ask(sys.argv[1], sys.argv[2:])
