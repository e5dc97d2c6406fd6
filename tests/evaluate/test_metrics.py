"""Every metric that a report shows, from logs written by hand."""

import pytest

from coroom.core.agent import Role
from coroom.core.claim import Mode
from coroom.core.event import (
    AgentJoined,
    Body,
    CallFinished,
    CallUndone,
    ClaimRefused,
    EditHeld,
    Event,
    FileAccepted,
    FindingRaised,
    NoticeSent,
    NoticesRead,
    TaskDone,
    TaskPosted,
    TaskTaken,
)
from coroom.core.file import FileKind, FileVersion
from coroom.core.notice import NoticeKind
from coroom.evaluate.metrics import Used, fold
from coroom.evaluate.report.rooms import COLUMNS, rooms_table
from coroom.evaluate.trial import TrialKey, TrialResult


def log(*happened: tuple[float, Body]) -> list[Event]:
    joined = AgentJoined(agent="ann", role=Role.IMPLEMENTER, rank=(1,), parent=None, secret_hash="", client="")
    return [Event(n, int(at * 1000), "host", body) for n, (at, body) in enumerate(((100.0, joined), *happened), 1)]


def wrote(path: str, size: int, layer: str = "identical") -> FileAccepted:
    version = FileVersion(path=path, file_id="i", version=1, kind=FileKind.TEXT, blob="b", by="ann", size=size)
    return FileAccepted(line="", file=version, before="", layer=layer, written="b", settles="")


def sent(name: str, kind: NoticeKind, *readers: str) -> NoticeSent:
    return NoticeSent(
        notice=name, about_kind=kind, sender="host", to="*", readers=readers, text="", resources=(), about=""
    )


def task(name: str, *after: str) -> TaskPosted:
    return TaskPosted(task=name, title=name, description="", touches=(), after=after, by="operator")


def taken(name: str, agent: str) -> TaskTaken:
    return TaskTaken(task=name, agent=agent, claim="")


def done(name: str, agent: str) -> TaskDone:
    return TaskDone(task=name, agent=agent, summary="")


def test_what_was_used_is_counted_and_shared_out_over_turns() -> None:
    used = Used(
        turns=8,
        input_tokens=100,
        output_tokens=20,
        told_tokens=24,
        answered_tokens=16,
        reader_turns=4,
        usd=0.5,
        characters=900,
    )
    found = fold(log(), used)
    assert (found["tokens"], found["usd"], found["turns"], found["characters"]) == (120, 0.5, 8, 900)
    assert (found["told_tokens_a_turn"], found["told_tokens_a_readers_turn"]) == (3, 6)
    assert (found["read_tokens_a_turn"], found["answered_tokens_a_turn"]) == (12.5, 2)
    assert fold(log(), Used())["told_tokens_a_turn"] == fold(log(), Used())["read_tokens_a_turn"] == 0


def test_edits_are_counted_by_how_they_came_in_and_what_was_written_for_nothing_is_a_share() -> None:
    found = fold(log((101, wrote("a", 10)), (102, wrote("a", 40, "line")), (103, wrote("b", 60))), Used(characters=150))
    assert (found["edits"], found["merged"], found["duplicate_work"]) == (3, 1, 0.5)
    assert fold(log((101, wrote("a", 10))), Used(characters=4))["duplicate_work"] == 0


def test_held_edits_findings_and_refused_claims_are_counted() -> None:
    held = EditHeld(
        held="h1",
        agent="ann",
        path="a",
        base="",
        theirs="",
        mine="",
        mine_kind=FileKind.TEXT,
        mine_executable=False,
        reason="",
        parts=(),
    )
    finding = FindingRaised(finding="f1", check="names", path="a", at_line=1, symbol="", message="m", agents=("ann",))
    refused = ClaimRefused(agent="ann", resources=(), mode=Mode.EXCLUSIVE, holders=("bob",))
    found = fold(log((101, held), (102, held), (103, finding), (104, refused)), Used())
    assert (found["held"], found["findings"], found["claims_refused"]) == (1, 1, 1)


def test_notices_are_counted_by_kind_and_by_how_long_they_took() -> None:
    found = fold(
        log(
            (101, sent("n1", NoticeKind.OBSERVED, "ann", "bob")),
            (102, sent("n2", NoticeKind.NOTE, "ann")),
            (104, NoticesRead(agent="ann", notices=("n1", "n2"))),
        ),
        Used(),
    )
    assert (found["notices"], found["said"], found["observed"]) == (2, 1, 1)
    assert (found["notices_read"], found["notices_unread"], found["notice_delay_s"]) == (2, 1, 2.5)


def test_the_critical_path_is_the_longest_chain_of_tasks_and_of_what_one_agent_did_one_by_one() -> None:
    chained = log(
        *((100.0, one) for one in (task("a"), task("b", "a"), task("c"), task("d"))),
        *((101.0, one) for one in (taken("a", "ann"), taken("c", "bob"))),
        (104, done("a", "ann")),
        (105, done("c", "bob")),
        (110, taken("b", "bob")),
        (117, done("b", "bob")),
        (118, taken("d", "ann")),
    )
    # b builds on a (3 s) and its agent did c (4 s) before; that it waited is no work.
    assert fold(chained, Used())["critical_path_s"] == 11
    assert fold(log(), Used())["critical_path_s"] == 0


def test_all_is_settled_at_the_last_change_counted_from_the_first_agents_coming() -> None:
    assert fold(log((103, wrote("a", 1)), (109, done("a", "ann"))), Used())["settled_s"] == 3
    calls = log((103, CallFinished(call="c", result="", values=())), (104.5, CallUndone(call="c", fate="undone")))
    assert fold(calls, Used())["settled_s"] == 4.5
    assert fold(log(), Used())["settled_s"] == 0


def test_every_metric_has_a_column_with_its_mean_and_its_spread() -> None:
    key = TrialKey(suite="s", task="t", condition="full", agents=2, agent="synthetic", number=0)
    found = [TrialResult(key=key, metrics=dict.fromkeys(COLUMNS, value)) for value in (1.0, 3.0)]
    table = rooms_table([*found, TrialResult(key=key, infrastructure="broken")])
    assert table.columns[2:] == tuple(COLUMNS.values())
    assert set(table.lines[0][2:]) == {"2 (1.4)"}
    known = {*fold(log(), Used()), "calls", "undone", "restarts", "order_notices", "mistakes"}
    assert set(COLUMNS) <= known


@pytest.mark.parametrize("name", ["claim_compliance", "notices_acted_on"])
def test_what_agents_did_with_claims_and_notices_is_among_them(name: str) -> None:
    assert name in fold(log(), Used())
