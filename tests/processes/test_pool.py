"""Pools of processes, of a program that is killed."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.host.bridge.scene import until

PROGRAM = """
import os, sys, time
from coroom.processes.pool import processes

if __name__ == "__main__":
    with processes(2) as pool:
        print(*sorted({pool.submit(os.getpid).result() for _ in range(20)}), flush=True)
        pool.submit(time.sleep, 600)
        print("busy", flush=True)
        time.sleep(600)
"""

INTERRUPTED = """
import os, signal
from coroom.processes.pool import processes

def interrupt(pool):
    for pid in pool._processes:
        os.kill(pid, signal.SIGINT)

if __name__ == "__main__":
    with processes(1) as pool:
        first = pool.submit(os.getpid)
        interrupt(pool)
        there = first.result()
        interrupt(pool)
        assert pool.submit(os.getpid).result() == there
        print(pool.submit(os.system, "kill -INT $$; exit 7").result())
"""


def test_ctrl_c_ends_no_process_beside_a_program_not_even_while_it_starts_but_what_they_start(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(INTERRUPTED)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{signal.SIGINT.value}\n", "")


async def test_processes_beside_a_program_end_when_it_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        workers = program.stdout.readline().split()
        assert program.stdout.readline() == "busy\n"
        program.send_signal(signal.SIGKILL)
        program.wait()
        # Nobody has collected them here: what is a zombie of this container's first process has ended, too.
        await until(lambda: not any(_runs(worker) for worker in workers), "they have ended")


def _runs(pid: str) -> bool:
    try:
        stat = Path("/proc", pid, "stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
