"""A repository of which one part cannot be written takes no room, and that is said before anything is begun."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cli.commands import place_at
from tests.cli.test_full_disk import AS_ROOT, ROOT
from tests.git.repositories import picture


def test_a_part_of_the_repository_that_cannot_be_written_is_named_before_anything_is_begun(tmp_path: Path) -> None:
    place = place_at(tmp_path)
    environment = {**place.environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    words = ("unshare", *AS_ROOT, "--mount", sys.executable, "-P", "-m", "tests.cli.read_only", str(place.repository))
    before = picture(place.repository)
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == ["objects", "refs", "refs/heads"]
    for part, said in told.items():
        for code, out, err in said.values():
            assert (code, out) == (2, "")
            assert f"nothing may be written in {place.repository}/.git/{part}." in err
            assert "clone it where you may write" in err
            assert len(err.splitlines()) == 1
    assert picture(place.repository) == before
    assert not place.kept().parent.exists()
