"""What an isolated agent cannot do, tried from inside by a program that means harm; and that nothing falls back."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.cli.commands import until
from tests.git.repositories import new_repository

from coroom.git.workplace import make_workplace, own_objects
from coroom.launch import bounds as bounds_module
from coroom.launch import bubblewrap as bubblewrap_module
from coroom.launch import container as container_module
from coroom.launch.bounds import means
from coroom.launch.choose import launcher
from coroom.launch.container import HOST_IMAGE, Container
from coroom.launch.doors import ROOM_PORT, door_to, socket_place
from coroom.launch.isolation import AgentProcess, Bounds, Isolation, Launcher, Unavailable
from coroom.launch.leftover import OPEN, born, end_leftover, gated, remember
from coroom.launch.model_proxy import PLACEHOLDER, Provider, model_door
from coroom.processes.groups import kill_group
from coroom.run.bench.claims import scratch_remote
from coroom.testing import ModelServer, Script, Turn

HERE = Path(__file__).parent
SMALL = Bounds(memory_bytes=192 << 20, processes=40)
KINDS = [Isolation.BUBBLEWRAP, Isolation.CONTAINER]

BOMB = """
import os, signal
count = 0
try:
    while count < 400:
        if not os.fork():
            signal.pause()
        count += 1
except OSError:
    print(count, flush=True)
os.kill(0, signal.SIGKILL)
"""

pytestmark = pytest.mark.usefixtures("isolations")


def made(kind: str, bounds: Bounds = SMALL) -> Launcher:
    found = launcher(kind, bounds)
    assert not isinstance(found, Unavailable), found
    return found


@dataclass
class Cell:
    """Where one agent is kept, with everything that it should not reach around it."""

    root: Path

    def process(self, *argv: str, **more: Any) -> AgentProcess:
        for place in ("workspace", "home", "outside", "others"):
            (self.root / place).mkdir(exist_ok=True)
        (self.root / "others" / "token").write_text("secret")
        env = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", "COROOM_TOKEN": "its-own"}
        shown = {"agent": "ann", "env": env, "workspace": self.root / "workspace", "home": self.root / "home"}
        return AgentProcess(argv=argv, **{**shown, **more})


async def ended(launched: Launcher, wanted: AgentProcess) -> tuple[int, str, str]:
    wrapped = launched.wrap(wanted)
    process = await asyncio.create_subprocess_exec(
        *wrapped.argv, env=dict(wrapped.env), stdin=asyncio.subprocess.DEVNULL, stdout=-1, stderr=-1
    )
    try:
        out, err = await process.communicate()
    finally:
        await asyncio.to_thread(wrapped.close)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if await reader.readline() == b"knock\n":
        writer.write(b"come in")
    writer.close()


@pytest.mark.promise("room:confined")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_prisoner_reaches_its_own_places_and_the_room_and_nothing_else(kind: Isolation, tmp_path: Path) -> None:
    upstream, cell = scratch_remote(tmp_path), Cell(tmp_path)
    bystander = subprocess.Popen(["sleep", "60"])
    room = await asyncio.start_server(answers, "127.0.0.1")
    port = room.sockets[0].getsockname()[1]
    try:
        async with AsyncExitStack() as stack:
            place = await stack.enter_async_context(socket_place("ann"))
            door = await stack.enter_async_context(door_to(f"http://127.0.0.1:{port}", place / "room"))
            words = [str(one) for one in (tmp_path / "outside", upstream, tmp_path / "others", port, bystander.pid)]
            argv = (sys.executable, str(HERE / "prisoner.py"), *words)
            process = cell.process(*argv, readable=(upstream, HERE), doors={ROOM_PORT: door})
            code, out, err = await ended(made(kind), process)
        assert bystander.poll() is None
    finally:
        room.close()
        bystander.kill()
        bystander.wait()
    assert code == 0, err
    told = json.loads(out)
    assert told["got"] == ["writes its workspace", "writes its home", "reads upstream"]
    assert told["door"] == "come in"
    assert "COROOM_TOKEN" in told["env"]
    assert (tmp_path / "workspace" / "mine").read_text() == "x"


@pytest.mark.promise("room:bounded")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_fork_bomb_and_a_glutton_end_at_their_bounds(
    kind: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = await ended(made(kind), Cell(tmp_path).process("setsid", sys.executable, "-u", "-c", BOMB))
    assert out, code
    assert 0 < int(out) < 40
    glutton = "x = bytearray(900 << 20); print(len(x))"
    code, out, _ = await ended(made(kind), Cell(tmp_path).process(sys.executable, "-c", glutton))
    assert code != 0
    assert out == ""
    assert not (tmp_path / "oom").exists()


async def test_the_program_decides_the_exit_code_and_a_missing_one_is_named(tmp_path: Path) -> None:
    launched = made(Isolation.BUBBLEWRAP)
    assert (await ended(launched, Cell(tmp_path).process("sh", "-c", "exit 7")))[0] == 7
    code, _, err = await ended(launched, Cell(tmp_path).process("no-such-program"))
    assert code == 127
    assert "no-such-program cannot be started" in err


def test_an_image_of_the_user_s_own_has_its_own_programs_and_its_own_python_opens_the_doors(tmp_path: Path) -> None:
    argv = Container("podman", "theirs").wrap(Cell(tmp_path).process("claude")).argv
    words = argv[argv.index("theirs") + 1 :]
    assert words[0] == "python3"
    assert words[-2:] == ("--", "claude")
    path = next(word for word in argv if word.startswith("PATH="))
    assert path.endswith(":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    host = Container("podman", HOST_IMAGE).wrap(Cell(tmp_path).process("claude")).argv
    assert sys.executable in host
    assert (Container("podman", "theirs").has_own_programs, Container("podman", HOST_IMAGE).has_own_programs) == (
        True,
        False,
    )


def test_what_was_asked_for_and_is_not_here_is_refused_and_nothing_is_taken_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def without(problem: str) -> None:
        monkeypatch.setattr(bubblewrap_module, "_problem", lambda: (problem, "Install it."))

    without("bubblewrap is not installed here.")
    found = launcher("bubblewrap")
    assert isinstance(found, Unavailable)
    assert str(found) == "bubblewrap is not installed here. Install it."
    nobody_asked = launcher("")
    assert not isinstance(nobody_asked, Unavailable)
    assert nobody_asked.isolation is Isolation.PLAIN
    assert "Agents run as you" in nobody_asked.in_force[0]
    assert isinstance(launcher("jail"), Unavailable)


@pytest.mark.parametrize("kind", [Isolation.BUBBLEWRAP, Isolation.CONTAINER])
def test_who_installs_what_was_missing_need_not_begin_anew(
    kind: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_module, "_answered", {})
    with monkeypatch.context() as before:
        before.setenv("PATH", str(tmp_path))
        assert isinstance(launcher(kind), Unavailable)
    assert not isinstance(launcher(kind), Unavailable)


def test_what_is_in_force_says_by_what_the_bounds_are_kept() -> None:
    assert "0.2 GiB of memory and 40 processes" in means(SMALL) or "NOT" in means(SMALL)
    for kind in Isolation:
        assert len(made(kind).in_force) == 3


@pytest.mark.long
def test_a_container_that_outlived_its_run_is_ended_by_what_was_noted(tmp_path: Path) -> None:
    stays = 'trap "" TERM; echo > begun; read x < never'
    cell = Cell(tmp_path)
    process = cell.process("sh", "-c", stays)
    os.mkfifo(process.workspace / "never")
    wrapped = made(Isolation.CONTAINER).wrap(process)
    with subprocess.Popen(
        gated(wrapped.argv), env=dict(wrapped.env), stdin=subprocess.PIPE, start_new_session=True
    ) as run:
        assert run.stdin is not None
        remember(process.home, run.pid, wrapped.ends)
        run.stdin.write(OPEN)
        run.stdin.flush()
        until((process.workspace / "begun").exists, "it works in its container")
        listed = (*wrapped.ends[: wrapped.ends.index("rm")], "ps", "--quiet", "--filter", f"name={wrapped.ends[-1]}")
        assert subprocess.run(listed, capture_output=True, check=True).stdout
        # Killed with its run; the container is nobody's child.
        kill_group(run.pid)
    assert subprocess.run(listed, capture_output=True, check=True).stdout
    assert end_leftover(process.home)
    assert not subprocess.run(listed, capture_output=True, check=True).stdout
    assert not end_leftover(process.home)


def test_a_group_is_left_over_once_its_maker_is_gone_whatever_the_time_is(tmp_path: Path) -> None:
    made = bounds_module._owner()
    among, _, _, token = made.split(".")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as other:
        ended = f"{among}.{other.pid}.{born(other.pid)}.{token}"
        alive = [f"coroom-ann-{made}", f"coroom-ann-{ended}"]
        strange = [f"coroom-ann-1{ended}", "coroom-ann", f"ann-{ended}"]
        for name in (*alive, *strange):
            (tmp_path / name).mkdir()
            os.utime(tmp_path / name, (0, 0))
        bounds_module._sweep(tmp_path)
        assert {one.name for one in tmp_path.iterdir()} == {*alive, *strange}
        other.communicate()
    for name in alive:
        os.utime(tmp_path / name, (2**32, 2**32))
    bounds_module._sweep(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {alive[0], *strange}


def test_a_plain_agent_has_a_directory_for_temporary_files_of_its_own(tmp_path: Path) -> None:
    wrapped = made(Isolation.PLAIN).wrap(Cell(tmp_path).process("sh", "-c", 'echo "$TMPDIR"'))
    done = subprocess.run(wrapped.argv, env=dict(wrapped.env), capture_output=True, text=True, check=True)
    wrapped.close()
    assert done.stdout.strip() == str(tmp_path / "home" / "tmp")


def test_an_isolated_clone_shares_no_object_with_the_repository(tmp_path: Path) -> None:
    new_repository(tmp_path / "r")
    make_workplace(str(tmp_path / "r"), tmp_path / "w", "ann")
    assert own_objects(tmp_path / "w") > 0
    assert own_objects(tmp_path / "w") == 0
    subprocess.run(["git", "fsck", "--strict"], cwd=tmp_path / "w", check=True, capture_output=True)
    shared = [p for p in (tmp_path / "r/.git/objects").rglob("*") if p.is_file() and p.stat().st_nlink > 1]
    assert shared == []


@pytest.mark.promise("door:authentic")
async def test_the_model_is_reached_with_a_key_that_the_agent_never_had(tmp_path: Path) -> None:
    asked: Mapping[str, object] = {
        "model": "m",
        "max_tokens": 10,
        "tools": [{"name": "t", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": "hello"}],
    }
    with ModelServer({"the-real-key": Script((Turn(text="hello from the model"),))}) as model:
        provider = Provider(model.url, "the-real-key")
        async with model_door(provider, tmp_path / "model") as door:
            transport = httpx2.AsyncHTTPTransport(uds=str(door))
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:4101") as agent:
                answer = await agent.post("/v1/messages", json=asked, headers={"x-api-key": PLACEHOLDER})
    assert answer.status_code == 200, answer.text
    assert "hello from the model" in answer.text
    assert "the-real-key" not in answer.text


def test_bubblewrap_and_podman_are_here() -> None:
    assert shutil.which("bwrap")
    assert shutil.which("podman")
