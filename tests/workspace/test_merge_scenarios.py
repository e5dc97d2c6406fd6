"""What two agents do to one file, and what may come of it: one scenario a file, both orders of arrival."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from coroom.workspace.merge import Merged, merge

FOLDER = Path(__file__).parent / "merge_scenarios"
SHARED = Path(__file__).parents[3] / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Scenario:
    path: str
    base: bytes
    ours: bytes
    theirs: bytes
    outcomes: dict[str, list[bytes]]


def read(file: Path) -> Scenario:
    sections: list[tuple[str, bytes]] = []
    for part in (b"\n" + file.read_bytes()).split(b"\n=== ")[1:]:
        name, _, text = part.partition(b"\n")
        sections.append((name.decode(), text if not text or text.endswith(b"\n") else text + b"\n"))
    texts = dict(sections[:3])
    outcomes: dict[str, list[bytes]] = {}
    for end, result in sections[3:]:
        outcomes.setdefault(end, []).append(result)
    return Scenario(file.name.removesuffix(".txt"), texts["base"], texts["ours"], texts["theirs"], outcomes)


def outcome(merged: Merged) -> str:
    if merged.status == "held":
        return "held"
    return f"finding {merged.findings[0].kind}" if merged.findings else "merged"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.txt")), ids=lambda file: file.name.removesuffix(".txt"))
@pytest.mark.parametrize("swapped", [False, True], ids=["first", "second"])
def test_each_scenario_ends_as_it_must_whoever_comes_first(file: Path, swapped: bool) -> None:
    scenario = read(file)
    ours, theirs = (scenario.theirs, scenario.ours) if swapped else (scenario.ours, scenario.theirs)
    merged = merge(scenario.base, ours, theirs, scenario.path)
    assert outcome(merged) in scenario.outcomes, (merged.text.decode(), merged.conflicts, merged.findings)
    if outcome(merged) == "merged":
        assert merged.text.decode() in [text.decode() for text in scenario.outcomes["merged"]]
    if merged.status == "held":
        assert merged.text == ours
        assert merged.conflicts
        assert all(conflict.reason for conflict in merged.conflicts)


@pytest.mark.shared
@pytest.mark.parametrize("swapped", [False, True], ids=["first", "second"])
def test_the_open_scenarios_have_no_silent_bad_result(swapped: bool) -> None:
    folder = SHARED / "merge_scenarios"
    if not folder.is_dir():
        pytest.skip("the shared data is not here")
    settled = 0
    for case in sorted(folder.iterdir()):
        about = json.loads((case / "meta.json").read_text())
        names = ("base.py", "b.py", "a.py") if swapped else ("base.py", "a.py", "b.py")
        base, ours, theirs = ((case / name).read_bytes() for name in names)
        merged = merge(base, ours, theirs, "inventory.py")
        if outcome(merged) == "merged":
            assert merged.text in [each.read_bytes() for each in case.glob("accept_*.py")], case.name
            settled += 1
        else:
            assert about["conflict_report_is_right"], case.name
    assert settled >= 5


@pytest.mark.shared
def test_text_findings_see_semantic_conflicts_and_raise_no_false_alarm() -> None:
    folder = SHARED / "semantic_conflicts"
    if not folder.is_dir():
        pytest.skip("the shared data is not here")
    seen = 0
    for file in sorted(folder.glob("*.json")):
        case = json.loads(file.read_text())
        shared = case["base"].keys() & case["a"].keys() & case["b"].keys()
        results = [
            merge(case["base"][path].encode(), case["a"][path].encode(), case["b"][path].encode(), path)
            for path in shared
        ]
        found = [merged for merged in results if merged.findings]
        assert not (found and case["label"] == "clean"), (file.name, found[0].findings)
        seen += bool(found)
    assert seen >= 5
