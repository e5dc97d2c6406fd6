"""A disk without room, a real one: said as what it is, and nothing is lost or left."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.git.repositories import ENVIRONMENT

ROOT = Path(__file__).parents[2]
AS_ROOT = () if os.geteuid() == 0 else ("--user", "--map-root-user")


@pytest.mark.promise("git:sound")
def test_a_full_disk_is_said_while_claiming_and_landing_and_with_room_both_go_on(tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "HOME": str(tmp_path)}
    words = ("unshare", *AS_ROOT, "--mount", sys.executable, "-P", "-m", "tests.cli.full_disk", str(tmp_path / "disks"))
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == ["remote", "clone", "state"]
    for disk, said in told.items():
        (claimed, claim), (landed, land) = said["claim"], said["land"]
        assert claimed == (0 if disk == "state" else 2), claim
        assert landed in {1, 2}, land
        for text in (land, *([claim] if disk != "state" else [])):
            assert "is full" in text or "No space left on device" in text, text
            assert "Check its address" not in text
        assert "Nothing is lost" in land
        assert "same moment" not in claim
        assert said["claim again"][0] == 0, said
        assert said["land again"][0] == 0, said
        assert said["on main"] == ["a.txt", "big"]
        assert said["left"] == []
