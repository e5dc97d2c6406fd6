"""A run is killed at any instant: whatever agent of it acts has been noted, and the next run ends it."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.run.runs import Ground, perform, tasks

from coroom.agents.command_line import CommandLine
from coroom.launch.leftover import OPEN, end_leftover, gated, note_of, remember
from coroom.run.workers import ProcessWorker


def start(home: Path, argv: Sequence[str]) -> subprocess.Popen[bytes]:
    home.mkdir()
    return subprocess.Popen(
        gated(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def test_a_program_whose_run_was_killed_before_it_was_noted_never_acts(tmp_path: Path) -> None:
    mark = tmp_path / "acted"
    process = start(tmp_path / "home", ("touch", str(mark)))
    _, told = process.communicate()
    assert process.returncode == 1
    assert b"before this was noted" in told
    assert not mark.exists()


def test_a_noted_program_is_the_same_process_with_its_own_input_and_signals(tmp_path: Path) -> None:
    shows = 'echo $$; cat; trap "" TERM; (kill -PIPE $BASHPID; echo ignored)'
    process = start(tmp_path / "home", ("bash", "-c", shows))
    out, _ = process.communicate(OPEN + b"the prompt\n")
    assert out.decode() == f"{process.pid}\nthe prompt\n"


def test_a_program_that_cannot_be_started_says_so(tmp_path: Path) -> None:
    (tmp_path / "not-one").write_text("#!/no/such/interpreter\n")
    (tmp_path / "not-one").chmod(0o700)
    process = start(tmp_path / "home", (str(tmp_path / "not-one"),))
    _, told = process.communicate(OPEN)
    assert process.returncode == 1
    assert b"not-one cannot be started: " in told


async def test_an_agent_has_been_noted_by_the_time_it_acts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    adapter = CommandLine(("sh", "-c", f'grep -q "\\"pid\\": $$," {note_of(home)} && echo noted'))
    ended = await perform(Ground.at(tmp_path).plan([ProcessWorker(name="cmd", adapter=adapter, home=home)], tasks("x")))
    assert ended.outcome.works["cmd"].error == "3 sessions in a row finished no task"
    assert [text for agent, text in ended.stage.shown if agent == "cmd" and text == "noted"] == ["noted"] * 3


async def test_what_is_left_over_is_ended_once_and_a_stranger_with_its_number_never(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with start(home, ("sleep", "600")) as process:
        remember(home, process.pid)
        ending = asyncio.create_task(asyncio.to_thread(end_leftover, home))
        # Somebody must reap it, as the init process does for the orphan of a killed run.
        assert await asyncio.to_thread(process.wait) == -signal.SIGTERM
        assert await ending
    assert not end_leftover(home)

    note_of(home).write_text(f'{{"pid": {os.getpid()}, "born": "1"}}')
    assert not end_leftover(home)
    assert not note_of(home).exists()
