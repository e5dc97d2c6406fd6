"""The shell tool: a command does nothing that it did not declare, and nothing at all outside of its directory."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.tools.conftest import installed

from coroom.core.errors import Refused
from coroom.core.tool import ToolCall, canonical
from coroom.ports import ToolFailed
from coroom.tools.sandbox import Sandbox
from coroom.tools.shell import ShellTool
from coroom.tools.trace import traced
from coroom.workspace.beneath import Root
from coroom.workspace.stage import Stage
from coroom.workspace.tree import FileTree


@pytest.fixture(scope="module", autouse=True)
def strace() -> None:
    installed("strace")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    made = tmp_path / "top"
    (made / "src").mkdir(parents=True)
    (made / "src/a.py").write_text("x = 1\n")
    (made / "notes").write_text("old\n")
    return made


@pytest.fixture
def shell(tmp_path: Path, top: Path) -> Iterator[ShellTool]:
    rehearsals = tmp_path / "rehearsals"
    rehearsals.mkdir()
    with Root(str(top)) as root:
        files = FileTree(root, Stage.at(str(tmp_path / "stage")), time.monotonic, durable=False)
        yield ShellTool(files, Sandbox(str(top), str(rehearsals), timeout_s=20))


def call(command: str, **declared: list[str]) -> ToolCall:
    return ToolCall("c1", "shell", canonical({"command": command, **declared}))


def text(top: Path) -> dict[str, str]:
    return {str(path.relative_to(top)): path.read_text() for path in sorted(top.rglob("*")) if path.is_file()}


def test_a_rehearsal_changes_nothing_and_performing_does_what_it_showed(shell: ShellTool, top: Path) -> None:
    before = text(top)
    asked = call("sed -i s/1/2/ src/a.py && echo done && exit 3", reads=["src/"], writes=["src/"])
    prepared = shell.prepare(asked)
    assert text(top) == before
    assert json.loads(shell.perform(asked, prepared)) == {"changed": ["src/a.py"], "exit_code": 3, "output": "done\n"}
    assert text(top) == {**before, "src/a.py": "x = 2\n"}


@pytest.mark.parametrize(
    ("command", "declared", "said"),
    [
        ("echo x > notes", {"writes": ["src/"]}, "would write notes, which it did not declare. Add it to `writes`"),
        ("cat notes", {"reads": ["src/"]}, "would read notes, which it did not declare. Add it to `reads`"),
        ("ls", {"reads": ["src/"]}, "would read ., which"),
        ("test -e missing", {"reads": ["notes"]}, "would read missing"),
        ("rm -r src", {"writes": ["notes"]}, "would write src/a.py"),
        ("ln -s /etc/passwd src/link", {"writes": ["src/"]}, "'src/link', which is no regular file"),
    ],
)
def test_a_command_that_strays_from_its_declaration_changes_nothing_and_is_told_what_to_declare(
    shell: ShellTool, top: Path, command: str, declared: dict[str, list[str]], said: str
) -> None:
    before = text(top)
    with pytest.raises(ToolFailed, match=said.replace(".", r"\.")):
        shell.prepare(call(command, **declared))
    assert text(top) == before


def test_nothing_outside_of_the_directory_is_reached(shell: ShellTool, top: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("safe")
    tries = [
        f"echo bad > {outside}",
        f"rm {outside}",
        "mount -o remount,rw /",
        f"umount {top}",
        "mknod disk b 8 0",
        "exec 3<>/dev/tcp/127.0.0.1/22",
        f"kill -9 {os.getpid()}",
        "cat /proc/net/route | grep -v Iface",
    ]
    for attempt in tries:
        prepared = json.loads(shell.prepare(call(f"({attempt}) 2>/dev/null && echo reached; true", writes=["."])))
        assert "reached" not in prepared["answer"]["output"], attempt
    assert outside.read_text() == "safe"


def test_a_file_that_was_read_and_then_changed_makes_the_call_begin_again(shell: ShellTool, top: Path) -> None:
    asked = call("cat notes > src/b", writes=["src/"])
    prepared = shell.prepare(asked)
    (top / "notes").write_text("new\n")
    with pytest.raises(ToolFailed, match="'notes', which it read, was changed"):
        shell.perform(asked, prepared)
    assert not (top / "src/b").exists()


def test_a_command_that_takes_too_long_changes_nothing(shell: ShellTool, top: Path, tmp_path: Path) -> None:
    hasty = Sandbox(str(top), str(tmp_path / "rehearsals"), timeout_s=0.5)
    with pytest.raises(ToolFailed, match="longer than"):
        hasty.rehearse("echo x > notes; sleep 60")
    assert (top / "notes").read_text() == "old\n"
    assert list((tmp_path / "rehearsals").iterdir()) == []


def test_long_output_is_cut_and_does_not_hold_the_command_up(shell: ShellTool) -> None:
    prepared = json.loads(shell.prepare(call("yes | head -c 3000000")))
    assert len(prepared["answer"]["output"]) == 20_000


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", ""])
def test_a_declared_path_that_climbs_out_is_refused(shell: ShellTool, path: str) -> None:
    assert isinstance(shell.footprint(call("true", writes=[path]).arguments), Refused)


def test_a_trace_is_read_with_strange_names_and_calls_of_many_kinds() -> None:
    lines = [
        r'7 openat(AT_FDCWD</top/src>, "a \"b\"\n\303\274", O_RDONLY) = 3</top/src/x>',
        '7 renameat2(AT_FDCWD</top>, "old", AT_FDCWD</top/src>, "new", RENAME_NOREPLACE) = 0',
        '8 openat(AT_FDCWD</top>, ".", O_RDONLY|O_DIRECTORY) = 3</top>',
        '8 stat("rel", {st_mode=S_IFREG}) = 0',
        "8 <... openat resumed>) = 3",
        '8 openat(AT_FDCWD</elsewhere>, "../top/src/../z", O_RDONLY) = 3',
        '8 openat(AT_FDCWD</elsewhere>, "y", O_RDONLY) = 3',
        '8 chdir("/top/src") = 0',
        '8 newfstatat(3</top/src/x>, "", {}, AT_EMPTY_PATH) = 0',
    ]
    seen = traced(lines, "/top")
    assert seen.looked_at == {'src/a "b"\nü', "old", "src/new", "rel", "z"}
    assert seen.listed == {""}
