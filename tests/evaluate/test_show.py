"""A report with a section for each suite, its replays behind links, and the power of a contrast beforehand."""

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from coroom.cli import main
from coroom.evaluate.live.office_slots import BOOKING
from coroom.evaluate.live.trial import play_live
from coroom.evaluate.report.serve import application, listening
from coroom.evaluate.report.tables import against, baseline_of, rows
from coroom.evaluate.report.write import write_report
from coroom.evaluate.results import Results
from coroom.evaluate.trial import TrialKey, TrialResult

KEY = "office/booking/preorder/2xsynthetic/0"


def key(condition: str, agents: int, number: int) -> TrialKey:
    return TrialKey(
        suite="office", task="booking", condition=condition, agents=agents, agent="synthetic", number=number
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("evaluation")
    results = Results(place / "results.sqlite")
    results.about({"agent": "synthetic"})
    results.add(
        play_live(key(condition, agents, number), BOOKING, 600)
        for condition in ("open", "serial", "preorder")
        for agents in (2, 4)
        for number in range(3)
    )
    failed = TrialResult(key=key("open", 4, 9), infrastructure="the cluster <declined>")
    results.add([(failed, b"")])
    write_report(results, place, "wall: 600 seconds a trial at most")
    results.close()
    return place


def test_policies_are_compared_with_one_after_the_other_and_failures_are_no_scores(folder: Path) -> None:
    page, text = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    for words in ("Against serial with as many agents", "times as fast", "Failed for reasons of infrastructure"):
        assert words in page
        assert words in text
    assert "the cluster &lt;declined&gt;" in page
    assert "<script" not in page
    results = list(Results(folder / "results.sqlite").all())
    assert baseline_of(results) == "serial"
    found = {(c.condition, c.agents): c for c in against(results, "serial")}
    assert set(found) == {("open", 2), ("open", 4), ("preorder", 2), ("preorder", 4)}
    assert found["preorder", 4].speedup > 1
    assert baseline_of([]) == ""


def test_trials_of_one_number_are_compared_pair_by_pair_beside_the_unpaired_tests(folder: Path) -> None:
    found = against(list(Results(folder / "results.sqlite").all()), "serial")
    for one in found:
        assert one.paired
        assert one.paired.pairs == 3
        assert one.paired.difference.value == pytest.approx(one.score.difference.value)
        assert one.paired.p <= one.paired.p_corrected or math.isnan(one.paired.p)
    page = (folder / "report.html").read_text()
    assert "p pairs (Holm)" in page
    lonely = [r for r in Results(folder / "results.sqlite").all() if (r.key.condition, r.key.number) != ("open", 0)]
    assert {c.paired.pairs for c in against(lonely, "serial") if c.paired and c.condition == "open"} == {2}


def test_the_front_holds_what_nothing_beats_in_cost_and_quality(folder: Path) -> None:
    from coroom.evaluate.report.plots import front  # noqa: PLC0415 - Matplotlib is slow to import

    table = rows(Results(folder / "results.sqlite").all())
    best = front(table)
    assert best
    for row in best:
        assert not any(other.usd < row.usd and other.score.value >= row.score.value for other in table)


def test_equal_trials_have_equal_fingerprints_whatever_the_harness_took(folder: Path, tmp_path: Path) -> None:
    again = Results(tmp_path / "results.sqlite")
    again.add([play_live(key("open", 2, 0), BOOKING, 600)])
    first = again.fingerprint()
    other = Results(tmp_path / "other.sqlite")
    other.add([play_live(key("open", 2, 0), BOOKING, 600)])
    assert first == other.fingerprint()
    assert first != Results(folder / "results.sqlite").fingerprint()


def test_every_trials_replay_is_served_behind_the_report(folder: Path) -> None:
    with TestClient(application(folder)) as client:
        assert "What may not be concluded" in client.get("/").text
        assert '<a href="/trials">every trial</a>' in client.get("/report.html").text
        listed = client.get("/trials").text
        assert listed.count("/replays/") == 19
        assert client.get("/trials?from=many").text == listed
        assert "agent-1" in client.get("/replays/office_booking_preorder_2xsynthetic_2.html").text
        assert client.get("/replays/none.html").status_code == 404
        assert client.get("/replays/office_booking_open_4xsynthetic_9.html").status_code == 404


def said(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["evaluate", *words])
    return result.exit_code, result.stdout, result.stderr


def test_one_trial_is_written_as_a_page_of_its_own(folder: Path) -> None:
    code, text, _ = said("show", str(folder), KEY)
    assert code == 0
    page = Path(text.strip()).read_text()
    assert "agent-1" in page
    assert '"kind":"call-placed"' in page


def test_what_cannot_be_shown_is_said(folder: Path, tmp_path: Path) -> None:
    assert "it has no results.sqlite" in said("show", str(tmp_path))[2]
    assert "No trial 'x' has ended" in said("show", str(folder), "x")[2]
    Results(tmp_path / "results.sqlite").close()
    assert "has no report yet" in said("show", str(tmp_path))[2]
    with listening(0) as taken:
        code, _, words = said("show", str(folder), "--port", str(taken.getsockname()[1]))
    assert code == 2
    assert "cannot be served on" in words


def test_power_is_told_before_trials_are_paid_for() -> None:
    assert "67 trials a cell" in said("power", "--difference", "0.081", "--sd", "0.1657")[1]
    assert json.loads(said("power", "--shares", "0.5", "0.25", "--json")[1])["trials"] in range(54, 61)
    assert json.loads(said("power", "--trials", "64", "--json")[1])["standard_deviations"] == pytest.approx(
        0.5, abs=0.01
    )
    assert "Name one of" in said("power")[2]
    assert "are equal" in said("power", "--shares", "0.5", "0.5")[2]
