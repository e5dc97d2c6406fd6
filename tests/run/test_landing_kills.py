"""Landing, killed with everything it has started as it is about to change something, and done again.

The campaign (`make campaign`) kills at COROOM_LANDING_KILLS points of each form.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.git.shared_places import FORMS

ROOT = Path(__file__).parents[2]
FEW = {"own": "3", "remote": "1"}


@pytest.mark.promise("git:sound", "main:green")
@pytest.mark.parametrize("form", FORMS)
def test_a_landing_killed_at_any_call_loses_nothing_and_leaves_no_lock(form: str, tmp_path: Path) -> None:
    points = os.environ.get("COROOM_LANDING_KILLS", FEW[form])
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    program = (sys.executable, "-m", "tests.run.landing_kills", str(tmp_path), form, points)
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "nothing lost, no lock, git fsck --strict clean" in done.stdout
    sys.stdout.write(done.stdout)
