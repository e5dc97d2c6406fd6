"""Two atomic renames that destroy nothing: trade two names, and take a name only if it is free."""

import errno
import os
from contextlib import suppress
from typing import Protocol

from coroom.workspace import syscalls

_LINK_ATTEMPTS = 16


class Swap(Protocol):
    """How a staged file and a workspace file change places. Both directories are on one file system."""

    def exchange(self, stage_fd: int, staged: str, parent_fd: int, leaf: str) -> None:
        """Put `staged` where `leaf` is; what stood there is afterwards at `staged`.

        Raises:
            OSError: nothing changed; ENOENT where either is missing.
        """
        ...

    def no_replace(self, from_fd: int, name: str, to_fd: int, leaf: str) -> None:
        """Move `name` to `leaf`, which must be free.

        Raises:
            OSError: nothing changed; EEXIST where something stands at `leaf`.
        """
        ...


class KernelSwap:
    """`renameat2`: one step, no window."""

    def exchange(self, stage_fd: int, staged: str, parent_fd: int, leaf: str) -> None:
        """See `Swap.exchange`; here `leaf` may also be a directory, which is then staged whole."""
        syscalls.renameat2(stage_fd, staged, parent_fd, leaf, syscalls.RENAME_EXCHANGE)

    def no_replace(self, from_fd: int, name: str, to_fd: int, leaf: str) -> None:
        """See `Swap.no_replace`; moves directories too."""
        syscalls.renameat2(from_fd, name, to_fd, leaf, syscalls.RENAME_NOREPLACE)


class PortableSwap:
    """Hard link, check, rename, for file systems without `renameat2` flags.

    Weaker: a file that is *renamed* onto `leaf` between the check and the rename, some ten microseconds, is
    lost. Writes in place are never lost, since the link keeps their inode.
    """

    def exchange(self, stage_fd: int, staged: str, parent_fd: int, leaf: str) -> None:
        """See `Swap.exchange`; a directory at `leaf` is EPERM."""
        old = staged + OLD_SUFFIX
        for _ in range(_LINK_ATTEMPTS):
            with suppress(FileNotFoundError):
                os.unlink(old, dir_fd=stage_fd)
            os.link(leaf, old, src_dir_fd=parent_fd, dst_dir_fd=stage_fd, follow_symlinks=False)
            if _inode(stage_fd, old) == _inode(parent_fd, leaf):
                break
        try:
            os.rename(staged, leaf, src_dir_fd=stage_fd, dst_dir_fd=parent_fd)
        except OSError:
            os.unlink(old, dir_fd=stage_fd)
            raise
        os.rename(old, staged, src_dir_fd=stage_fd, dst_dir_fd=stage_fd)

    def no_replace(self, from_fd: int, name: str, to_fd: int, leaf: str) -> None:
        """See `Swap.no_replace`; for directories checked first, then renamed, since they cannot be linked."""
        try:
            os.link(name, leaf, src_dir_fd=from_fd, dst_dir_fd=to_fd, follow_symlinks=False)
        except PermissionError:
            with suppress(FileNotFoundError):
                os.stat(leaf, dir_fd=to_fd, follow_symlinks=False)
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), leaf) from None
            os.rename(name, leaf, src_dir_fd=from_fd, dst_dir_fd=to_fd)
        else:
            os.unlink(name, dir_fd=from_fd)


OLD_SUFFIX = ".old"


def best_swap(stage_fd: int) -> Swap:
    """Return the strongest swap that works in this directory, by trying it on two empty files there."""
    names = ("probe-a", "probe-b")
    try:
        for name in names:
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=stage_fd))
        KernelSwap().exchange(stage_fd, names[0], stage_fd, names[1])
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ENOTSUP):
            return PortableSwap()
        raise
    finally:
        for name in names:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=stage_fd)
    return KernelSwap()


def _inode(dir_fd: int, name: str) -> int:
    return os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_ino
