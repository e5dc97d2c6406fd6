"""The command hook by itself, as a client runs it."""

import io
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coroom.agents import hook_client
from coroom.agents.adapter import HOOK_LIMIT_S, hook_argv
from coroom.testing import PretendRoom

EDIT = {"tool_name": "Edit", "tool_input": {"file_path": "a.py"}}


@pytest.fixture
def room() -> Iterator[PretendRoom]:
    with PretendRoom("t") as pretended:
        yield pretended


def run(moment: str, url: str, token: str = "t", body: object = EDIT) -> subprocess.CompletedProcess[str]:
    env = {"COROOM_URL": url, "COROOM_TOKEN": token}
    given = json.dumps(body)
    return subprocess.run(
        hook_argv("codex", moment, "http://127.0.0.1:1"),
        input=given,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_room_s_answer_is_handed_on_word_for_word(room: PretendRoom) -> None:
    room.deny("a.py", "held by b")
    told = run("before", room.url)
    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout)["hookSpecificOutput"]["permissionDecisionReason"] == "held by b"
    (asked,) = room.hooked()
    assert (asked.client, asked.moment, asked.token, asked.body) == ("codex", "before", "t", EDIT)


@pytest.mark.parametrize("moment", ["start", "after", "stop"])
def test_a_dead_room_is_passed_over_in_silence_where_nothing_is_about_to_change(moment: str) -> None:
    told = run(moment, "http://127.0.0.1:9")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_a_dead_room_stops_an_action_with_a_sentence_that_says_what_to_do() -> None:
    told = run("before", "http://127.0.0.1:9")
    assert told.returncode == 2
    assert told.stdout == ""
    assert "could not be asked" in told.stderr
    assert "coroom up" in told.stderr


@pytest.mark.parametrize("url", ["https://127.0.0.1:9", "127.0.0.1:9", "http://localhost", "http://", "://:"])
def test_an_address_it_cannot_use_stops_an_action_and_is_named(url: str) -> None:
    told = run("before", url)
    assert told.returncode == 2
    assert "its address is http://HOST:PORT" in told.stderr


def test_a_wrong_token_stops_an_action(room: PretendRoom) -> None:
    told = run("before", room.url, token="somebody else's")
    assert told.returncode == 2
    assert "it answered 401" in told.stderr


def test_without_a_token_the_agent_is_in_no_room_and_nothing_is_asked(room: PretendRoom) -> None:
    told = run("before", room.url, token="")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
    assert room.hooked() == ()


def test_the_address_it_was_set_up_with_counts_where_the_environment_names_none(room: PretendRoom) -> None:
    argv = hook_argv("codex", "before", room.url)
    told = subprocess.run(argv, input="{}", env={"COROOM_TOKEN": "t"}, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr, told.stdout) == (0, "", "{}")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.0 500 Oops\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\nnot json",
        b"HTTP/1.0 200 OK\r\n\r\n[]",
        b"HTTP/1.0 200 OK\r\n\r\n\xff",
        b"\x00" * 100,
    ],
)
def test_a_room_that_answers_garbage_stops_an_action(
    answer: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        assert _main(listening, monkeypatch) == 2
        thread.join()
    assert "could not be asked" in capsys.readouterr().err


@pytest.mark.parametrize("trickle", [False, True])
def test_a_room_that_hangs_stops_an_action_within_the_hook_s_own_limit(
    trickle: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hook_client, "LIMIT_S", 0.2)
    ended = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                while trickle and not ended.wait(0.02):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return
                ended.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            assert _main(listening, monkeypatch) == 2
        finally:
            ended.set()
            thread.join()
    assert "could not be asked" in capsys.readouterr().err


def _main(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COROOM_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
    monkeypatch.setenv("COROOM_TOKEN", "t")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    return hook_client.main(["codex", "before"])


def test_the_client_waits_longer_than_the_hook_needs_to_say_why() -> None:
    assert HOOK_LIMIT_S > hook_client.LIMIT_S + 1


def test_the_hook_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    alone = tmp_path / "hook_client.py"
    alone.write_text(Path(hook_client.__file__).read_text())
    argv = [sys.executable, "-I", "-S", "-E", str(alone), "codex", "after"]
    told = subprocess.run(argv, input="{}", env={}, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
