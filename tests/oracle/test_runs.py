"""Runs of a bisection: real commands, kept outcomes, repetitions, and tests that never end."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from coroom.run.oracle.runs import Job, bisect, tasks_for
from coroom.run.oracle.search import Culprit, Found

UNITS = tuple(f"u{number}" for number in range(16))
FAILS_WITH = "! grep -qx {} $COROOM_CANDIDATE"


def job(directory: Path, test: str, **more: object) -> Job:
    build = 'cat "$COROOM_CANDIDATE" "$COROOM_REFERENCE" > "$COROOM_OUT/all"'
    plain = Job(units=UNITS, build=build, test=f'test $(wc -l < "$COROOM_OUT/all") = 16 && {test}', directory=directory)
    return replace(plain, **more)  # type: ignore[arg-type]


def names(found: Found) -> list[list[str]]:
    return sorted(sorted(UNITS[n] for n in one.units) for one in found.culprits)


async def test_the_culprits_of_real_commands_are_found_and_the_next_call_runs_nothing(tmp_path: Path) -> None:
    wanted = job(tmp_path, f"{FAILS_WITH.format('u3')} && {FAILS_WITH.format('u9')}", runners=3)
    first = await bisect(wanted, tmp_path / "kept")
    assert names(first.found) == [["u3"], ["u9"]]
    again = await bisect(wanted, tmp_path / "kept")
    assert (names(again.found), again.runs) == (names(first.found), 0)
    assert again.known == first.runs


async def test_it_goes_on_after_a_line_that_a_crash_cut_off(tmp_path: Path) -> None:
    wanted = job(tmp_path, FAILS_WITH.format("u3"))
    first = await bisect(wanted, tmp_path / "kept")
    (file,) = (tmp_path / "kept").iterdir()
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:4]) + lines[4][:10])
    again = await bisect(wanted, tmp_path / "kept")
    assert names(again.found) == [["u3"]]
    assert again.runs == first.runs - 4


async def test_most_of_the_repetitions_count_and_a_flake_is_said(tmp_path: Path) -> None:
    flaky = f"n=$(cat {tmp_path}/n 2>/dev/null || echo 0); echo $((n+1)) > {tmp_path}/n; [ $n = 0 ] && exit 1; "
    result = await bisect(job(tmp_path, flaky + FAILS_WITH.format("u3"), repeat=3), tmp_path / "kept")
    assert names(result.found) == [["u3"]]
    assert result.flaky == 1


async def test_a_test_that_never_ends_counts_as_failed_and_is_ended(tmp_path: Path) -> None:
    hangs = "{ ! grep -qx u3 $COROOM_CANDIDATE || sleep 600; }"
    few = replace(job(tmp_path, hangs, timeout_s=0.3), units=("u3",), test=hangs)
    result = await bisect(few, tmp_path / "kept")
    assert [one.units for one in result.found.culprits] == [frozenset({0})]


async def test_a_build_that_fails_cannot_say(tmp_path: Path) -> None:
    result = await bisect(replace(job(tmp_path, "true"), build="false"), tmp_path / "kept")
    assert "the reference alone does not pass" in result.found.why


def test_every_culprit_is_a_task_under_a_key_that_others_would_derive() -> None:
    found = Found((Culprit(frozenset({3})), Culprit(frozenset({1, 2}))))
    one, pair = tasks_for(UNITS, found)
    assert (one["id"], one["touches"]) == ("file:u3", ["file:u3"])
    assert (pair["id"], pair["touches"]) == ("file:u1+u2", ["file:u1", "file:u2"])
    assert (one["title"], pair["title"]) == ("u3 fails", "u1, u2 fail only together")
    assert json.dumps([one, pair])


@pytest.mark.parametrize("directory", ["with blank", "ä"])
async def test_any_directory_will_do(tmp_path: Path, directory: str) -> None:
    (tmp_path / directory).mkdir()
    few = replace(job(tmp_path / directory, "true"), units=("a b", "ü"), test='grep -qx ü "$COROOM_REFERENCE"')
    result = await bisect(few, tmp_path / "kept")
    assert [one.units for one in result.found.culprits] == [frozenset({1})]
