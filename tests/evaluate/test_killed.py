"""An evaluation that is killed: nothing of it stays behind, and the next call goes on where it was."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.evaluate.tiny_suite import tiny_suite

from coroom.evaluate.campaign import Evaluation, evaluate_synthetic
from coroom.evaluate.results import Results

_RUN = """
import sys
from pathlib import Path
from coroom.evaluate.campaign import Evaluation, evaluate_synthetic
from coroom.evaluate.results import Results
suite, out = sys.argv[1], Path(sys.argv[2])
asked = Evaluation(suites=(suite,), conditions=("solo", "full"), agents=(1, 2), trials=400, agent="synthetic")
told = lambda done, of: print(done, flush=True)
evaluate_synthetic(asked, Results(out / "results.sqlite"), out / "grades", told, jobs=1)
"""


def _rows(out: Path) -> dict[str, str]:
    with sqlite3.connect(out / "results.sqlite") as database:
        return dict(database.execute("select key, result from trials"))


@pytest.mark.long
def test_a_killed_evaluation_takes_its_processes_along_and_the_next_call_does_no_finished_trial_again(
    tmp_path: Path,
) -> None:
    suite, out = tiny_suite(tmp_path / "mine"), tmp_path / "out"
    with subprocess.Popen([sys.executable, "-c", _RUN, suite, str(out)], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        while int(running.stdout.readline()) < 8:
            pass
        running.kill()
        # Its workers write to the same pipe: that ends when the last of them is gone.
        running.communicate(timeout=120)
    before = _rows(out)
    assert len(before) >= 8
    asked = Evaluation(suites=(suite,), conditions=("solo", "full"), agents=(1, 2), trials=8, agent="synthetic")
    results = Results(out / "results.sqlite")
    ran = evaluate_synthetic(asked, results, out / "grades", jobs=1)
    after = _rows(out)
    assert ran == len(after) - len(before)
    # To the microsecond of what the harness took.
    assert {key: after[key] for key in before} == before
    assert evaluate_synthetic(asked, results, out / "grades", jobs=1) == 0
