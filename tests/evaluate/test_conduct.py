"""Whether agents kept to claims and did what they were told, from logs written by hand."""

from coroom.core.agent import Role
from coroom.core.claim import Ending, Mode
from coroom.core.event import (
    AgentJoined,
    Body,
    ClaimEnded,
    ClaimGranted,
    Event,
    FileAccepted,
    FilesRead,
    HeldSettled,
    NoticeSent,
    NoticesRead,
    TaskDone,
    TaskPosted,
    TaskTaken,
)
from coroom.core.file import FileKind, FileVersion
from coroom.core.notice import NoticeKind
from coroom.core.resource import Resource, file, parse
from coroom.evaluate.conduct import acted_on, claims_kept


def log(*bodies: Body) -> list[Event]:
    joined = [
        AgentJoined(agent=name, role=Role.IMPLEMENTER, rank=(n,), parent=None, secret_hash="", client="")
        for n, name in enumerate(("ann", "bob"), start=1)
    ]
    return [Event(seq, seq, "host", body) for seq, body in enumerate((*joined, *bodies), start=1)]


def wrote(author: str, path: str, settles: str = "") -> FileAccepted:
    version = FileVersion(path=path, file_id="i", version=1, kind=FileKind.TEXT, blob="b", by=author)
    return FileAccepted(line="", file=version, before="", layer="identical", written="b", settles=settles)


def claimed(agent: str, *names: str, mode: Mode = Mode.EXCLUSIVE) -> ClaimGranted:
    resources = tuple(found for name in names if isinstance(found := parse(name), Resource))
    return ClaimGranted(
        claim=f"c-{agent}", agent=agent, resources=resources, mode=mode, purpose="", fence=1, ttl_ms=1, deadline_ms=1
    )


def ended(agent: str, *paths: str) -> ClaimEnded:
    resources = tuple(map(file, paths))
    return ClaimEnded(claim=f"c-{agent}", agent=agent, resources=resources, ending=Ending.RELEASED, by=agent)


def test_an_edit_is_under_a_claim_while_it_lasts_and_under_a_task_that_touches_its_file() -> None:
    found = claims_kept(
        log(
            claimed("ann", "file:a.py", "symbol:b.py#f"),
            wrote("ann", "a.py"),
            wrote("ann", "b.py"),
            ended("ann", "a.py"),
            wrote("ann", "a.py"),
            TaskPosted(task="t", title="t", description="", touches=(file("a.py"),), after=(), by="operator"),
            TaskTaken(task="t", agent="ann", claim="c-t"),
            wrote("ann", "a.py"),
            TaskDone(task="t", agent="ann", summary=""),
            wrote("ann", "a.py"),
            wrote("host", "a.py"),
        )
    )
    assert found == {"unclaimed_edits": 2, "trespasses": 0, "claim_compliance": 3 / 5}


def test_an_edit_of_what_another_holds_exclusively_is_a_trespass() -> None:
    for mode, trespasses in ((Mode.EXCLUSIVE, 1), (Mode.SHARED, 0)):
        found = claims_kept(log(claimed("ann", "dir:src/", mode=mode), wrote("bob", "src/a.py")))
        assert (found["trespasses"], found["claim_compliance"]) == (trespasses, 0)
    assert claims_kept(log())["claim_compliance"] == 1


def notice(name: str, *, about: str = "", paths: tuple[str, ...] = ()) -> NoticeSent:
    return NoticeSent(
        notice=name,
        about_kind=NoticeKind.OBSERVED,
        sender="host",
        to="ann",
        readers=("ann",),
        text="",
        resources=tuple(map(file, paths)),
        about=about,
    )


def test_a_notice_is_acted_on_when_its_reader_then_reads_or_writes_there_or_settles_what_it_is_about() -> None:
    read = NoticesRead(agent="ann", notices=("n1", "n2", "n3", "n4", "n5"))
    found = acted_on(
        log(
            notice("n1", paths=("a.py",)),
            notice("n2", paths=("b.py",)),
            notice("n3", about="h1"),
            notice("n4", about="h2"),
            notice("n5"),
            wrote("ann", "a.py"),
            read,
            wrote("bob", "a.py"),
            FilesRead(agent="ann", versions=(("a.py", 1), ("c.py", 1))),
            FilesRead(agent="ann", versions=(("a.py", 1),)),
            wrote("ann", "d.py", settles="h1"),
            HeldSettled(held="h2", by="ann", dropped=True, note=""),
        )
    )
    assert found == {"notices_to_act_on": 4, "notices_acted_on": 3}
