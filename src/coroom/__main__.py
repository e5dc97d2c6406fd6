"""Where `coroom` and `python -m coroom` begin: Ctrl-C ends them in one line from the first moment on."""

import io
import os
import signal
import sys

from coroom.processes.stopped import STOPPED


def begin() -> None:
    """Carry out the command that the process was called with."""
    _ready_the_streams()
    # What is imported has nothing to lose. It must not be an exception: the import of another's module may catch it, or
    # show it with all that led there.
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heard:
        signal.signal(signal.SIGINT, _stopped)
    from coroom.cli import main  # noqa: PLC0415 - this is what takes time

    try:
        if heard:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        main()
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(STOPPED)


def _ready_the_streams() -> None:
    """Put nothing in place of closed standard streams: whatever file was opened next would be written to as one. What
    is open takes every text.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(opened, True)
    os.close(opened)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r"))
    # A character that the terminal's encoding lacks, or a name that is no text, is shown by its number.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def _stopped(*_: object) -> None:
    os.write(2, b"\nStopped.\n")
    os._exit(STOPPED)


if __name__ == "__main__":
    begin()
