"""How often `coroom check` is right: over cases whose fate is known, over stored outputs, and how long it takes."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from coroom.checks.alone import in_one_file
from coroom.checks.engine import judge
from coroom.checks.sides import Four, Overlaid, Texts
from coroom.checks.stored_outputs import NoOutputsError, StoredOutput, stored_outputs
from coroom.host.checks.checking import everyday_checks
from coroom.host.confined import Confined
from coroom.run.bench.case_tests import TESTS_FAIL, judged_with_tests
from coroom.run.bench.figures import Spread
from coroom.run.bench.known_cases import BrokenCaseError, known_cases
from coroom.syntax import is_test

FILES = 2_000
"""Of the repository in which the time after one edit is measured."""


class NoDataError(Exception):
    """There is nothing to measure at this place; its text says what to name."""


@dataclass(slots=True)
class Accuracy:
    """Cases of one kind: how many conflicts there are, how many were found, how many clean ones were not left alone."""

    conflicts: int = 0
    found: int = 0
    clean: int = 0
    alarms: int = 0

    @property
    def recall(self) -> float:
        """The share of conflicts that were found."""
        return self.found / self.conflicts if self.conflicts else 1.0

    @property
    def precision(self) -> float:
        """The share of findings that were right."""
        said = self.found + self.alarms
        return self.found / said if said else 1.0


@dataclass(slots=True)
class Judged:
    """Cases of all kinds, judged in one way. `wrong` names those that were judged wrongly."""

    by_kind: dict[str, Accuracy] = field(default_factory=dict)
    whole: Accuracy = field(default_factory=Accuracy)
    wrong: list[str] = field(default_factory=list)
    ms: Spread | None = None

    def count(self, name: str, kind: str, *, conflict: bool, said: bool) -> None:
        """Add one case, and whether something was said of it."""
        for each in (self.whole, self.by_kind.setdefault(kind, Accuracy())):
            each.conflicts += conflict
            each.clean += not conflict
            each.found += conflict and said
            each.alarms += not conflict and said
        if conflict != said:
            self.wrong.append(name)

    def document(self) -> dict[str, object]:
        """All of it, for machines."""
        kinds = {name: _figures(each) for name, each in sorted(self.by_kind.items())}
        return {"all": _figures(self.whole), "kinds": kinds, "wrong": self.wrong, "ms": _spread(self.ms)}


@dataclass(slots=True)
class CheckReport:
    """What was measured. `with_tests` and `tests_alone` are there when the cases' own tests were run, too; `not_run`
    says of which they could not be, and why.
    """

    cases: Judged = field(default_factory=Judged)
    with_tests: Judged | None = None
    tests_alone: Judged | None = None
    not_run: list[str] = field(default_factory=list)
    outputs: dict[str, dict[str, int]] = field(default_factory=dict)
    edit_ms: Spread | None = None

    def document(self) -> dict[str, object]:
        """All of it, for machines."""
        tested = {"with_tests": self.with_tests, "tests_alone": self.tests_alone}
        return {
            "cases": self.cases.document(),
            **{name: each.document() for name, each in tested.items() if each is not None},
            **({"not_run": self.not_run} if self.with_tests is not None else {}),
            "outputs": self.outputs,
            "edit_ms": _spread(self.edit_ms),
        }


def _figures(each: Accuracy) -> dict[str, float]:
    return {
        "conflicts": each.conflicts, "found": each.found, "clean": each.clean, "alarms": each.alarms,
        "recall": round(each.recall, 3), "precision": round(each.precision, 3),
    }  # fmt: skip


def _spread(each: Spread | None) -> dict[str, float] | None:
    return None if each is None else each.document()


@dataclass(frozen=True, slots=True)
class KnownData:
    """What there is to judge at a place: cases by their names, stored outputs, or neither."""

    cases: Mapping[str, dict[str, object]]
    outputs: tuple[StoredOutput, ...]

    @property
    def count(self) -> int:
        """How many of both."""
        return len(self.cases) + len(self.outputs)


def data_in(place: Path) -> KnownData:
    """The cases in a folder (`known_cases`), or the stored outputs in a checkout of the CodeCRDT paper's repository.

    Raises:
        NoDataError: there is neither, or a case is not whole.
    """
    try:
        cases = dict(known_cases(place))
    except BrokenCaseError as broken:
        raise NoDataError(str(broken)) from broken
    try:
        return KnownData(cases, tuple(stored_outputs(place)))
    except NoOutputsError as none:
        if cases:
            return KnownData(cases, ())
        why = f"{place} holds neither cases nor stored outputs."
        next_step = (
            "Name a folder of cases, a checkout of github.com/spugachev/CodeCRDT, or with --merges a repository."
        )
        raise NoDataError(f"{why} {next_step}") from none


def measure_check(
    data: KnownData, *, edits: int = 40, tests: Confined | None = None, told: Callable[[int, int], None]
) -> CheckReport:
    """Judge what is known, and time the fast checks after one edit.

    Args:
        data: what is judged.
        edits: how many edits are timed.
        tests: what the tests in the cases' trees run in; None leaves them out.
        told: is told (judged, to be judged); a case that is judged a second time with its tests counts twice.
    """
    report = CheckReport()
    steps = _Steps(data.count + (len(data.cases) if tests is not None else 0), told)
    if data.cases:
        _judge(data.cases, report, steps)
        if tests is not None:
            _judge_with_tests(data.cases, tests, report, steps)
    for each in data.outputs:
        kinds = {found.kind for found in in_one_file(each.text, each.path)}
        table = report.outputs.setdefault(each.mode, Counter())
        table["outputs"] += 1
        table["with findings"] += bool(kinds)
        for kind in kinds:
            table[kind] += 1
        steps.next()
    report.edit_ms = Spread.of(list(_edits(edits)))
    return report


@dataclass(slots=True)
class _Steps:
    """How far a measurement is."""

    of: int
    told: Callable[[int, int], None]
    done: int = 0

    def next(self) -> None:
        self.done += 1
        self.told(self.done, self.of)


def _judge(cases: Mapping[str, dict[str, object]], report: CheckReport, steps: _Steps) -> None:
    times: list[float] = []
    for name, case in cases.items():
        trees = [_untested(tree) for tree in _trees(case)]
        began = time.perf_counter()
        found = judge(Four(*trees), everyday_checks()).findings
        times.append((time.perf_counter() - began) * 1_000)
        _count(report.cases, name, case, said=bool(found))
        steps.next()
    report.cases.ms = Spread.of(times)


def _judge_with_tests(
    cases: Mapping[str, dict[str, object]], tests: Confined, report: CheckReport, steps: _Steps
) -> None:
    both, alone, times = Judged(), Judged(), list[float]()
    with TemporaryDirectory(prefix="coroom-cases-") as home:
        for name, case in cases.items():
            said = judged_with_tests(_trees(case), tests, Path(home))
            times.append(said.seconds * 1_000)
            _count(both, name, case, said=bool(said.findings))
            _count(alone, name, case, said=any(each.kind == TESTS_FAIL for each in said.findings))
            report.not_run.extend(f"{name}: {why}" for why in said.unfinished)
            steps.next()
    both.ms = Spread.of(times)
    report.with_tests, report.tests_alone = both, alone


def _count(judged: Judged, name: str, case: Mapping[str, object], *, said: bool) -> None:
    judged.count(name, str(case.get("kind", "")), conflict=case["label"] == "conflict", said=said)


def _trees(case: Mapping[str, object]) -> tuple[Texts, Texts, Texts, Texts]:
    return _texts(case["base"]), _texts(case["a"]), _texts(case["b"]), _texts(case["merged"])


def _texts(tree: object) -> Texts:
    assert isinstance(tree, dict)
    return {str(path): str(text).encode() for path, text in tree.items()}


def _untested(tree: Texts) -> Texts:
    """A tree without its tests, which would tell what is wrong."""
    return {path: text for path, text in tree.items() if not is_test(path)}


def _edits(count: int) -> Iterator[float]:
    """Milliseconds of processor time from one edit to the verdict of the fast checks, in a repository of many files."""
    base = {f"package/part{number}/module{number}.py": _module(number) for number in range(FILES)}
    for number in range(count):
        ours = f"package/part{number}/module{number}.py"
        theirs = f"package/part{number + 100}/module{number + 100}.py"
        changed = base[ours].replace(b"def total(", b"def total_of(")
        caller = base[theirs] + b"\n\ndef more(rows):\n    return [work(row) for row in rows]\n"
        began = time.process_time()
        four = Four(
            base, Overlaid(base, {ours: changed}), Overlaid(base, {theirs: caller}),
            Overlaid(base, {ours: changed, theirs: caller}),
        )  # fmt: skip
        judge(four, [each for each in everyday_checks() if each.fast])
        yield (time.process_time() - began) * 1_000


def _module(number: int) -> bytes:
    other = (number + 7) % FILES
    lines = [
        f"from package.part{other}.module{other} import total as other_total", "",
        "def total(rows):", "    return sum(row.amount for row in rows)", "",
        "def work(row):", "    return row", "",
    ]  # fmt: skip
    for each in range(20):
        name = f"Thing{number}_{each}"
        lines += [f"class {name}:", "    def __init__(self, amount):", "        self.amount = amount", ""]
        lines += ["    def scaled(self, factor):", f"        return {name}(self.amount * factor)", ""]
    return "\n".join([*lines, "", "def both(rows):", "    return total(rows) + other_total(rows)", ""]).encode()
