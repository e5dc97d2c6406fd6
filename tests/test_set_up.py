"""What set-up works out beforehand is what pytest and Hypothesis then find, under the names they have it by."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from _pytest.assertion import rewrite

ROOT = Path(__file__).parents[1]


def test_what_is_worked_out_beforehand_is_what_is_looked_for_later(tmp_path: Path) -> None:
    place = (tmp_path / "place").resolve()
    for folder in ("scripts", "src", "tests"):
        (place / folder).mkdir(parents=True)
    shutil.copy(ROOT / "scripts/compile.py", place / "scripts")
    (place / "src/plain.py").write_text("RARE = 7_654_321\n")
    (place / "tests/test_it.py").write_text("def test_it():\n    assert 1 == 1\n")
    (place / "tests/broken.py").write_text("def (:\n")
    words = (sys.executable, "-P", "scripts/compile.py")
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert Path(importlib.util.cache_from_source(str(place / "src/plain.py"))).exists()
    test = place / "tests/test_it.py"
    assert rewrite._read_pyc(test, rewrite.get_cache_dir(test) / f"test_it{rewrite.PYC_TAIL}") is not None
    kept = [path.read_text() for path in (place / ".hypothesis/constants").iterdir()]
    assert any("7654321" in text.replace("_", "") for text in kept)
