"""What runs first inside an isolation: opens ports of 127.0.0.1 that lead to Unix sockets outside, then the program.

Run as a file: `inside.py [PORT=SOCKET …] -- PROGRAM …`. It stands alone on the standard library, since it runs where
nothing else may be installed. It ends with the program, with its exit code.
"""

import signal
import socket
import subprocess
import sys
import threading


def main(words: list[str]) -> int:
    """Open the doors, run the program, and give back its exit code."""
    split = words.index("--")
    doors, argv = words[:split], words[split + 1 :]
    for door in doors:
        port, _, path = door.partition("=")
        listening = socket.create_server(("127.0.0.1", int(port)), backlog=64)
        threading.Thread(target=serve, args=(listening, path), daemon=True).start()
    try:
        process = subprocess.Popen(argv)
    except OSError as problem:
        sys.stderr.write(f"{argv[0]} cannot be started: {problem}\n")
        return 127
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda sent, _frame: process.send_signal(sent))
    code = process.wait()
    return code if code >= 0 else 128 - code


def serve(listening: socket.socket, path: str) -> None:
    """Lead each connection to the socket outside."""
    while True:
        inner, _ = listening.accept()
        outer = socket.socket(socket.AF_UNIX)
        try:
            outer.connect(path)
        except OSError:
            inner.close()
            outer.close()
            continue
        for source, target in ((inner, outer), (outer, inner)):
            threading.Thread(target=copy, args=(source, target), daemon=True).start()


def copy(source: socket.socket, target: socket.socket) -> None:
    """Everything from one to the other, and the end of it."""
    try:
        while piece := source.recv(65_536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
