"""Works out once, on all cores, what each of pytest's processes would else work out for itself about every source.

The bytecode; that of test modules with their assertions rewritten, kept where pytest keeps it; and the constants that
Hypothesis tries, kept where it keeps them, by the functions that either does so with. What is there already is left
alone, and what is missing here is made there: it only saves time.
"""

import compileall
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType, SimpleNamespace

from _pytest.assertion import rewrite
from hypothesis.internal.constants_ast import constants_from_module


def main() -> None:
    """Go through `src` and `tests` of this project."""
    os.chdir(Path(__file__).resolve().parents[1])
    sources = [path for folder in ("src", "tests") for path in Path(folder).rglob("*.py")]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(_work_out, sources, chunksize=16))


def _work_out(source: Path) -> None:
    place = source.resolve()
    if source.parts[0] == "tests" and (source.name == "conftest.py" or source.name.startswith("test_")):
        _rewrite(place)
    else:
        compileall.compile_file(place, quiet=2)
    module = ModuleType(source.stem)
    module.__file__ = str(place)
    constants_from_module(module)


def _rewrite(test: Path) -> None:
    folder = rewrite.get_cache_dir(test)
    compiled = folder / (test.stem + rewrite.PYC_TAIL)
    if rewrite._read_pyc(test, compiled) is None and rewrite.try_makedirs(folder):  # noqa: SLF001
        source_hash, code = rewrite._rewrite_test(test, None)  # noqa: SLF001
        rewrite._write_pyc(SimpleNamespace(trace=print), code, source_hash, compiled)  # noqa: SLF001


if __name__ == "__main__":
    main()
