"""`coroom setup` in a home of its own: the change is shown, written, and taken away to the byte."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.cli.commands import Place, place_at

from coroom.agents.setup_clients import CLIENTS
from coroom.cli import main


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = place_at(tmp_path)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    files = {
        ".claude/settings.json": '{\n  "theme": "dark",\n\t"hooks": {}\n}\n',
        ".claude.json": '{"numStartups": 3}',
        ".codex/config.toml": 'model = "x"  # mine\n',
        ".gemini/settings.json": "{}\n",
        ".cursor/mcp.json": '{"mcpServers": {"other": {"url": "http://127.0.0.1:1/mcp"}}}\n',
    }
    for name, text in files.items():
        path = place.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place


def setup(*words: str) -> Result:
    return CliRunner().invoke(main, ["setup", *words])


def home(place: Place) -> dict[str, bytes]:
    files = (path for path in place.home.rglob("*") if path.is_file())
    return {str(p.relative_to(place.home)): p.read_bytes() for p in files if "coroom/setup" not in str(p)}


@pytest.mark.parametrize("client", CLIENTS)
def test_what_setup_writes_it_shows_first_and_undo_takes_away_to_the_byte(place: Place, client: str) -> None:
    before = home(place)
    asked = setup(client)
    assert asked.exit_code == 1
    assert "+" in asked.stdout
    assert "Nothing was written. --yes" in asked.stderr
    assert home(place) == before

    done = setup(client, "--yes")
    assert done.exit_code == 0, done.stderr
    assert home(place) != before
    assert f"coroom setup {client} --undo" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "knows the room already" in setup(client, "--yes").stdout

    undone = setup(client, "--undo")
    assert undone.exit_code == 0, undone.stderr
    assert home(place) == before


def test_an_unknown_client_is_refused_with_the_known_ones(place: Place) -> None:
    done = setup("emacs", "--yes")
    assert done.exit_code == 2
    for client in CLIENTS:
        assert client in done.stderr


@pytest.mark.parametrize("damaged", ["{", "[]", "{}", '{"files": [{}]}'])
def test_a_damaged_record_is_told_and_nothing_is_changed(place: Place, damaged: str) -> None:
    assert setup("claude", "--yes").exit_code == 0
    record = place.home / ".config/coroom/setup/claude.json"
    record.write_text(damaged)
    before = home(place)
    undone = setup("claude", "--undo")
    assert (undone.exit_code, undone.stdout) == (2, "")
    assert "is damaged: take coroom out of the client's configuration by hand" in undone.stderr
    assert home(place) == before
