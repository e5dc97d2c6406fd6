"""From the room's log to commits: the end is exact whatever the order, and each task keeps its own edits."""

import random
from collections.abc import Mapping
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.core.rooms import Room, named
from tests.git.repositories import git, new_repository

from coroom.core import command as c
from coroom.core.agent import HOST
from coroom.core.errors import Fault
from coroom.core.file import FileKind
from coroom.git.command import Git
from coroom.git.commits import Change, build
from coroom.host.edits.content import Content, of_bytes
from coroom.host.landing.parts import Work, edited_paths, nested, touched_paths, work_since

Files = dict[str, tuple[FileKind, bytes, bool]]


class Edits:
    """A room in which edits are accepted, and what its files must be."""

    def __init__(self, base: Mapping[str, bytes], *agents: str) -> None:
        self.room = Room(*agents)
        self.base = {path: of_bytes(data) for path, data in base.items()}
        self.blobs: dict[str, bytes] = {}
        self.files: Files = {path: (FileKind.TEXT, data, False) for path, data in base.items()}

    def seed(self) -> None:
        files = tuple(
            (p, one.kind, self._keep(one.data or b""), one.executable, one.size) for p, one in self.base.items()
        )
        self.room.ok(HOST, c.SeedFiles(files), c.Ok)

    def task(self, agent: str, title: str) -> str:
        task = self.room.post(title)
        self.room.ok(agent, c.TakeTask(task), c.Taken)
        return task

    def done(self, agent: str, summary: str = "") -> None:
        self.room.ok(agent, c.FinishTask(summary), c.Ok)

    def write(
        self, by: str, path: str, data: bytes | None, *, kind: FileKind = FileKind.TEXT, executable: bool = False
    ) -> None:
        head = self.room.state.head(path)
        kind = FileKind.ABSENT if data is None else kind
        blob = "" if data is None else self._keep(data)
        command = c.AcceptEdit(
            path=path,
            kind=kind,
            blob=blob,
            written=blob,
            expected=head.version if head else 0,
            touched=named(f"file:{path}"),
            executable=executable,
            size=len(data or b""),
        )
        self.room.ok(by, command, c.Accepted)
        self.files[path] = (kind, data or b"", executable)

    def _keep(self, data: bytes) -> str:
        name = sha256(data).hexdigest()
        self.blobs[name] = data
        return name

    def work(self, base: Mapping[str, Content] | None = None, after_version: int = 0) -> Work:
        base = self.base if base is None else base
        edited = edited_paths(self.room.log)
        given_ = {p: base[p] for p in touched_paths(self.room.state, after_version) if p in base}
        bare = {p: one if p in edited else Content(one.kind, one.blob, one.executable) for p, one in given_.items()}
        return work_since(self.room.log, self.room.state, bare, self.blobs.get, after_version)

    def landed(self, work: Work, base: Mapping[str, Content] | None = None) -> Files:
        """The base with every part's changes put on it in order."""
        base = self.base if base is None else base
        files: Files = {p: (one.kind, one.data or b"", one.executable) for p, one in base.items()}
        for part in work.parts:
            for path, change in part.changes.items():
                files[path] = (change.kind, change.data, change.executable)
        return {path: file for path, file in files.items() if file[0] is not FileKind.ABSENT}

    def heads(self) -> Files:
        return {path: file for path, file in self.files.items() if file[0] is not FileKind.ABSENT}


def lines(*some: str) -> bytes:
    return "".join(f"{line}\n" for line in some).encode()


TEN = lines(*(f"line {n}" for n in range(10)))


def changed(text: bytes, row: int, to: str) -> bytes:
    rows = text.splitlines(keepends=True)
    rows[row] = f"{to}\n".encode()
    return b"".join(rows)


def test_each_finished_task_is_one_part_in_the_order_of_finishing() -> None:
    edits = Edits({"a.txt": TEN, "b.txt": TEN}, "ann", "bob")
    t1, t2 = edits.task("ann", "Change the top"), edits.task("bob", "Change the bottom")
    one = changed(TEN, 0, "ann's")
    edits.write("ann", "a.txt", one)
    edits.write("bob", "a.txt", changed(one, 9, "bob's"))
    edits.write("bob", "b.txt", changed(TEN, 5, "bob's"))
    edits.done("bob", "Bottom changed.")
    edits.done("ann", "Top changed.")
    work = edits.work()
    assert [(p.task, p.agent, p.title, p.summary, p.also) for p in work.parts] == [
        (t2, "bob", "Change the bottom", "Bottom changed.", ()),
        (t1, "ann", "Change the top", "Top changed.", ()),
    ]
    assert work.parts[0].changes == {
        "a.txt": Change(FileKind.TEXT, changed(TEN, 9, "bob's")),
        "b.txt": Change(FileKind.TEXT, changed(TEN, 5, "bob's")),
    }
    assert edits.landed(work) == edits.heads()
    assert work.tasks == (t2, t1)


def test_lines_that_do_not_come_apart_are_carried_and_named() -> None:
    edits = Edits({"a.txt": TEN}, "ann", "bob")
    t1, t2 = edits.task("ann", "First"), edits.task("bob", "Second")
    edits.write("ann", "a.txt", changed(TEN, 4, "ann's"))
    edits.write("bob", "a.txt", changed(TEN, 4, "ann's and bob's"))
    edits.done("bob")
    edits.done("ann", "I began it.")
    first, second = edits.work().parts
    assert (first.task, first.also, set(first.changes)) == (t2, (t1,), {"a.txt"})
    assert (second.task, second.also, second.changes) == (t1, (), {})
    assert "earlier commit" in second.summary
    assert edits.landed(edits.work()) == edits.heads()


def test_what_is_under_way_and_what_has_no_task_come_after_what_is_finished() -> None:
    edits = Edits({"a": TEN}, "ann", "bob")
    edits.write("bob", "b", b"free\n")
    edits.write(HOST, "h", b"room\n")
    edits.task("ann", "Half")
    edits.write("ann", "c", b"half\n")
    edits.task("bob", "Whole")
    edits.write("bob", "d", b"whole\n")
    edits.done("bob")
    titles = [p.title for p in edits.work().parts]
    assert titles == ["Whole", "Under way: Half", "Work of bob", "Work of the room"]
    assert edits.landed(edits.work()) == edits.heads()


def test_files_the_room_took_from_the_repository_make_no_part() -> None:
    edits = Edits({"a.txt": TEN, "b.txt": TEN, "e": b""}, "ann")
    edits.seed()
    assert edits.work() == Work((), {}, ())
    edits.write("ann", "a.txt", changed(TEN, 1, "x"))
    [part] = edits.work().parts
    assert set(part.changes) == {"a.txt"}


def test_an_edit_that_was_taken_back_is_nothing_to_land() -> None:
    edits = Edits({"a.txt": TEN}, "ann")
    edits.write("ann", "a.txt", b"other\n")
    edits.write("ann", "new", b"other\n")
    edits.write("ann", "a.txt", TEN)
    edits.write("ann", "new", None)
    assert edits.work().changed == {}
    assert edits.work().parts == ()


def test_a_second_landing_holds_only_what_came_later() -> None:
    edits = Edits({"a.txt": TEN}, "ann", "bob")
    edits.seed()
    edits.write("ann", "a.txt", changed(TEN, 0, "first"))
    version = edits.room.state.version
    landed = {path: of_bytes(data) for path, (_, data, _) in edits.heads().items()}
    edits.write("bob", "a.txt", changed(changed(TEN, 0, "first"), 9, "later"))
    work = edits.work(landed, version)
    assert [p.agent for p in work.parts] == ["bob"]
    assert edits.landed(work, landed) == edits.heads()


def test_kinds_and_modes_are_changed_whole() -> None:
    edits = Edits({"run": TEN, "x": TEN}, "ann", "bob")
    edits.task("ann", "Make it run"), edits.task("bob", "Change it")
    edits.write("ann", "run", TEN, executable=True)
    edits.write("bob", "run", changed(TEN, 3, "bob's"), executable=True)
    edits.write("ann", "x", b"run", kind=FileKind.SYMLINK)
    edits.write("bob", "x", b"\0\1", kind=FileKind.BINARY)
    edits.write("ann", "gone", b"1\n")
    edits.write("bob", "gone", None)
    edits.done("bob")
    edits.done("ann")
    first, second = edits.work().parts
    assert first.changes["run"] == Change(FileKind.TEXT, changed(TEN, 3, "bob's"))
    assert second.changes["run"] == Change(FileKind.TEXT, changed(TEN, 3, "bob's"), executable=True)
    assert first.changes["x"] == Change(FileKind.BINARY, b"\0\1")
    assert edits.landed(edits.work()) == edits.heads()


def test_content_that_the_room_does_not_have_is_a_fault_and_not_a_guess() -> None:
    edits = Edits({}, "ann")
    edits.write("ann", "a", b"x\n")
    edits.blobs.clear()
    with pytest.raises(Fault, match="no content"):
        edits.work()


TEXTS = ["", *("".join(f"{'abc'[n % 3]}{n}\n" for n in range(size)) for size in (1, 4, 12))]


def mutated(text: bytes, chance: random.Random) -> bytes:
    rows = text.splitlines(keepends=True)
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(rows))
        doing = chance.randint(0, 2)
        if doing == 0:
            rows.insert(at, b"new %d\n" % chance.randint(0, 9))
        elif rows and doing == 1:
            rows.pop(min(at, len(rows) - 1))
        elif rows:
            rows[min(at, len(rows) - 1)] = b"changed %d\n" % chance.randint(0, 9)
    return b"".join(rows)


@settings(max_examples=150, deadline=None)
@given(
    chance=st.randoms(use_true_random=False),
    base=st.dictionaries(st.sampled_from("pqr"), st.sampled_from(TEXTS).map(str.encode)),
    steps=st.lists(st.tuples(st.integers(0, 2), st.sampled_from("pqr"), st.integers(0, 11)), max_size=30),
    seeded=st.booleans(),
)
@pytest.mark.promise("git:sound")
def test_the_parts_together_are_the_rooms_files_to_the_byte(
    chance: random.Random, base: dict[str, bytes], steps: list[tuple[int, str, int]], seeded: bool
) -> None:
    agents = ["ann", "bob", "cyd"]
    edits = Edits(base, *agents)
    if seeded:
        edits.seed()
    wrote: set[str] = set()
    for who, path, what in steps:
        agent = agents[who]
        _, data, executable = edits.files.get(path, (FileKind.ABSENT, b"", False))
        match what:
            case 0:
                if edits.room.state.agents[agent].task is None:
                    edits.task(agent, f"t{chance.random()}")
            case 1:
                if edits.room.state.agents[agent].task is not None:
                    edits.done(agent)
            case 2:
                edits.write(agent, path, None)
            case 3:
                edits.write(agent, path, data, kind=FileKind.SYMLINK)
            case 4:
                edits.write(agent, path, b"\0" + data, kind=FileKind.BINARY)
            case 5:
                edits.write(agent, path, data, executable=not executable)
            case _:
                edits.write(agent, path, mutated(data, chance), executable=executable)
        task = edits.room.state.agents[agent].task
        if what > 1:
            wrote.add(task or agent)
    work = edits.work()
    heads = edits.heads()
    assert edits.landed(work) == heads
    before = {p: (one.kind, one.data or b"", one.executable) for p, one in edits.base.items()}
    assert set(work.changed) == {p for p in before.keys() | heads.keys() if before.get(p) != heads.get(p)}
    owners = [part.task or part.agent for part in work.parts]
    assert len(set(owners)) == len(owners), "one part for each"
    assert set(owners) <= wrote
    for number, part in enumerate(work.parts):
        assert set(part.also) <= wrote - {owners[number]}
        assert part.changes or any(owners[number] in p.also for p in work.parts[:number])


@settings(max_examples=60, deadline=None)
@given(order=st.permutations(range(4)), finish=st.permutations(range(4)), twice=st.lists(st.integers(0, 3), max_size=6))
def test_edits_of_lines_apart_from_each_other_come_wholly_apart(
    order: list[int], finish: list[int], twice: list[int]
) -> None:
    agents = ["a0", "a1", "a2", "a3"]
    base = lines(*(f"line {n}" for n in range(40)))
    edits = Edits({"f.txt": base}, *agents)
    for agent in agents:
        edits.task(agent, f"{agent} its own")
    text, own = base, dict.fromkeys(range(4), base)
    for number, who in enumerate([*order, *twice]):
        text = changed(text, who * 10 + 3, f"{agents[who]} {number}")
        own[who] = changed(base, who * 10 + 3, f"{agents[who]} {number}")
        edits.write(agents[who], "f.txt", text)
    for who in finish:
        edits.done(agents[who])
    work = edits.work()
    assert [p.agent for p in work.parts] == [agents[who] for who in finish]
    assert all(p.also == () for p in work.parts)
    assert work.parts[0].changes == {"f.txt": Change(FileKind.TEXT, own[finish[0]])}
    assert edits.landed(work) == edits.heads()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(
    base={"a": b"file\n"},
    steps=[(0, "a", 0), (1, "a", 0), (0, "a", 4), (1, "a/x", 2), (1, "a", 1), (0, "a", 1)],
)
@given(
    base=st.sampled_from([{"a": b"file\n"}, {"a/x": b"inner\n", "a/y": b"why\n"}, {}]),
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["a", "a/x", "a/y"]), st.integers(0, 5)), min_size=2, max_size=16
    ),
)
@pytest.mark.promise("git:sound")
def test_files_and_directories_of_one_name_end_as_in_the_room(
    tmp_path_factory: pytest.TempPathFactory, base: dict[str, bytes], steps: list[tuple[int, str, int]]
) -> None:
    directory = new_repository(tmp_path_factory.mktemp("git") / "r", {**base, "other": b"kept\n"})
    agents = ["ann", "bob", "cyd"]
    edits = Edits(base, *agents)
    for who, path, what in steps:
        agent, has_task = agents[who], edits.room.state.agents[agents[who]].task is not None
        if what == 0 and not has_task:
            edits.task(agent, f"{agent}'s")
        elif what == 1 and has_task:
            edits.done(agent)
        elif what in {2, 3} and not any(nested({path, other}) for other in edits.heads()):
            edits.write(agent, path, b"%d\n" % what)
        else:
            edits.write(agent, path, None)
    work = edits.work()
    if work.parts:
        commit = git(directory, "rev-parse", "HEAD")
        built = build(Git(directory), commit, work.parts, room="r", pin="refs/coroom/landing/r/1", now_s=1)
        listed = git(directory, "ls-tree", "-r", "--name-only", built.commit).split()
        content = {
            path: git(directory, "cat-file", "blob", f"{built.commit}:{path}").encode() + b"\n" for path in listed
        }
        assert content == {**{path: data for path, (_, data, _) in edits.heads().items()}, "other": b"kept\n"}
