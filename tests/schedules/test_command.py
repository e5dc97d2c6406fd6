"""`coroom schedule` as its contract says: a file in, one result a schedule out, and bad input told in words."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.schedules.language import data_from
from tests.schedules.test_schedules import FILES, lines_of

from coroom.cli import main
from coroom.simulate.schedule.play import POLICIES_PLAYED

S10 = {
    "id": "S10",
    "objects": {"x": 0, "y": 0},
    "agents": [
        {"name": "A", "rank": 1, "program": [{"write": {"y": "5"}}]},
        {
            "name": "B",
            "rank": 2,
            "program": [{"read": "y", "as": "v"}, {"write": {"x": "v"}}, {"add": {"x": "1"}}],
        },
    ],
    "order": ["B", "B", "B", "A"],
}


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, ["schedule", *words])


def file(directory: Path, text: str, name: str = "one.json") -> str:
    path = directory / name
    path.write_text(text)
    return str(path)


def with_(program: Any, **more: Any) -> dict[str, Any]:
    return {"objects": {"x": 0}, "agents": [{"name": "A", "rank": 1, "program": program}], **more}


def test_a_schedule_gives_the_document_of_the_contract(tmp_path: Path) -> None:
    done = ran(file(tmp_path, json.dumps(S10)), "--json")
    assert done.exit_code == 0
    given = json.loads(done.stdout)
    (notice,) = given["notices"]
    assert (notice["to"], notice["object"], notice["value"]) == ("B", "y", 5)
    counts = {"steps": 4, "undone": 2, "replayed": 2, "repaired": 1, "aborted": 0, "waited": 0}
    assert {key: given["counts"][key] for key in counts} == counts
    assert {key: value for key, value in given.items() if key not in {"notices", "counts"}} == {
        "id": "S10",
        "policy": "preorder",
        "final": {"x": 6, "y": 5},
        "serial": {"x": 6, "y": 5},
        "serializable": True,
        "sent": [],
        "fenced": [],
    }
    assert "end     x=6 y=5" in ran(file(tmp_path, json.dumps(S10))).stdout


@pytest.mark.parametrize("policy", POLICIES_PLAYED)
def test_a_file_of_all_of_them_gives_one_result_a_line_under_every_policy(tmp_path: Path, policy: str) -> None:
    lines = [json.dumps(data_from(each.stem, lines_of(each))) for each in FILES]
    done = ran(file(tmp_path, "\n".join(lines), "all.jsonl"), "--policy", policy, "--json")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["id"] for each in results] == [each.stem for each in FILES]
    wrong = {each["id"] for each in results if not each["serializable"]}
    # What somebody outside wrote is in no serial run of the programs; under the rivals A writes over it afterwards.
    assert policy == "open" or wrong == ({"S32_outside_change"} if policy in {"preorder", "serial"} else set())
    assert done.exit_code == bool(wrong)
    if policy in {"locking", "optimistic"}:
        assert all(each["order"] for each in results)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "it is no JSON"),
        ([], "the schedule is no object"),
        ({"objects": {}, "agents": []}, "it has no agents"),
        ({"objects": {"x": 0.5}, "agents": [{"name": "A", "program": []}]}, "object x is no integer"),
        (with_([{"read": "y"}]), "step 1 of A reads 'y', which is no object of it"),
        (with_([{"write": {"x": "v"}}]), "uses 'v', which its agent has not read before"),
        (with_([{"write": {"x": "2**9"}}]), "has more in it than integers"),
        (with_([{"write": {"x": "__import__('os')"}}]), "has more in it than integers"),
        (with_([{"write": {"x": "1"}, "fault": "boom"}]), "fault of step 1 of A is one of crash, undo-fails"),
        (with_([{"write": {"x": "1"}, "class": "soft"}]), "class of step 1 of A is one of blind, replayable"),
        (with_([{"write": {"x": "1"}, "read": "x"}]), "is to be one of read, write, add, send, spawn"),
        (with_([{"spawn": {"name": "A", "program": []}}]), "two agents are called A"),
        (with_([], order=["Z"]), "order names 'Z'"),
        (with_([], order="A"), "order is a list"),
    ],
)
def test_what_is_no_schedule_is_told_with_the_place_and_plays_nothing(tmp_path: Path, given: Any, said: str) -> None:
    done = ran(file(tmp_path, given if isinstance(given, str) else json.dumps(given)), "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_one_bad_line_of_many_is_named_and_the_others_are_not_played(tmp_path: Path) -> None:
    done = ran(file(tmp_path, f"{json.dumps(S10)}\n{{\n", "two.jsonl"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "two.jsonl, line 2 is no schedule" in done.stderr


def test_what_cannot_be_read_or_contradicts_itself_is_told(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    path = file(tmp_path, json.dumps(S10))
    for words, said in [
        (["nothing.json"], "No such file"),
        ([str(tmp_path)], "Is a directory"),
        ([str(tmp_path / "bytes")], "no UTF-8"),
        ([file(tmp_path, "", "empty.jsonl")], "is empty"),
        ([], "There is nothing to play"),
        ([path, "--random", "3"], "either a file or --random"),
        ([path, "--deaths"], "--deaths goes with --random"),
        ([path, "--policy", "isolated"], "'isolated' is not one of"),
    ]:
        done = ran(*words)
        assert (done.exit_code, done.stdout) == (2, ""), words
        assert said in done.stderr, words


def test_a_step_without_a_value_is_skipped_and_the_others_are_not(tmp_path: Path) -> None:
    done = ran(file(tmp_path, json.dumps(with_([{"write": {"x": "1//0"}}, {"add": {"x": "1"}}]))), "--json")
    assert json.loads(done.stdout)["final"] == json.loads(done.stdout)["serial"] == {"x": 1}


def test_programs_by_chance_say_how_many_ended_wrong_also_when_the_host_dies_at_every_step() -> None:
    done = ran("--random", "3", "--first", "7", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["plays"], found["failures"]) == (0, 3, [])
    dying = ran("--random", "1", "--deaths")
    assert dying.exit_code == 0
    assert "0 ended wrong" in dying.stdout
    assert ran("--random", "20", "--policy", "open").exit_code == 1
