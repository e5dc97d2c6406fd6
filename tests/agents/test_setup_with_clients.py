"""A client that its user starts after `coroom setup`: in the room with a token, undisturbed without one."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.agents.stage import AS_EVERYWHERE, Stage

from coroom.agents.adapter import AgentAdapter
from coroom.agents.gemini import Gemini
from coroom.agents.opencode import OpenCode
from coroom.agents.setup import Plan, apply, apply_undo, plan, plan_undo
from coroom.testing import ApiError, Call, ModelServer, PretendRoom, Script, Turn

# The first test may have to wait until the clients are installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

_RUN_LIMIT_S = 90.0
_CLAUDE = "claude -p --output-format stream-json --verbose --model claude-sonnet-4-5 --permission-mode acceptEdits"
_CODEX = "codex exec --json --skip-git-repo-check --sandbox workspace-write --dangerously-bypass-hook-trust"

REFUSAL = ApiError(status=400, message="this model is not for you", times=99)
SLOW_TO_START: dict[str, AgentAdapter] = {"opencode": OpenCode(), "gemini": Gemini()}
"""Clients that are not started once more for a model that refuses; for the others see test_real_clients.py."""


@dataclass(frozen=True)
class User:
    """Somebody's way to run a client: the command, and the configuration it has from before."""

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def user_of(client: str, model_url: str) -> User:
    if client == "claude":
        argv = (*_CLAUDE.split(), "--allowedTools", "mcp__coroom,Read,Edit,Write,Bash")
        quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
        return User(argv, quiet | {"ANTHROPIC_BASE_URL": model_url, "ANTHROPIC_API_KEY": "a"})
    if client == "codex":
        config = (
            'model = "gpt-5.5"\nmodel_provider = "mine"\napproval_policy = "never"\n'
            "check_for_update_on_startup = false\n"
            '[model_providers.mine]\nname = "mine"\nwire_api = "responses"\nenv_key = "MY_KEY"\n'
            f'base_url = "{model_url}/v1"\n'
        )
        return User((*_CODEX.split(), "-"), {"MY_KEY": "a"}, {".codex/config.toml": config})
    if client == "opencode":
        options = {"baseURL": f"{model_url}/v1", "apiKey": "a"}
        provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"scripted": {}}}
        opencode = {"provider": {"mine": provider}, "permission": "allow", "autoupdate": False}
        flags = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "SHARE")
        env = {f"OPENCODE_DISABLE_{flag}": "1" for flag in flags}
        argv = ("opencode", "run", "--format", "json", "--model", "mine/scripted")
        return User(argv, env, {".config/opencode/opencode.json": json.dumps(opencode), ".models.json": "{}"})
    gemini = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
    }
    env = {"GOOGLE_GEMINI_BASE_URL": model_url, "GEMINI_API_KEY": "a", "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    argv = ("gemini", "--approval-mode", "yolo", "--output-format", "stream-json", "-m", "gemini-2.5-flash")
    return User(argv, env, {".gemini/settings.json": json.dumps(gemini)})


def run(user: User, stage: Stage, home: Path, cwd: Path, extra: dict[str, str]) -> tuple[str, int]:
    """What it prints, and its exit status."""
    env = {"PATH": stage.path, "HOME": str(home), "LANG": "C.UTF-8", **AS_EVERYWHERE, **user.env, **extra}
    env["OPENCODE_MODELS_PATH"] = str(home / ".models.json")
    told = subprocess.run(
        ["/usr/bin/env", *user.argv],
        cwd=cwd,
        env=env,
        input="Play your part.",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_RUN_LIMIT_S,
        check=False,
    )
    return told.stdout, told.returncode


def set_up(client: str, user: User, home: Path, room_url: str, record: Path) -> None:
    home.mkdir()
    for name, text in user.files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    planned = plan(client, home=home, url=room_url)
    assert isinstance(planned, Plan)
    assert apply(planned, record) is None


@pytest.mark.parametrize("client", ["claude", "codex", "opencode", "gemini"])
def test_after_setup_the_client_is_in_the_room_and_where_its_model_refuses_it_says_so_and_ends(
    client: str, stage: Stage, model: ModelServer, room: PretendRoom, tmp_path: Path
) -> None:
    mirror, home, record = stage.mirror("a", api__txt="old\n"), tmp_path / "home", tmp_path / "record.json"
    user = user_of(client, model.url)
    set_up(client, user, home, room.url, record)
    room.deny("new", "[room] api.txt is held by b.")
    room.tell("[room] b has come.")
    turns = (
        Turn(calls=(Call("claim", {"resources": ["file:api.txt"], "purpose": "to change it"}),)),
        Turn(calls=(Call("@read", {"path": "api.txt"}),), expect="fence"),
        Turn(calls=(Call("@write", {"path": "api.txt", "text": "new\n"}),), expect="old"),
        Turn(error=REFUSAL if client in SLOW_TO_START else None, text="I stop here.", expect=r"held by b\."),
    )
    model.add("a", Script(turns, {"cwd": str(mirror)}))
    printed, status = run(user, stage, home, mirror, {"COROOM_TOKEN": "token-of-a"})
    assert model.failures() == (), printed
    if client in SLOW_TO_START:
        errors = [told.error for line in printed.splitlines() if (told := SLOW_TO_START[client].read_output(line))]
        assert REFUSAL.message in str([error for error in errors if error][-1:]), printed
        assert status != 0 or client == "opencode", printed
    assert "b has come" in str(model.received("a")[-1].body)
    assert (mirror / "api.txt").read_text() == "old\n"
    assert [one.token for one in room.called()] == ["token-of-a"]

    planned = plan_undo(record)
    assert isinstance(planned, Plan)
    assert apply_undo(planned, record) is None
    for name, text in user.files.items():
        now = (home / name).read_text()
        assert "coroom" not in now
        # OpenCode writes its schema into the file when it starts, so that undo has to go round that.
        assert now == text if client != "opencode" else json.loads(now).items() >= json.loads(text).items()
    left = [path for path in home.rglob("*") if path.is_file() and b"hook_client.py" in path.read_bytes()]
    assert [path for path in left if path.suffix in (".json", ".toml", ".jsonc", ".js")] == []


@pytest.mark.parametrize("client", ["claude", "codex"])
def test_without_a_token_the_client_works_as_if_nothing_had_been_set_up(
    client: str, stage: Stage, model: ModelServer, room: PretendRoom, tmp_path: Path
) -> None:
    mirror, home = stage.mirror("a"), tmp_path / "home"
    user = user_of(client, model.url)
    set_up(client, user, home, room.url, tmp_path / "record.json")
    room.die()
    turns = (Turn(calls=(Call("@write", {"path": "free.txt", "text": "mine\n"}),)), Turn(text="I stop here."))
    model.add("a", Script(turns, {"cwd": str(mirror)}))
    printed, _ = run(user, stage, home, mirror, {})
    assert model.failures() == (), printed
    assert (mirror / "free.txt").read_text() == "mine\n"
    assert "COROOM_TOKEN" not in os.environ
