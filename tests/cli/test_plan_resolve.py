"""`coroom plan` and `coroom bench plan` ask a language server, say so, and take none for a name that is no server's."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.git.repositories import git, new_repository, write

from coroom.cli.bench import bench
from coroom.cli.plan import plan
from coroom.host.plans import resolving
from coroom.host.plans.resolving import Resolver
from coroom.run.bench import planning, verdicts
from coroom.run.board import tasks_from
from coroom.run.planned import planned

BOXES = ("Store", "Cart", "Bin", "Jar")
FILES = {
    "store.py": "".join(f"class {name}:\n    def add(self, row):\n        return row\n\n\n" for name in BOXES).encode(),
    "order.py": b"from store import Store\n\n\ndef checkout(it: Store):\n    it.add(1)\n",
}
TASKS = [
    {"id": "t1", "title": "Pay first", "touches": ["symbol:order.py#checkout"]},
    {"id": "t2", "title": "Rows with a price", "touches": ["symbol:store.py#Store.add"]},
]


@pytest.fixture(scope="module", autouse=True)
def isolation() -> None:
    subprocess.run([Path(__file__).parents[2] / "scripts" / "isolation.sh"], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def plenty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "WITHIN_S", 110.0)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "r", FILES)


@pytest.fixture
def tasks(tmp_path: Path) -> str:
    (tmp_path / "tasks.json").write_text(json.dumps(TASKS))
    return str(tmp_path / "tasks.json")


def called(*words: str) -> Result:
    return CliRunner().invoke(plan, list(words))


def test_what_a_server_says_is_a_reason_and_what_was_asked_a_note(repository: Path, tasks: str) -> None:
    made = json.loads(called(str(repository), tasks, "--json").stdout)
    assert made["pairs"][0]["reasons"][0] == "checkout uses Store.add (store.py, says ty), which t2 changes"
    assert made["pairs"][0]["first"] == "t2"
    assert "ty was asked about 1 use of a name and settled 1" in made["notes"]
    guessed = json.loads(called(str(repository), tasks, "--json", "--resolve", "none").stdout)
    assert guessed["pairs"][0]["first"] == ""
    assert [note for note in guessed["notes"] if "asked" in note] == []


def test_a_server_that_is_not_known_is_refused_with_those_that_are(repository: Path, tasks: str) -> None:
    result = called(str(repository), tasks, "--resolve", "clangd")
    assert result.exit_code == 2
    assert "'clangd' is not one of 'auto', 'none', 'ty'" in result.stderr


def test_a_run_is_planned_with_what_a_server_says(repository: Path, tasks: str) -> None:
    made = planned(repository, tasks_from(tasks), 2, None, Resolver())
    assert "Note: ty was asked about 1 use of a name and settled 1." in made.lines
    assert made.policy == "preorder"
    assert planned(repository, tasks_from(tasks), 2, None).policy == "open"


def test_the_benchmark_says_how_many_uses_were_settled(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SETS", 3)
    monkeypatch.setattr(verdicts, "RESAMPLES", 100)
    changed = {
        "store.py": FILES["store.py"].replace(b"return row\n", b"return row + 1\n", 1),
        "order.py": FILES["order.py"] + b"    return 2\n",
    }
    commits = []
    for path, text in changed.items():
        write(repository, {path: text})
        git(repository, "commit", "--quiet", "--all", f"--message={path}")
        commits.append(git(repository, "rev-parse", "HEAD"))
    data = tmp_path / "pairs.jsonl"
    data.write_text(json.dumps({"repo": "r", "A": commits[0], "B": commits[1], "label": "independent"}))
    words = ["plan", str(data), f"r={repository}", "--files", "0", "--resolve", "ty"]
    told = CliRunner().invoke(bench, words)
    assert told.exit_code == 0, told.output
    assert "ty: 1 of 1 open uses settled, in 1 pairs\n  that changed the verdict in 0, and who " in told.stdout
    assert "goes first in 1\n" in told.stdout
    found = json.loads(CliRunner().invoke(bench, [*words, "--json"]).stdout)["resolved"]
    assert (found["uses"], found["settled"], len(found["seconds"])) == (1, 1, 1)
