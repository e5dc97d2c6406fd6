"""The main job from end to end, as `make run` starts it: the story it tells is true."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from tests.cli.commands import Place, ended, place_at, until
from tests.git.repositories import fsck, git

from coroom.run import package
from coroom.run.demo import load_demo

# The first test may have to make the environment in which the package is tested.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """With the user's own cache, so that nothing is fetched twice."""
    place = place_at(tmp_path)
    package.test_environment(print)
    package.source_archive(print)
    place.environment["COROOM_CACHE"] = str(package.cache_directory())
    return place


@pytest.mark.long
def test_four_agents_change_one_package_and_what_they_made_is_merged_tested_and_landed(place: Place) -> None:
    directory = place.root / "demo"
    done = place.run("demo", "--speed", "6", "--directory", str(directory), "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    tasks = {task for deeds in document["agents"] for task in deeds["tasks"]}
    assert tasks == {task.id for task in load_demo().tasks}
    assert document["left"] == []

    (held,) = document["held"]
    assert (held["agent"], held["path"]) == ("c", "boltons/fileutils.py")
    assert held["ending"].startswith("c combined both")
    told = [line for line in done.err.splitlines() if " d told: a changed boltons/strutils.py (bytes2human)" in line]
    assert told, done.err
    assert "merged live (line): b changed boltons/strutils.py" in done.err

    assert "The tests run in bubblewrap" in done.err

    repository = directory / "repository"
    landed = document["landed"]
    assert (landed["branch"], landed["landed"]) == ("coroom/demo", True)
    log = git(repository, "log", "--format=%(trailers:key=Coroom-Task,valueonly,separator=)", "main..coroom/demo")
    assert set(log.split()) >= tasks
    assert len(landed["commits"]) >= 4
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "rev-parse", "HEAD") == git(repository, "rev-parse", "main")
    fsck(repository)

    page = Path(document["page"])
    assert page.parent == directory
    assert page.read_text().startswith("<!doctype html>")


def test_a_directory_that_no_demo_made_is_left_alone(place: Place) -> None:
    precious = place.root / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("three years\n")
    done = place.run("demo", "--directory", str(precious))
    assert done.code == 2
    assert "no demo made it" in done.err
    assert [p.name for p in precious.iterdir()] == ["thesis.txt"]


def test_a_demo_that_is_stopped_leaves_nothing_running_and_says_how_to_go_on(place: Place) -> None:
    directory = place.root / "demo"
    process = place.start("demo", "--directory", str(directory))
    until((directory / "mirrors" / "d").exists, "the agents are there", process)
    process.send_signal(signal.SIGINT)
    stopped = ended(process)
    assert stopped.code == 130
    assert "coroom run --resume --room demo" in stopped.err
    assert "Traceback" not in stopped.err
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(directory) not in running
