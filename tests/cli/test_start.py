"""The start of the command itself: other tests fork it off a process that has imported it."""

import ast
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from coroom import cli


@pytest.mark.parametrize(
    "command", [[str(Path(sys.executable).parent / "coroom")], [sys.executable, "-P", "-m", "coroom.cli"]]
)
def test_the_command_starts_as_it_is_installed_and_as_a_module(command: list[str], tmp_path: Path) -> None:
    told = subprocess.run([*command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert told.stdout == f"coroom, version {version('coroom')}\n"
    assert not told.stderr


def test_closed_standard_streams_are_nothing_and_no_file_takes_their_place(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    call = f"exec {sys.executable} -P -m coroom plan . 'a task' <&- >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", call], cwd=tmp_path, check=False).returncode == 0
    begun = "import os; from coroom import __main__ as m; m._ready_the_streams(); a = os.open('a.py', 0); os._exit(a)"
    opened = subprocess.run(
        ["/bin/sh", "-c", f'exec {sys.executable} -P -c "{begun}" <&- >&- 2>&-'], cwd=tmp_path, check=False
    )
    assert opened.returncode > 2


def test_a_character_that_the_terminal_lacks_is_shown_by_its_number(tmp_path: Path) -> None:
    call = [sys.executable, "-P", "-m", "coroom", "plan", ".", "grün"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    told = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (told.returncode, "gr\\xfcn" in told.stdout) == (0, True), told.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_document_is_json_whatever_the_terminal_lacks(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.py").write_text(text := 'x = "é€😀"\n', encoding="utf-8")
    call = [sys.executable, "-P", "-m", "coroom", "merge", "a.py", "a.py", "a.py", "--json"]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    told = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert json.loads(told.stdout)["text"] == text


def test_commands_that_serve_nothing_import_no_server_and_those_that_open_no_room_no_room() -> None:
    names = ["claim", "land", "check", "history", "merge", "plan", "setup", "join", "gate", "bisect", "loop"]
    imports = "".join(f"import coroom.cli.{name}\n" for name in names)
    told = subprocess.run(
        [sys.executable, "-c", f"{imports}import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    imported = set(told.stdout.split())
    assert "coroom.host.served" in imported
    slow = {"mcp", "pydantic", "anthropic", "openai", "psycopg", "coroom.run.daemon.app", "coroom.host.rooms"}
    assert not slow & imported


def test_the_daemon_imports_of_the_sdk_what_it_serves_with_and_the_rest_is_there_for_who_asks() -> None:
    asks = "import coroom.cli.up, sys; print(*sys.modules)"
    asks += "; import mcp; from mcp.server import MCPServer; print(mcp.Client)"
    told = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    imported, found = told.stdout.splitlines()
    assert "mcp.server.streamable_http_manager" in imported.split()
    slow = {"mcp.client", "mcp.server.mcpserver", "cryptography", "httpx2", "jsonschema", "coroom.host.calls.brought"}
    slow |= {"coroom.checks.builtin", "coroom.checks.sides"}
    assert not slow & set(imported.split())
    assert "mcp.client.client.Client" in found


def test_the_examples_of_a_help_stand_one_on_a_line() -> None:
    modules = [ast.parse(path.read_text()) for path in Path(cli.__file__).parent.glob("*.py")]
    functions = [node for module in modules for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    texts = [ast.get_docstring(each) or "" for each in functions]
    assert sum("\b" in text for text in texts) > 10
    assert [text for text in texts if "\\b" in text] == []
