"""The probe: what a tool really touches, and whether its undo holds, is tried and not believed."""

import itertools
import sqlite3
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import httpx2
import pytest
from tests.tools.worlds import ClusterWorld, SqliteWorld, named

from coroom.core.errors import Refused
from coroom.core.resource import Footprint, Resource
from coroom.core.tool import ToolCall, canonical
from coroom.ports import Tool, UndoFailed
from coroom.tools.journal import Journal
from coroom.tools.kubernetes import kubernetes_tools
from coroom.tools.kubernetes_client import Cluster
from coroom.tools.kubernetes_observer import KubernetesObserver
from coroom.tools.observers import DifferenceObserver, Observer, SqliteObserver
from coroom.tools.probe import Trial, Watched, try_out
from coroom.tools.python_observer import PythonObserver
from coroom.tools.registry import FunctionTool, tool

_numbers = itertools.count()


def call(tool_name: str, /, **arguments: object) -> ToolCall:
    return ToolCall(f"p{next(_numbers)}", tool_name, canonical(arguments))


def rules(trial: Trial) -> set[str]:
    return {finding.rule for finding in trial.findings}


class Mailbox:
    """Rows by number. As in a benchmark that others wrote, sending puts the new row where the count of rows points:
    after any deletion that is a row which is there already.
    """

    def __init__(self) -> None:
        self.mails: dict[int, str] = dict.fromkeys(range(5), "old")
        mails = self.mails

        @tool(writes="key:mail")
        def send(subject: str) -> int:
            """Send a mail: it becomes a new row."""
            mails[len(mails)] = subject
            return len(mails)

        @send.prepare
        def before() -> dict[str, str]:
            return {str(number): subject for number, subject in mails.items()}

        @send.undo
        def undo(before: dict[str, str]) -> None:
            mails.clear()
            mails.update({int(number): subject for number, subject in before.items()})

        self.send = FunctionTool(send, Journal(), proven=True)

    def look(self) -> Mapping[str, str]:
        numbered = {f"row:mail/mails/{number}": subject for number, subject in self.mails.items() if number < 5}
        return numbered | {"key:mail": str(sorted(number for number in self.mails if number >= 5))}


def test_a_send_that_overwrites_the_last_mail_after_a_deletion_is_found_by_trying_it_out() -> None:
    box = Mailbox()
    assert try_out(box.send, [call("send", subject="new")], box.look).passed
    del box.mails[1]
    trial = try_out(box.send, [call("send", subject="new")], box.look)
    assert [str(finding.why) for finding in trial.findings] == ["it wrote row:mail/mails/4"]


def test_a_lie_in_use_is_told_with_what_was_touched_and_gates_the_tool() -> None:
    box = Mailbox()
    told: list[tuple[ToolCall, Footprint, tuple[str, ...]]] = []
    watched = Watched(box.send, [DifferenceObserver(box.look)], lambda *lie: told.append(lie))
    honest = call("send", subject="new")
    watched.perform(honest, watched.prepare(honest))
    assert not told
    assert not watched.spec.gated
    del box.mails[1]
    del box.mails[5]
    lying = call("send", subject="spam")
    prepared = watched.prepare(lying)
    result = watched.perform(lying, prepared)
    ((strayed, really, words),) = told
    assert strayed == lying
    assert words == ("it wrote row:mail/mails/4",)
    assert "row:mail/mails/4" in [str(each) for each in really.writes]
    assert watched.spec.gated
    wider = watched.footprint(lying.arguments)
    assert isinstance(wider, Footprint)
    assert {str(each) for each in wider.writes} == {"key:mail", "row:mail/mails/4"}
    with pytest.raises(UndoFailed, match="touched more than it declared"):
        watched.undo(lying, prepared, result)


class Lamp:
    """One lamp and a tool for it that can be wrong in one way at a time."""

    def __init__(self, wrong: str) -> None:
        self.level, self.other, self.wrong = 1, 0, wrong
        self.journal = Journal()

        @tool(writes="key:lamp")
        def dim(by: int) -> int:
            """Turn the lamp down."""
            self.level -= by
            if wrong == "raises":
                raise OSError("no power")
            if wrong == "touches more":
                self.other += 1
            return self.level

        @dim.prepare
        def prepare() -> int:
            if wrong == "prepare acts":
                self.level += 10
            return self.level

        @dim.undo
        def undo(before: int, by: int) -> None:
            if wrong == "undo does nothing":
                return
            self.level = before + (1 if wrong == "undo is off by one" else 0)
            if wrong == "touches more":
                self.other -= 1

        self.dim: Tool = FunctionTool(dim, self.journal, proven=True)
        if wrong == "acts twice":
            self.dim = _Forgetful(dim, self.journal, self)
        if wrong == "undoes twice":
            self.dim = _Eager(dim, self.journal, self)

    def look(self) -> Mapping[str, str]:
        return {"key:lamp": str(self.level), "key:other": str(self.other)}


class _Forgetful(FunctionTool):
    def __init__(self, declared: object, journal: Journal, lamp: Lamp) -> None:
        super().__init__(declared, journal)  # type: ignore[arg-type]
        self._lamp = lamp

    def perform(self, call: ToolCall, prepared: str) -> str:
        result = super().perform(call, prepared)
        self._lamp.level -= 1
        return result


class _Eager(_Forgetful):
    def perform(self, call: ToolCall, prepared: str) -> str:
        return FunctionTool.perform(self, call, prepared)

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:
        known = self._journal.entry(call.id)
        super().undo(call, prepared, result)
        if known and known.state == "undone":
            self._lamp.level += 1


@pytest.mark.promise("undo:inverse")
@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ("", ""),
        ("touches more", "footprint"),
        ("raises", "failure"),
        ("prepare acts", "undo"),
        ("undo does nothing", "undo"),
        ("undo is off by one", "undo"),
        ("acts twice", "repeat"),
        ("undoes twice", "undo"),
    ],
)
def test_each_way_of_being_wrong_is_found(wrong: str, rule: str) -> None:
    lamp = Lamp(wrong)
    trial = try_out(lamp.dim, [call("dim", by=1)], lamp.look)
    assert trial.passed == (not wrong)
    assert rule in rules(trial) or not wrong


def test_a_tool_that_was_never_seen_to_act_has_not_passed() -> None:
    lamp = Lamp("")
    assert not try_out(lamp.dim, [call("dim", by=0)], lamp.look).passed
    assert rules(try_out(lamp.dim, [call("dim", by="much")], lamp.look)) == {"failure"}


def acted(made: Callable[..., object], reads: Iterable[str], writes: Iterable[str], observer: Observer) -> set[str]:
    """What the probe finds of a tool that does `made`, in words."""
    declared = tool(reads=reads, writes=writes)(made)
    found = try_out(FunctionTool(declared, Journal()), [call(made.__name__)], dict, [observer])
    return {finding.why for finding in found.findings}


def test_sqlite_tells_which_tables_a_tool_reads_and_writes(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    connection.executescript("CREATE TABLE a (x); CREATE TABLE b (x); INSERT INTO b VALUES (1)")

    def copy() -> None:
        """Copy b into a."""
        connection.execute("INSERT INTO a SELECT x FROM b")

    observer = SqliteObserver(connection, "db")
    assert acted(copy, ["set:db/b"], ["set:db/a"], observer) == set()
    assert acted(copy, ["row:db/b/1"], ["set:db/a?x=1"], observer) == set()
    assert acted(copy, [], ["set:db/a"], observer) == {"it read set:db/b"}
    assert acted(copy, ["set:db/b"], [], observer) == {"it wrote set:db/a"}
    connection.close()


def test_python_tells_which_files_a_tool_opens_moves_and_lists_and_that_it_starts_programs(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")

    def look_around() -> None:
        """Read, list, write, move, start."""
        (tmp_path / "a").read_text()
        list(tmp_path.iterdir())
        (tmp_path / "b").write_text("b")
        (tmp_path / "b").rename(tmp_path / "c")
        subprocess.run(["true"], check=True)

    observer = PythonObserver(str(tmp_path))
    assert acted(look_around, ["dir:."], ["dir:.", "key:process"], observer) == set()
    assert acted(look_around, [], ["file:c"], observer) == {
        "it read file:a",
        "it read dir:.",
        "it wrote file:b",
        "it wrote key:process",
    }


def test_the_api_of_a_cluster_tells_which_objects_a_tool_asks_for_and_writes() -> None:
    world = ClusterWorld()
    observer = KubernetesObserver()
    client = httpx2.Client(base_url=world.server.url, transport=observer)
    place = "/apis/apps/v1/namespaces/default/deployments/geo"

    def restart() -> None:
        """Touch a deployment, and a config map besides."""
        client.get(place)
        client.patch(place, json={"metadata": {"labels": {"a": "b"}}})
        client.post("/api/v1/namespaces/default/configmaps", json={})

    world.reset()
    geo = "k8s:apps/v1/deployments/default/geo"
    assert acted(restart, [], [geo, "k8s:v1/configmaps/default"], observer) == set()
    assert acted(restart, [geo], [], observer) == {f"it wrote {geo}", "it wrote k8s:v1/configmaps/default"}
    client.close()
    cluster = Cluster(world.server.url, transport=observer)
    scale = named(kubernetes_tools(cluster), "k8s_scale")
    assert try_out(
        scale, [call("k8s_scale", kind="Deployment", name="geo", replicas=4)], world.observe, [observer]
    ).passed
    cluster.close()
    world.cluster.close()
    world.server.__exit__(None, None, None)


def test_the_sql_tools_pass_the_probe_with_the_database_as_a_witness(tmp_path: Path) -> None:
    world = SqliteWorld(tmp_path)
    observer = SqliteObserver(world.database.connection, "lite")
    tried = [
        call("lite_insert", table="people", values={"name": "Di", "team": "red"}),
        call("lite_update", table="people", where={"team": "red"}, set={"team": "blue"}),
        call("lite_add", table="people", where={"id": 1}, add={"score": 5}),
        call("lite_delete", table="seats", where={"hall": "a"}),
    ]
    for each in tried:
        trial = try_out(named(world.tools(), each.tool), [each], world.observe, [observer])
        assert trial.passed, trial.findings
    world.database.close()
    world.outside.close()


def test_what_is_watched_keeps_the_contract_of_its_tool() -> None:
    lamp = Lamp("")
    watched = Watched(lamp.dim, [], lambda *_: None)
    trial = try_out(watched, [call("dim", by=1)], lamp.look)
    assert trial.passed
    key = Resource(lamp.dim.footprint('{"by":1}').writes[0].scheme, "lamp")  # type: ignore[union-attr]
    assert watched.value(key) == lamp.dim.value(key)
    assert watched.image(key) == lamp.dim.image(key)
    assert isinstance(watched.footprint("{}"), Refused)
