"""The scene of the loops, for real: three processes, a gate, bubblewrap, and kill -9. All twenty: `make run-loop`."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.cli.commands import Place, place_at
from tests.git.repositories import fsck, git

from coroom.run import package

FAULTS = int(os.environ.get("COROOM_FAULTS", "3"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    subprocess.run([Path(__file__).parents[2] / "scripts" / "isolation.sh"], check=True)
    place = place_at(tmp_path)
    package.test_environment(print)
    package.source_archive(print)
    place.environment["COROOM_CACHE"] = str(package.cache_directory())
    return place


@pytest.mark.long
@pytest.mark.timeout(1_500)
@pytest.mark.promise("git:sound")
@pytest.mark.promise("main:green")
def test_failing_tests_become_green_with_one_agent_killed_and_one_isolated(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.cli.commands.WITHIN_S", 1_400.0)
    directory = place.root / "scene"
    done = place.run("demo", "--loop", "--faults", str(FAULTS), "--directory", str(directory), "--json")
    assert done.code == 0, done.out + done.err
    scene = json.loads(done.out)
    assert (scene["ok"], scene["failing_before"], scene["failing_after"]) == (True, FAULTS, 0)
    assert sum(map(len, scene["landed"].values())) == FAULTS
    assert scene["killed_on"].startswith("test:tests/")
    assert scene["taken"] in {"ann-1", "bob-1"}
    assert scene["isolation"]["bob-1"].startswith("Agents change only their own directory and home")
    shared = directory / "shared.git"
    fsck(shared)
    landings = git(
        shared, "log", "--first-parent", "--format=%(trailers:key=Coroom-Task,valueonly,separator= )", "main"
    )
    assert len(landings.split()) == FAULTS
    assert git(shared, "for-each-ref", "refs/coroom/claims", "refs/coroom/queue") == ""
