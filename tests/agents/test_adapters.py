"""What an adapter starts and how it reads what it started, without the agents themselves."""

import json
import ssl
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.agents.adapter import AgentAdapter, AgentOutput, Launch, Missing, ModelApi, Session, model_api
from coroom.agents.claude_code import ClaudeCode
from coroom.agents.codex import NOTHING_CAME, Codex, toml, unready
from coroom.agents.command_line import CommandLine
from coroom.agents.gemini import Gemini
from coroom.agents.opencode import OpenCode
from coroom.agents.room_client import certificates_for

ADAPTERS = pytest.mark.parametrize(
    "adapter",
    [ClaudeCode(), Codex(), OpenCode(), Gemini(), CommandLine(("tool", "--ask", "{prompt}"))],
    ids=lambda adapter: adapter.name,
)
SECRET = "the-token-nobody-may-read"


def session(tmp_path: Path, *, binaries: tuple[str, ...] = (), stay_open: bool = False) -> Session:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in binaries:
        (programs / name).write_text("#!/bin/sh\necho 2.1.329\n")
        (programs / name).chmod(0o755)
    return Session(
        agent="a",
        mirror=tmp_path / "mirror",
        room_url="http://127.0.0.1:7777",
        token=SECRET,
        prompt="Do 'this' and\n\"that\" $HOME",
        home=tmp_path / "home",
        api=ModelApi("http://127.0.0.1:8888", "the-model-key"),
        model="some-model",
        env={"EXTRA": "1"},
        search_path=str(programs),
        stay_open=stay_open,
    )


def prepared(adapter: AgentAdapter, tmp_path: Path, *, stay_open: bool = False) -> Launch:
    binaries = ("claude", "codex", "opencode", "gemini", "tool")
    launch = adapter.prepare(session(tmp_path, binaries=binaries, stay_open=stay_open))
    assert isinstance(launch, Launch)
    return launch


@ADAPTERS
def test_a_missing_program_is_named_together_with_the_way_to_get_it(adapter: AgentAdapter, tmp_path: Path) -> None:
    missing = adapter.prepare(session(tmp_path))
    assert isinstance(missing, Missing)
    assert missing.what in missing.install
    assert missing.install.startswith("Install ")


def test_a_client_of_a_room_without_certificates_reads_none_and_would_believe_none() -> None:
    met = certificates_for("http://127.0.0.1:1")
    assert isinstance(met, ssl.SSLContext)
    assert (met.cert_store_stats()["x509_ca"], met.verify_mode) == (0, ssl.CERT_REQUIRED)
    assert certificates_for("https://rooms.example") is True


def test_opencode_with_a_model_of_its_own_reads_no_list_of_all_models(tmp_path: Path) -> None:
    launch = prepared(OpenCode(), tmp_path)
    assert launch.files[Path(launch.env["OPENCODE_MODELS_PATH"])] == "{}"


def test_opencode_keeps_no_versions_beside_the_room_s_and_asks_no_model_for_a_title(tmp_path: Path) -> None:
    launch = prepared(OpenCode(), tmp_path)
    assert json.loads(launch.env["OPENCODE_CONFIG_CONTENT"])["snapshot"] is False
    assert launch.argv[launch.argv.index("--title") + 1] == "a"


@ADAPTERS
def test_secrets_are_in_the_environment_and_nowhere_else(adapter: AgentAdapter, tmp_path: Path) -> None:
    launch = prepared(adapter, tmp_path)
    seen = " ".join(launch.argv) + "".join(launch.files.values()) + launch.stdin + repr(launch)
    assert SECRET not in seen
    assert "the-model-key" not in seen
    assert launch.env["COROOM_TOKEN"] == SECRET
    assert launch.env["COROOM_URL"] == "http://127.0.0.1:7777"
    assert launch.env["COROOM_AGENT"] == "a"
    assert launch.env["EXTRA"] == "1"


@ADAPTERS
def test_nothing_is_written_into_the_mirror(adapter: AgentAdapter, tmp_path: Path) -> None:
    launch = prepared(adapter, tmp_path)
    assert launch.cwd == tmp_path / "mirror"
    assert all(path.is_relative_to(tmp_path / "home") for path in launch.files)
    assert not (tmp_path / "mirror").exists()


@ADAPTERS
def test_the_prompt_arrives_as_it_is_and_once(adapter: AgentAdapter, tmp_path: Path) -> None:
    launch = prepared(adapter, tmp_path)
    assert [*launch.argv, launch.stdin].count("Do 'this' and\n\"that\" $HOME") == 1


@ADAPTERS
def test_a_line_that_means_nothing_to_us_is_no_output(adapter: AgentAdapter) -> None:
    lines = ["", "\n", *(["WARN something", "[1, 2]", '{"type": "unknown"}'] if adapter.name != "command" else [])]
    assert [adapter.read_output(line) for line in lines] == [None] * len(lines)


def test_a_command_without_a_place_for_the_prompt_gets_it_on_standard_input(tmp_path: Path) -> None:
    launch = prepared(CommandLine(("tool", "-x")), tmp_path)
    assert launch.argv[1:] == ("-x",)
    assert launch.stdin.startswith("Do 'this'")
    assert CommandLine(("tool",)).read_output("hello\n") == AgentOutput(text="hello")


def test_claude_code_asks_by_http_and_is_blocked_when_that_fails(tmp_path: Path) -> None:
    launch = prepared(ClaudeCode(), tmp_path)
    settings = json.loads(launch.files[tmp_path / "home" / "settings.json"])
    (before,) = settings["hooks"]["PreToolUse"]
    assert before["hooks"][0]["type"] == "http"
    assert before["hooks"][0]["onFailure"] == "block"
    assert {"Edit", "Write", "NotebookEdit", "Bash"} <= set(before["matcher"].split("|"))
    assert "onFailure" not in settings["hooks"]["Stop"][0]["hooks"][0]


@pytest.mark.parametrize("answer", ["echo 2.1.100", "echo nonsense", "exit 1"])
def test_an_older_claude_code_whose_http_hooks_let_pass_gets_command_hooks(tmp_path: Path, answer: str) -> None:
    asked = session(tmp_path, binaries=("claude",))
    (tmp_path / "programs" / "claude").write_text(f"#!/bin/sh\n{answer}\n")
    launch = ClaudeCode().prepare(asked)
    assert isinstance(launch, Launch)
    hooks = json.loads(launch.files[tmp_path / "home" / "settings.json"])["hooks"]
    kinds = {hook["type"] for groups in hooks.values() for group in groups for hook in group["hooks"]}
    assert kinds == {"command"}


@pytest.mark.parametrize("adapter", [ClaudeCode(), Codex()], ids=lambda adapter: adapter.name)
def test_who_does_not_work_in_a_mirror_has_the_room_s_tools_and_no_hooks(adapter: AgentAdapter, tmp_path: Path) -> None:
    launch = adapter.prepare(replace(session(tmp_path, binaries=("claude", "codex")), hooked=False))
    assert isinstance(launch, Launch)
    told = " ".join(launch.argv) + "".join(launch.files.values())
    assert "http://127.0.0.1:7777/mcp" in told
    assert "/hooks/" not in told
    assert "hook_client" not in told


@ADAPTERS
def test_where_programs_are_not_this_machine_s_they_are_started_by_name(adapter: AgentAdapter, tmp_path: Path) -> None:
    launch = adapter.prepare(replace(session(tmp_path), elsewhere=True))
    assert isinstance(launch, Launch)
    assert launch.argv[0] in {"claude", "codex", "opencode", "gemini", "tool"}


def test_claude_code_is_told_what_it_may_cost(tmp_path: Path) -> None:
    asked = session(tmp_path, binaries=("claude",))
    for budget, told in ((1.5, "1.500000"), (0.0, "0.000001")):
        launch = ClaudeCode().prepare(replace(asked, budget_usd=budget))
        assert isinstance(launch, Launch)
        assert launch.argv[launch.argv.index("--max-budget-usd") + 1] == told
    launch = ClaudeCode().prepare(asked)
    assert isinstance(launch, Launch)
    assert "--max-budget-usd" not in launch.argv


def test_claude_code_with_open_input_gets_prompt_and_messages_in_one_form(tmp_path: Path) -> None:
    launch = prepared(ClaudeCode(), tmp_path, stay_open=True)
    assert launch.stay_open
    assert json.loads(launch.stdin)["message"]["content"][0]["text"] == "Do 'this' and\n\"that\" $HOME"
    assert launch.stdin == ClaudeCode().message("Do 'this' and\n\"that\" $HOME")


def test_codex_settings_on_the_command_line_are_toml_that_requires_the_room(tmp_path: Path) -> None:
    launch = prepared(Codex(), tmp_path)
    given = [value for flag, value in zip(launch.argv, launch.argv[1:], strict=False) if flag == "-c"]
    read = [tomllib.loads(line) for line in given]
    (servers,) = [one["mcp_servers"]["coroom"] for one in read if "mcp_servers" in one]
    assert servers["required"] is True
    assert servers["url"] == "http://127.0.0.1:7777/mcp"
    assert {event for one in read for event in one.get("hooks", {})} == {
        "SessionStart",
        "PreToolUse",
        "PostToolUse",
        "Stop",
    }


TOML_VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(TOML_VALUES)
def test_any_setting_is_written_as_toml_that_reads_the_same(value: object) -> None:
    assert tomllib.loads(f"key = {toml(value)}") == {"key": value}


def test_gemini_keeps_the_settings_and_the_login_of_its_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "user" / ".gemini"
    folder.mkdir(parents=True)
    (folder / "oauth_creds.json").write_text('{"mine": 1}')
    theirs = {"theme": "Dark", "hooks": {"BeforeTool": [{"hooks": [{"type": "command", "command": "theirs"}]}]}}
    (folder / "settings.json").write_text(json.dumps(theirs))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    launch = prepared(Gemini(), tmp_path)
    home = tmp_path / "home" / ".gemini"
    settings = json.loads(launch.files[home / "settings.json"])
    assert settings["theme"] == "Dark"
    assert settings["hooks"]["BeforeTool"][0] == theirs["hooks"]["BeforeTool"][0]  # type: ignore[index]
    assert len(settings["hooks"]["BeforeTool"]) == 2
    assert launch.files[home / "oauth_creds.json"] == '{"mine": 1}'


@pytest.mark.parametrize(
    ("adapter", "line", "output"),
    [
        (
            ClaudeCode(),
            '{"type":"result","result":"Done","total_cost_usd":0.5,"usage":{"input_tokens":7,"output_tokens":5}}',
            AgentOutput(text="Done", input_tokens=7, output_tokens=5, cost_usd=0.5, final=True),
        ),
        (
            ClaudeCode(),
            '{"type":"result","result":"Invalid key","is_error":true}',
            AgentOutput(error="Invalid key", input_tokens=0, output_tokens=0, final=True),
        ),
        (
            Codex(),
            '{"type":"item.completed","item":{"type":"agent_message","text":"Hello"}}',
            AgentOutput(text="Hello"),
        ),
        (
            Codex(),
            '{"type":"turn.completed","usage":{"input_tokens":9,"output_tokens":2}}',
            AgentOutput(error=NOTHING_CAME, input_tokens=9, output_tokens=2, final=True),
        ),
        (Codex(), '{"type":"turn.failed","error":{"message":"no"}}', AgentOutput(error="no", final=True)),
        (Codex(), '{"type":"error","message":"Reconnecting 1/5"}', None),
        (OpenCode(), '{"type":"text","part":{"text":"Hi"}}', AgentOutput(text="Hi")),
        (
            OpenCode(),
            '{"type":"step_finish","part":{"cost":0.25,"tokens":{"input":3,"output":4}}}',
            AgentOutput(input_tokens=3, output_tokens=4, cost_usd=0.25),
        ),
        (OpenCode(), '{"type":"error","error":{"name":"X"}}', AgentOutput(error='{"name": "X"}')),
        (Gemini(), '{"type":"message","role":"assistant","content":"Hi"}', AgentOutput(text="Hi")),
        (Gemini(), '{"type":"error","severity":"warning","message":"slow"}', None),
        (Gemini(), '{"type":"message","role":"user","content":"Hi"}', None),
        (
            Gemini(),
            '{"type":"result","status":"success","stats":{"input_tokens":5,"output_tokens":1}}',
            AgentOutput(input_tokens=5, output_tokens=1, final=True),
        ),
        (
            Gemini(),
            '{"type":"result","status":"error","error":{"message":"quota"}}',
            AgentOutput(error="quota", final=True),
        ),
    ],
)
def test_a_line_of_output_is_read_for_text_tokens_cost_and_end(
    adapter: AgentAdapter, line: str, output: AgentOutput | None
) -> None:
    assert adapter.read_output(line) == output


def test_a_turn_of_codex_of_which_something_came_is_no_refusal() -> None:
    ended = '{"type":"turn.completed","usage":{}}'
    refused = [
        '{"type":"item.completed","item":{"type":"error","message":"a warning"}}',
        '{"type":"turn.started"}',
    ]
    for came, error in (
        ("agent_message", None),
        ("command_execution", None),
        ("error", NOTHING_CAME),
    ):
        adapter = Codex()
        for line in ('{"type":"thread.started","thread_id":"x"}', *refused):
            assert adapter.read_output(line) is None
        adapter.read_output(json.dumps({"type": "item.completed", "item": {"type": came, "text": "So be it."}}))
        assert adapter.read_output(ended) == AgentOutput(error=error, final=True)


def test_codex_is_known_to_have_no_key_only_where_nothing_could_be_one(tmp_path: Path) -> None:
    nowhere = {"CODEX_HOME": str(tmp_path)}
    assert unready(nowhere) == "Codex has no key and is not logged in. Run codex login, or set CODEX_API_KEY."
    for name in ("OPENAI_API_KEY", "CODEX_API_KEY", "COROOM_MODEL_URL"):
        assert unready({**nowhere, name: "set"}) == ""
    (tmp_path / "config.toml").touch()
    assert unready(nowhere) == ""


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://127.0.0.1:9/", "http://127.0.0.1:9/v1"])
def test_a_provider_for_every_client_is_named_by_the_environment(url: str) -> None:
    assert model_api({}) is None
    assert model_api({"COROOM_MODEL_URL": url, "COROOM_MODEL_KEY": "k"}) == ModelApi("http://127.0.0.1:9", "k")
    assert model_api({"COROOM_MODEL_URL": url}) == ModelApi("http://127.0.0.1:9", "none")


def test_a_provider_that_is_no_web_address_is_refused() -> None:
    with pytest.raises(ValueError, match="COROOM_MODEL_URL is 'localhost:9'"):
        model_api({"COROOM_MODEL_URL": "localhost:9"})


def test_claude_code_s_tokens_are_counted_as_they_are_used_and_once() -> None:
    adapter = ClaudeCode()

    def line(kind: str, into: int, out: int, **more: object) -> AgentOutput | None:
        used = {"usage": {"input_tokens": into, "output_tokens": out}}
        told = {"message": {"id": "m", **used}} if kind == "assistant" else used
        return adapter.read_output(json.dumps({"type": kind, **told, **more}))

    assert line("assistant", 100, 5) == AgentOutput(input_tokens=100, output_tokens=5)
    assert line("assistant", 100, 5) is None
    assert line("assistant", 100, 12) == AgentOutput(input_tokens=0, output_tokens=7)
    ended = line("result", 130, 20, subtype="error_max_budget_usd", is_error=True, total_cost_usd=0.5)
    assert ended == AgentOutput(
        error="error_max_budget_usd", input_tokens=30, output_tokens=8, cost_usd=0.5, limited=True, final=True
    )
    assert line("result", 7, 1) == AgentOutput(input_tokens=7, output_tokens=1, final=True)


@pytest.mark.parametrize("adapter", [ClaudeCode(), Codex(), OpenCode(), Gemini()], ids=lambda adapter: adapter.name)
def test_a_bare_agent_is_told_of_no_tools_of_the_room_and_keeps_its_hooks(
    adapter: AgentAdapter, tmp_path: Path
) -> None:
    plain = session(tmp_path, binaries=("claude", "codex", "opencode", "gemini"))

    def told(*, bare: bool) -> str:
        launch = adapter.prepare(replace(plain, bare=bare))
        assert isinstance(launch, Launch)
        return repr((launch.argv, dict(launch.files), dict(launch.env)))

    assert "7777/mcp" in told(bare=False)
    assert "7777/mcp" not in told(bare=True)
    assert "COROOM_BARE" in told(bare=True)
    assert "opencode_plugin" in told(bare=True) or "hook" in told(bare=True)
