"""A process tree that is killed, all of it at once, as it is about to make its Nth call that could change something.

The tree is traced by ptrace from here, so that the count is exact over all its processes, in the order in which the
kernel saw them. Linux on x86-64 and ARM64.
"""

import ctypes
import os
import platform
import signal
import sys
import traceback
from collections.abc import Callable

TRACEME, SYSCALL, SETOPTIONS, SYSCALL_INFO = 0, 24, 0x4200, 0x420E
EVERYTHING = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x100000
"""Mark stops at calls; follow fork, vfork, clone and exec; die with the tracer."""

WALL = 0x40000000
OPENED_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

X86_64 = {
    "open": 2, "openat": 257, "write": 1, "pwrite": 18, "writev": 20, "rename": 82, "renameat": 264, "renameat2": 316,
    "link": 86, "linkat": 265, "unlink": 87, "unlinkat": 263, "mkdir": 83, "mkdirat": 258, "rmdir": 84, "fsync": 74,
    "fdatasync": 75, "ftruncate": 77, "chmod": 90, "fchmod": 91, "execve": 59, "exit_group": 231,
}  # fmt: skip
ARM64 = {
    "openat": 56, "write": 64, "pwrite": 68, "writev": 66, "renameat": 38, "renameat2": 276, "linkat": 37,
    "unlinkat": 35, "mkdirat": 34, "fsync": 82, "fdatasync": 83, "ftruncate": 46, "fchmod": 52, "execve": 221,
    "exit_group": 94,
}  # fmt: skip
NUMBERS = {"x86_64": X86_64, "aarch64": ARM64}[platform.machine()]
CHANGING = frozenset(NUMBERS.values())

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def killed_at(number: int, work: Callable[[], int]) -> int:
    """Do `work` in a child and kill it and all its descendants at the given call; 0: never. Returns how many calls were
    made, or -1 when it was killed.
    """
    sys.stdout.flush()
    child = os.fork()
    if not child:
        _traced(work)
    os.waitpid(child, 0)
    _ptrace(SETOPTIONS, child, 0, EVERYTHING)
    _ptrace(SYSCALL, child, 0, 0)
    alive, made, code = {child}, 0, 0
    info = ctypes.create_string_buffer(96)
    while True:
        try:
            process, status = os.waitpid(-1, WALL)
        except ChildProcessError:
            break
        alive.add(process)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            alive.discard(process)
            code = status if process == child else code
            continue
        signal_number = os.WSTOPSIG(status)
        if signal_number == signal.SIGTRAP | 0x80:
            made += _changes_something(process, info)
            if number and made == number:
                _kill(alive)
                return -1
        own = signal_number in {signal.SIGTRAP | 0x80, signal.SIGTRAP, signal.SIGSTOP}
        _ptrace(SYSCALL, process, 0, 0 if own else signal_number)
    assert code == 0, f"the work itself failed: {code}"
    return made


def lived(work: Callable[[], int]) -> int:
    """Do `work` in a child, untouched; its exit code."""
    child = os.fork()
    if not child:
        _ended(work)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _traced(work: Callable[[], int]) -> None:
    _libc.ptrace(TRACEME, 0, None, None)
    os.kill(os.getpid(), signal.SIGSTOP)
    _ended(work)


def _ended(work: Callable[[], int]) -> None:
    code = 1
    try:
        code = work()
    except BaseException:  # noqa: BLE001  a child of a fork must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _changes_something(process: int, info: "ctypes.Array[ctypes.c_char]") -> bool:
    """Whether the call that the process is about to make could change something outside it."""
    if _ptrace(SYSCALL_INFO, process, 96, ctypes.addressof(info)) <= 0 or info.raw[0] != 1:
        return False
    call, flags = (int.from_bytes(info.raw[at : at + 8], sys.byteorder) for at in (24, 48))
    if call == NUMBERS["openat"]:
        return bool(flags & OPENED_TO_WRITE)
    return call in CHANGING and call != NUMBERS.get("open")


def _kill(alive: set[int]) -> None:
    for process in alive:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    while True:
        try:
            os.waitpid(-1, WALL)
        except ChildProcessError:
            return


def _ptrace(request: int, process: int, address: int, data: int) -> int:
    return int(_libc.ptrace(request, process, address, data))
