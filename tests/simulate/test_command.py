import json

from click.testing import CliRunner

from coroom.cli.simulate import simulate


def test_a_clean_run_says_so_and_ends_well() -> None:
    ran = CliRunner().invoke(simulate, ["--seed", "3", "--seeds", "2", "--steps", "60"])
    assert ran.exit_code == 0
    assert "2 seeds" in ran.output
    assert "0 failed" in ran.output


def test_one_seed_prints_the_hash_of_its_log_which_is_always_the_same() -> None:
    first = CliRunner().invoke(simulate, ["--seed", "3", "--json"])
    second = CliRunner().invoke(simulate, ["--seed", "3", "--json"])
    assert json.loads(first.stdout)["log"] == json.loads(second.stdout)["log"]


def test_a_failing_seed_prints_the_one_line_that_plays_it_again() -> None:
    ran = CliRunner().invoke(simulate, ["--seeds", "2", "--mutant", "fences-repeat"])
    assert ran.exit_code == 1
    line = next(line for line in ran.output.splitlines() if line.startswith("coroom simulate"))
    arguments = line.split("#")[0].split()[2:]
    again = CliRunner().invoke(simulate, arguments)
    assert again.exit_code == 1
    assert "claim:fenced" in again.output


def test_a_failing_schedule_is_printed_short_when_asked_for() -> None:
    ran = CliRunner().invoke(simulate, ["--mutant", "no-version-check", "--shrink", "--json"])
    assert ran.exit_code == 1
    steps = ran.stdout[ran.stdout.rindex("}") + 1 :].split("\n")
    assert 1 < len([step for step in steps if step]) < 20


def test_several_processes_find_what_one_finds_and_tell_it_in_the_same_order() -> None:
    asked = ["--seeds", "60", "--steps", "40", "--mutant", "no-version-check", "--json"]
    one, two = (json.loads(CliRunner().invoke(simulate, [*asked, "--jobs", jobs]).stdout) for jobs in ("1", "2"))
    assert one["failed"]
    assert two["failed"] == one["failed"]
    assert two["events"] == one["events"]


def test_an_unknown_mutant_is_refused_with_the_names() -> None:
    ran = CliRunner().invoke(simulate, ["--mutant", "nonsense"])
    assert ran.exit_code == 2
    assert "fences-repeat" in ran.output
