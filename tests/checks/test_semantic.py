"""Each check against two changes whose fate together is known, because it was run."""

import os
from pathlib import Path

import pytest
from tests.checks.semantic.case import Case, cases_in, passes, script_results, wrong_trees

from coroom.checks.engine import judge
from coroom.checks.finding import Finding
from coroom.checks.sides import Four
from coroom.evaluate.rescore.typescript import compiler
from coroom.host.checks.checking import everyday_checks

_THREE = ("ours", "theirs", "merged")
_HERE = Path(__file__).parent / "semantic"
_PYTHON_CONFLICTS = [
    *cases_in(_HERE / "conflicts.txt", conflict=True),
    *cases_in(_HERE / "later_conflicts.txt", conflict=True),
    *cases_in(_HERE / "value_conflicts.txt", conflict=True),
    *cases_in(_HERE / "buoys_conflicts.txt", conflict=True),
    *cases_in(_HERE / "dungeon_conflicts.txt", conflict=True),
]
_PYTHON_CLEANS = [
    *cases_in(_HERE / "cleans.txt", conflict=False),
    *cases_in(_HERE / "later_cleans.txt", conflict=False),
    *cases_in(_HERE / "value_cleans.txt", conflict=False),
    *cases_in(_HERE / "buoys_cleans.txt", conflict=False),
    *cases_in(_HERE / "dungeon_cleans.txt", conflict=False),
]
PYTHON = [*_PYTHON_CONFLICTS, *_PYTHON_CLEANS]
SCRIPT_CONFLICTS = cases_in(_HERE / "script_conflicts.txt", conflict=True)
SCRIPT_CLEANS = cases_in(_HERE / "script_cleans.txt", conflict=False)
TYPE_CONFLICTS = cases_in(_HERE / "type_conflicts.txt", conflict=True)
TYPE_CLEANS = cases_in(_HERE / "type_cleans.txt", conflict=False)
CONFLICTS = [*_PYTHON_CONFLICTS, *SCRIPT_CONFLICTS, *TYPE_CONFLICTS]
CLEANS = [*_PYTHON_CLEANS, *SCRIPT_CLEANS, *TYPE_CLEANS]
MISSED = {
    "park, nobody is fed twice",
    "park, the clock gives milliseconds",
}
"""Only running the tests finds these."""


def found(case: Case) -> tuple[Finding, ...]:
    trees = case.trees()
    four = Four(
        *({path: text.encode() for path, text in trees[name].items()} for name in ("base", "ours", "theirs", "merged"))
    )
    report = judge(four, everyday_checks())
    assert report.notes == ()
    return report.findings


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("case", PYTHON, ids=lambda case: case.name)
def test_the_case_is_what_it_says(case: Case) -> None:
    trees = case.trees()
    assert passes(trees["ours"], case.our_test)
    assert passes(trees["theirs"], case.their_test)
    together = passes(trees["merged"], case.our_test) and passes(trees["merged"], case.their_test)
    assert together is not case.conflict


def test_the_cases_in_typescript_are_what_they_say(clients_path: str) -> None:
    cases = [*SCRIPT_CONFLICTS, *SCRIPT_CLEANS]
    runs = [
        (trees[tree], test)
        for case in cases
        for trees in [case.trees()]
        for tree, test in (
            ("ours", case.our_test),
            ("theirs", case.their_test),
            ("merged", case.our_test),
            ("merged", case.their_test),
        )
    ]
    results = script_results(clients_path, runs)
    for number, case in enumerate(cases):
        ours, theirs, *together = results[4 * number : 4 * number + 4]
        assert (case.name, ours, theirs) == (case.name, "", "")
        assert (case.name, any(together)) == (case.name, case.conflict)


@pytest.mark.clients
def test_the_cases_of_types_are_what_they_say(
    clients_path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = Path(os.environ.get("COROOM_CACHE", Path.home() / ".cache" / "coroom")) / "typescript-alone"
    monkeypatch.setenv("PATH", f"{clients_path}:{os.environ['PATH']}")
    home = compiler(cache, ("typescript@5.9.3",))
    cases = [*TYPE_CONFLICTS, *TYPE_CLEANS]
    trees = {(number, name): case.trees()[name] for number, case in enumerate(cases) for name in _THREE}
    wrong = wrong_trees(home, tmp_path, trees)
    for number, case in enumerate(cases):
        assert (case.name, *((number, name) in wrong for name in _THREE)) == (case.name, False, False, case.conflict)


@pytest.mark.parametrize("case", CONFLICTS, ids=lambda case: case.name)
def test_a_conflict_is_found(case: Case) -> None:
    assert bool(found(case)) is (case.name not in MISSED)


@pytest.mark.parametrize("case", CLEANS, ids=lambda case: case.name)
def test_nothing_is_found_where_both_work_together(case: Case) -> None:
    assert found(case) == ()


def test_places_of_a_template_without_a_name_are_counted_among_themselves() -> None:
    base = {"line.py": b'LINE = "{} {name}"\n'}
    new = b'from line import LINE\n\n\ndef say(each):\n    return LINE.format(each, name="x")\n'
    for template, lacks in (("{name}: {}", False), ("{name}: {:{}}", True)):
        ours = {"line.py": f'LINE = "{template}"\n'.encode()}
        report = judge(Four(base, ours, {**base, "say.py": new}, {**ours, "say.py": new}), everyday_checks())
        assert ("missing-key" in {each.kind for each in report.findings}) is lacks


def test_a_lock_that_is_taken_twice_names_the_method_that_takes_it_where_that_is_inherited() -> None:
    put, every = "        return row", "        return [self.put(row) for row in rows]"
    base = {
        "base.py": "from threading import Lock\n\n\nclass Base:\n    def __init__(self):\n"
        f"        self._lock = Lock()\n\n    def put(self, row):\n{put}\n",
        "sub.py": f"from base import Base\n\n\nclass Sub(Base):\n    def put_all(self, rows):\n{every}\n",
    }
    held = "        with self._lock:\n    "
    ours = {**base, "base.py": base["base.py"].replace(put, held + put)}
    theirs = {**base, "sub.py": base["sub.py"].replace(every, held + every)}
    trees = (base, ours, theirs, {**ours, "sub.py": theirs["sub.py"]})
    report = judge(
        Four(*({path: text.encode() for path, text in tree.items()} for tree in trees)), everyday_checks()
    )  # fmt: skip
    places = [(each.ours, each.theirs) for each in report.findings if each.kind == "doubled-concern"]
    assert places == [(("base.py:8",), ("sub.py:7",))]


def test_only_the_first_of_what_a_script_replaces_is_said_to_be_gone() -> None:
    case = next(each for each in SCRIPT_CONFLICTS if each.name == "dashes of a mark are left out")
    said = {each.message for each in found(case) if each.kind == "representation-changed"}
    assert said == {'mark is kept as "A1-2" now, and is looked for here as "A-1-2"'}


_TABLE = """\
export const rates = new Map<string, number>();
export function put(name: string, rate: number): void {
  rates.set(name, rate);
}
export function rate(name: string): number {
  return FOUND;
}
"""


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("rates.get(name) ?? 0", "rates.get(name.toLowerCase()) ?? 0"),
        ("rates.has(name) ? 1 : 0", "rates.has(name.toLowerCase()) ? 1 : 0"),
    ],
)
def test_a_key_that_is_not_folded_as_a_script_looks_it_up_is_found(was: str, now: str) -> None:
    base, ours = ({"rates.ts": _TABLE.replace("FOUND", how).encode()} for how in (was, now))
    for key, dangles in (("Standard", True), ("standard", False)):
        new = f'import {{ put }} from "./rates";\nexport function begin(): void {{\n  put("{key}", 3);\n}}\n'.encode()
        report = judge(Four(base, ours, {**base, "begin.ts": new}, {**ours, "begin.ts": new}), everyday_checks())
        assert (key in {each.symbol for each in report.findings if each.kind == "diverging-name"}) is dangles
