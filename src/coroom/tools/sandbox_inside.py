"""What runs between the room and a command: makes the namespaces in which nothing that it does reaches the outside.

A program of its own that imports nothing of the room: `sandbox_inside.py ROOT UPPER WORK -- COMMAND`. ROOT is seen as
it is, and what is written there goes to UPPER; everything else is read-only; there is no network, no device but the
harmless ones, and no right to change any of that; /dev/shm is the only other place to write, and is gone afterwards.
Exit code 125 and a line on standard error: it could not be made.
"""

import ctypes
import os
import signal
import sys

_NEWNS, _NEWUSER, _NEWPID, _NEWNET, _NEWIPC = 0x20000, 0x10000000, 0x20000000, 0x40000000, 0x08000000
_REC, _PRIVATE, _BIND, _MOVE = 0x4000, 0x40000, 0x1000, 0x2000
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 24, 38
_CAPABILITIES = 64
_HARMLESS = (0, 1, 3, 4)  # to own, to reach and to mark files, all of it within the sandbox
_AT_FDCWD, _AT_RECURSIVE, _ATTR_RDONLY = -100, 0x8000, 1
_MOUNT_SETATTR = 442
_FAILED = 125

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns", ctypes.c_uint64),
    )


def _checked(done: int, what: str) -> None:
    if done != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _mount(source: str, target: str, kind: str, flags: int, options: str) -> None:
    words = [word.encode() for word in (source, target, kind)]
    _checked(_libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None), f"mount {kind} on {target}")


def _readable_only(path: str, *, make: bool, recursive: bool) -> None:
    attributes = _Attributes(_ATTR_RDONLY if make else 0, 0 if make else _ATTR_RDONLY, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    size = ctypes.sizeof(attributes)
    done = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, ctypes.byref(attributes), size)
    _checked(done, f"read-only {path}")


def _namespaces() -> str:
    """Make them, and return what an overlay needs to be told there."""
    user, group = os.geteuid(), os.getegid()
    flags = _NEWNS | _NEWPID | _NEWNET | _NEWIPC | (_NEWUSER if user else 0)
    _checked(_libc.unshare(flags), "new namespaces")
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    return ",userxattr" if user else ""


def _devices() -> None:
    _mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=256m,mode=0755")
    for name in ("null", "zero", "full", "random", "urandom"):
        with open(f"/dev/shm/{name}", "w"):
            pass
        _mount(f"/dev/{name}", f"/dev/shm/{name}", "", _BIND, "")
    os.mkdir("/dev/shm/shm")
    os.chmod("/dev/shm/shm", 0o1777)
    os.symlink("/proc/self/fd", "/dev/shm/fd")
    _mount("/dev/shm", "/dev", "", _MOVE, "")


def _inside(root: str, upper: str, work: str, told: str, command: list[str]) -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _mount("none", "/", "", _REC | _PRIVATE, "")
    _mount("overlay", root, "overlay", 0, f"lowerdir={root},upperdir={upper},workdir={work}{told}")
    _readable_only("/", make=True, recursive=True)
    _readable_only(root, make=False, recursive=False)
    _mount("proc", "/proc", "proc", 0, "")
    _devices()
    for capability in range(_CAPABILITIES):
        if capability not in _HARMLESS:
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.chdir(root)
    os.environ["TMPDIR"] = "/dev/shm"
    os.execvp(command[0], command)


def main() -> None:
    """See the top."""
    root, upper, work, _, *command = sys.argv[1:]
    try:
        told = _namespaces()
        child = os.fork()
        if child == 0:
            _inside(root, upper, work, told, command)
    except OSError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        os._exit(_FAILED)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main()
