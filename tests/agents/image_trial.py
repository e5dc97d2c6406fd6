"""docker/Dockerfile, built for real, and agents of the image itself, which this machine lacks, to a landed commit.

python -m tests.agents.image_trial DIRECTORY

It builds by scripts/image.sh, which needs no registry, and takes some minutes and two gigabytes: the campaign runs it.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.git.repositories import git, new_repository

from coroom.testing import Call, ModelServer, Script, Turn

ROOT = Path(__file__).parents[2]
CHECK = b'test -e done.txt || { echo "not ok 1 - done"; exit 1; }\n'
WITHIN_S = 600.0


def written(*first: Call) -> tuple[Turn, ...]:
    write = Call("@write", {"path": "done.txt", "text": "made in a container\n"})
    return (*(Turn(calls=(call,)) for call in first), Turn(calls=(write,)), Turn(text="I have written it."))


def coroom(place: Path, image: str, model: ModelServer, *words: str) -> dict[str, Any]:
    environment = {
        # Neither claude nor codex is on it.
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(place / "home"),
        "XDG_STATE_HOME": str(place / "state"),
        "LANG": "C.UTF-8",
        "COROOM_IMAGE": image,
        "COROOM_ENGINE": "podman",
        "COROOM_MODEL_URL": model.url,
        "COROOM_MODEL_KEY": "any",
    }
    command = [sys.executable, "-P", "-m", "coroom.cli", *words, "--isolation", "container", "--json"]
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        cwd=place / "repository",
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert f"containers over the image {image}" in done.stderr, done.stderr
    assert model.failures() == (), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def project(place: Path) -> Path:
    repository = new_repository(place / "repository", {"check.sh": CHECK})
    git(place, "clone", "--quiet", "--bare", str(repository), "shared.git")
    git(repository, "remote", "add", "origin", str(place / "shared.git"))
    (place / "home").mkdir()
    return repository


def by_loop(place: Path, image: str, kind: str) -> None:
    """One fresh session in the image: a failing test, mended and landed."""
    project(place)
    with ModelServer({}) as model:
        model.add("any", Script(written(), {"cwd": str(place / "loops" / "x-1" / "work")}))
        words = ("loop", "--agent", kind, "--agents", "1", "--name", "x", "--test", "sh check.sh", "--sessions", "1")
        told = coroom(place, image, model, *words, "--state", str(place / "loops"))
    assert [turn["outcome"] for turn in told["turns"]] == ["landed"], told
    assert git(place / "shared.git", "show", "main:done.txt") == "made in a container"


def by_run(place: Path, image: str) -> None:
    """An agent in the image with a room's tools: it takes its task there, writes, and is done."""
    repository = project(place)
    with ModelServer({}) as model:
        turns = (
            *written(Call("task", {"do": "next"}))[:2],
            Turn(calls=(Call("task", {"do": "done", "summary": "w"}),)),
        )
        model.add("any", Script((*turns, Turn(text="I am done.")), {"cwd": str(place / "mirrors" / "claude-1")}))
        words = ("run", "write done.txt", "--agents", "1", "--agent", "claude", "--test", "sh check.sh", "--no-plan")
        coroom(place, image, model, *words, "--mirrors", str(place / "mirrors"))
    assert git(repository, "show", "coroom/run:done.txt") == "made in a container"


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    built = subprocess.run([ROOT / "scripts" / "image.sh"], stdout=subprocess.PIPE, text=True, check=True)
    image, seconds = built.stdout.split()[-1], time.monotonic() - began
    for kind in ("claude", "codex"):
        by_loop(directory / kind, image, kind)
        sys.stderr.write(f"{kind}: landed by coroom loop\n")
    by_run(directory / "run", image)
    sys.stdout.write(
        f"{image}: built in {seconds:.0f} s; in it, Claude Code and Codex landed by coroom loop, Claude Code by run\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
