"""Real agent CLIs side by side in a real room: a repository, mirrors, a log on disk, the daemon on loopback."""

import sys
from pathlib import Path

import pytest
from tests.agents.real_room import real_room

from coroom.agents.claude_code import ClaudeCode
from coroom.agents.codex import Codex
from coroom.agents.opencode import OpenCode
from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.event import FileAccepted
from coroom.core.file import HeldState
from coroom.core.task import TaskState
from coroom.testing import Call, ModelServer, Turn

# The first test may have to wait until the clients are installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

API = "def size(items):\n    return len(items)\n"
NEW_API = "def size(items, default=0):\n    return len(items) or default\n"
NOTES = "nothing new\n"
FILES = {"api.py": API, "notes.txt": NOTES}
WRITER = """\
import pathlib, sys, time
for _ in range(3_000):
    if pathlib.Path(sys.argv[1]).exists():
        break
    time.sleep(0.02)
pathlib.Path("api.py").write_text("late = True\\n")
"""
CLAUDE, CODEX, OPENCODE = "claude-sonnet-4-5", "gpt-5.5", "scripted"


def task(do: str, **given: str) -> Call:
    return Call("task", {"do": do, **given})


async def test_one_cli_is_refused_what_the_other_claimed_hears_of_its_change_and_both_finish(
    tmp_path: Path, clients_path: str, model: ModelServer
) -> None:
    observed = r"from=host kind=observed [^\n]*about=\S*api\.py[^\n]*\n[^\n]*ann changed api\.py"
    async with real_room(tmp_path, clients_path, model, FILES) as real:
        for name, title in (("t-api", "a default for size"), ("t-use", "use it")):
            assert isinstance(await real.room.host.submit(OPERATOR, c.PostTask(title=title, task=name)), c.Posted)
        await real.start(
            "ann",
            ClaudeCode(),
            CLAUDE,
            Turn(calls=(task("take", task="t-api"),)),
            Turn(calls=(Call("claim", {"resources": ["file:api.py"], "purpose": "a default for size"}),)),
            Turn(calls=(Call("@read", {"path": "api.py"}),), expect=r"You hold file:api\.py"),
            Turn(calls=(Call("@edit", {"path": "api.py", "old": API, "new": NEW_API}),), expect="size", gate="edit"),
            Turn(calls=(task("done", summary="size has a default"),)),
            Turn(text="I am done.", expect="Well done"),
        )
        await real.start(
            "bob",
            Codex(),
            CODEX,
            Turn(calls=(task("take", task="t-use"),), after=("ann", 2)),
            Turn(calls=(Call("@read", {"path": "api.py"}),), expect="Task t-use is yours"),
            Turn(
                calls=(Call("@edit", {"path": "api.py", "old": API, "new": "ruined = True\n"}),), expect=r"def size\("
            ),
            Turn(
                calls=(Call("@read", {"path": "notes.txt"}),),
                expect=r"(?=.*Refused)(?=.*held by ann)(?=.*a default for size)",
                never="kind=observed",
                gate="changed",
            ),
            Turn(
                calls=(Call("@write", {"path": "use.py", "text": "from api import size\n"}),),
                expect=rf"(?=.*{NOTES.strip()})(?=.*{observed})",
            ),
            Turn(calls=(task("done", summary="size is used"),), never="kind=observed"),
            Turn(text="I am done.", expect="Well done"),
        )
        await real.asked("bob", 3)
        assert (real.mirror("bob") / "api.py").read_text() == API
        model.open("edit")
        # Between two of its tool calls the change comes to its disk.
        await real.until(lambda: (real.mirror("bob") / "api.py").read_text() == NEW_API)
        model.open("changed")
        await real.ended()

        state = real.room.host.state
        assert {name: state.tasks[name].state for name in ("t-api", "t-use")} == {
            "t-api": TaskState.DONE,
            "t-use": TaskState.DONE,
        }
        assert real.text("api.py") == NEW_API
        assert real.text("use.py") == "from api import size\n"
        bodies = [event.body for event in real.room.host.events(0)]
        accepted = [body.file for body in bodies if isinstance(body, FileAccepted)]
        assert [(file.path, file.by, file.task) for file in accepted] == [
            ("api.py", "ann", "t-api"),
            ("use.py", "bob", "t-use"),
        ]
        assert state.open_held() == ()
        await real.until((real.mirror("ann") / "use.py").exists)
        # Codex reads with `cat`; what was refused has not happened.
        await real.until(lambda: real.tape("ann") == ["task", "claim", "native_read", "native_edit", "task"])
        await real.until(lambda: real.tape("bob") == ["task", "shell", "shell", "native_write", "task"])


@pytest.mark.long
async def test_a_background_write_that_went_round_the_hooks_is_held_told_and_kept(
    tmp_path: Path, clients_path: str, model: ModelServer
) -> None:
    go, late = tmp_path / "go", "late = True\n"
    writer = tmp_path / "writer.py"
    writer.write_text(WRITER)
    behind = f"{sys.executable} {writer} {go} >/dev/null 2>&1 &"
    async with real_room(tmp_path, clients_path, model, FILES) as real:
        await real.start(
            "ann",
            ClaudeCode(),
            CLAUDE,
            Turn(calls=(Call("claim", {"resources": ["file:api.py"], "purpose": "a default for size"}),)),
            Turn(calls=(Call("@read", {"path": "api.py"}),), expect=r"You hold file:api\.py", after=("bob", 3)),
            Turn(calls=(Call("@edit", {"path": "api.py", "old": API, "new": NEW_API}),), expect="size", never="late"),
            Turn(text="I am done.", never="late"),
        )
        await real.start(
            "bob",
            OpenCode(),
            OPENCODE,
            Turn(calls=(Call("@edit", {"path": "notes.txt", "old": "missing", "new": "x"}),), after=("ann", 1)),
            Turn(calls=(Call("@shell", {"command": behind}),), expect="Could not find"),
            Turn(calls=(Call("@read", {"path": "notes.txt"}),), gate="written"),
            Turn(
                calls=(Call("answer", {"about": "${held}", "choice": "theirs"}),),
                expect=rf"(?=.*{NOTES.strip()})(?=.*Your edit of api\.py is held)(?=.*ann)",
                capture={"held": r"kind=conflict [^\n]*about=(h\d+)"},
                gate="edited",
            ),
            Turn(text="I am done.", expect="is settled: theirs"),
        )
        await real.asked("bob", 2)
        # Nothing is still running there, though the client tells of no end of a call that failed.
        mirror = real.room.workspace.files.mirror_of("bob")
        assert mirror is not None
        assert mirror.in_window() == ()
        assert real.text("api.py") == API
        assert real.room.host.state.open_held() == ()
        go.touch()
        await real.until(lambda: bool(real.room.host.state.open_held("bob", "api.py")))
        (held,) = real.room.host.state.open_held()
        assert real.text("api.py") == API
        assert (real.mirror("bob") / "api.py").read_text() == late
        model.open("written")
        await real.asked("ann", 3)
        assert real.text("api.py") == NEW_API
        assert (real.mirror("bob") / "api.py").read_text() == late
        model.open("edited")
        await real.ended()

        settled = real.room.host.state.held[held.id]
        assert settled.state is HeldState.DROPPED
        assert real.room.host.blob(settled.mine) == late.encode()
        assert real.text("api.py") == NEW_API
        await real.until(lambda: (real.mirror("bob") / "api.py").read_text() == NEW_API)


async def test_sessions_outlive_a_restart_of_their_host_and_go_on_while_something_is_unread(
    tmp_path: Path, clients_path: str, model: ModelServer
) -> None:
    async with real_room(tmp_path, clients_path, model, FILES) as real:
        await real.start(
            "ann",
            ClaudeCode(),
            CLAUDE,
            Turn(calls=(Call("claim", {"resources": ["file:api.py"], "purpose": "a default for size"}),)),
            Turn(calls=(Call("sync", {}),), expect=r"You hold file:api\.py", gate="opened again"),
            Turn(calls=(Call("@read", {"path": "api.py"}),), expect=r"file:api\.py by ann \(exclusive"),
            Turn(calls=(Call("@edit", {"path": "api.py", "old": API, "new": NEW_API}),), expect="size"),
            Turn(text="I am done.", never="may it be negative", after=("bob", 4)),
            Turn(
                calls=(Call("answer", {"about": "${question}", "text": "No, never."}),),
                expect="from=bob kind=question [^\n]*\n[^\n]*may it be negative",
                capture={"question": r"from=bob kind=question id=(n\d+)"},
            ),
            Turn(text="I am really done.", expect="Answered"),
        )
        await real.start(
            "bob",
            Codex(),
            CODEX,
            Turn(calls=(Call("@read", {"path": "notes.txt"}),), after=("ann", 1)),
            Turn(
                calls=(Call("@write", {"path": "api.py", "text": "ruined = True\n"}),),
                expect=NOTES.strip(),
                gate="opened again",
            ),
            Turn(calls=(Call("@write", {"path": "use.py", "text": "from api import size\n"}),), expect="held by ann"),
            Turn(
                calls=(Call("say", {"kind": "question", "text": "size: may it be negative?", "to": "ann"}),),
                after=("ann", 4),
            ),
            Turn(text="I am done.", expect="Said", never="No, never", after=("ann", 6)),
            Turn(text="I am really done.", expect=r"from=ann kind=answer [^\n]*\n[^\n]*No, never"),
        )
        await real.asked("ann", 1)
        await real.asked("bob", 1)
        before = real.room.host.state.claims_of("ann")
        await real.restart()
        model.open("opened again")
        await real.ended()

        (claim,) = real.room.host.state.claims_of("ann")
        assert [(claim.id, claim.fence)] == [(one.id, one.fence) for one in before]
        assert real.text("api.py") == NEW_API
        assert real.text("use.py") == "from api import size\n"
        heads = {path: version.by for path, version in real.room.host.state.files().items()}
        assert heads == {"api.py": "ann", "notes.txt": "host", "use.py": "bob"}
