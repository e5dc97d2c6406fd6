"""`coroom doctor`: what is wrong with a machine, or with a bridge, is found by trying."""

import errno
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.git.repositories import new_repository

from coroom.cli import main
from coroom.host.edits.bridge import Bridge
from coroom.host.edits.placing import Placing
from coroom.run import machine, selftest
from coroom.run.selftest import bridge_checks


async def test_the_bridge_shows_both_directions_holds_a_conflict_refuses_a_claim_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    checks = await bridge_checks(tmp_path)
    assert [check for check in checks if not check.ok] == []
    assert {check.name.split(" (")[0] for check in checks} == {
        "mirrors share edits",
        "a conflict is held",
        "a claim refuses others",
        "bridge cleans up",
    }
    assert list(tmp_path.iterdir()) == []


async def test_a_bridge_that_puts_nothing_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(self: Placing, mirror: object) -> None:
        return

    monkeypatch.setattr(Placing, "put_waiting", nothing)
    monkeypatch.setattr(selftest, "SEEN_S_MAX", 0.2)
    failed = {check.name for check in await bridge_checks(tmp_path) if not check.ok}
    assert {"mirrors share edits (a to b)", "mirrors share edits (b to a)"} <= failed


async def test_a_bridge_that_hears_nothing_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(self: Bridge) -> None:
        return

    monkeypatch.setattr(Bridge, "_hear", deaf)
    monkeypatch.setattr(selftest, "SEEN_S_MAX", 0.2)
    failed = {check.name for check in await bridge_checks(tmp_path) if not check.ok}
    assert "mirrors share edits (a to b)" in failed


def test_the_command_says_one_line_a_check_and_json_and_exits_with_one_when_something_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(new_repository(tmp_path / "repository"))
    monkeypatch.setattr(machine, "INSTANCES_MIN", 1)
    monkeypatch.setattr(machine, "FREE_BYTES_MIN", 1)
    well = CliRunner().invoke(main, ["doctor"])
    assert well.exit_code == 0, well.output
    assert all(line.startswith("✓") for line in well.stdout.splitlines())
    monkeypatch.setattr(machine, "GIT_MIN", (99, 0))
    wrong = CliRunner().invoke(main, ["doctor"])
    assert wrong.exit_code == 1
    assert [line for line in wrong.stdout.splitlines() if line.startswith("✗") and "Install git 99" in line]
    document = json.loads(CliRunner().invoke(main, ["doctor", "--json"]).stdout)
    assert document["ok"] is False
    assert [check["name"] for check in document["checks"] if not check["ok"]] == ["git"]


def test_an_inotify_instance_that_is_not_to_be_had_is_found_by_asking_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("inotify_simple.INotify", refuse)
    (found,) = [check for check in machine.machine_checks(tmp_path) if check.name == "an inotify instance"]
    assert not found.ok
    assert "trees are scanned instead" in found.found
    assert "fs.inotify.max_user_instances" in found.next_step
