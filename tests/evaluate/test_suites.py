"""The suites that ship: a reference that passes everything, mutants that do not, nothing that scores nothing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coroom.evaluate.grading import Grader
from coroom.evaluate.suite import SHIPPED, EvalTask, Mutant, SuiteError, contract_of, load

TASKS = [task for name in SHIPPED for task in load(name).tasks]


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Grader]:
    """One that shares what it finds with those of this run's other workers, as evaluations do."""
    alone = worker_id == "master"
    cache = tmp_path_factory.mktemp("grades") if alone else tmp_path_factory.getbasetemp().parent / "grades-of-suites"
    with Grader(cache) as found:
        yield found


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_reference_passes_every_hidden_test_and_nothing_passes_none(task: EvalTask, grader: Grader) -> None:
    assert grader.grade(task, task.solved()).whole
    assert grader.grade(task, {}).score == 0
    assert grader.grade(task, task.start).score == 0


@pytest.mark.parametrize(
    ("task", "mutant"),
    [pytest.param(task, mutant, id=f"{task.id}-{mutant.why}") for task in TASKS for mutant in task.mutants],
)
def test_every_mutant_fails_a_test_of_a_unit_that_its_file_belongs_to(
    task: EvalTask, mutant: Mutant, grader: Grader
) -> None:
    spoilt = task.mutated(mutant)
    counts = [grader.grade_unit(task, unit, spoilt) for unit in task.units if mutant.path in unit.files]
    assert any(passed < total for passed, total in counts)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_agents_are_told_of_every_unit_and_shown_no_test(task: EvalTask) -> None:
    contract = contract_of(task)
    assert all(unit.contract.strip() in contract for unit in task.units)
    assert all(path in contract for unit in task.units for path in unit.files)
    assert not any("hidden" in path for path in task.start)
    assert len(task.units) >= 2
    assert len(task.mutants) >= 3


def made(folder: Path, **other: str) -> Path:
    """A suite whose grades are its own: what it says of a tree holds for no suite of another name."""
    files = {
        "task.yaml": (
            "title: t\nunits:\n  - {id: a, title: A, files: [p/a.py], contract: c}\nhidden: {a: [hidden/test_a.py]}\n"
        ),
        "hidden/test_a.py": "from p.a import one\ndef test_one() -> None:\n    assert one() == 1\n",
        "hidden/name.txt": folder.name,
        "reference/p/a.py": "def one() -> int:\n    return 1\n",
    }
    for path, text in {**files, **other}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_a_folder_of_ones_own_is_a_suite(tmp_path: Path, grader: Grader) -> None:
    suite = load(str(made(tmp_path / "mine")))
    assert (suite.name, [task.id for task in suite.tasks]) == ("mine", ["mine"])
    assert grader.grade(suite.tasks[0], {"p/a.py": b"def one(): return 1"}).whole
    assert grader.grade(suite.tasks[0], {"p/a.py": b"def one(): return 2"}).score == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"task.yaml": "title: ["}, "is no task"),
        ({"task.yaml": "title: t\nunits: []\n"}, "is no task: KeyError"),
        (
            {"task.yaml": "title: t\nunits: [{id: a, title: A, files: [a.py], contract: c}]\nhidden: {}\n"},
            "a unit without hidden tests cannot be scored",
        ),
        (
            {
                "task.yaml": "title: t\nunits: [{id: a, title: A, files: [a.py], contract: c}]\n"
                "hidden: {a: [hidden/test_b.py]}\n"
            },
            "names hidden/test_b.py, which is not there",
        ),
        (
            {
                "task.yaml": "title: t\nunits: [{id: a, title: A, files: [p/a.py], contract: c, after: [z]}]\n"
                "hidden: {a: [hidden/test_a.py]}\n"
            },
            "comes after ['z'], which is no unit above it",
        ),
        (
            {
                "task.yaml": "title: t\nunits: [{id: a, title: A, files: [p/a.py], contract: c}]\n"
                "hidden: {a: [hidden/test_a.py]}\nmutants: [{file: p/a.py, old: zwei, new: drei, why: w}]\n"
            },
            "the mutant 'w' does not stand exactly once in p/a.py",
        ),
    ],
)
def test_a_suite_that_cannot_be_used_says_which_file_and_why(
    tmp_path: Path, change: dict[str, str], words: str
) -> None:
    with pytest.raises(SuiteError) as refused:
        load(str(made(tmp_path / "mine", **change)))
    assert words in str(refused.value)


def test_what_is_no_suite_is_refused_with_the_names_of_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="six"):
        load("seven")
    with pytest.raises(SuiteError, match=r"task\.yaml"):
        load(str(tmp_path))


def test_the_process_that_runs_hidden_tests_ends_well_and_leaves_nothing() -> None:
    job = json.dumps({"groups": [["hidden/test_a.py"]], "within_s": 60})
    words = [sys.executable, "-m", "coroom.evaluate.hidden_tests"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin
        assert running.stdout
        folder = Path(running.stdout.readline().rstrip("\n"))
        (folder / "hidden" / "test_a.py").write_text("def test_one() -> None: pass\n")
        answer, _ = running.communicate(f"{job}\n", 60)
    assert (answer, running.returncode) == ("1\n", 0)
    assert not folder.parent.exists()


def test_code_that_never_ends_passes_nothing_and_leaves_nothing_running(
    tmp_path: Path, grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = load(str(made(tmp_path / "endless"))).tasks[0]
    assert grader.grade(task, task.solved()).whole
    endless = b"import subprocess, time\nsubprocess.Popen(['sleep', '4242'])\nwhile True: time.sleep(1)\n"
    with monkeypatch.context() as short:
        short.setattr("coroom.evaluate.grading.WITHIN_S", 0.5)
        assert grader.grade(task, {"p/a.py": endless}).score == 0
    assert grader.grade(task, {"p/a.py": b"def one(): return 1 "}).whole
    running = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists()]
    assert not any(b"4242" in line for line in running)


def test_a_grade_looks_also_at_what_tests_reach_through_files_that_they_share(tmp_path: Path, grader: Grader) -> None:
    shared = {
        "hidden/test_a.py": "from both import one\ndef test_one() -> None:\n    assert one() == 1\n",
        "hidden/both.py": "from p.a import one as one\n",
    }
    task = load(str(made(tmp_path / "sharing", **shared))).tasks[0]
    assert grader.grade(task, task.solved()).whole
    assert grader.grade(task, {"p/a.py": b"def one(): return 2"}).score == 0
    assert grader.grade(task, {}).score == 0


def test_a_tree_cannot_bring_tests_or_settings_of_its_own(tmp_path: Path, grader: Grader) -> None:
    task = load(str(made(tmp_path / "cheated"))).tasks[0]
    cheating = {
        "p/a.py": b"def one(): return 2",
        "hidden/test_a.py": b"def test_one(): pass",
        "conftest.py": b"import pytest\n@pytest.fixture(autouse=True)\ndef skip(): pytest.skip('x')",
        "pytest.ini": b"[pytest]\naddopts = --deselect hidden",
    }
    assert grader.grade(task, cheating).score == 0
    assert grader.grade(task, {**cheating, "p/a.py": b"def one(): return 1"}).whole


def test_a_conftest_of_the_hidden_tests_has_its_say_from_the_beginning(tmp_path: Path, grader: Grader) -> None:
    conftest = (
        "import pytest\ndef pytest_sessionstart(session): session.begun = 1\n"
        "@pytest.fixture\ndef begun(request): return request.session.begun\n"
    )
    test = "from p.a import one\ndef test_one(begun: int) -> None:\n    assert one() == begun\n"
    files = {"hidden/conftest.py": conftest, "hidden/test_a.py": test}
    task = load(str(made(tmp_path / "arranged", **files))).tasks[0]
    assert grader.grade(task, task.solved()).whole
    assert grader.grade(task, {"p/a.py": b"def one(): return 2"}).score == 0


def test_what_one_tree_leaves_behind_is_not_there_for_the_next(tmp_path: Path, grader: Grader) -> None:
    task = load(str(made(tmp_path / "clean"))).tasks[0]
    leaving = (
        b"from pathlib import Path\nPath('left').mkdir()\nPath('left/sealed').mkdir(0)\nPath('left').chmod(0)\n"
        b"Path.cwd().chmod(0o500)\ndef one(): return 1"
    )
    assert grader.grade(task, {"p/a.py": leaving}).whole
    assert grader.grade(task, {"p/a.py": b"import os\ndef one(): return len(os.listdir()) - 1"}).whole


FORGERIES = {
    "makes every test of pytest's pass": (
        "import pytest\npytest.Function.runtest = pytest.Function.setup = lambda test: None\n"
    ),
    "makes every test of unittest's pass": (
        "from _pytest.unittest import TestCaseFunction\nTestCaseFunction.runtest = lambda test: None\n"
    ),
    "calls every failure a success": (
        "import pytest\n"
        "real = pytest.TestReport.from_item_and_call.__func__\n"
        "def forged(kind, item, call):\n"
        "    report = real(kind, item, call)\n"
        "    report.outcome = 'passed'\n"
        "    return report\n"
        "pytest.TestReport.from_item_and_call = classmethod(forged)\n"
    ),
    "writes the answer itself": (
        "import json, os\n"
        "told = json.dumps({'hidden/test_a.py::test_one': True, 'hidden/test_b.py::One::test_one': True})\n"
        "for each in range(3, 64):\n"
        "    for text in (told, '1', '1 1'):\n"
        "        try: os.write(each, f'{text}\\n'.encode())\n"
        "        except OSError: break\n"
        "os._exit(0)\n"
    ),
    "ends the process as if all were well": "import os\nos._exit(0)\n",
    "puts another test in the place of the one to come": (
        "from pathlib import Path\n"
        "for place in Path.cwd().glob('hidden/test_b*'):\n"
        "    place.write_text('def test_one(): pass')\n"
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_code_that_forges_what_its_tests_say_passes_none_of_them(tmp_path: Path, grader: Grader, forgery: str) -> None:
    units = "[{id: a, title: A, files: [p/a.py], contract: c}, {id: b, title: B, files: [p/a.py], contract: c}]"
    hidden = "{a: [hidden/test_a.py], b: [hidden/test_a.py, hidden/test_b.py]}"
    files = {
        "task.yaml": f"title: t\nunits: {units}\nhidden: {hidden}\n",
        "hidden/test_b.py": (
            "import unittest\nfrom p.a import one\n"
            "class One(unittest.TestCase):\n    def test_one(self): self.assertEqual(one(), 1)\n"
        ),
    }
    task = load(str(made(tmp_path / forgery, **files))).tasks[0]
    wrong = f"{FORGERIES[forgery]}def one(): return 2\n".encode()
    assert dict(grader.grade(task, {"p/a.py": wrong}).units) == {"a": (0, 1), "b": (0, 2)}
    assert grader.grade(task, task.solved()).whole
