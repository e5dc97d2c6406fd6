"""Known cases judged again with the tests in their trees: both sides' own, run on what they became together."""

from pathlib import Path

from coroom.checks.engine import Report, judge
from coroom.checks.sides import Four, Texts
from coroom.checks.suites.check import SuiteCheck
from coroom.host.checks.checking import everyday_checks
from coroom.host.confined import Confined
from coroom.syntax import is_test

TESTS_FAIL = "tests-fail"
"""The kind of what the tests find."""

_NAMING = frozenset({
    "pyproject.toml", "setup.cfg", "setup.py", "pytest.ini", "tox.ini", "conftest.py",
    "Makefile", "package.json", "go.mod", "Cargo.toml",
})  # fmt: skip
"""Files at the top of a tree that say how it is tested."""

_PROGRAMS = {
    ".py": 'set -- tests/test_*.py; [ -e "$1" ] || exit 0; '
    'for test in "$@"; do PYTHONPATH=. python3 "$test" || exit 1; done',
    ".ts": 'set -- tests/test_*.ts; [ -e "$1" ] || exit 0; '
    'tsc --strict --target es2022 --module commonjs --rootDir . --outDir .built "$@" || exit 1; '
    "for test in .built/tests/test_*.js; do node $test || exit 1; done",
}
"""Where nothing says how: each test is a program that ends with 0, and in TypeScript a type error is a failure, too."""


def judged_with_tests(trees: tuple[Texts, Texts, Texts, Texts], confined: Confined, home: Path) -> Report:
    """What the checks say of a case together with both sides' own tests, run on the merged tree.

    Args:
        trees: base, both sides and what they became together, with their tests.
        confined: what the tests run in.
        home: whose virtual environment has what the tests import.

    Returns:
        The findings; `unfinished` says why the tests did not run, if they did not.
    """
    suite = SuiteCheck(
        _command(trees[-1]), home, lambda command, tree: confined.start(command, tree, tree.parent / "home")
    )
    return judge(Four(*trees), [*everyday_checks(), suite])


def _command(tree: Texts) -> str:
    """How the tests of a tree are run; empty where its own files say it."""
    if _NAMING & tree.keys():
        return ""
    endings = {Path(path).suffix for path in tree if is_test(path)}
    return next((line for ending, line in _PROGRAMS.items() if ending in endings), "")
