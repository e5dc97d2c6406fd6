"""`coroom bench plan` judges pairs of commits and counts what it got right."""

import json
from pathlib import Path

import pytest
from tests.git.repositories import git, new_repository, write

from coroom.git.command import Git
from coroom.run.bench import pairs, planning, verdicts
from coroom.run.bench.commits import added_lines, names_said
from coroom.run.bench.pairs import pairs_of
from coroom.run.bench.planning import measure_plans
from coroom.run.bench.taken_out import taken_out
from coroom.run.bench.verdicts import TextAlone


def commit(repository: Path, message: str, files: dict[str, bytes]) -> str:
    write(repository, files)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", f"--message={message}")
    return git(repository, "rev-parse", "HEAD")


def test_pairs_are_judged_and_the_shares_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SETS", 20)
    monkeypatch.setattr(verdicts, "RESAMPLES", 200)
    base = {"a.py": b"def one():\n    return 1\n", "b.py": b"def two():\n    return 2\n"}
    repository = new_repository(tmp_path / "r", base)
    first = commit(repository, "one is eleven", {"a.py": b"def one():\n    return 11\n"})
    again = commit(repository, "one is twelve", {"a.py": b"def one():\n    return 12\n"})
    other = commit(repository, "two is twenty", {"b.py": b"def two():\n    return 20\n"})
    rows = [
        {"repo": "r", "A": first, "B": again, "label": "coupled", "why": ["textual"]},
        {"repo": "r", "A": again, "B": other, "label": "independent", "why": []},
        {"repo": "r", "A": first, "B": other, "label": "coupled", "why": ["test"]},
        {"repo": "elsewhere", "A": first, "B": other, "label": "coupled"},
    ]
    data = tmp_path / "pairs.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = measure_plans(data, {"r": repository}, 5, lambda _line: None)
    assert (found.sensitivity, found.specificity, found.accuracy) == (0.5, 1.0, 0.75)
    assert found.missing == ("elsewhere",)
    assert found.slowdown_worst == 0.0
    assert found.bound_share_least >= 0.9
    assert found.index is not None
    assert found.index.files == 5
    assert found.text_alone == TextAlone(accuracy=0.75, beyond=1, beyond_found=0)
    document = found.document()
    assert document["pairs"] == 3
    assert [(one.a, one.b) for one in found.judged if one.verdict.coupled != one.coupled] == [(first, other)]


def test_a_plan_that_is_told_what_is_used_finds_who_needs_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SETS", 3)
    monkeypatch.setattr(verdicts, "RESAMPLES", 20)
    repository = new_repository(tmp_path / "r", {"a.py": b"ONE = 1\n"})
    first = commit(repository, "of wood", {"a.py": b"ONE = 1\n\n\ndef wooden_chair():\n    return 4\n"})
    second = commit(repository, "a room", {"c.py": b"from a import wooden_chair\n"})
    data = tmp_path / "pairs.jsonl"
    data.write_text(json.dumps({"repo": "r", "A": first, "B": second, "label": "coupled"}) + "\n")
    found = [
        measure_plans(data, {"r": repository}, 0, lambda _line: None, lines=True, uses=uses).judged[0].verdict
        for uses in (False, True)
    ]
    assert [one.coupled for one in found] == [False, True]
    assert "wooden_chair" in found[1].reasons[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it holds no pairs"),
        ('\n{"repo": "x"}\n', "line 2 is no pair: A: Field required"),
        ("[1, 2]", "line 1 is no pair"),
        ("{", "line 1 is no pair: Invalid JSON"),
        ("[" * 100_000, "line 1 is no pair: Invalid JSON"),
        ('{"repo": "x", "A": "--all", "B": "beef", "label": "coupled"}', "line 1 is no pair: A"),
        ('{"repo": "x", "A": 3, "B": "beef", "label": "coupled"}', "line 1 is no pair: A"),
        ('{"repo": "x", "A": "dead", "B": "beef", "label": "maybe"}', "line 1 is no pair: label"),
        ('{"repo": "x", "A": "dead", "B": "beef", "label": "coupled", "why": 3}', "line 1 is no pair: why"),
        (
            '{"repo": "x", "A": "dead", "B": "beef", "label": "coupled"}',
            "its pairs are of x, and none of these is given",
        ),
    ],
)
def test_data_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    data = tmp_path / "pairs.jsonl"
    data.write_text(text)
    with pytest.raises(ValueError, match=said):
        measure_plans(data, {}, 0, lambda _line: None)


def test_a_pair_is_judged_over_what_the_second_was_made_on_without_the_first(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "r", {"a.py": b"def one():\n    return 1\n"})
    first = commit(repository, "one is eleven", {"a.py": b"def one():\n    return 11\n"})
    commit(repository, "two is made", {"b.py": b"def two():\n    return 2\n"})
    second = commit(repository, "two is twenty", {"b.py": b"def two():\n    return 20\n"})
    before = git(repository, "count-objects", "-v")
    with taken_out(Git(repository), first, second) as (aside, tree, is_without):
        assert is_without
        assert aside.line("ls-tree", "--name-only", tree) == "a.py\nb.py"
        assert aside.line("show", f"{tree}:a.py") == "def one():\n    return 1"
        assert aside.line("show", f"{tree}:b.py") == "def two():\n    return 2"
    assert git(repository, "count-objects", "-v") == before


def test_where_the_first_cannot_be_taken_out_the_tree_before_it_is_taken(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "r", {"a.py": b"one = 1\n"})
    first = commit(repository, "eleven", {"a.py": b"one = 11\n"})
    commit(repository, "twelve", {"a.py": b"one = 12\n"})
    second = commit(repository, "thirteen", {"a.py": b"one = 13\n"})
    with taken_out(Git(repository), first, second) as (aside, tree, is_without):
        assert not is_without
        assert aside.line("show", f"{tree}:a.py") == "one = 1"


def test_a_history_that_has_no_pairs_of_one_sort_gives_of_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "SORTS", ("file", "near"))
    monkeypatch.setattr(pairs, "MISSES_MAX", 5)
    repository = new_repository(tmp_path / "r", {"a.py": b"ONE = 1\n"})
    for n in range(16):
        commit(repository, f"number {n}", {f"f{n}.py": f"N = {n}\n".encode()})
    assert len(list(pairs_of(Git(repository), "r", 3, seed=1))) == 3


def test_a_pair_is_coupled_when_the_second_says_a_name_that_only_the_first_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "SORTS", ("speaks",))
    repository = new_repository(tmp_path / "r", {"a.py": b"ONE = 1\n", "b.py": b"TWO = 2\n"})
    makes = commit(repository, "made", {"a.py": b"ONE = 1\n\n\ndef maker():\n    return 9\n"})
    other = commit(repository, "two is three", {"b.py": b"TWO = 3\n"})
    uses = commit(repository, "used", {"c.py": b"from a import maker\n"})
    for n in range(12):
        commit(repository, f"later {n}", {"later.py": f"LATER = {n}\n".encode()})
    assert list(pairs_of(Git(repository), "r", 1, 1)) == [
        {"repo": "r", "A": makes, "B": uses, "label": "coupled", "why": ["name"]}
    ]
    monkeypatch.setattr(pairs, "SORTS", ("near",))
    found = {(row["A"], row["B"]): row["why"] for row in pairs_of(Git(repository), "r", 6, 1)}
    assert found[makes, other] == []


def test_a_pair_is_coupled_when_both_change_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "SORTS", ("file",))
    repository = new_repository(tmp_path / "r", {"a.py": b"ONE = 1\n"})
    for n in range(14):
        commit(repository, f"{n}", {"a.py": f"ONE = {n + 2}\n".encode()})
    assert [(row["label"], row["why"]) for row in pairs_of(Git(repository), "r", 2, 1)] == [
        ("coupled", ["textual"])
    ] * 2


def test_a_history_too_short_has_no_pairs(tmp_path: Path) -> None:
    assert list(pairs_of(Git(new_repository(tmp_path / "r", {"a.py": b"x = 1\n"})), "r", 6, 1)) == []


def test_the_lines_that_a_commit_adds_are_told_by_their_files_whatever_is_in_them(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "r", {"a.py": b"ONE = 1\n", "b.txt": b"gone\n-- this\n"})
    odd = {"a.py": b"ONE = 1\n++ more + of\n@@ -1 +1 @@\nlast\rline", "b c.py": b"TWO = 2\n", "b.txt": b"here\n"}
    made = commit(repository, "odd lines", odd)
    assert list(added_lines(Git(repository), made)) == [
        ("a.py", b"++ more + of"),
        ("a.py", b"@@ -1 +1 @@"),
        ("a.py", b"last\rline"),
        ("b c.py", b"TWO = 2"),
        ("b.txt", b"here"),
    ]
    assert [path for path, _ in added_lines(Git(repository), made, ["b.txt"])] == ["b.txt"]
    assert names_said(Git(repository), made) == {"more", "of", "last", "line", "TWO"}
