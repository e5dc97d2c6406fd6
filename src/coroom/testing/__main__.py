"""`python -m coroom.testing FILE`: serve the scripts of a YAML file until stopped, then say what was not as written."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from coroom.testing.model_server import ModelServer
from coroom.testing.rate import Rate
from coroom.testing.scripts_file import ScriptsError, read_scripts

PORT_MAX = 65_535


EXAMPLE = """\
a file:
  scripts:
    ann:                                # the key that the agent sends
      turns:
        - calls: [{claim: {path: a.py}}]
        - text: Done.

It prints the address and a key to export; Ctrl-C ends it. Exit code 0: all was played as written; 1: not; 2: it
could not begin.
"""


def _port(text: str) -> int:
    if text.isdigit() and int(text) <= PORT_MAX:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is no port: name one from 0 to {PORT_MAX}")


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when every script was played as written, 1 when not, 2 when it cannot begin."""
    parser = argparse.ArgumentParser(
        prog="python -m coroom.testing",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scripts", type=Path, help="a YAML file; docs/testing.md shows one")
    parser.add_argument("--port", type=_port, default=0, help="on 127.0.0.1 (default: a free one)")
    parser.add_argument("--strict", action="store_true", help="answer an expectation that is not met with status 400")
    parser.add_argument("--unknown", type=int, default=400, help="the status for a key that no script is for")
    parser.add_argument("--requests-a-minute", type=int, help="of each script; more is answered with status 429")
    given = parser.parse_args(arguments)
    try:
        scripts = read_scripts(given.scripts)
    except ScriptsError as problem:
        return _fail(f"{problem}.")
    rate = Rate(given.requests_a_minute) if given.requests_a_minute else None
    server = ModelServer(scripts, strict=given.strict, unknown=given.unknown, rate=rate, port=given.port)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        server.__enter__()
    except RuntimeError as problem:
        return _fail(f"{problem}: choose another --port.")
    _say(
        f"# The model of your agents is at {server.url}; scripts: {', '.join(scripts)}. Ctrl-C ends it.\n"
        f"export COROOM_MODEL_URL={server.url} COROOM_MODEL_KEY={next(iter(scripts))}"
    )
    stop.wait()
    failures = server.failures()
    server.__exit__(SystemExit, None, None)
    for line in failures:
        print(line, file=sys.stderr)  # noqa: T201 - for whoever has started it
    return 1 if failures else 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - its standard output is meant to be read by a shell


def _fail(text: str) -> int:
    print(text, file=sys.stderr)  # noqa: T201 - for whoever has started it
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
