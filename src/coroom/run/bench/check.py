"""How often `coroom check` is right: over cases whose fate is known, over stored outputs, and how long it takes."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from coroom.checks.alone import in_one_file
from coroom.checks.engine import judge
from coroom.checks.sides import Four, Overlaid
from coroom.checks.stored_outputs import NoOutputsError, stored_outputs
from coroom.checks.wording import is_test
from coroom.host.checking import everyday_checks
from coroom.run.bench.figures import Spread

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
class CheckReport:
    """What was measured. `wrong` names the cases that were judged wrongly."""

    by_kind: dict[str, Accuracy] = field(default_factory=dict)
    whole: Accuracy = field(default_factory=Accuracy)
    wrong: list[str] = field(default_factory=list)
    case_ms: Spread | None = None
    outputs: dict[str, dict[str, int]] = field(default_factory=dict)
    edit_ms: Spread | None = None

    def document(self) -> dict[str, object]:
        """All of it, for machines."""
        kinds = {name: _figures(each) for name, each in sorted(self.by_kind.items())}
        return {
            "cases": {"all": _figures(self.whole), "kinds": kinds, "wrong": self.wrong, "ms": _spread(self.case_ms)},
            "outputs": self.outputs,
            "edit_ms": _spread(self.edit_ms),
        }


def _figures(each: Accuracy) -> dict[str, float]:
    return {
        "conflicts": each.conflicts, "found": each.found, "clean": each.clean, "alarms": each.alarms,
        "recall": round(each.recall, 3), "precision": round(each.precision, 3),
    }  # fmt: skip


def _spread(each: Spread | None) -> dict[str, float] | None:
    if each is None:
        return None
    return {"min": each.min, "median": each.median, "p95": each.p95, "max": each.max, "count": each.count}


def measure_check(data: Path, *, edits: int = 40) -> CheckReport:
    """Judge the cases and stored outputs below a place, and time the fast checks after one edit.

    Args:
        data: a folder of cases (JSON with `base`, `a`, `b`, `merged` and `label`), or a checkout of the CodeCRDT
            paper's repository.
        edits: how many edits are timed.

    Raises:
        NoDataError: there is neither.
    """
    report = CheckReport()
    times: list[float] = []
    for path in sorted(data.glob("*.json")) or sorted(data.glob("*/*.json")):
        case = _case(path)
        if case is not None:
            times.append(_judge(case, path.stem, report))
    if times:
        report.case_ms = Spread.of(times)
    try:
        for each in stored_outputs(data):
            kinds = {found.kind for found in in_one_file(each.text, each.path)}
            table = report.outputs.setdefault(each.mode, Counter())
            table["outputs"] += 1
            table["with findings"] += bool(kinds)
            for kind in kinds:
                table[kind] += 1
    except NoOutputsError as none:
        if not times:
            raise NoDataError(f"{data} holds neither cases nor stored outputs. {none}") from none
    report.edit_ms = Spread.of(list(_edits(edits)))
    return report


def _case(path: Path) -> dict[str, object] | None:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    wanted = {"base", "a", "b", "merged", "label"}
    return read if isinstance(read, dict) and wanted <= read.keys() else None


def _judge(case: dict[str, object], name: str, report: CheckReport) -> float:
    trees = [_texts(case[key]) for key in ("base", "a", "b", "merged")]
    began = time.perf_counter()
    found = judge(Four(*trees), everyday_checks()).findings
    taken = (time.perf_counter() - began) * 1_000
    conflict = case["label"] == "conflict"
    for each in (report.whole, report.by_kind.setdefault(str(case.get("kind", "")), Accuracy())):
        each.conflicts += conflict
        each.clean += not conflict
        each.found += conflict and bool(found)
        each.alarms += not conflict and bool(found)
    if conflict != bool(found):
        report.wrong.append(name)
    return taken


def _texts(tree: object) -> dict[str, bytes]:
    """A tree without its tests, which would tell what is wrong."""
    assert isinstance(tree, dict)
    return {str(path): str(text).encode() for path, text in tree.items() if not is_test(str(path))}


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
