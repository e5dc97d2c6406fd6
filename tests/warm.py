"""`coroom` processes that begin where its imports end.

`coroom` takes up to two seconds of processor time to import, and the tests start it hundreds of times. Here a template
process of this test worker has imported it, and what is started is forked off. It is a process like any other: a child
of the test with its own number, signals, environment, directory and standard streams, that runs `coroom.cli` as
`__main__` and ends as an interpreter ends. It is no trial of the start itself.
"""

import atexit
import ctypes
import gc
import json
import os
import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

_REQUEST_BYTES_MAX = 1 << 17
_SERVES = ("httptools", "coroom.workspace.inotify")
_LATER = {"run": (*_SERVES, "mcp.client.streamable_http", "mcp", "httpcore2"), "up": _SERVES}
"""What a command imports only when it is under way."""
_SUBREAPER = 36


class Warm(subprocess.Popen[str]):
    """`coroom WORDS…` as a process with its output in pipes."""

    def __init__(self, words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
        pipes = os.pipe(), os.pipe()
        self._request = {"words": list(words), "cwd": str(cwd), "env": dict(env)}
        self._streams = [writer for _, writer in pipes]
        try:
            super().__init__([sys.executable, "-P", "-m", "coroom.cli", *words], text=True)
        finally:
            for writer in self._streams:
                os.close(writer)
            self.stdout, self.stderr = (os.fdopen(reader, encoding="utf-8") for reader, _ in pipes)

    def _execute_child(self, *_args: Any, **_named: Any) -> None:
        """What `Popen` calls to make the process."""
        self.pid = _template().fork(self._request, self._streams)
        self._child_created = True


class _Template:
    """The process that has imported what the others need."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                env={"LANG": "C.UTF-8", "PATH": os.environ["PATH"]},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        atexit.register(self._end)

    def fork(self, request: Mapping[str, Any], streams: Sequence[int]) -> int:
        with self._lock, _adopting():
            socket.send_fds(self._ours, [json.dumps(request).encode()], streams)
            answer = self._ours.recv(64)
        assert answer, "the template process has ended"
        return int(answer)

    def _end(self) -> None:
        self._ours.close()
        self._process.wait()


_templates: dict[int, _Template] = {}


def _template() -> _Template:
    """That of this very process: one that was forked off another has none yet."""
    if os.getpid() not in _templates:
        _templates[os.getpid()] = _Template()
    return _templates[os.getpid()]


@contextmanager
def _adopting() -> Iterator[None]:
    """Meanwhile, descendants whose parent ends become children of this process, so that it can wait for them."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        assert libc.prctl(_SUBREAPER, 0, 0, 0, 0) == 0


def _serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork one process for each request until the test worker closes its end. In such a process: its request."""
    gc.disable()
    from coroom.cli import COMMANDS  # noqa: PLC0415 - imported by the template alone

    while True:
        text, streams, _flags, _address = socket.recv_fds(control, _REQUEST_BYTES_MAX, 2)
        if not text:
            return None
        request: dict[str, Any] = json.loads(text)
        if request["words"] and request["words"][0] in COMMANDS:
            with suppress(ModuleNotFoundError):
                for name in (COMMANDS[request["words"][0]], *_LATER.get(request["words"][0], ())):
                    import_module(name)
        gc.freeze()  # what is forked shares these pages as long as no collector writes into them
        assert threading.active_count() == 1
        reader, writer = os.pipe()
        between = os.fork()
        if not between:
            child = os.fork()
            if child:
                os.write(writer, str(child).encode())
                os._exit(0)
            for stream, place in zip(streams, (1, 2), strict=True):
                os.dup2(stream, place)
            control.close()
            os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)
            return request
        os.waitpid(between, 0)
        for descriptor in (*streams, writer):
            os.close(descriptor)
        control.send(os.read(reader, 64))
        os.close(reader)


def _become(request: Mapping[str, Any]) -> None:
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv[1:] = request["words"]
    gc.enable()
    runpy.run_module("coroom.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _asked = _serve(socket.socket(fileno=int(sys.argv[1])))
    if _asked is not None:
        _become(_asked)
