"""The fast sample: shares that are disjoint, stable and together everything, over any list of ids."""

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.git.repositories import write

from coroom.checks.suites.affected import affected_tests
from coroom.checks.suites.sample import Share, sample

TESTS = [f"tests/test_{number % 40}.py::test_{number}" for number in range(800)]


def share(agent: int, agents: int = 16, part: float = 0.1, epoch: str = "e") -> Share:
    return Share(agent=agent, agents=agents, part=part, epoch=epoch)


def test_sixteen_agents_with_a_tenth_each_leave_nothing_out() -> None:
    seen = Counter(test for agent in range(16) for test in sample(TESTS, share(agent)).tests)
    assert set(seen) == set(TESTS)
    assert max(seen.values()) == 2


def test_shares_that_need_not_overlap_do_not() -> None:
    parts = [set(sample(TESTS, share(agent, 10)).tests) for agent in range(10)]
    assert sum(map(len, parts)) == len(TESTS)
    small = [set(sample(TESTS, share(agent, 16, 0.01)).tests) for agent in range(16)]
    assert sum(map(len, small)) == len(set().union(*small))
    assert 80 < sum(map(len, small)) < 180


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=8), unique=True, max_size=30), st.integers(0, 15), st.text(max_size=3))
def test_a_test_that_is_added_changes_nothing_for_the_others(tests: list[str], agent: int, epoch: str) -> None:
    mine = share(agent, epoch=epoch)
    before = set(sample(TESTS, mine).tests)
    assert before == set(sample([*tests, *TESTS], mine).tests) - (set(tests) - set(TESTS))


def test_a_new_epoch_deals_anew() -> None:
    days = [set(sample(TESTS, share(3, epoch=str(day))).tests) for day in range(50)]
    assert days[0] != days[1]
    assert len(set().union(*days)) > 0.98 * len(TESTS)


def test_what_failed_and_what_is_affected_come_first_and_once() -> None:
    mine = set(sample(TESTS, share(0)).tests)
    failed, affected = TESTS[5:7], TESTS[6:9]
    chosen = sample(TESTS, share(0), failed=[*failed, "gone"], affected=affected)
    assert chosen.tests[:4] == tuple(TESTS[5:9])
    assert (chosen.failed, chosen.affected) == (2, 2)
    assert set(chosen.tests) == mine | set(TESTS[5:9])
    assert len(chosen.tests) == len(set(chosen.tests))


def test_the_cap_is_on_measured_time_and_never_on_what_failed_last() -> None:
    seconds = dict.fromkeys(TESTS, 1.0)
    chosen = sample(TESTS, share(0), failed=TESTS[:7], affected=TESTS[10:12], seconds=seconds, cap_s=10)
    assert chosen.tests[:9] == (*TESTS[:7], *TESTS[10:12])
    assert len(chosen.tests) == 10
    assert chosen.seconds == 10
    assert chosen.left_out == len(sample(TESTS, share(0), failed=TESTS[:7], affected=TESTS[10:12]).tests) - 10
    assert len(sample(TESTS, share(0), failed=TESTS[:20], seconds=seconds, cap_s=10).tests) == 20


def test_tests_that_import_what_changed_are_affected_also_through_others(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "src/pkg/__init__.py": b"",
            "src/pkg/core.py": b"x = 1\n",
            "src/pkg/user.py": b"from pkg import core\n",
            "src/pkg/odd.py": b"def (:\n",
            "tests/conftest.py": b"import pkg.core\n",
            "tests/test_user.py": b"from pkg.user import x\n",
            "tests/test_near.py": b"from . import thing\n",
            "tests/thing.py": b"",
            "tests/other/test_core.py": b"",
            "tests/other/test_none.py": b"import os\n",
            ".venv/test_core.py": b"",
        },
    )
    inside = ["tests/other/test_core.py", "tests/other/test_none.py", "tests/test_near.py", "tests/test_user.py"]
    assert affected_tests(tmp_path, ["src/pkg/core.py"]) == inside
    assert affected_tests(tmp_path, ["src/pkg/user.py"]) == ["tests/test_user.py"]
    assert affected_tests(tmp_path, ["tests/thing.py"]) == ["tests/test_near.py"]
    assert affected_tests(tmp_path, ["tests/other/test_none.py", "gone.py"]) == ["tests/other/test_none.py"]
    assert affected_tests(tmp_path, ["README.md"]) == []
