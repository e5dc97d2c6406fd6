"""Two Linux system calls that Python does not wrap: `openat2` and `renameat2`.

Both answer by file descriptor or `OSError`, like the functions of `os`. Where the kernel, the C library or
a sandbox does not have them, the errno is ENOSYS or EPERM and the callers use their portable substitute.

Source: openat2(2), renameat2(2).
"""

import ctypes
import errno
import os
import platform
import sys

RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08

RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2

_OPENAT2 = 437
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "riscv64": 276, "ppc64le": 357, "s390x": 347, "armv7l": 382}

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(dir_fd: int, path: str, flags: int, *, resolve: int, mode: int = 0) -> int:
    """Open `path` below `dir_fd` under the given RESOLVE_* rules.

    Args:
        dir_fd: descriptor of the directory where resolution starts.
        path: relative path, encoded as the file system's names are.
        flags: O_* flags; O_CLOEXEC is added.
        resolve: RESOLVE_* flags.
        mode: permission bits of a file that is created.

    Returns:
        An open descriptor, owned by the caller.

    Raises:
        OSError: as openat2(2); ENOSYS where it does not exist.
    """
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), path)
    how = _OpenHow(flags | os.O_CLOEXEC, mode, resolve)
    name = os.fsencode(path)
    while True:
        fd = int(
            _libc.syscall(
                ctypes.c_long(_OPENAT2),
                ctypes.c_int(dir_fd),
                ctypes.c_char_p(name),
                ctypes.byref(how),
                ctypes.c_size_t(ctypes.sizeof(how)),
            )
        )
        if fd >= 0:
            return fd
        code = ctypes.get_errno()
        if code not in (errno.EINTR, errno.EAGAIN):
            raise OSError(code, os.strerror(code), path)


def renameat2(old_fd: int, old: str, new_fd: int, new: str, flags: int) -> None:
    """Rename `old` below `old_fd` to `new` below `new_fd` with RENAME_* flags, in one atomic step.

    Raises:
        OSError: as renameat2(2); ENOSYS where it does not exist, EINVAL where the file system lacks the
        flag.
    """
    number = _RENAMEAT2.get(platform.machine())
    if number is None or not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), old, None, new)
    done = int(
        _libc.syscall(
            ctypes.c_long(number),
            ctypes.c_int(old_fd),
            ctypes.c_char_p(os.fsencode(old)),
            ctypes.c_int(new_fd),
            ctypes.c_char_p(os.fsencode(new)),
            ctypes.c_uint(flags),
        )
    )
    if done != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), old, None, new)
