"""`coroom bench policies`: the figures that docs/ordering.md shows, from fewer plays."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from coroom.cli import bench_policies
from coroom.simulate.schedule import bench
from coroom.simulate.schedule.workloads import WORKLOADS


def test_every_workload_has_a_line_with_all_counts_and_preorder_reaches_its_aims_with_two_agents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "COST_CALLS", 24)
    monkeypatch.setattr(bench, "MISJUDGED", (0.0, 0.2))
    picture = tmp_path / "speedup.svg"
    asked = ["--agents", "2", "--policy", "preorder", "--policy", "locking", "--seeds", "1"]
    ran = CliRunner().invoke(bench_policies.policies, [*asked, "--plot", str(picture), "--json"])
    assert ran.exit_code == 0
    found = json.loads(ran.stdout)
    lines = {(line["policy"], line["workload"]): line for line in found["lines"]}
    assert {name for policy, name in lines if policy == "preorder"} == {*WORKLOADS, bench.MIX, bench.LOW}
    mix, locked = lines["preorder", bench.MIX], lines["locking", bench.MIX]
    assert mix["correct"] == locked["correct"] == 1
    assert mix["speedup"] >= 1.6
    assert mix["work"] <= 1.10
    assert mix["deadlocks"] == mix["aborted"] == 0
    assert locked["deadlocks"] == locked["aborted"] > 0
    assert locked["waited"] > 0
    assert found["notices_12_agents_4_objects"] <= 30
    assert {each["probability"]: each["wrong"] for each in found["misjudging"]}[0.0] == 0
    assert found["cost_ms"]["durable"]["median"] > 0
    assert picture.read_text().startswith("<svg")


def test_the_table_says_every_count_by_name_and_a_wrong_end_is_an_error_but_under_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cost = {"in memory": bench.Cost.of([0.25])}
    for policy, code in [("open", 0), ("locking", 1)]:
        line = bench.Line(policy, "write skew", 2, 0.6, 1.5, 1.1, 1, 2, 3, 4, 5)
        report = bench.PoliciesReport((line,), (bench.Misjudging(2, 0.05, 0.1),), 5.35, cost)
        monkeypatch.setattr(bench_policies, "measure_policies", lambda *_, report=report: report)
        ran = CliRunner().invoke(bench_policies.policies, [])
        assert ran.exit_code == code
        head, row, *rest = ran.stdout.splitlines()
        assert head.split()[-7:] == ["speedup", "work", "notices", "undone", "waits", "deadlocks", "aborts"]
        assert row.split() == [
            policy,
            "write",
            "skew",
            "2",
            "60",
            "1.50",
            "1.10",
            "1.00",
            "2.00",
            "3.00",
            "4.00",
            "5.00",
        ]
        assert rest[0] == "2 agents, 5% of notices misjudged: 10% of runs end wrong"
        assert "a call, in memory: 0.25 / 0.25 / 0.25 / 0.25 ms" in rest[-1]
