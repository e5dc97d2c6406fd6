"""`coroom bisect` on the example: gcc against the same gcc with a miscompilation put in on purpose."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.cli.commands import Place, place_at
from tests.git.repositories import git

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "miscompile"
WORDS = ("bisect", "--units", "src/*.c", "--build", "./build.sh", "--test", "./check.sh")


def example(root: Path) -> Place:
    subprocess.run([ROOT / "scripts" / "gcc.sh"], check=True, stdout=subprocess.DEVNULL)
    place = place_at(root)
    shutil.copytree(EXAMPLE, place.repository, dirs_exist_ok=True)
    git(place.repository, "add", "--all")
    git(place.repository, "commit", "--quiet", "--message=example")
    (root / "tmp").mkdir()
    place.environment["TMPDIR"] = str(root / "tmp")
    return place


def test_a_seeded_miscompilation_is_found_with_the_pair_that_fails_only_together(tmp_path: Path) -> None:
    place = example(tmp_path)
    done = place.run(*WORDS, "--runners", "2", "--tasks", "found.json", "--json")
    assert done.code == 1, done.err
    found = json.loads(done.out)
    assert sorted(one["units"] for one in found["culprits"]) == [
        ["src/checksum.c"],
        ["src/offset.c", "src/scale.c"],
    ]
    assert all(one["exact"] for one in found["culprits"])
    tasks = json.loads((place.repository / "found.json").read_text())
    assert {task["id"] for task in tasks} == {"file:src/checksum.c", "file:src/offset.c+src/scale.c"}
    again = place.run(*WORDS)
    assert again.out == "culprit: src/checksum.c\nculprit: src/offset.c, src/scale.c (only together)\n"
    assert "known from before" in again.err


def test_units_that_are_none_are_refused(tmp_path: Path) -> None:
    place = place_at(tmp_path)
    done = place.run("bisect", "--units", "*.nothing", "--build", "true", "--test", "true")
    assert done.code == 2
    assert "'*.nothing' names 0 units" in done.err
