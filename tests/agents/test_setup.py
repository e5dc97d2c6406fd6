"""What setup writes into a client's configuration, and that undoing leaves no trace."""

import json
import os
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coroom.agents.setup import ConfigChange, Plan, Refusal, apply, apply_undo, plan, plan_undo
from coroom.agents.setup_clients import CLIENTS

URL = "http://127.0.0.1:7777"
EACH = pytest.mark.parametrize("client", CLIENTS)
JSON_FILES = {
    "claude": [".claude/settings.json", ".claude.json"],
    "codex": [".codex/hooks.json"],
    "opencode": [".config/opencode/opencode.json"],
    "gemini": [".gemini/settings.json"],
    "cursor": [".cursor/mcp.json", ".cursor/hooks.json"],
}
THEIR_HOOK = {"matcher": "Edit", "hooks": [{"type": "command", "command": "theirs"}]}
EVENTS = st.sampled_from(["PreToolUse", "BeforeTool", "preToolUse", "Stop", "Other"])
SERVERS = st.dictionaries(st.sampled_from(["other", "more", "é"]), st.just({"command": "theirs"}), max_size=2)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "mcpServers": SERVERS,
        "mcp": SERVERS,
        "hooks": st.dictionaries(EVENTS, st.lists(st.just(THEIR_HOOK), max_size=2), max_size=3),
        "theme": st.text(max_size=5),
        "version": st.just(1),
    },
)
ODD_BYTES = st.sampled_from([b"", b"\xef\xbb\xbf", b"\n\n", b"// mine\n"])
TOMLS = st.sampled_from(
    [
        None,
        "",
        "# mine",
        'model = "x"\n',
        'model = "x"',
        "[mcp_servers.other]\r\ncommand = 'x'\r\n",
        "[mcp_servers]\nother = {command = 'x'}\n\n\n",
        "mcp_servers.other.command = 'x'\n[a]\nb = [\n 1, # one\n]\n",
    ]
)


def content(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder below `folder`."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def set_up(client: str, home: Path, record: Path) -> Plan:
    planned = plan(client, home=home, url=URL)
    assert isinstance(planned, Plan), planned
    assert apply(planned, record) is None
    return planned


def undo(record: Path) -> Refusal | None:
    planned = plan_undo(record)
    return planned if isinstance(planned, Refusal) else apply_undo(planned, record)


def includes(value: Any, part: Any) -> bool:
    """Whether everything of `part` is in `value`, items of lists in their order at its beginning."""
    if isinstance(part, dict):
        return isinstance(value, dict) and all(key in value and includes(value[key], one) for key, one in part.items())
    if isinstance(part, list):
        return isinstance(value, list) and value[: len(part)] == part
    return bool(value == part)


@EACH
@settings(max_examples=25, deadline=None)
@given(config=CONFIGS, mark=ODD_BYTES, toml=TOMLS, indent=st.sampled_from([None, 1, 4, "\t"]))
def test_whatever_was_there_stays_and_undo_leaves_every_byte_as_it_was(
    client: str, config: dict[str, Any], mark: bytes, toml: str | None, indent: int | str | None
) -> None:
    with TemporaryDirectory() as scratch:
        home, record = Path(scratch, "home"), Path(scratch, "record.json")
        home.mkdir()
        for name in JSON_FILES[client]:
            put(home / name, mark + json.dumps(config, indent=indent).encode())
        if toml is not None:
            put(home / ".codex/config.toml", toml.encode())
        before = content(home)

        planned = plan(client, home=home, url=URL)
        assert content(home) == before
        assert isinstance(planned, Plan)
        assert apply(planned, record) is None
        for name in JSON_FILES[client]:
            text = (home / name).read_bytes().removeprefix(mark).decode()
            assert includes(json.loads(text), config)
        if client == "codex":
            read = tomllib.loads((home / ".codex/config.toml").read_bytes().decode())
            assert read["mcp_servers"]["coroom"]["url"] == f"{URL}/mcp"
            assert includes(read, tomllib.loads(toml or ""))
        again = plan(client, home=home, url=URL)
        assert isinstance(again, Plan)
        assert again.changes == ()

        assert undo(record) is None
        assert content(home) == before
        assert not record.exists()


@EACH
@settings(max_examples=25, deadline=None)
@given(config=CONFIGS, toml=TOMLS)
def test_what_the_user_changed_since_stays_when_ours_is_taken_out(
    client: str, config: dict[str, Any], toml: str | None
) -> None:
    with TemporaryDirectory() as scratch:
        home, record = Path(scratch, "home"), Path(scratch, "record.json")
        home.mkdir()
        for name in JSON_FILES[client]:
            put(home / name, json.dumps(config, indent=2).encode())
        if toml is not None:
            put(home / ".codex/config.toml", toml.encode())
        set_up(client, home, record)
        for name in JSON_FILES[client]:
            changed = json.loads((home / name).read_text()) | {"since": ["then"]}
            (home / name).write_text(json.dumps(changed, indent=3))
        if client == "codex":
            with (home / ".codex/config.toml").open("a") as file:
                file.write("\n[since]\nthen = true\n")

        assert undo(record) is None
        for name in JSON_FILES[client]:
            assert json.loads((home / name).read_text()) == config | {"since": ["then"]}
        if client == "codex":
            read = tomllib.loads((home / ".codex/config.toml").read_bytes().decode())
            assert read == tomllib.loads(toml or "") | {"since": {"then": True}}


@EACH
def test_on_an_empty_home_every_file_is_made_and_goes_again(client: str, tmp_path: Path) -> None:
    home, record = tmp_path / "home", tmp_path / "state" / "record.json"
    home.mkdir()
    planned = set_up(client, home, record)
    assert planned.changes
    assert all(change.before is None and change.path.is_file() for change in planned.changes)
    assert all(change.path.stat().st_mode & 0o077 == 0 for change in planned.changes)
    assert undo(record) is None
    assert list(tmp_path.rglob("*")) == [home]


@EACH
def test_in_a_project_only_the_project_is_touched(client: str, tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    planned = plan(client, home=home, project=project, url=URL)
    assert isinstance(planned, Plan)
    assert all(change.path.is_relative_to(project) for change in planned.changes)


@EACH
def test_the_diff_shows_what_is_added_and_holds_no_token(
    client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COROOM_TOKEN", "the-token")
    planned = plan(client, home=tmp_path, url=URL)
    assert isinstance(planned, Plan)
    shown = "".join(change.diff() for change in planned.changes)
    assert f"{URL}/mcp" in shown
    assert "the-token" not in shown
    assert all(line[0] in "+-@ \\" for line in shown.splitlines())


@EACH
def test_an_entry_of_our_name_that_is_not_ours_is_not_overwritten(client: str, tmp_path: Path) -> None:
    theirs = {"mcpServers": {"coroom": {"command": "x"}}, "mcp": {"coroom": {"command": "x"}}}
    for name in JSON_FILES[client]:
        put(tmp_path / name, json.dumps(theirs).encode())
    put(tmp_path / ".codex/config.toml", b"[mcp_servers.coroom]\ncommand = 'x'\n")
    refused = plan(client, home=tmp_path, url=URL)
    assert isinstance(refused, Refusal)
    assert "coroom is there already" in refused.why


@pytest.mark.parametrize(
    "broken", [b"{", b"[]", b'{"hooks": 3, "mcpServers": 3, "mcp": 3}', b"\xff\xfe", b"{'a': 1}", b"nonsense"]
)
@EACH
def test_a_file_that_cannot_be_read_is_named_and_left_alone(client: str, broken: bytes, tmp_path: Path) -> None:
    for name in JSON_FILES[client]:
        put(tmp_path / name, broken)
    before = content(tmp_path)
    refused = plan(client, home=tmp_path, url=URL)
    assert isinstance(refused, Refusal)
    assert JSON_FILES[client][0] in refused.why
    assert "nothing was changed" in refused.why
    assert content(tmp_path) == before


@pytest.mark.parametrize("broken", [b"a = ", b"\xff", b"mcp_servers = {}\n", b"mcp_servers = 1\n"])
def test_a_toml_file_that_leaves_no_place_for_us_is_left_alone(broken: bytes, tmp_path: Path) -> None:
    put(tmp_path / ".codex/config.toml", broken)
    refused = plan("codex", home=tmp_path, url=URL)
    assert isinstance(refused, Refusal)
    assert "config.toml" in refused.why


def test_an_entry_of_ours_that_the_user_changed_is_not_taken_out(tmp_path: Path) -> None:
    home, record = tmp_path / "home", tmp_path / "record.json"
    set_up("claude", home, record)
    changed = (home / ".claude.json").read_text().replace("7777", "8888")
    (home / ".claude.json").write_text(changed)
    before = content(home)
    refused = undo(record)
    assert isinstance(refused, Refusal)
    assert "mcpServers.coroom has been changed" in refused.why
    assert content(home) == before
    assert record.exists()


def test_a_toml_entry_of_ours_that_the_user_changed_is_not_taken_out(tmp_path: Path) -> None:
    home, record = tmp_path / "home", tmp_path / "record.json"
    set_up("codex", home, record)
    with (home / ".codex/config.toml").open("a") as file:
        file.write("startup_timeout_ms = 5\n")
    refused = undo(record)
    assert isinstance(refused, Refusal)
    assert "mcp_servers.coroom has been changed" in refused.why


def test_entries_the_user_has_taken_out_by_hand_need_no_undo(tmp_path: Path) -> None:
    home, record = tmp_path / "home", tmp_path / "record.json"
    set_up("codex", home, record)
    (home / ".codex/config.toml").write_text("model = 'x'\n")
    (home / ".codex/hooks.json").unlink()
    assert undo(record) is None
    assert content(home) == {".codex": None, ".codex/config.toml": b"model = 'x'\n"}


def test_a_plugin_file_that_is_not_ours_is_neither_overwritten_nor_deleted(tmp_path: Path) -> None:
    plugin = tmp_path / ".config/opencode/plugins/coroom.js"
    put(plugin, b"theirs")
    refused = plan("opencode", home=tmp_path, url=URL)
    assert isinstance(refused, Refusal)
    plugin.unlink()
    record = tmp_path / "record.json"
    set_up("opencode", tmp_path, record)
    plugin.write_bytes(b"theirs")
    assert isinstance(undo(record), Refusal)
    assert plugin.read_bytes() == b"theirs"


def test_a_file_that_changed_between_plan_and_apply_is_not_overwritten(tmp_path: Path) -> None:
    planned = plan("gemini", home=tmp_path, url=URL)
    assert isinstance(planned, Plan)
    put(tmp_path / ".gemini/settings.json", b"{}")
    refused = apply(planned, tmp_path / "record.json")
    assert isinstance(refused, Refusal)
    assert content(tmp_path) == {".gemini": None, ".gemini/settings.json": b"{}"}


def test_a_second_setup_over_the_record_of_the_first_is_refused(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    planned = set_up("gemini", tmp_path / "home", record)
    refused = apply(planned, record)
    assert isinstance(refused, Refusal)
    assert "undo that first" in refused.why


def test_undo_without_a_setup_says_so(tmp_path: Path) -> None:
    refused = plan_undo(tmp_path / "record.json")
    assert isinstance(refused, Refusal)
    assert refused.why.startswith("Nothing to undo")


def test_a_setup_that_was_cut_short_can_be_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, record = tmp_path / "home", tmp_path / "record.json"
    put(home / ".claude/settings.json", b'{"mine": 1}')
    before = content(home)
    planned = plan("claude", home=home, url=URL)
    assert isinstance(planned, Plan)
    replace, calls = os.replace, []

    def fails_at_the_third(source: str, target: Path) -> None:
        calls.append(target)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails_at_the_third)
    with pytest.raises(OSError, match="No space"):
        apply(planned, record)
    assert content(home) != before
    monkeypatch.setattr(os, "replace", replace)
    assert undo(record) is None
    assert content(home) == before


def test_a_link_to_a_configuration_stays_a_link_and_its_target_keeps_its_mode(tmp_path: Path) -> None:
    target, link = tmp_path / "dotfiles.json", tmp_path / "home/.gemini/settings.json"
    put(target, b"{}")
    target.chmod(0o640)
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    set_up("gemini", tmp_path / "home", tmp_path / "record.json")
    assert link.is_symlink()
    assert b"coroom" in target.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_commented_opencode_configuration_is_the_one_that_is_edited(tmp_path: Path) -> None:
    commented = tmp_path / ".config/opencode/opencode.jsonc"
    put(commented, b'{\n  // my servers\n  "mcp": {},\n}\n')
    planned = plan("opencode", home=tmp_path, url=URL)
    assert isinstance(planned, Plan)
    (change,) = [one for one in planned.changes if one.path == commented]
    assert isinstance(change, ConfigChange)
    assert change.after is not None
    assert b"// my servers" in change.after
    assert not (tmp_path / ".config/opencode/opencode.json").exists()
