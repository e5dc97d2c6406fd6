"""A PostgreSQL server of one's own: a fresh cluster, reached by a socket, for as long as a context is open."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

_SETTINGS = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\nshared_buffers = 16MB\n"


class PostgresServer:
    """Started by `with`; `conninfo` says how to reach it. It listens on no port, and forgets everything at the end."""

    def __init__(self, programs: str) -> None:
        """Use the programs (initdb, pg_ctl) in the directory `programs`."""
        self._programs = Path(programs)
        self._place = Path(tempfile.mkdtemp(prefix="coroom-pg-"))
        # The server refuses to run as root; Debian's package brings a user for it.
        self._user = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())

    def __enter__(self) -> Self:
        os.chown(self._place, self._user.pw_uid, self._user.pw_gid)
        data = str(self._place / "data")
        self._run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E", "UTF8")
        with (self._place / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"{_SETTINGS}listen_addresses = ''\nunix_socket_directories = '{self._place}'\n")
        self._run("pg_ctl", "-D", data, "-w", "-l", str(self._place / "log"), "start")
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._run("pg_ctl", "-D", str(self._place / "data"), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._place, ignore_errors=True)

    def conninfo(self, database: str = "postgres") -> str:
        """How libpq reaches one of its databases."""
        return f"host={self._place} user=postgres dbname={database}"

    def _run(self, program: str, *arguments: str) -> None:
        root = os.getuid() == 0
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self._place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            check=False,
            user=self._user.pw_uid if root else None,
            group=self._user.pw_gid if root else None,
            extra_groups=[] if root else None,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace')[-500:]}")
